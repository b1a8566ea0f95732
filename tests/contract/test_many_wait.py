"""More rows wait for one parent than one transaction may make: they are made in shares, in their order, whatever happens meanwhile."""
import pytest

from support import events, wait

MANY, SHARE = 700, 256
LARGE_B, SHARE_B = 300_000, 1 << 20
PER_POST = 100

SEEN = {  # for each step that is made: how many rows wait when it is, which is the same for all of one transaction
    "sqlite": """CREATE TABLE seen (n bigint);
                 CREATE TRIGGER seen AFTER INSERT ON steps BEGIN INSERT INTO seen SELECT count(*) FROM pending_rows; END""",
    "postgresql": """CREATE TABLE seen (n bigint);
                     CREATE FUNCTION seen() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN INSERT INTO seen SELECT count(*) FROM pending_rows; RETURN NULL; END';
                     CREATE TRIGGER seen AFTER INSERT ON steps FOR EACH ROW EXECUTE FUNCTION seen()"""}


def waiting(store):
    return store.scalar("SELECT count(*) FROM pending_rows")


def post(client, some):
    for at in range(0, len(some), PER_POST):
        answer = client.post("/v1/events", some[at:at + PER_POST])
        assert answer.json()["stored"] == len(some[at:at + PER_POST])


def filled(store, left=0):
    wait.until(lambda: store.scalar("SELECT count(*) FROM pending_parents") == 0, "all rows that can be made are made")
    assert waiting(store) == left


def shares(store):
    return [n for (n,) in store.query("SELECT count(*) FROM seen GROUP BY n ORDER BY n DESC")]


def test_each_transaction_takes_a_share(client, store):
    run_id = events.ulid()
    steps = [events.step_finished(run_id, idx) for idx in range(MANY)]
    post(client, steps)
    assert waiting(store) == MANY
    store.script(SEEN[store.kind])
    assert client.post_event(events.run_started(run_id)).status == 201
    filled(store)
    assert store.query("SELECT idx, event_id FROM steps ORDER BY idx") == [(idx, step["id"]) for idx, step in enumerate(steps)]
    assert sum(shares(store)) == MANY and max(shares(store)) <= SHARE


def test_a_share_is_bounded_in_bytes(client, store):
    run_id = events.ulid()
    post(client, [events.event("core.step.finished@v1", {
        "run_id": run_id, "idx": idx, "name": "n", "dt_ms": 1, "deltas": {"text": "x" * LARGE_B}}) for idx in range(12)])
    store.script(SEEN[store.kind])
    assert client.post_event(events.run_started(run_id)).status == 201
    filled(store)
    assert store.scalar("SELECT count(*) FROM steps") == 12 and max(shares(store)) <= SHARE_B // LARGE_B + 1


def test_what_comes_later_wins(client, store):
    """In one body with the parent, and behind it: the rows that waited are older."""
    run_id = events.ulid()
    post(client, [events.step_finished(run_id, idx % 300, dt_ms=idx) for idx in range(MANY)])
    behind = [events.step_finished(run_id, idx, dt_ms=10_000 + idx) for idx in range(0, 300, 3)]
    assert client.post("/v1/events", [events.run_started(run_id), *behind]).json()["stored"] == 1 + len(behind)
    assert client.post_event(events.step_finished(run_id, 1, dt_ms=20_000)).status == 201
    filled(store)
    last = {idx % 300: idx for idx in range(MANY)} | {idx: 10_000 + idx for idx in range(0, 300, 3)} | {1: 20_000}
    assert dict(store.query("SELECT idx, dt_ms FROM steps")) == last


def test_many_parents_at_once(client, store):
    runs = [events.ulid() for _ in range(40)]
    post(client, [events.step_finished(run_id, idx) for idx in range(20) for run_id in runs])
    post(client, [events.run_started(run_id) for run_id in runs])
    filled(store)
    assert set(store.query("SELECT run_id, count(*) FROM steps GROUP BY run_id")) == {(run_id, 20) for run_id in runs}


def test_a_server_goes_on_where_another_ended(start_server, store):
    """The transaction of the parent and its first share is committed, and no more: as by hand here."""
    run_id = events.ulid()
    first = start_server(store)
    with first.client() as client:
        post(client, [events.step_finished(run_id, idx) for idx in range(MANY)])
    first.kill()
    store.script(f"""
        INSERT INTO runs(id, sha, started, status) VALUES ('{run_id}', 's', '2025-10-10T00:00:00.000000Z', 'ok');
        INSERT INTO pending_parents SELECT DISTINCT need_table, need_key, 0 FROM pending_rows""")
    start_server(store)
    filled(store)
    assert store.scalar("SELECT count(*) FROM steps") == MANY


def test_a_row_that_the_database_refuses_stays_alone(client, store):
    """It is no fault of the parent, nor of the rows that wait beside it."""
    run_id = events.ulid()
    twice = 300
    post(client, [events.step_finished(run_id, idx, name=f"n{idx if idx != twice else 0}") for idx in range(MANY)])
    store.script("CREATE UNIQUE INDEX ux_steps_name ON steps (name)")
    answer = client.post_event(events.run_started(run_id))
    assert (answer.status, answer.json()["status"]) == (201, "stored")
    filled(store, left=1)
    assert store.scalar("SELECT count(*) FROM steps") == MANY - 1
    assert store.scalar("SELECT count(*) FROM events_dlq") == 0
    assert client.post_event(events.run_started()).status == 201
