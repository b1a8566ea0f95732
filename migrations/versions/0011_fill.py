"""0011_fill: what one batch cannot fill is filled by the next"""
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0011_fill", "up")


def downgrade():
    op.egdb_run_file("0011_fill", "down")
