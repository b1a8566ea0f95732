"""0005_panels: indexes and counts for the panels"""
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0005_panels", "up")


def downgrade():
    op.egdb_run_file("0005_panels", "down")
