"""0004_dead_letters: what a dead letter needs to be sent again"""
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0004_dead_letters", "up")


def downgrade():
    op.egdb_run_file("0004_dead_letters", "down")
