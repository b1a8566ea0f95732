"""Both ways to migrate, and what a database's schema is, as values to compare."""
import os
import pathlib
import re
import shutil
import subprocess

from . import binary, postgres

MIGRATIONS = binary.ROOT / "migrations"
NAMES = sorted(path.name.split(".")[0] for path in (MIGRATIONS / "sql").glob("*.postgresql.up.sql"))
NEWEST = len(NAMES)


def alembic(store, *words, folder=MIGRATIONS, check=0):
    command = ["/usr/bin/alembic", "-c", str(folder / "alembic.ini"), "-x", f"dsn={store.dsn}", *words]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=120, env=clean_environment())
    assert check is None or (done.returncode == 0) == (check == 0), done.stdout + done.stderr
    return done


def clean_environment():
    env = {name: value for name, value in os.environ.items() if not name.startswith("EGDB_")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env


def egdb(store, direction, to=None, folder=MIGRATIONS, check=0):
    words = ["migrate", direction, "--store", store.dsn] + (["--to", to] if to is not None else [])
    return binary.run(*words, env={"EGDB_MIGRATIONS": str(folder)}, check=check)


def copy(folder):
    """A copy of migrations/, for a test that spoils a file."""
    ignored = shutil.ignore_patterns("__pycache__")
    return pathlib.Path(shutil.copytree(MIGRATIONS, folder / "migrations", ignore=ignored))


def objects(store):
    """Everything that the schema consists of, as text; '' when there is nothing."""
    if store.kind == "sqlite":
        return "\n".join(f"{name}: {sql}" for name, sql in store.query(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name"))
    command = [str(postgres.BIN / "pg_dump"), "--schema-only", "--no-owner", store.dsn]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    noise = re.compile(r"\s*$|--|SET |\\|SELECT pg_catalog.set_config")
    return "\n".join(line for line in done.stdout.splitlines() if not noise.match(line))


def snapshot(store):
    """The schema with its two version tables."""
    versions = store.query("SELECT version, comment FROM egdb_schema_version ORDER BY version")
    return objects(store), versions, store.query("SELECT version_num FROM alembic_version")
