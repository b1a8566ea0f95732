"""The two stores as tests see them: a DSN for egdb, and SQL of one's own. Placeholders are `?` on both."""
import contextlib
import shutil
import sqlite3

from . import binary, server


class SqliteStore:
    kind = "sqlite"

    def __init__(self, path, template=None):
        self.path = path
        self.dsn = f"sqlite:{path}"
        if template:
            shutil.copyfile(template, path)

    def connect(self):
        """A connection of its own in autocommit; the caller closes it."""
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    def query(self, sql, params=()):
        with contextlib.closing(self.connect()) as connection:
            return connection.execute(sql, params).fetchall()

    def script(self, sql):
        """Runs a text of several statements."""
        with contextlib.closing(self.connect()) as connection:
            connection.executescript(sql)

    def scalar(self, sql, params=()):
        rows = self.query(sql, params)
        return rows[0][0] if rows else None

    def tables(self):
        return sorted(name for (name,) in self.query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"))

    def remove(self):
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)


class PostgresStore:
    kind = "postgresql"

    def __init__(self, cluster):
        self.cluster = cluster
        self.name = None

    def create(self, template=None):
        self.name = self.cluster.create_database(template)
        self.dsn = self.cluster.dsn(self.name)

    def connect(self):
        """A connection of its own in autocommit; the caller closes it."""
        connection = self.cluster.connect(self.name)
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
        return connection

    def query(self, sql, params=()):
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            if params:
                cursor.execute(sql.replace("%", "%%").replace("?", "%s"), params)
            else:
                cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def script(self, sql):
        """Runs a text of several statements."""
        self.query(sql)

    def scalar(self, sql, params=()):
        rows = self.query(sql, params)
        return rows[0][0] if rows else None

    def tables(self):
        return sorted(name for (name,) in self.query(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"))

    def remove(self):
        if self.name:
            self.cluster.thaw()
            if not self.cluster.is_running():
                self.cluster.start()
            self.cluster.drop_database(self.name)


class Templates:
    """Databases migrated once a session, which tests copy. `served`: for PostgreSQL, with the partitions that a server makes when it starts."""

    def __init__(self, folder):
        self.folder = folder
        self._sqlite = None
        self._postgres = {}

    def sqlite(self):
        if not self._sqlite:
            path = self.folder / "template.db"
            binary.run("migrate", "up", "--store", f"sqlite:{path}", check=0)
            with contextlib.closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._sqlite = path
        return self._sqlite

    def postgres(self, cluster, served=False):
        key = (cluster.port, served)
        if key not in self._postgres:
            store = PostgresStore(cluster)
            store.create(template=self.postgres(cluster) if served else None)
            if served:
                server.Server(store, self.folder).start().finish()
            else:
                binary.run("migrate", "up", "--store", store.dsn, check=0)
            self._postgres[key] = store.name
        return self._postgres[key]
