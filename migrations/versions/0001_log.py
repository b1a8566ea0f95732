"""0001_log: the event log and what the engine keeps beside it"""
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0001_log", "up")


def downgrade():
    op.egdb_run_file("0001_log", "down")
