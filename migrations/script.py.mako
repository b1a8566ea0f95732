"""${message}

The SQL is in migrations/sql/${up_revision}_<name>.<dialect>.<up|down>.sql; db/migrations.def lists it for the C program.
"""
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade():
    op.egdb_run_file("${up_revision}_name", "up")


def downgrade():
    op.egdb_run_file("${up_revision}_name", "down")
