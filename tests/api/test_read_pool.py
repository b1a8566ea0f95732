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


def test_a_question_that_needs_more_memory_than_one_may_have(server, client, store):
    """Of each repository that has a graph the branch is kept, until it is known which is meant: here 80 of 1 MB, where a question has 64 MiB."""
    series, long = {"sqlite": ("(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 80) SELECT n FROM s)",
                               "hex(zeroblob(500000))"),
                    "postgresql": ("(SELECT n FROM generate_series(1, 80) AS g(n))", "repeat('0', 1000000)")}[store.kind]
    store.script(f"INSERT INTO files (path, repo, sha, branch, position) SELECT 'f.py', 'r' || n, 'abc' || n, {long}, n FROM {series} AS t")
    for path in ("/v1/query", "/v1/query/explain"):
        answer = client.post(path, "SELECT graph FROM branch(main)", headers={"Content-Type": "text/plain"})
        assert (answer.status, answer.json()["code"]) == (422, "answer_too_large"), answer
        assert "memory" in answer.json()["detail"]
        assert client.get("/v1/query?q=SELECT+files(count())+FROM+all").json()["rows"] == [[80]]
    store.script("UPDATE files SET branch = 'main' WHERE repo = 'r7'; UPDATE files SET branch = 'side' WHERE repo <> 'r7'")
    assert client.get("/v1/query?q=SELECT+graph+FROM+branch(main)").status == 200


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
