"""A SQLite file has one server; who only looks may look beside it. And declarations at the edge of what a rule may be."""
import contextlib
import json

import pytest

from support import binary, events, wait


@pytest.mark.only_on("sqlite")
def test_a_second_server_is_refused(start_server, store, scratch):
    first = start_server(store)
    other_name = scratch / "link.db"
    other_name.symlink_to(store.path)
    for dsn in (store.dsn, f"sqlite:{other_name}"):
        done = binary.run("serve", "--store", dsn, "--listen", "127.0.0.1:0", check=1)
        assert f"(pid {first.pid()})" in done.err and "stop it first" in done.err
    with first.client() as client:
        assert client.post_event(events.label()).status == 201
    first.kill()
    with start_server(store).client() as client:
        assert client.post_event(events.label()).status == 201


@pytest.mark.only_on("sqlite")
def test_no_write_waits_for_a_reader_that_goes_on(start_server, store):
    """Its snapshot keeps the log from beginning anew, which grows until it ends and is then cut; meanwhile all is stored at once, though
    whoever waits for a lock may wait for ten minutes."""
    server = start_server(store, config={"store.sqlite_checkpoint_pages": 100, "store.sqlite_busy_ms": 600_000})
    log = store.path.with_name(store.path.name + "-wal")
    with server.client() as client, contextlib.closing(store.connect()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchall()
        while log.stat().st_size < 16 * 100 * 4096:
            assert client.post("/v1/events", [events.label(reason="x" * 2000) for _ in range(100)]).json()["stored"] == 100
        reader.execute("COMMIT")
        wait.until(lambda: log.stat().st_size == 0, "the log is cut")
        assert client.post_event(events.label()).status == 201


@pytest.mark.only_on("sqlite")
def test_looking_beside_a_server(start_server, store):
    server = start_server(store)
    store_before = (store.path.stat().st_mtime_ns, store.path.stat().st_size)
    for command in ("doctor", "check"):
        binary.run(command, "--store", store.dsn, check=0)
    assert (store.path.stat().st_mtime_ns, store.path.stat().st_size) == store_before, "nothing made a checkpoint"
    binary.run("migrate", "status", "--store", store.dsn, check=0)
    binary.run("migrate", "up", "--store", store.dsn, check=0)  # nothing to do
    done = binary.run("migrate", "down", "--to", "10", "--store", store.dsn, check=1)
    assert f"(pid {server.pid()})" in done.err and "stop it first" in done.err
    with server.client() as client:
        assert client.post_event(events.label()).status == 201
    server.stop()
    binary.run("migrate", "down", "--to", "10", "--store", store.dsn, check=0)


def own(scratch, rows):
    """A folder of declarations with one topic that makes these rows."""
    schemas = scratch / "spec" / "schemas" / "own"
    schemas.mkdir(parents=True)
    (scratch / "spec" / "policies").mkdir()
    (schemas / "own.thing@v1.json").write_text(json.dumps({
        "$id": "own.thing@v1", "title": "A thing", "type": "object", "required": ["id"], "properties": {"id": {"type": "string"}},
        "x-egdb": {"rows": rows, "examples": [{"id": "a"}, {"id": "b"}]}}), encoding="utf-8")
    return ["--spec", str(scratch / "spec")]


def test_an_event_of_many_tables(start_server, store, scratch):
    tables = [f"own{i}" for i in range(70)]
    store.script(";".join(f"CREATE TABLE {name} (id text NOT NULL PRIMARY KEY, event_id text)" for name in tables))
    rows = [{"table": name, "key": ["id"], "on_conflict": "replace", "set": {"id": "/id"}} for name in tables]
    server = start_server(store, args=own(scratch, rows))
    with server.client() as client:
        assert client.post_event(events.event("own.thing@v1", {"id": "a"})).status == 201
    assert all(store.scalar(f"SELECT count(*) FROM {name}") == 1 for name in tables)


def test_a_rule_that_is_too_wide(store, scratch):
    columns = [f"c{i}" for i in range(300)]
    store.script(f"CREATE TABLE own (id text NOT NULL PRIMARY KEY, event_id text, {', '.join(f'{c} text' for c in columns)})")
    args = own(scratch, [{"table": "own", "key": ["id"], "on_conflict": "replace", "set": {c: "/id" for c in ["id", *columns]}}])
    done = binary.run("serve", "--store", store.dsn, "--listen", "127.0.0.1:0", *args, check=78)
    assert "rows[0], table `own`" in done.err and "at most" in done.err
