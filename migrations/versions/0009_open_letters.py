"""0009_open_letters: cheaper indexes of dead letters"""
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0009_open_letters", "up")


def downgrade():
    op.egdb_run_file("0009_open_letters", "down")
