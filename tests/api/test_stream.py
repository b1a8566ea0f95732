"""Streams of events (GET /v1/events/stream): from any position, without gap or repeat, over cuts, restarts, and what another server wrote."""
import itertools
import random
import resource
import threading
import time

import jwt
import pytest

from support import binary, events, wait
from support.figures import metric, peak_kb, until
from support.raw import Raw
from support.sse import Stream

SECRET = "0123456789abcdef0123456789abcdef"


def post(client, n, **kw):
    answer = client.post("/v1/events", [events.label(**kw) for _ in range(n)])
    assert answer.status == 200, answer
    return [item["position"] for item in answer.json()["items"]]


def streams(client, n):
    until(client, "egdb_streams", n)


class Writers:
    """Threads that post batches of labels to servers in turn; stop() tells how many events there are."""

    def __init__(self, *servers, n=4):
        self.servers, self.stopping, self.posted, self.failures = servers, threading.Event(), itertools.count(), []
        self.lock, self.total = threading.Lock(), 0
        self.threads = [threading.Thread(target=self._write, args=(i,)) for i in range(n)]
        for thread in self.threads:
            thread.start()

    def _write(self, i):
        dice = random.Random(i)
        try:
            with self.servers[i % len(self.servers)].client() as client:
                while not self.stopping.is_set():
                    n = len(post(client, dice.choice((1, 1, 5, 40)), repo_branch=f"b{i}"))
                    with self.lock:
                        self.total += n
        except Exception as error:
            self.failures.append(error)

    def more(self, n):
        goal = self.total + n
        wait.until(lambda: self.failures or self.total >= goal, f"{n} events more", 120)
        assert not self.failures, self.failures

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(120)
        assert not self.failures, self.failures
        return self.total


def test_an_event_as_the_list_gives_it(server, client):
    with Stream(server.port) as stream:
        assert stream.head() == 200
        assert stream.headers["content-type"] == "text/event-stream" and stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no" and "content-encoding" not in stream.headers
        client.post_event(events.label(reason="two\nlines ą", env={"a": [1, {"b": None}]}))
        body = '{"topic": "commit.labelled@v1",\r\n "source": "tests", "repo_sha": "%s", "payload":\n {"sha": "%s",\n\n"label": "good",\r"reason": "x"}}'
        answer = client.post("/v1/events", body % ("0" * 40, "1" * 40))
        assert answer.status == 201, answer
        got = stream.take(2)
        assert [event.json() for event in got] == client.get("/v1/events?after=0").json()["events"]
        assert [event.position for event in got] == [1, 2] and {event.kind for event in got} == {"message"}


def test_from_any_position_and_then_what_comes(server, client):
    post(client, 1000)
    for query, last_id, first in (({"from": 0}, None, 1), ({"from": 400}, None, 401), ({"from": 0}, 999, 1000), (None, 0, 1)):
        with Stream(server.port, query, last_id) as stream:
            assert [event.position for event in stream.take(1000 - first + 1)] == list(range(first, 1001))
    with Stream(server.port) as stream, Stream(server.port, {"from": 1000}) as other:
        assert stream.head() == other.head() == 200
        post(client, 3)
        assert [event.position for event in stream.take(3)] == [event.position for event in other.take(3)] == [1001, 1002, 1003]


@pytest.mark.parametrize("config", [{}, {"stream.window_b": 4096}], ids=["", "small window"])
def test_every_position_once_and_in_order_while_others_write(start_server, store, config):
    server = start_server(store, config=config)
    writers = Writers(server)
    writers.more(2000)
    with Stream(server.port, {"from": 0}) as all_, Stream(server.port, {"from": 0, "branch": "b1"}) as some, \
            Stream(server.port, {"from": 1500}) as later:
        heads = [stream.take(1)[0].position for stream in (all_, later)]
        assert heads == [1, 1501]
        writers.more(2000)
        total = writers.stop()
        assert [event.position for event in all_.take(total - 1)] == list(range(2, total + 1))
        assert [event.position for event in later.take(total - 1501)] == list(range(1502, total + 1))
        wanted = [p for (p,) in store.query("SELECT position FROM events WHERE repo_branch = 'b1' ORDER BY position")]
        assert [event.position for event in some.take(len(wanted))] == wanted


def test_cut_anywhere_and_resumed(server, client):
    """A client that is cut at any byte and comes again with the last id that it saw."""
    dice, writers, seen, last = random.Random(5), Writers(server), [], 0
    writers.more(300)
    for _ in range(60):
        with Stream(server.port, last_id=last) as stream:
            for event in itertools.islice(stream, dice.choice((0, 1, 10, 200))):
                seen.append(event.position)
            last = stream.last_id
    total = writers.stop()
    with Stream(server.port, last_id=last) as stream:
        seen += [event.position for event in stream.take(total - len(seen))]
    assert seen == list(range(1, total + 1))
    streams(client, 0)


def test_over_a_restart(server):
    with server.client() as client:
        post(client, 500)
    with Stream(server.port, {"from": 0}) as stream:
        first = stream.take(200)
        server.terminate()
        rest = list(stream)
        assert stream.complete and stream.comments[-1] == "the server stops"
    assert server.process.wait(120) == 0
    seen = [event.position for event in first + rest]
    server.start()
    with server.client() as client, Stream(server.port, last_id=stream.last_id) as again:
        assert again.head() == 200
        post(client, 5)
        seen += [event.position for event in again.take(505 - len(seen))]
    assert seen == list(range(1, 506))


def test_nothing_is_seen_that_is_not_committed(server, client, store):
    with Stream(server.port) as stream:
        assert stream.head() == 200
        for _ in range(50):
            position = post(client, 1)[0]
            assert stream.take(1)[0].position == position
            assert store.scalar("SELECT count(*) FROM events WHERE position = ?", (position,)) == 1


def test_filters(server, client):
    sha = "a" * 40
    made = [events.label(), events.run_started(repo_sha=sha), events.label(repo_sha=sha, repo_branch="main"),
            events.event("tests.report@v1", {"sha": sha, "passed": 1, "failed": 0, "skipped": 0}, correlation_id="c-1"),
            events.label(repo_branch="main", ts_utc="2020-01-01T00:00:00Z")]
    cases = [({"topic": "commit.labelled@v1"}, {0, 2, 4}), ({"topic": "*"}, {0, 1, 2, 3, 4}), ({"topic": "run.*"}, {1}),
             ({"topic": "*.labelled@*"}, {0, 2, 4}), ({"topic": "c*led@v1"}, {0, 2, 4}), ({"sha": sha}, {1, 2}),
             ({"branch": "main"}, {2, 4}), ({"correlation_id": "c-1"}, {3}), ({"until": "2021-01-01T00:00:00Z"}, {4}),
             ({"since": "2021-01-01T00:00:00Z", "branch": "main"}, {2}), ({"sha": sha, "topic": "x"}, set())]
    live = [Stream(server.port, query) for query, _ in cases]
    assert all(stream.head() == 200 for stream in live)
    assert client.post("/v1/events", made).status == 200
    end = events.event("run.started@v1", {"run_id": "end", "sha": sha, "started": events.utc()})
    client.post_event(end)
    for stream, (query, wanted) in zip(live, cases):
        with stream, Stream(server.port, {**query, "from": 0}) as back:
            for way in (stream, back):
                got = way.take(len(wanted)) if wanted else []
                assert {event.position - 1 for event in got} == wanted, query


def test_what_is_refused(server, client, store):
    for query in ({"from": "x"}, {"from": "-1"}, {"from": "1.5"}, {"after": 3}, {"limit": 3}, {"since": "yesterday"}):
        with Stream(server.port, query) as stream:
            assert stream.head() == 400 and stream.problem()["code"] == "usage", query
    with Stream(server.port, last_id="abc") as stream:
        assert stream.head() == 400


def test_no_more_streams_than_allowed(start_server, store):
    server = start_server(store, config={"stream.most": 3})
    with server.client() as client:
        open_ = [Stream(server.port) for _ in range(3)]
        assert [stream.head() for stream in open_] == [200] * 3
        with Stream(server.port) as one:
            assert one.head() == 503 and one.problem()["code"] == "overloaded" and int(one.headers["retry-after"]) >= 1
        open_.pop().close()
        streams(client, 2)
        with Stream(server.port) as one:
            assert one.head() == 200
        for stream in open_:
            stream.close()


def test_heartbeats_carry_the_position(start_server, store):
    server = start_server(store, config={"stream.heartbeat_ms": 50})
    with server.client() as client, Stream(server.port, {"branch": "none"}) as stream:
        assert stream.head() == 200 and stream._chunk()
        post(client, 10)
        while stream.last_id != "10":
            list(itertools.islice(iter(lambda: stream._chunk(), False), 1))
            end = stream.text.rfind(b"\n\n")
            for block in bytes(stream.text[:max(end, 0)]).decode().split("\n\n"):
                assert stream._block(block) is None
            del stream.text[:end + 2]
        assert "alive" in stream.comments


def test_the_first_words_say_how_long_silence_lasts(server, client):
    with Stream(server.port) as stream:
        assert stream.head() == 200 and stream._chunk()
        assert stream.text.startswith(b": alive every 15000 ms\n")
    with Raw(server.port) as raw:
        raw.send(b"HEAD /v1/events/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = raw.answer(head=True)
        assert answer.status == 200 and "content-length" not in answer.headers and raw.at_end() and raw.buffer == b""
    streams(client, 0)


@pytest.mark.parametrize("last_id", [51, 10**15])
def test_resync_beyond_the_end(server, client, last_id):
    post(client, 50)
    with Stream(server.port, last_id=last_id) as stream:
        resync = stream.take(1)[0]
        assert resync.kind == "resync" and resync.id == "50"
        assert resync.json() == {"asked": last_id, "continues_behind": 50, "oldest": 1, "newest": 50}
        post(client, 1)
        assert stream.take(1)[0].position == 51


def test_resync_when_events_are_gone(server, client, store):
    post(client, 50)
    store.query("DELETE FROM events WHERE position <= 20")
    for last_id, gone in ((5, True), (19, True), (20, False), (30, False), (0, False)):
        with Stream(server.port, last_id=last_id) as stream:
            first = stream.take(1)[0]
            assert (first.kind == "resync") == gone, last_id
            if gone:
                assert first.json() == {"asked": last_id, "continues_behind": 20, "oldest": 21, "newest": 50}
                first = stream.take(1)[0]
            assert first.position == max(last_id, 20) + 1


def set_back(store, position):
    """As a restored backup would: the log ends earlier than it did, and grows again from there."""
    store.script(f"BEGIN; UPDATE event_position SET position = {position}; DELETE FROM events WHERE position > {position}; COMMIT")


@pytest.mark.parametrize("last_id", [None, 50, 10])
def test_resync_when_an_older_log_was_restored(server, client, store, last_id):
    """Those who follow are told, though nothing new came; then what comes is given, and nothing that the ring still held of the other log."""
    post(client, 10)
    with Stream(server.port) as first, Stream(server.port, last_id=10) as second:
        assert first.head() == 200
        post(client, 40)
        assert first.take(40)[-1].position == second.take(40)[-1].position == 50
        set_back(store, 20)
        if last_id:
            with Stream(server.port, last_id=last_id) as third:
                came = third.take(1 if last_id == 50 else 10)
                if last_id == 50:
                    assert (came[0].kind, came[0].json()) == ("resync", {"asked": 50, "continues_behind": 20, "oldest": 1, "newest": 20})
                else:
                    assert [event.position for event in came] == list(range(11, 21))
                new = client.post("/v1/events", [events.label() for _ in range(3)]).json()["items"]
                assert [(event.position, event.json()["id"]) for event in third.take(3)] == [(item["position"], item["id"]) for item in new]
        for stream in (first, second):
            resync = stream.take(1)[0]
            assert (resync.kind, resync.json()["asked"]) == ("resync", 50)
        if not last_id:
            assert resync.json() == {"asked": 50, "continues_behind": 20, "oldest": 1, "newest": 20}
            new = client.post("/v1/events", [events.label() for _ in range(3)]).json()["items"]
        assert [event.json()["id"] for event in first.take(3)] == [item["id"] for item in new]
        assert [event.position for event in second.take(3)] == [21, 22, 23]
    assert metric(client, "egdb_stream_resyncs_total") == (3 if last_id == 50 else 2)


@pytest.mark.parametrize("more", [0, 5])
def test_resync_when_a_restored_log_has_grown_past(server, client, store, more):
    """Nobody looked while the log was shorter: at the positions that were read stand other events now."""
    post(client, 10)
    with Stream(server.port) as early, Stream(server.port, last_id=10) as late:
        assert early.head() == 200
        post(client, 40)
        assert early.take(40)[-1].position == late.take(40)[-1].position == 50
        store.script("UPDATE events SET id = id || 'x' WHERE position > 20")
        new = [item["id"] for item in client.post("/v1/events", [events.label() for _ in range(more)]).json()["items"]] if more else []
        for stream in (early, late):
            resync = stream.take(1)[0]
            assert (resync.kind, resync.id) == ("resync", "50")
            assert resync.json() == {"asked": 50, "continues_behind": 50, "oldest": 1, "newest": 50 + more}
        new += [item["id"] for item in client.post("/v1/events", [events.label() for _ in range(3)]).json()["items"]]
        for stream in (early, late):
            assert [event.json()["id"] for event in stream.take(3 + more)] == new
    assert metric(client, "egdb_stream_resyncs_total") == 2


@pytest.mark.release_too
def test_slow_readers_cost_little_and_lose_nothing(server, client):
    for _ in range(30):
        post(client, 200, env={"filler": "x" * 2000})
    with Stream(server.port, {"from": 0}) as stream:
        assert len(stream.take(6000)) == 6000
    before_kb = peak_kb(server.pid())
    slow = [Stream(server.port, {"from": 0} if i % 2 else None, receive_buffer_b=4096) for i in range(20)]
    assert all(stream.head() == 200 for stream in slow)
    for _ in range(10):
        post(client, 200, env={"filler": "x" * 2000})
    with Stream(server.port, {"from": 7000}) as quick:
        assert quick.take(1000)[-1].position == 8000
    if not binary.is_instrumented():
        assert peak_kb(server.pid()) - before_kb < 64 * 1024  # the ring, and 20 windows; the events are 20 MB each time
    for stream, first in ((slow[0], 6001), (slow[1], 1)):
        assert [event.position for event in stream.take(8001 - first)] == list(range(first, 8001))
    for stream in slow:
        stream.close()
    streams(client, 0)


def test_many_at_once(server, client):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    post(client, 100)
    many = [Stream(server.port, {"from": 100 - i % 50}) for i in range(500)]
    assert all(stream.head() == 200 for stream in many)
    streams(client, 500)
    for _ in range(5):
        post(client, 20)
    for i, stream in enumerate(many):
        assert [event.position for event in stream.take(100 + i % 50)] == list(range(101 - i % 50, 201))
        stream.close()
    streams(client, 0)


def test_a_stream_ends_with_its_token(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET)
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret", "auth.leeway_s": 1,
                                         "stream.heartbeat_ms": 200})

    def bearer(seconds, scope="events:read"):
        claims = {"sub": "me", "exp": int(time.time()) + seconds, "scope": scope}
        return {"Authorization": "Bearer " + jwt.encode(claims, SECRET, "HS256")}

    with Stream(server.port) as nobody, Stream(server.port, headers=bearer(600, "events:write")) as writer:
        assert (nobody.head(), writer.head()) == (401, 403)
    with Stream(server.port, headers=bearer(600)) as stays, Stream(server.port, headers=bearer(4)) as ends:
        assert stays.head() == ends.head() == 200
        assert list(ends) == [] and ends.complete and ends.comments[-1] == "the token has expired"
        with server.client(headers=bearer(600, "events:write")) as client:
            post(client, 1)
        assert stays.take(1)[0].position == 1


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("poll_ms", [100, 600000])
def test_what_another_server_wrote(start_server, store, poll_ms):
    """By polling alone it would take ten minutes: then the news bring it."""
    one, two = (start_server(store, config={"stream.poll_ms": poll_ms}) for _ in range(2))
    writers = Writers(one, two)
    with Stream(one.port, {"from": 0}) as first, Stream(two.port, {"from": 0}) as second:
        writers.more(1000)
        total = writers.stop()
        for stream in (first, second):
            assert [event.position for event in stream.take(total)] == list(range(1, total + 1))
        with two.client() as client:
            position = post(client, 1)[0]
        assert first.take(1)[0].position == position


@pytest.mark.only_on("postgresql")
def test_without_news_polling_finds_it(start_server, store):
    """The connections that listen are killed all the time."""
    one, two = (start_server(store, config={"stream.poll_ms": 100}) for _ in range(2))
    kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%egdb_news%'" \
           " AND pid <> pg_backend_pid()"
    killed = 0
    with Stream(one.port, {"from": 0}) as stream, two.client() as client:
        assert stream.head() == 200
        for position in itertools.count(1):
            killed += store.scalar(kill)
            assert post(client, 1) == [position]
            assert stream.take(1)[0].position == position
            if position >= 40 and killed > 2:
                break


@pytest.mark.only_on("postgresql")
def test_reads_that_fail_are_repeated(server, client, store):
    """A store that is gone for a while: the stream waits, and goes on where it was."""
    post(client, 10)
    with Stream(server.port, {"from": 0}) as stream:
        assert stream.take(10)[-1].position == 10
        store.cluster.stop()
        store.cluster.start()
        server.wait_for("/readyz")
        position = wait.until(lambda: post(client, 1)[0], "it takes events again")
        assert stream.take(1)[0].position == 11 <= position
