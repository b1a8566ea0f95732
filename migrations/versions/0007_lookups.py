"""0007_lookups: indexes for the lookups of EGQL"""
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0007_lookups", "up")


def downgrade():
    op.egdb_run_file("0007_lookups", "down")
