"""0006_findings: what scans say of findings, and which are open"""
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0006_findings", "up")


def downgrade():
    op.egdb_run_file("0006_findings", "down")
