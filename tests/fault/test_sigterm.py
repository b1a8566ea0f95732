"""SIGTERM: what the server has begun it ends and answers, then it exits with 0."""
import json
import threading

import pytest

from support import events, wait
from support.hold import held
from support.raw import Raw

CONNECTIONS = 32


def request(event):
    body = json.dumps(event).encode()
    return b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def waiting(server):
    """Events that the server has taken in and not answered."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("egdb_queue_events "))


class Sender(threading.Thread):
    """One connection that posts one event after the other until the connection ends."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.acknowledged, self.unanswered, self.broken = port, {}, [], None

    def run(self):
        try:
            with Raw(self.port) as raw:
                while self.once(raw):
                    pass
        except Exception as error:
            self.broken = error

    def once(self, raw):
        event = events.label()
        try:
            raw.send(request(event))
            answer = raw.answer()
        except OSError:
            answer = None
        if answer is None:
            assert not raw.buffer, f"half an answer: {raw.buffer}"
            self.unanswered.append(event["id"])
            return False
        if answer.status == 503:
            assert answer.json()["code"] == "stopping" and int(answer.headers["retry-after"]) >= 1, answer
            self.unanswered.append(event["id"])
        else:
            assert answer.status == 201, answer
            self.acknowledged[event["id"]] = answer.json()["position"]
        return answer.headers.get("connection") != "close"


def test_under_load(start_server, store, soak):
    """The connection may end before a request was begun, never between its storing and its answer."""
    server = start_server(store)
    acknowledged, unanswered = {}, []
    for _ in range(max(2, int(20 * soak))):
        senders = [Sender(server.port) for _ in range(CONNECTIONS)]
        for sender in senders:
            sender.start()
        wait.until(lambda: all(len(s.acknowledged) >= 5 or s.broken for s in senders), "every connection is at work", 120)
        assert server.stop() == 0
        for sender in senders:
            sender.join(120)
            assert not sender.is_alive() and not sender.broken, sender.broken
            acknowledged.update(sender.acknowledged)
            unanswered += sender.unanswered
        server.start()
    stored = dict(store.query("SELECT id, position FROM events"))
    assert stored == acknowledged, "stored and not answered, or the reverse"
    assert not set(unanswered) & set(stored)


def test_what_is_in_flight_is_answered(start_server, store):
    """All wait for the store when the signal comes, and a body is half there: each gets its answer."""
    server = start_server(store)
    sent = [events.label() for _ in range(CONNECTIONS)]
    late = events.label()
    raws = [Raw(server.port) for _ in range(CONNECTIONS + 1)]
    half = request(late)
    with held(store):
        for raw, event in zip(raws, sent):
            raw.send(request(event))
        raws[-1].send(half[:-10])
        wait.until(lambda: waiting(server) == CONNECTIONS, "all wait for the store")
        server.terminate()
        wait.until(lambda: "answering what is in flight" in server.log(), "the server has heard the signal")
        assert server.is_running()
    raws[-1].send(half[-10:])
    answers = [raw.answer() for raw in raws]
    assert server.process.wait(120) == 0
    for answer, event in zip(answers, sent + [late]):
        assert answer is not None and answer.status == 201 and answer.json()["id"] == event["id"], answer
    for raw in raws:
        assert raw.at_end() and not raw.buffer
        raw.socket.close()
    positions = {answer.json()["id"]: answer.json()["position"] for answer in answers}
    assert dict(store.query("SELECT id, position FROM events")) == positions


def test_a_store_that_is_away_does_not_hold_the_server(start_server, store, impatient):
    """What waits is refused when its time is over; a second signal changes nothing."""
    server = start_server(store, config={**impatient, "event.store_wait_ms": 6000})  # time for all of them to come
    raws = [Raw(server.port) for _ in range(CONNECTIONS)]
    with held(store):
        for raw in raws:
            raw.send(request(events.label()))
        wait.until(lambda: waiting(server) == CONNECTIONS, "all wait for the store")
        server.terminate()
        server.terminate()
        answers = [raw.answer() for raw in raws]
        assert server.process.wait(120) == 0
    assert [answer.status for answer in answers] == [503] * CONNECTIONS, answers
    for raw in raws:
        raw.socket.close()
    assert store.scalar("SELECT count(*) FROM events") == 0


@pytest.mark.only_on("sqlite")
def test_a_batch_that_takes_longer_than_the_drain(start_server, store):
    """Somebody holds the file's lock, and the server may wait for it longer than for anything else: the batch is waited for all the
    same, and its event is answered."""
    server = start_server(store, config={"http.drain_deadline_ms": 100, "event.store_wait_ms": 100, "store.write_timeout_ms": 2000,
                                         "store.sqlite_busy_ms": 60000})
    with Raw(server.port) as raw, Raw(server.port) as half:
        with held(store):
            raw.send(request(events.label()))
            half.send(b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n{")
            wait.until(lambda: waiting(server) == 1, "the event is in the batch")
            server.terminate()
            assert half.answer() is None, "the drain's time is over: what has not come whole is cut"
        assert raw.answer().status == 201
    assert server.stop() == 0
