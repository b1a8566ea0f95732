"""0003_views: the views of the HUD, CI and the playbooks"""
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0003_views", "up")


def downgrade():
    op.egdb_run_file("0003_views", "down")
