"""0016_known_ends: edges are indexed by their end where it is known"""
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0016_known_ends", "up")


def downgrade():
    op.egdb_run_file("0016_known_ends", "down")
