"""0002_glitchlab: the tables of the GlitchLab system"""
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("0002_glitchlab", "up")


def downgrade():
    op.egdb_run_file("0002_glitchlab", "down")
