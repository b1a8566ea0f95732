"""0013_returns: a state that returns is told again; a scan closes by its last event"""
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0013_returns", "up")


def downgrade():
    op.egdb_run_file("0013_returns", "down")
