"""A store that takes nothing while clients go on: what does not fit is refused at once, memory stays bounded, and it is over by itself."""
import http.client
import json
import pathlib
import threading
import time

import jwt
import pytest

from support import binary, events
from support.figures import metric, until
from support.hold import held
from support.raw import Raw

QUEUE_EVENTS = 64
QUEUE_B = 2 << 20
SECRET = "0123456789abcdef0123456789abcdef"


def token(sub):
    return jwt.encode({"sub": sub, "scope": "events:write", "exp": int(time.time()) + 600}, SECRET, "HS256")


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def posts(server, count, size_b=0):
    """As many connections, each with one event sent, whose answers nobody reads yet."""
    sent = []
    for _ in range(count):
        event = events.label(env={"padding": "x" * size_b} if size_b else None)
        body = json.dumps(event).encode()
        head = f"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        sent.append((event["id"], Raw(server.port).send(head.encode() + body)))
    return sent


def resident_b(server):
    status = pathlib.Path(f"/proc/{server.pid()}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmRSS:"))


def is_overload(answer):
    if answer.status != 503 or answer.json()["code"] != "overloaded":
        return False
    assert int(answer.headers["retry-after"]) >= 1 and answer.json()["hint"], answer
    return True


def test_overload_is_refused_at_once_and_ends(start_server, store):
    server = start_server(store, config={"event.queue_most_events": QUEUE_EVENTS, "event.store_wait_ms": 120000,
                                         "store.sqlite_busy_ms": 100, "store.lock_timeout_ms": 100000,
                                         "store.write_timeout_ms": 100000})
    with server.client() as client:
        with held(store):
            sent = posts(server, QUEUE_EVENTS)
            until(client, "egdb_queue_events", QUEUE_EVENTS)
            for _ in range(50):  # each is answered while the queue stands still
                answer = client.post_event(events.label())
                assert (answer.status, answer.json()["code"]) == (503, "overloaded"), answer
                assert int(answer.headers["Retry-After"]) >= 1
            answer = client.post("/v1/events", [events.label() for _ in range(10)])
            assert (answer.status, answer.json()["code"]) == (503, "overloaded"), answer
            assert metric(client, "egdb_queue_events") == QUEUE_EVENTS
            assert client.get("/healthz").status == 200
        for id_, raw in sent:
            answer = raw.answer()
            assert answer.status == 201 and answer.json()["id"] == id_, answer
            raw.socket.close()
        assert client.post_event(events.label()).status == 201
    assert store.scalar("SELECT count(*) FROM events") == QUEUE_EVENTS + 1


SHARE = 8


@pytest.mark.parametrize("by", ["sub", "address"])
def test_one_sender_leaves_room_for_others(start_server, store, scratch, by):
    """Who has its share in the queue is told so, alone; and may go on when it is done."""
    guard = {}
    if by == "sub":
        (scratch / "secret").write_text(SECRET + "\n")
        guard = {"auth.mode": "HS256", "auth.key_file": scratch / "secret"}
    server = start_server(store, config={"event.sender_most_events": SHARE, "event.store_wait_ms": 120000, "store.sqlite_busy_ms": 100,
                                         "store.lock_timeout_ms": 100000, "store.write_timeout_ms": 100000, **guard})

    def sender(name, address):
        client = server.client(headers=bearer(token(sub=name)) if by == "sub" else None)
        client.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120, source_address=(address, 0))
        return client

    def post(client, *batch):
        answers.append(client.post("/v1/events", list(batch)))

    answers, threads = [], []
    with server.client() as looking:
        with held(store):
            for i in range(SHARE):
                own = sender("greedy", "127.0.0.2")
                threads.append(threading.Thread(target=post, args=(own, events.label())))
                threads[-1].start()
            until(looking, "egdb_queue_events", SHARE)
            refused = sender("greedy", "127.0.0.2").post("/v1/events", events.label())
            assert (refused.status, refused.json()["code"]) == (429, "too_many_requests"), refused
            assert int(refused.headers["Retry-After"]) >= 1 and refused.json()["hint"]
            other = threading.Thread(target=post, args=(sender("modest", "127.0.0.3"), events.label()))
            other.start()
            until(looking, "egdb_queue_events", SHARE + 1)
        for thread in [*threads, other]:
            thread.join()
    assert [answer.status for answer in answers] == [200] * (SHARE + 1)
    assert sender("greedy", "127.0.0.2").post("/v1/events", [events.label() for _ in range(3 * SHARE)]).status == 200  # alone, at once
    assert store.scalar("SELECT count(*) FROM events") == 4 * SHARE + 1


def test_memory_is_bounded(start_server, store, impatient):
    """Ten times what the queue may hold, in bytes: some wait and are refused when their time is over, all others at once."""
    server = start_server(store, config={**impatient, "event.queue_most_b": QUEUE_B, "http.body_budget_b": 16 << 20})
    with server.client() as client:
        assert client.post_event(events.label()).status == 201
        before_b = resident_b(server)
        with held(store):
            overloads = 0
            for _ in range(5):
                sent = posts(server, 40, size_b=100000)
                for _, raw in sent:
                    answer = raw.answer()
                    assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1, answer
                    overloads += is_overload(answer)
                    raw.socket.close()
                until(client, "egdb_queue_events", 0)
            assert overloads >= 50
            if not binary.is_instrumented():
                assert resident_b(server) - before_b < 64 << 20
        server.wait_for("/readyz")
        assert client.post_event(events.label()).status == 201
    assert store.scalar("SELECT count(*) FROM events") == 2


def test_one_request_larger_than_the_queue_is_taken_when_it_is_empty(start_server, store):
    server = start_server(store, config={"event.queue_most_events": QUEUE_EVENTS})
    with server.client() as client:
        answer = client.post("/v1/events", [events.label() for _ in range(3 * QUEUE_EVENTS)])
        assert answer.status == 200 and answer.json()["stored"] == 3 * QUEUE_EVENTS
