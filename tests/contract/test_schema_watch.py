"""What a server says and does when the schema under it is not, or no longer, the one that it started with; and the partitions that it keeps."""
import datetime

import pytest

from support import binary, events, wait


def migrate(store, *words):
    if store.kind == "sqlite":  # as by Alembic, or an older program: they do not know the lock of the served file
        store.path.with_name(store.path.name + "-lock").unlink(missing_ok=True)
    binary.run("migrate", *words, "--store", store.dsn, check=0)


def unready(client, says=""):
    """What /readyz refuses with, once that says so: a schema goes down a version at a time, and a look may fall between two."""
    answer = wait.until(lambda: (a := client.get("/readyz")).status == 503 and says in a.json()["detail"] and a, f"/readyz says 503, {says!r}")
    return answer.json()


@pytest.mark.parametrize("version, stored", [("8", True), ("1", False)])
def test_an_older_schema(client, store, version, stored):
    migrate(store, "down", "--to", version)
    answer = unready(client, f"has version {version},")
    assert answer["code"] == "schema_old" and "egdb migrate up" in answer["detail"], answer
    event, refused = events.label(), events.event("commit.labelled@v1", {})
    for one, taken in ((event, stored), (refused, False)):
        answer = client.post_event(one)
        assert answer.status == (201 if taken else 503), answer
        assert taken or (answer.json()["code"] == "schema_old" and "egdb migrate up" in answer.json()["detail"]), answer
    assert stored or client.get("/v1/query?q=SELECT+commits+FROM+all").json()["code"] == "schema_old"
    migrate(store, "up")
    wait.until(lambda: client.get("/readyz").status == 200, "/readyz says 200 again")
    assert client.post_event(event).status == (200 if stored else 201)
    assert client.post_event(refused).json()["code"] == "schema_invalid"


def days(store):
    """The days from today on that have a partition."""
    today = datetime.datetime.now(datetime.timezone.utc).strftime("events_p%Y%m%d")
    rows = store.query("SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'events'::regclass "
                       "ORDER BY 1")
    return [name for (name,) in rows if name >= today and name != "events_history"]


@pytest.mark.only_on("postgresql")
def test_partitions_are_kept_ahead(start_server, store):
    before = days(store)
    server = start_server(store, config={"store.partition_days": 30})
    made = days(store)
    assert len(before) < 30 <= len(made) and made[:len(before)] == before
    for name in made:
        store.query(f"DROP TABLE {name}")
    with server.client() as client:
        assert client.post_event(events.label()).status == 201, "the upkeep makes what an event waits for"
        assert client.get("/readyz").status == 200
    assert days(store) == made


@pytest.mark.only_on("postgresql")
def test_a_day_without_a_partition(start_server, store):
    server = start_server(store, config={"event.store_wait_ms": 500})
    for name in days(store):
        store.query(f"DROP TABLE {name}")
    store.query("ALTER FUNCTION egdb_partitions_ahead(integer) RENAME TO elsewhere")
    with server.client() as client:
        answer = client.post_event(events.label())
        assert (answer.status, answer.json()["code"]) == (503, "store_unavailable"), answer
        assert "egdb_partitions_ahead" in answer.json()["detail"] and int(answer.headers["Retry-After"]) >= 1
        assert "no partition" in unready(client)["detail"]
        store.query("ALTER FUNCTION elsewhere(integer) RENAME TO egdb_partitions_ahead")
        wait.until(lambda: client.get("/readyz").status == 200, "/readyz says 200 again")
        assert client.post_event(events.label()).status == 201


def test_too_few_days(store):
    done = binary.run("serve", "--store", store.dsn, "--store-partition-days", "1", check=78)
    assert "between 2 and 366" in done.err
