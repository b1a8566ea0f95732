"""0008_newest: indexes in the order of answers"""
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0008_newest", "up")


def downgrade():
    op.egdb_run_file("0008_newest", "down")
