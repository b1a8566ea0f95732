"""Runs EGDB's migrations: every revision is a pair of SQL files in migrations/sql for each dialect, which
`egdb migrate` runs too.

The store is `-x dsn=DSN`, else the environment's EGDB_STORE; DSN is sqlite:PATH or a libpq URI. All revisions of one
command share one transaction, under the lock that `egdb migrate` takes as well: a failure leaves nothing of the command
behind.
"""
import logging.config
import os
import pathlib
import sqlite3
import sys

from alembic import context
from alembic.operations import MigrateOperation, Operations
import sqlalchemy

HERE = pathlib.Path(__file__).resolve().parent
WAIT_S = 60
PG_SETUP = """SET timezone = 'UTC'; SET lock_timeout = '60s'; SET statement_timeout = 0;
              SET client_min_messages = warning"""
PG_LOCK = "SELECT pg_advisory_xact_lock(5207130420)"  # db/db_pg_migrate.c has the same number


@Operations.register_operation("egdb_run_file")
class RunFile(MigrateOperation):
    """op.egdb_run_file("0001_log", "up") runs sql/0001_log.<dialect>.up.sql."""

    def __init__(self, name, direction):
        self.name = name
        self.direction = direction

    @classmethod
    def egdb_run_file(cls, operations, name, direction):
        return operations.invoke(cls(name, direction))


@Operations.implementation_for(RunFile)
def run_file(operations, operation):
    migration = operations.get_context()
    path = HERE / "sql" / f"{operation.name}.{migration.dialect.name}.{operation.direction}.sql"
    text = path.read_text(encoding="utf-8")
    if migration.as_sql:
        migration.impl.static_output(text)
        return
    # The driver's own cursor, without arguments: SQLAlchemy would read ':name' and '%' in the text as parameters.
    cursor = operations.get_bind().connection.cursor()
    for statement in statements(text) if migration.dialect.name == "sqlite" else [text]:
        cursor.execute(statement)
    cursor.close()


def statements(text):
    """Cuts a script: sqlite3's cursor takes one statement at a time, and its executescript() would commit before."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if any(line.strip() and not line.strip().startswith("--") for line in statement.splitlines()):
        yield statement


def store():
    dsn = context.get_x_argument(as_dictionary=True).get("dsn") or os.environ.get("EGDB_STORE", "")
    if dsn.startswith("sqlite:") and len(dsn) > len("sqlite:"):
        return "sqlite", dsn[len("sqlite:"):]
    if dsn.startswith(("postgresql://", "postgres://")):
        return "postgresql", dsn
    # The text itself may hold a password, so it is not repeated.
    sys.exit("The store's DSN is neither sqlite:PATH nor postgresql://USER@HOST/DATABASE: give -x dsn=DSN or set "
             "EGDB_STORE.")


def sqlite_engine(path):
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, mode=0o750, exist_ok=True)
    # isolation_level None: the driver leaves transactions to us, else it would commit before DDL.
    engine = sqlalchemy.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, isolation_level=None, timeout=WAIT_S),
        poolclass=sqlalchemy.pool.NullPool,
    )
    sqlalchemy.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def postgresql_engine(dsn):
    import psycopg2

    def connect():
        connection = psycopg2.connect(dsn, fallback_application_name="alembic", client_encoding="UTF8")
        with connection.cursor() as cursor:
            cursor.execute(PG_SETUP)
        connection.commit()
        return connection

    engine = sqlalchemy.create_engine("postgresql+psycopg2://", creator=connect, poolclass=sqlalchemy.pool.NullPool)
    sqlalchemy.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(PG_LOCK))
    return engine


def drop_empty_version_table(connection):
    """After the last downgrade nothing of EGDB is left, Alembic's own table included."""
    if not context.get_context().get_current_heads():
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")


def run_online():
    dialect, where = store()
    engine = sqlite_engine(where) if dialect == "sqlite" else postgresql_engine(where)
    with engine.connect() as connection:
        context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=False)
        with context.begin_transaction():
            context.run_migrations()
            drop_empty_version_table(connection)


def run_offline():
    """`alembic upgrade head --sql` prints what would be run."""
    dialect, _ = store()
    context.configure(dialect_name=dialect, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


if context.config.config_file_name:
    logging.config.fileConfig(context.config.config_file_name, disable_existing_loggers=False)
run_offline() if context.is_offline_mode() else run_online()
