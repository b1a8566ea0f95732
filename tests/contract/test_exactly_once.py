"""The same event however often and however sent: one row of events, one of each derived row, always the same position."""
import threading

import pytest

from support import events

pytestmark = pytest.mark.release_too

TIMES = 100


def rows(store, sha):
    """Of tokens each derivation makes rows of its own, so that a second one would be seen."""
    return (store.scalar("SELECT count(*) FROM events"), store.scalar("SELECT count(*) FROM event_ids"),
            store.scalar("SELECT count(*) FROM delta_tokens WHERE sha = ?", (sha,)))


def test_in_one_batch_in_many_and_at_once(server, store):
    tokens = [{"token": token, "file": "src/a.py", "weight": 0.5} for token in ("ADD_FN", "ADD_FN", "MODIFY_SIG")]
    event = events.event("delta.tokens@v1", {"sha": "1" * 40, "tokens": tokens}, idempotency_key="once")
    with server.client() as client:
        items = client.post("/v1/events", [event] * TIMES).json()["items"]
        assert [item["status"] for item in items] == ["stored"] + ["duplicate"] * (TIMES - 1)
        seen = {(item["id"], item["position"]) for item in items}
        for _ in range(TIMES):
            answer = client.post_event(event).json()
            assert answer["status"] == "duplicate"
            seen.add((answer["id"], answer["position"]))
    answers = []

    def post():
        with server.client() as own:
            for _ in range(TIMES // 10):
                answers.append(own.post_event(event).json())

    threads = [threading.Thread(target=post) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == TIMES and {a["status"] for a in answers} == {"duplicate"}
    assert seen | {(a["id"], a["position"]) for a in answers} == {(event["id"], 1)}
    assert rows(store, "1" * 40) == (1, 1, 3)


def test_first_arrival_by_many_at_once(server, store):
    fresh = [events.label() for _ in range(50)]
    statuses = []
    lock = threading.Lock()

    def post():
        with server.client() as own:
            for event in fresh:
                answer = own.post_event(event)
                with lock:
                    statuses.append((event["id"], answer.status, answer.json()["position"]))

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for event in fresh:
        mine = [(status, position) for (id_, status, position) in statuses if id_ == event["id"]]
        assert sorted(status for status, _ in mine) == [200] * 7 + [201]
        assert len({position for _, position in mine}) == 1
    assert store.scalar("SELECT count(*) FROM events") == 50
    assert store.scalar("SELECT count(*) FROM commit_labels") == 50


@pytest.mark.only_on("postgresql")
def test_by_two_servers_at_once(start_server, store):
    """Both are sent the same events, one by one and in batches, at the same moment: each is stored once, in one place."""
    servers = [start_server(store), start_server(store)]
    fresh = [events.run_started() for _ in range(60)]
    answers, lock, start = [], threading.Lock(), threading.Barrier(8)

    def post(server, size):
        start.wait(60)
        with server.client() as own:
            for at in range(0, len(fresh), size):
                said = own.post("/v1/events", fresh[at:at + size])
                assert said.status == 200, said
                with lock:
                    answers.extend((item["id"], item["status"], item["position"]) for item in said.json()["items"])

    threads = [threading.Thread(target=post, args=(server, size)) for server in servers for size in (1, 1, 7, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == len(threads) * len(fresh)
    positions = dict(store.query("SELECT id, position FROM events"))
    assert sorted(positions) == sorted(event["id"] for event in fresh) and sorted(positions.values()) == list(range(1, 61))
    assert all(positions[id_] == position for id_, _, position in answers)
    assert sorted(id_ for id_, status, _ in answers if status == "stored") == sorted(positions)
    assert store.scalar("SELECT count(*) FROM runs") == store.scalar("SELECT count(DISTINCT id) FROM runs") == len(fresh)


def test_conflicts(client, store):
    event = events.label()
    assert client.post_event(event).status == 201
    for change in ({"payload": dict(event["payload"], reason="other")}, {"ts_utc": "2025-01-01T00:00:00Z"}, {"source": "else"},
                   {"env": {"a": 1}}):
        answer = client.post_event({**event, **change})
        assert (answer.status, answer.json()["code"]) == (409, "id_conflict"), answer
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/id"]
    assert store.scalar("SELECT count(*) FROM events") == 1 and store.scalar("SELECT count(*) FROM events_dlq") == 0


def test_keys(client, store):
    event = events.label(idempotency_key="k")
    first = client.post_event(event).json()
    again = client.post_event({**event, "id": None, "ts_utc": events.utc()})
    assert (again.status, again.json()) == (200, {"id": event["id"], "status": "duplicate", "position": first["position"]})
    other = client.post_event({**event, "id": events.ulid(), "payload": dict(event["payload"], reason="other")})
    assert (other.status, other.json()["code"]) == (422, "key_conflict")
    plain = events.label()
    header = {"Idempotency-Key": "h"}
    first = client.post_event(plain, headers=header)
    assert first.status == 201
    assert client.post_event({**plain, "id": None}, headers=header).json()["id"] == plain["id"]
    batch = [events.label(id=None) for _ in range(3)]
    ids = [item["id"] for item in client.post("/v1/events", batch, headers={"Idempotency-Key": "b"}).json()["items"]]
    items = client.post("/v1/events", batch, headers={"Idempotency-Key": "b"}).json()["items"]
    assert [(i["status"], i["id"]) for i in items] == [("duplicate", i) for i in ids]
    assert [row[0] for row in store.query("SELECT idempotency_key FROM event_keys ORDER BY 1")] == ["b#0", "b#1", "b#2", "h", "k"]
    assert store.scalar("SELECT count(*) FROM events") == 5
    assert store.scalar("SELECT count(*) FROM events_dlq") == 0


def test_duplicates_and_conflicts_inside_one_batch(client):
    event = events.label()
    keyed = {**event, "id": None, "idempotency_key": "k"}
    batch = [event, event, {**event, "source": "else"}, keyed, {**keyed, "correlation_id": "x"}]
    items = client.post("/v1/events", batch).json()["items"]
    assert [i["status"] for i in items] == ["stored", "duplicate", "rejected", "stored", "rejected"]
    assert (items[2]["error"]["code"], items[4]["error"]["code"]) == ("id_conflict", "key_conflict")
