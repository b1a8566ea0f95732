"""0015_of_a_repository: indexes for panels of one repository"""
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0015_of_a_repository", "up")


def downgrade():
    op.egdb_run_file("0015_of_a_repository", "down")
