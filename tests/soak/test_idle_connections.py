"""What idle connections cost the others, on the real server: timed, and therefore by `make soak` only."""
import socket
import time

from support import descriptors, events, wait
from support.figures import metric

IDLE = 5000
REQUESTS = 1000
TIMES = 2
SLACK_S = 0.005


def p99(client):
    """Of a post and its reading in turn, in seconds."""
    took = []
    for _ in range(REQUESTS // 2):
        event = events.label()
        for ask in (lambda: client.post_event(event), lambda: client.get(f"/v1/events/{event['id']}")):
            before = time.monotonic()
            assert ask().status in (200, 201)
            took.append(time.monotonic() - before)
    return sorted(took)[REQUESTS * 99 // 100]


def test_p99_with_5000_idle_connections(server, store):
    descriptors.allow(IDLE + 500)
    idle = []
    with server.client() as client:
        p99(client)  # both are warm
        alone = p99(client)
        try:
            for _ in range(IDLE):
                idle.append(socket.create_connection(("127.0.0.1", server.port), 30))
            wait.until(lambda: metric(client, "egdb_http_connections") > IDLE, "all are connected")
            crowded = p99(client)
            assert metric(client, "egdb_http_connections") > IDLE
        finally:
            for one in idle:
                one.close()
    assert crowded <= TIMES * alone + SLACK_S, f"p99 {alone * 1000:.2f} ms alone, {crowded * 1000:.2f} ms beside {IDLE} idle connections"
