"""0018_windows: an index by time for every source that grows"""
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0018_windows", "up")


def downgrade():
    op.egdb_run_file("0018_windows", "down")
