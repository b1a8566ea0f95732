"""0017_fewer_partitions: PostgreSQL merges the partitions of time that is over"""
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0017_fewer_partitions", "up")


def downgrade():
    op.egdb_run_file("0017_fewer_partitions", "down")
