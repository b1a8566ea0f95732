"""0010_waiting: deletes reach rows that wait"""
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0010_waiting", "up")


def downgrade():
    op.egdb_run_file("0010_waiting", "down")
