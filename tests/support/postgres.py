"""A private PostgreSQL 15 cluster. Durability is on: the tests are about what survives. It runs as user postgres, because the server
programs refuse root."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from . import ports, wait

BIN = pathlib.Path(os.environ.get("EGDB_PG_BIN", "/usr/lib/postgresql/15/bin"))
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %d ",
}


def _as_postgres(*command):
    if os.geteuid() != 0:
        return list(map(str, command))
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *map(str, command)]


class Cluster:
    """with Cluster() as cluster: … A folder under the temp directory, or under `under`; gone at the end."""

    def __init__(self, settings=None, under=None, initdb=()):
        self.settings = {**SETTINGS, **(settings or {})}
        self.under, self.initdb = under, list(initdb)
        self.folder = None
        self.port = None
        self.n_databases = 0

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="egdb-pg-", dir=self.under))
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        self.data = self.folder / "data"
        self._run(BIN / "initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync",
                  *self.initdb)
        self.port = ports.free()
        lines = [f"{name} = '{value}'\n" for name, value in self.settings.items()]
        lines += [f"port = {self.port}\n", f"unix_socket_directories = '{self.folder}'\n"]
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as conf:
            conf.writelines(lines)
        self.start()
        return self

    def __exit__(self, *_):
        try:
            self.thaw()
            self.stop("immediate")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, *command, check=True):
        done = subprocess.run(_as_postgres(*command), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300)
        if check and done.returncode != 0:
            raise AssertionError(f"{command[0]} failed:\n{done.stdout.decode('utf-8', 'replace')}\n{self.log()}")
        return done.returncode

    def start(self):
        self._run(BIN / "pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "240", "start")

    def stop(self, mode="fast"):
        """mode `immediate` is a crash: no checkpoint, recovery at the next start."""
        self._run(BIN / "pg_ctl", "-D", self.data, "-w", "-t", "240", "-m", mode, "stop", check=False)

    def is_running(self):
        return self._run(BIN / "pg_ctl", "-D", self.data, "status", check=False) == 0

    def postmaster_pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def pids(self):
        """The postmaster and its children."""
        pid = self.postmaster_pid()
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid] + [int(child) for child in children]

    def freeze(self):
        """SIGSTOP to all of it: it neither answers nor refuses. The postmaster first, so that nothing new escapes."""
        self._frozen = [self.postmaster_pid()]
        self._signal(self._frozen[0], signal.SIGSTOP)
        while fresh := [pid for pid in self.pids() if pid not in self._frozen]:
            for pid in fresh:
                self._signal(pid, signal.SIGSTOP)
            self._frozen += fresh

    def thaw(self):
        for pid in getattr(self, "_frozen", []):
            self._signal(pid, signal.SIGCONT)
        self._frozen = []

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def log(self, last=4000):
        """The end of its log; last=0: all of it."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace")[-last:] if path.exists() else ""

    def dsn(self, database):
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def connect(self, database="postgres", autocommit=True):
        import psycopg2
        connection = psycopg2.connect(self.dsn(database))
        connection.autocommit = autocommit
        return connection

    def admin(self, sql):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def create_database(self, template=None):
        self.n_databases += 1
        name = f"egdb_{os.getpid()}_{self.n_databases}"
        self.admin(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        return name

    def drop_database(self, name):
        self.admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def wait_ready(self):
        wait.until(lambda: self.connect().close() is None, "PostgreSQL accepts connections")
