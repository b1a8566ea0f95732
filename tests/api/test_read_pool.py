"""Who gets the connections for reads: what may take long leaves one for the others; what waits in vain, or asks for too much, is told so."""
import contextlib
import json
import urllib.parse

import pytest

from support import events, fill, own_spec
from support.asking import asking, busy


def start(start_server, store, scratch, **config):
    spec = own_spec.with_panels(scratch, own_one=own_spec.endless(store), own_two=own_spec.endless(store), own_three=own_spec.endless(store))
    return start_server(store, args=["--spec", str(spec)],
                        config={"store.read_timeout_ms": 600_000, **{name.replace("__", "."): value for name, value in config.items()}})


def test_panels_and_queries_leave_a_connection(start_server, store, scratch):
    server = start(start_server, store, scratch, store__read_connections=3)
    with server.client() as client, contextlib.ExitStack() as stack:
        event = client.post_event(events.label()).json()
        for panel in ("own-one", "own-two", "own-three"):
            stack.enter_context(asking(server, 1, f"/v1/panels/{panel}"))
        busy(client, 2, 1)
        stack.enter_context(asking(server, 2, "/v1/query?q=SELECT+events+FROM+all&timeout_ms=600000"))
        busy(client, 2, 3)
        assert [one["id"] for one in client.get("/v1/events").json()["events"]] == [event["id"]]
        assert client.get("/v1/dlq").status == 200
        assert client.get("/readyz").status == 200
        busy(client, 2, 3)


def test_one_connection_is_for_all(start_server, store, scratch):
    server = start(start_server, store, scratch, store__read_connections=1)
    with server.client() as client:
        assert client.get("/v1/query?q=SELECT+events+FROM+all").json()["rows"] == []
        with asking(server, 1, "/v1/panels/own-one"):
            busy(client, 1, 0)


def test_who_waits_in_vain_is_told_to_come_again(start_server, store):
    server = start_server(store, config={"store.read_connections": 1, "store.read_timeout_ms": 300, "query.timeout_most_ms": 600_000})
    query = urllib.parse.quote(fill.slow_query(store))
    with server.client() as client, asking(server, 1, f"/v1/query?q={query}&timeout_ms=600000"):
        busy(client, 1, 0)
        for path in ("/v1/query?q=SELECT+events+FROM+all&timeout_ms=300", "/v1/panels/commits", "/v1/events", "/v1/dlq"):
            answer = client.get(path)
            assert (answer.status, answer.json()["code"]) == (503, "overloaded"), answer
            assert int(answer.headers["Retry-After"]) >= 1
            assert "store.read_connections" in answer.json()["detail"]
        busy(client, 1, 0)


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_an_answer_may_be_longer_than_what_is_kept_of_it(start_server, store, form):
    server = start_server(store, config={"http.max_answer_b": 65536})
    with server.client() as client:
        labels = [events.label(reason="x" * 1500) for _ in range(300)]
        assert client.post("/v1/events", labels).json()["stored"] == 300
        answer = client.get(f"/v1/query?q=SELECT+events+FROM+all&format={form}")
        assert answer.status == 200 and len(answer.body) > 400_000
        assert answer.body.count(b"x" * 1500) == 300


@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_a_row_too_large_is_the_askers_matter(start_server, store, form):
    server = start_server(store, config={"http.max_answer_b": 65536})
    with server.client() as client:
        assert client.post_event(events.label()).status == 201
        store.query(f"UPDATE events SET payload_json = {'?' if store.kind == 'sqlite' else '?::jsonb'}", (json.dumps({"x": "x" * 100_000}),))
        answer = client.get(f"/v1/query?q=SELECT+events+FROM+all&format={form}")
        assert (answer.status, answer.json()["code"]) == (422, "answer_too_large"), answer
        assert "http.max_answer_b" in answer.json()["detail"]
        assert client.get("/v1/query?q=SELECT+events(id)+FROM+all").status == 200
