"""0012_findings_repo: a finding is its repository's, and suppressed ones do not block again"""
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0012_findings_repo", "up")


def downgrade():
    op.egdb_run_file("0012_findings_repo", "down")
