"""Alembic and `egdb migrate` apply the same files: either way gives the same schema, either continues what the other
began, and neither leaves anything behind, forwards or back, whole or half-way."""
import hashlib
import json
import re
import subprocess

import pytest

from support import binary, events, migrations
from support.migrations import NAMES, NEWEST, alembic, egdb, objects, snapshot


def test_every_migration_is_complete():
    """Four SQL files, an Alembic revision, and an entry of the C program's list."""
    sql = migrations.MIGRATIONS / "sql"
    endings = ("postgresql.up", "postgresql.down", "sqlite.up", "sqlite.down")
    expected = {f"{name}.{ending}.sql" for name in NAMES for ending in endings}
    assert {path.name for path in sql.iterdir()} == expected
    assert sorted(path.stem for path in (migrations.MIGRATIONS / "versions").glob("*.py")) == NAMES
    listed = re.findall(r'^X\((\d+), "(\w+)"\)$', (binary.ROOT / "db" / "migrations.def").read_text(), re.M)
    assert listed == [(str(int(name[:4])), name) for name in NAMES]


def test_files_leave_transactions_to_the_migrator():
    for path in (migrations.MIGRATIONS / "sql").iterdir():
        text = re.sub(r"\$body\$.*?\$body\$", "", path.read_text(), flags=re.S)
        text = re.sub(r"--.*", "", text)
        assert not re.search(r"\b(BEGIN|COMMIT|ROLLBACK|TRIGGER)\b", text), path


def test_the_lock_is_the_same_number():
    numbers = {re.search(r"pg_advisory_xact_lock\((\d+)\)", (binary.ROOT / path).read_text()).group(1)
               for path in ("db/db_pg_migrate.c", "migrations/env.py")}
    assert len(numbers) == 1


def test_both_ways_give_the_same_schema_and_leave_nothing(empty_store):
    before = objects(empty_store)
    alembic(empty_store, "upgrade", "head")
    by_alembic = snapshot(empty_store)
    alembic(empty_store, "downgrade", "base")
    assert objects(empty_store) == before
    egdb(empty_store, "up")
    assert snapshot(empty_store) == by_alembic
    assert by_alembic[1] == [(int(name[:4]), name) for name in NAMES]
    egdb(empty_store, "down", to=0)
    assert objects(empty_store) == before


def test_each_migration_can_be_taken_back(empty_store):
    states = []
    for version in range(1, NEWEST + 1):
        egdb(empty_store, "up", to=version)
        states.append(snapshot(empty_store))
    for version in range(NEWEST - 1, 0, -1):
        egdb(empty_store, "down", to=version)
        assert snapshot(empty_store) == states[version - 1]
    for version in range(2, NEWEST + 1):
        alembic(empty_store, "upgrade", f"{version:04d}")
        assert snapshot(empty_store) == states[version - 1]


def test_either_continues_what_the_other_began(empty_store):
    egdb(empty_store, "up", to=1)
    alembic(empty_store, "upgrade", "0002")
    egdb(empty_store, "up")
    mixed = snapshot(empty_store)
    alembic(empty_store, "downgrade", "0001")
    egdb(empty_store, "down", to=0)
    alembic(empty_store, "upgrade", "0001")
    egdb(empty_store, "up", to=2)
    alembic(empty_store, "upgrade", "head")
    assert snapshot(empty_store) == mixed
    egdb(empty_store, "down", to=2)
    alembic(empty_store, "downgrade", "base")


def spoil(folder, store):
    """Makes the second migration fail after some of its tables, and names the line."""
    path = folder / "sql" / f"{NAMES[1]}.{store.kind}.up.sql"
    lines = path.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("CREATE TABLE steps"))
    lines.insert(at, "CREATE TABLE runs (second text);")
    path.write_text("\n".join(lines) + "\n")
    return f"{path.name}:{at + 1}"


def test_a_failure_half_way_leaves_nothing_of_the_migration(empty_store, scratch):
    egdb(empty_store, "up", to=1)
    first = snapshot(empty_store)
    spoilt = migrations.copy(scratch)
    place = spoil(spoilt, empty_store)
    done = egdb(empty_store, "up", folder=spoilt, check=1)
    assert NAMES[1] in done.err and (empty_store.kind == "postgresql" or place in done.err)
    assert snapshot(empty_store) == first
    alembic(empty_store, "upgrade", "head", folder=spoilt, check=1)
    assert snapshot(empty_store) == first
    egdb(empty_store, "up")


def test_a_failure_of_alembic_leaves_an_empty_database_empty(empty_store, scratch):
    before = objects(empty_store)
    spoilt = migrations.copy(scratch)
    spoil(spoilt, empty_store)
    alembic(empty_store, "upgrade", "head", folder=spoilt, check=1)
    assert objects(empty_store) == before


def test_migrators_at_once_wait_for_each_other(empty_store):
    ini = str(migrations.MIGRATIONS / "alembic.ini")
    commands = [["/usr/bin/alembic", "-c", ini, "-x", f"dsn={empty_store.dsn}", "upgrade", "head"]]
    commands += [[str(binary.path()), "migrate", "up", "--store", empty_store.dsn]] * 3
    running = [subprocess.Popen(command, cwd=binary.ROOT, env=migrations.clean_environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT) for command in commands]
    outputs = [process.communicate(timeout=300)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0] * len(running), "\n".join(outputs)
    assert [version for version, _ in snapshot(empty_store)[1]] == list(range(1, NEWEST + 1))


def test_a_newer_database_is_refused(store):
    store.script("INSERT INTO egdb_schema_version (version, comment) VALUES (999, 'of tomorrow')")
    store.script("UPDATE alembic_version SET version_num = '0999'")
    for direction in ("up", "down"):
        assert "999" in egdb(store, direction, to=0 if direction == "down" else None, check=None).err
    assert "0999" in alembic(store, "upgrade", "head", check=1).stderr
    assert store.scalar("SELECT max(version) FROM egdb_schema_version") == 999


def test_version_tables_that_disagree_are_refused(store):
    alembic(store, "stamp", "0001")
    done = egdb(store, "up", check=None)
    assert done.returncode != 0 and "alembic_version" in done.err


def test_alembic_prints_sql(store):
    printed = alembic(store, "upgrade", "head", "--sql").stdout
    assert printed.count("INSERT INTO egdb_schema_version") == NEWEST


@pytest.mark.parametrize("words", [["current"], ["history"], ["heads"]])
def test_alembic_s_questions_change_nothing(empty_store, words):
    before = objects(empty_store)
    alembic(empty_store, *words)
    assert objects(empty_store) == before


def test_letters_kept_before_0009_are_the_same_letters_after_it(empty_store, start_server):
    """Known again by their bytes, whether the sender named an id, the server did, or nothing could be read at all."""
    broken = {"payload": {"label": 7}}
    named = json.dumps({**events.label(), **broken}).encode()
    unnamed = json.dumps({**events.label(id=None), **broken}).encode()
    originals = {named: json.loads(named)["id"], unnamed: events.ulid(), b'{"topic":': None}
    egdb(empty_store, "up", to=8)
    for number, (original, event_id) in enumerate(originals.items()):
        blob = "x'%s'" if empty_store.kind == "sqlite" else "'\\x%s'"
        empty_store.script(
            "INSERT INTO events_dlq (id, original_hash, original, code, errors_json, event_id, received_utc, last_seen_utc) "
            f"VALUES ('{number}', {blob % hashlib.sha256(original).hexdigest()}, {blob % original.hex()}, 'schema_invalid', "
            f"'[]', {repr(event_id) if event_id else 'NULL'}, '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z')")
    for direction, to in (("up", 9), ("down", 8), ("up", NEWEST)):
        egdb(empty_store, direction, to=to)
    with start_server(empty_store).client() as client:
        for original in originals:
            client.post("/v1/events", original, headers={"Content-Type": "application/json"})
    assert empty_store.query("SELECT id, seen FROM events_dlq ORDER BY id") == [(str(number), 2) for number in range(3)]
