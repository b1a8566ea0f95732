"""PostgreSQL that does not answer (SIGSTOP) and that is not there: 503 within the configured time, said by /readyz, and over by itself."""
import time

import pytest

from support import events, load, wait

SLACK_S = 10  # for a busy machine, on top of what is configured; less than the defaults that would hold without it
PATIENCE_S = 60  # until a condition is given up


def freeze(cluster):
    cluster.freeze()
    return cluster.thaw


def stop(cluster):
    cluster.stop("fast")
    return cluster.start


def unavailable(server):
    """A post is refused in time, and told when to come again."""
    event = events.label()
    with server.client() as client:
        before = time.monotonic()
        answer = client.post_event(event)
        took_s = time.monotonic() - before
    assert (answer.status, answer.json()["code"]) == (503, "store_unavailable"), answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert int(answer.headers["Retry-After"]) >= 1
    assert took_s < (server.config["event.store_wait_ms"] + server.config["store.write_timeout_ms"]) / 1000 + SLACK_S
    return event


def not_ready(server):
    """/readyz says so, with a reason; /healthz is about the process alone."""
    server.wait_for("/readyz", 503)
    with server.client() as client:
        answer = client.get("/readyz")
        assert (answer.status, answer.json()["code"]) == (503, "store_unavailable"), answer
        assert len(answer.json()["detail"]) > 10 and int(answer.headers["Retry-After"]) >= 1
        assert client.get("/healthz").status == 200
        assert client.get("/v1/events?limit=1").status in (503, 504)


def taken_once(server, store, event):
    """Sent again, it is stored or had been; never twice."""
    server.wait_for("/readyz")
    with server.client() as client:
        answer = client.post_event(event)
        assert answer.status in (200, 201), answer
        assert client.post_event(event).json() == {"id": event["id"], "status": "duplicate", "position": answer.json()["position"]}
    assert store.scalar("SELECT count(*) FROM events WHERE id = ?", (event["id"],)) == 1


@pytest.mark.parametrize("leave", [freeze, stop])
def test_while_idle(start_server, own_store, own_cluster, impatient, leave):
    """Nobody posts: the server finds out by itself, both ways."""
    server = start_server(own_store, config=impatient)
    come_back = leave(own_cluster)
    try:
        not_ready(server)
        event = unavailable(server)
    finally:
        come_back()
    taken_once(server, own_store, event)


@pytest.mark.parametrize("leave", [freeze, stop])
def test_under_load(start_server, own_store, own_cluster, impatient, soak, leave):
    server = start_server(own_store, config=impatient)
    with load.Load(server) as posts:
        for _ in range(max(1, int(10 * soak))):
            posts.wait_more(100)
            come_back = leave(own_cluster)
            try:
                refused = posts.refused.total()
                wait.until(lambda: posts.refused.total() > refused or posts.failures, "the load is refused",
                           PATIENCE_S)
                not_ready(server)
            finally:
                come_back()
        posts.wait_more(100)
        posts.finish()
    posts.check(own_store)
    assert set(posts.refused) == {"store_unavailable"} and not posts.cut
    taken_once(server, own_store, events.label())


def test_a_server_that_starts_before_its_database_waits(start_server, own_store, own_cluster, impatient):
    """Up to connect_timeout_ms; then it says why and ends, for its supervisor to start it again."""
    own_cluster.stop("fast")
    try:
        server = start_server(own_store, config={**impatient, "store.connect_timeout_ms": 60000}, ready=None)
        gone = start_server(own_store, config=impatient, ready=None, expect_exit=1)
        assert gone.process.wait(120) == 1
        assert "onnect" in gone.log()
        assert server.is_running()
    finally:
        own_cluster.start()
    server.wait_for("/readyz")


def test_frozen_as_soon_as_it_is_ready(start_server, own_store, own_cluster, impatient):
    """Some of the server's connections are not made yet then."""
    server = start_server(own_store, config=impatient)
    for _ in range(4):
        come_back = freeze(own_cluster)
        try:
            server.wait_for("/readyz", 503)
        finally:
            come_back()
        assert server.stop() == 0
        server.start()
