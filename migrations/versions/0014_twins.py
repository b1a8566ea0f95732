"""0014_twins: one finding by two ways"""
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0014_twins", "up")


def downgrade():
    op.egdb_run_file("0014_twins", "down")
