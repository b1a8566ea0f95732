"""Queries through the HTTP door: forms of answers, errors with their place, bounds, time, and memory that does not grow with the answer."""
import contextlib
import csv
import http.client
import io
import json
import os
import re
import socket
import threading
import urllib.parse

import jwt
import pytest

from support import binary, events, fill, wait
from support.figures import metric, peak_kb, until

SECRET = "0123456789abcdef0123456789abcdef"
ENDLESS_TOPIC = "SELECT events(count()) FROM all WHERE payload.text ~ \"(q|u|i|c|k| )*(b|r|o|w|n| )*zzz\""


def ask(client, query, path="/v1/query", headers=None, **members):
    body = {"query": query, **members} if members else query
    return client.post(path, body, headers={"Content-Type": "application/json" if members else "text/plain", **(headers or {})})


def rows(answer):
    assert answer.status == 200, answer
    return answer.json()["rows"]


@pytest.fixture
def posted(client):
    """Five labels, the oldest first."""
    made = [events.label(value="good" if n % 2 else "bad", reason=f"reason {n}, \"quoted\"\nand żółć", repo_branch="main" if n else None)
            for n in range(5)]
    for event in made:
        assert client.post_event(event).status == 201
    return made


# forms


def test_json(client, posted):
    answer = ask(client, "SELECT events(id, position, payload, repo_branch, ts_utc) FROM all LIMIT 3")
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert [column["name"] for column in body["columns"]] == ["id", "position", "payload", "repo_branch", "ts_utc"]
    assert [column["type"] for column in body["columns"]] == ["text", "integer", "json", "text", "time"]
    newest = list(reversed(posted))[:3]
    assert [row[0] for row in body["rows"]] == [event["id"] for event in newest]
    assert [row[2] for row in body["rows"]] == [event["payload"] for event in newest]
    assert [row[4] for row in body["rows"]] == [event["ts_utc"] for event in newest]
    assert (body["row_count"], body["truncated"]) == (3, False)
    assert body["elapsed_ms"] > 0
    assert "compile;dur=" in answer.headers["Server-Timing"] and "run;dur=" in answer.headers["Server-Timing"]
    lines = answer.text.splitlines()
    assert len(lines) == 5 and json.loads(lines[1].rstrip(","))[0] == newest[0]["id"]


def test_no_rows(client):
    answer = ask(client, "SELECT events(id) FROM all WHERE topic = nothing")
    assert answer.json() | {"elapsed_ms": 0} == {"columns": [{"name": "id", "type": "text"}], "rows": [], "row_count": 0, "truncated": False,
                                                 "elapsed_ms": 0}
    assert ask(client, "SELECT events(id) FROM all", path="/v1/query?format=csv").text == "id\r\n"
    assert json.loads(ask(client, "SELECT events(id) FROM all", path="/v1/query?format=ndjson").text)["status"] == "ok"


def test_ndjson(client, posted):
    answer = ask(client, "SELECT events(id, payload, repo_branch) FROM all", headers={"Accept": "application/x-ndjson"})
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    *lines, status = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == [{"id": event["id"], "payload": event["payload"], "repo_branch": event.get("repo_branch")} for event in reversed(posted)]
    assert status | {"elapsed_ms": 0} == {"status": "ok", "row_count": 5, "truncated": False, "elapsed_ms": 0}


def test_csv(client, posted):
    answer = ask(client, "SELECT events(id, payload.reason, repo_branch) FROM all", path="/v1/query?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    head, *lines = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert head[0] == "id" and len(head) == 3
    assert [line[0] for line in lines] == [event["id"] for event in reversed(posted)]
    assert [line[1] for line in lines] == [event["payload"]["reason"] for event in reversed(posted)]
    assert answer.text.endswith(",\r\n")  # the oldest has no branch: null is empty


@pytest.mark.parametrize("accept, kind", [
    ("*/*", "application/json"), ("application/*", "application/json"), ("text/*", "text/csv"), ("text/csv, */*", "text/csv"),
    ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"), ("application/ndjson", "application/x-ndjson"),
    ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"), ("*/*, application/json;q=0", "application/x-ndjson"),
    ("application/json;q=1e300, text/csv;q=0.1", "application/json"), ("application/json;q=-9e99, text/csv;q=0.1", "application/json"),
    ("text/html", None), ("application/json;q=0", None)])
def test_accept(client, accept, kind):
    answer = ask(client, "SELECT events FROM all", headers={"Accept": accept})
    if kind:
        assert (answer.status, answer.headers["Content-Type"].split(";")[0]) == (200, kind)
    else:
        assert (answer.status, answer.json()["code"]) == (406, "not_acceptable")
        assert ask(client, "SELECT events FROM all", path="/v1/query?format=json", headers={"Accept": accept}).status == 200


def test_get(client, posted):
    query = urllib.parse.urlencode({"q": "SELECT events(id) FROM all WHERE id = $id", "params": json.dumps({"id": posted[2]["id"]})})
    assert rows(client.get(f"/v1/query?{query}")) == [[posted[2]["id"]]]
    answer = client.get("/v1/query?q=SELECT+events+FROM+all&limit=2&format=ndjson")
    assert json.loads(answer.text.splitlines()[-1])["row_count"] == 2
    answer = client.get("/v1/query")
    assert (answer.status, answer.json()["code"]) == (400, "usage")


def test_head_does_not_run_a_query(client, posted):
    before = metric(client, "egdb_queries_total")
    answer = client.request("HEAD", "/v1/query?q=SELECT+events+FROM+all")
    assert (answer.status, answer.headers["Allow"], answer.body) == (405, "GET, POST, OPTIONS", b"")
    assert client.request("OPTIONS", "/v1/query").headers["Allow"] == "GET, POST, OPTIONS"
    assert metric(client, "egdb_queries_total") == before
    assert rows(client.get("/v1/query?q=SELECT+events(id)+FROM+all")) != []


# what is asked wrongly


@pytest.mark.parametrize("query, says", [
    ("SELECT events FROM causes(01NOTTHERE)", "no event is known with the id 01NOTTHERE"),
    ("SELECT steps FROM effects(01NOTTHERE)", "no event is known with the id 01NOTTHERE"),
    ("SELECT events FROM run(run-not-there)", "no event is known of the run run-not-there"),
    ("SELECT steps FROM run(run-not-there)", "no event is known of the run run-not-there"),
    ("SELECT events FROM correlation('not there')", "no event is known with the correlation id not there"),
    ("PATH topic:a@v1 >> topic:b@v1 FROM run(run-not-there)", "no event is known of the run run-not-there")])
def test_unknown_ids_are_told(client, posted, query, says):
    for path in ("/v1/query", "/v1/query?format=ndjson", "/v1/query/explain"):
        problem = ask(client, query, path=path)
        assert (problem.status, problem.json()["code"]) == (422, "id_unknown"), problem
        assert says in problem.json()["detail"] and "^~" in problem.json()["detail"]


def test_errors_show_the_place(client):
    answer = ask(client, "SELECT events FROM all\nWHERE topik = x")
    problem = answer.json()
    assert (answer.status, problem["code"]) == (400, "query_invalid")
    assert answer.headers["Content-Type"] == "application/problem+json"
    lines = problem["detail"].splitlines()
    at = next(n for n, line in enumerate(lines) if "WHERE topik = x" in line)
    assert lines[at + 1].index("^") == lines[at].index("topik")
    diagnostic = problem["diagnostic"]
    assert (diagnostic["line"], diagnostic["column"], diagnostic["length"], diagnostic["suggestion"]) == (2, 7, 5, "topic")
    assert diagnostic["offset"] == len("SELECT events FROM all\nWHERE ")


@pytest.mark.parametrize("body, code, says", [
    ({"query": 7}, "usage", "string"), ({}, "usage", '"query"'), ([], "usage", "object"), ({"query": "x", "qeury": 1}, "usage", "qeury"),
    ({"query": "SELECT events FROM all", "params": []}, "usage", "params"),
    ({"query": "SELECT events FROM all", "params": {"a": []}}, "param_invalid", "array"),
    ({"query": "SELECT events FROM all", "limit": 0}, "usage", "limit"), ({"query": "SELECT events FROM all", "limit": "9"}, "usage", "limit"),
    ({"query": "SELECT events FROM all", "timeout_ms": -1}, "usage", "timeout_ms"), (b'{"query": "a", "query": "b"}', "duplicate_key", ""),
    (b'{"query": "a\\u0000b"}', "nul_character", ""), (b'{"query"', "json_invalid", ""), (b"SELECT events\0FROM all", "usage", "NUL")])
def test_wrong_requests(client, body, code, says):
    is_text = isinstance(body, bytes) and not body.startswith(b"{")
    answer = client.post("/v1/query", body, headers={"Content-Type": "text/plain" if is_text else "application/json"})
    assert answer.json()["code"] == code, answer
    assert says in answer.json()["detail"]


def test_the_largest_queries_are_answered(client, posted):
    ids = ",".join([event["id"] for event in posted] + [f"none-{n}" for n in range(1900)])
    assert len(rows(ask(client, f"SELECT events(id) FROM all WHERE id IN ({ids})"))) == 5
    assert len(rows(ask(client, "SELECT events(id) FROM all WHERE NOT (" + " OR ".join(f"payload.a.b{n} = 'x'" for n in range(50)) + ")"))) == 5
    assert rows(ask(client, "SELECT events(id) FROM all WHERE payload" + ".a" * 63 + " = 1")) == []
    assert rows(ask(client, "SELECT events(id) FROM all WHERE " + "(" * 32 + "id = x" + ")" * 32)) == []
    for query in ("SELECT events FROM all WHERE payload" + ".a" * 64 + " = 1",
                  f"SELECT events(id) FROM all WHERE id IN ({ids},{ids})", "SELECT events FROM all WHERE " + "(" * 33 + "id = x" + ")" * 33):
        refused = ask(client, query)
        assert (refused.status, refused.json()["code"]) == (400, "query_invalid")


def test_media_types(client):
    for kind in ("text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", "TEXT/PLAIN"):
        assert client.post("/v1/query", "SELECT events FROM all", headers={"Content-Type": kind}).status == 200
    answer = client.post("/v1/query", "SELECT events FROM all", headers={"Content-Type": "image/png"})
    assert (answer.status, answer.json()["code"]) == (415, "unsupported_media_type")


def test_params(client, posted):
    query = "SELECT events(id) FROM all WHERE position = $n"
    position = client.get(f"/v1/events/{posted[3]['id']}").json()["position"]
    assert rows(ask(client, query, params={"n": position})) == [[posted[3]["id"]]]
    for params in ({}, {"n": position, "m": 1}):
        assert ask(client, query, params=params).json()["code"] in ("query_invalid", "param_invalid")
    assert rows(ask(client, "SELECT events(id) FROM all WHERE payload.reason = $r", params={"r": posted[1]["payload"]["reason"]})) == \
        [[posted[1]["id"]]]


def test_injection(client, posted, store):
    """As text, as a value, as a parameter: an answer or a named error, never one of the database, and never a row that should not be."""
    count = store.scalar("SELECT count(*) FROM events")
    hostile = ["'", "''", '"', "\\", "\\'", "'; DROP TABLE events; --", "' OR 1=1 --", "$1", "$$", "$(id)", "%s", "?", "{}", "\x1b[0m", "\u202e",
               "x') UNION SELECT * FROM event_ids --", "') RETURNING id --", "/* */", "1e400", "0x41", "\\u0000", "żółć", "\U0001F600",
               "E'\\x27'", "::int", "@>", "?|", "a" * 5000]
    for text in hostile:
        answer = ask(client, "SELECT events(id) FROM all WHERE payload.reason = $v", params={"v": text})
        assert rows(answer) == [], text
        quoted = "'" + text.replace("'", "''") + "'"
        for query in (f"SELECT events(id) FROM all WHERE source = {quoted}", f"SELECT events(id) FROM all WHERE payload.{text} = 1",
                      f"SELECT events({text}) FROM all", f"SELECT {text} FROM all", f"SELECT events FROM sha({text})",
                      f"SELECT events(id) FROM all WHERE topic ~ {quoted}", f"SELECT events FROM branch({quoted})", text):
            answer = ask(client, query)
            if answer.status == 200:
                assert answer.json()["rows"] == [] or "~" in query, (query, answer)
            else:
                assert answer.json()["code"] in ("query_invalid", "param_invalid", "sha_unknown", "sha_ambiguous", "usage"), (query, answer)
    assert store.scalar("SELECT count(*) FROM events") == count


# bounds


def test_limits(start_server, store):
    server = start_server(store, config={"query.rows_default": 10, "query.rows_most": 50})
    fill.events(store, 100)
    with server.client() as client:
        def seen(query, **members):
            body = ask(client, query, **members).json()
            assert body["row_count"] == len(body["rows"])
            return body["row_count"], body["truncated"]

        assert seen("SELECT events FROM all") == (10, True)
        assert seen("SELECT events FROM all LIMIT 10") == (10, False)
        assert seen("SELECT events FROM all LIMIT 40") == (40, False)
        assert seen("SELECT events FROM all LIMIT 60") == (50, True)
        assert seen("SELECT events FROM all WHERE payload.n <= 7") == (7, False)
        assert seen("SELECT events FROM all", limit=20) == (20, True)
        assert seen("SELECT events FROM all", limit=1000) == (50, True)
        assert seen("SELECT events FROM all LIMIT 3", limit=20) == (3, False)
        assert seen("SELECT events FROM all", path="/v1/query?limit=20") == (20, True)
        assert seen("SELECT events FROM all", path="/v1/query?limit=20", timeout_ms=5000) == (20, True)  # with a body of JSON too
        assert seen("SELECT events FROM all", path="/v1/query?limit=20", limit=30) == (30, True)


def test_the_plan_is_kept(start_server, store):
    server = start_server(store, config={"query.cache_plans": 2})
    with server.client() as client:
        def figures():
            lines = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line.startswith("egdb_query_c"))
            return [int(lines[f"egdb_query_{name}"]) for name in ("compiled_total", "cache_hits_total", "cached")]

        for _ in range(3):
            ask(client, "SELECT events FROM all WHERE id = $x", params={"x": "a"})
        assert figures() == [1, 2, 1]
        ask(client, "SELECT events FROM all WHERE id = $x", params={"x": "other"})
        assert figures() == [1, 3, 1]
        ask(client, "SELECT events FROM all WHERE payload.a = $x", params={"x": "1"})
        ask(client, "SELECT events FROM all WHERE payload.a = $x", params={"x": 1})  # another type is another query
        assert figures() == [3, 3, 2]
        ask(client, "SELECT events FROM all WHERE id = $x", params={"x": "a"})  # it had to go
        assert figures() == [4, 3, 2]


@pytest.mark.release
@pytest.mark.parametrize("form", ["json", "ndjson", "csv"])
def test_long_answers_take_no_memory(server, store, form):
    """100,000 events of half a kilobyte, to a client that reads slowly at first."""
    fill.events(store, 100_000)
    with server.client() as client:
        ask(client, "SELECT events FROM all LIMIT 10")
        before_kb = peak_kb(server.pid())
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        with contextlib.closing(connection):
            connection.request("POST", f"/v1/query?format={form}", "SELECT events FROM all LIMIT 100000", {"Content-Type": "text/plain"})
            answer = connection.getresponse()
            first = answer.read(1000)
            assert metric(client, "egdb_query_running") == 1  # it waits for its client, and others are answered
            assert rows(ask(client, "SELECT events(id) FROM all WHERE id = x")) == []
            body = first + answer.read()
        if form == "json":
            whole = json.loads(body)
            ids, status = [row[0] for row in whole["rows"]], whole
        elif form == "ndjson":
            *lines, status = body.decode().splitlines()
            ids, status = [json.loads(line)["id"] for line in lines], json.loads(status)
        else:
            ids, status = [line[0] for line in csv.reader(io.StringIO(body.decode(), newline=""))][1:], None
        assert ids == [f"FILL{n:022d}" for n in range(1, 100_001)]
        assert not status or (status["row_count"], status["truncated"]) == (100_000, False)
        assert len(body) > 20_000_000
        if not binary.is_instrumented():
            assert peak_kb(server.pid()) - before_kb < 32 * 1024


def test_slow_clients_do_not_keep_all_connections(start_server, store):
    """A client that does not read holds the only connection, until another wants it."""
    server = start_server(store, config={"store.read_connections": 1})
    fill.events(store, 60_000)
    with server.client() as client, contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as slow_client:
        slow_client.request("GET", "/v1/query?format=ndjson&q=SELECT+events+FROM+all+LIMIT+60000")
        answer = slow_client.getresponse()
        first = answer.read(1000)
        assert len(rows(ask(client, "SELECT events(id) FROM all LIMIT 5", timeout_ms=60_000))) == 5
        *lines, status = (first + answer.read()).decode().splitlines()
        status = json.loads(status)
        assert (status["status"], status["error"]["code"], status["row_count"]) == ("error", "overloaded", len(lines))
        assert 0 < len(lines) < 60_000


def test_an_answer_waits_for_its_client_as_long_as_one_may(start_server, store):
    """Though nobody else wants its connection: its read keeps the store from tidying up."""
    server = start_server(store, config={"query.client_wait_s": 1})
    fill.events(store, 40_000)
    with server.client() as client, contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as slow_client:
        slow_client.request("GET", "/v1/query?format=ndjson&q=SELECT+events+FROM+all+LIMIT+40000")
        answer = slow_client.getresponse()
        first = answer.read(1000)
        wait.until(lambda: running(store, client) == 0, "the read ends")
        *lines, status = (first + answer.read()).decode().splitlines()
        status = json.loads(status)
        assert (status["status"], status["error"]["code"], status["row_count"]) == ("error", "timeout", len(lines))
        assert "query.client_wait_s" in status["error"]["detail"] and 0 < len(lines) < 40_000


# time


def running(store, client):
    """Statements of queries that the store works on now."""
    if store.kind == "sqlite":
        return metric(client, "egdb_store_reads_running")
    return store.scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'egdb'"
                        " AND state = 'active' AND query NOT LIKE '%FOR UPDATE%'")


def test_a_query_past_its_time(server, client, store):
    query = fill.slow_query(store)
    answer = ask(client, query, timeout_ms=100)
    assert (answer.status, answer.json()["code"]) == (504, "timeout")
    assert "100 ms" in answer.json()["detail"]
    wait.until(lambda: running(store, client) == 0, "the statement ends")
    assert metric(client, "egdb_query_timeouts_total") == 1


def test_timeouts_are_capped(start_server, store):
    server = start_server(store, config={"query.timeout_most_ms": 150})
    query = fill.slow_query(store)
    with server.client() as client:
        answer = ask(client, query, timeout_ms=3_600_000)
        assert (answer.status, answer.json()["code"]) == (504, "timeout")
        assert "150 ms" in answer.json()["detail"]


def test_a_client_that_goes_ends_its_statement(server, client, store):
    query = fill.slow_query(store)
    body = json.dumps({"query": query, "timeout_ms": 60_000}).encode()
    with socket.create_connection(("127.0.0.1", server.port)) as gone:
        gone.sendall(b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" %
                     (len(body), body))
        wait.until(lambda: running(store, client) == 1, "the statement runs")
    wait.until(lambda: running(store, client) == 0, "the statement ends")
    until(client, "egdb_query_abandoned_total", 1)
    until(client, "egdb_query_running", 0)
    until(client, "egdb_http_connections", 1)
    until(client, 'egdb_http_refused_total{reason="aborted"}', 1)


def test_a_client_that_goes_in_the_middle(server, client, store):
    fill.events(store, 60_000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", "/v1/query?format=ndjson&q=SELECT+events+FROM+all+LIMIT+60000")
    assert connection.getresponse().read(100)
    connection.close()
    until(client, "egdb_query_running", 0)
    until(client, "egdb_query_abandoned_total", 1)
    assert len(rows(ask(client, "SELECT events(id) FROM all LIMIT 5"))) == 5


def test_queries_and_events_at_once(server, client, store):
    """Neither stops the other: while a long answer is being sent, and stays so, two clients post and two ask, and all come forward; no query
    sees half a batch."""
    fill.events(store, 40_000)
    stop, stored, asked, failures = threading.Event(), [], [], []
    grouped = "SELECT events(correlation_id, count()) FROM all WHERE source = batch GROUP BY correlation_id ORDER BY correlation_id LIMIT 1000"

    def post(client):
        name = events.ulid()
        answer = client.post_ndjson([events.label(source="batch", correlation_id=name) for _ in range(100)])
        (stored if answer.status == 200 else failures).append(answer)

    def query(client):
        answer = ask(client, grouped)
        whole = answer.status == 200 and all(count == 100 for _, count in answer.json()["rows"])
        (asked if whole else failures).append(answer)

    def go_on(act):
        with server.client() as client:
            while not stop.is_set() and not failures:
                act(client)

    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("GET", "/v1/query?format=ndjson&q=SELECT+events+FROM+all+LIMIT+40000")
        response = connection.getresponse()
        begun = response.read(100)
        threads = [threading.Thread(target=go_on, args=(act,)) for act in (post, post, query, query)]
        for thread in threads:
            thread.start()
        try:
            wait.until(lambda: failures or (len(stored) >= 20 and len(asked) >= 20), "both go on")
        finally:
            stop.set()
            for thread in threads:
                thread.join(120)
        assert not failures, failures[0]
        assert metric(client, "egdb_query_running") == 1, "the long answer is still being sent"
        *lines, status = (begun + response.read()).splitlines()
    assert len(lines) == 40_000 and json.loads(status)["status"] == "ok" and all(b"FILL" in line for line in lines)
    assert rows(ask(client, grouped)) and rows(ask(client, "SELECT events(count()) FROM all WHERE source = batch")) == [[100 * len(stored)]]


def test_a_graph_by_the_branch_of_its_commit(client, server):
    """An indexer need not say the branch: it is the one that the commit was recorded with."""
    sha = "b" * 40
    commit = {"sha": sha, "repo": "", "parents": [], "author": "Ada", "message": "m", "branch": "side", "authored_at": events.utc(), "files": []}
    graph = {"sha": sha, "module": "a", "file": {"path": "a.py", "sha256": "0" * 64},
             "nodes": [{"uid": "AST::a.py#f", "kind": "FunctionDef", "line": 1}, {"uid": "AST::a.py#g", "kind": "FunctionDef", "line": 3}],
             "edges": [{"src": "AST::a.py#f", "dst": "AST::a.py#g", "etype": "call"}]}
    assert client.post_event(events.event("code.graph.indexed@v1", graph, repo_sha=sha, repo_branch=None)).status == 201
    query = "SELECT graph(dst) FROM branch(side) WHERE start=\"a:f\""
    refused = ask(client, query)
    assert refused.status == 422 and refused.json()["code"] == "graph_not_indexed" and sha in refused.json()["detail"], refused
    assert client.post_event(events.event("commit.recorded@v1", commit, repo_sha=sha)).status == 201
    assert rows(ask(client, query)) == [["AST::a.py#g"]] and "note" not in ask(client, query).json()
    for start in ("a:h", "AST::a.py#h", "b"):  # and not those of a function that calls nothing
        nothing = query.replace("a:f", start)
        said = [ask(client, nothing).json(), json.loads(ask(client, nothing, path="/v1/query?format=ndjson").text)]
        assert all(one["row_count"] == 0 and f"no node {start}:" in one["note"] for one in said), said
        told = binary.run("query", nothing, "--server", server.url, check=0)
        assert told.out == "" and f"no node {start}:" in told.err
    assert "note" not in ask(client, query.replace("a:f", "a:g")).json()
    assert ask(client, query.replace("side", "main")).json()["code"] == "graph_not_indexed"


# explain, complete, sources


def test_explain(client, posted):
    answer = ask(client, "SELECT events(id) FROM all WHERE id = $id", path="/v1/query/explain", params={"id": posted[0]["id"]})
    body = answer.json()
    assert answer.status == 200, answer
    assert body["sql"].startswith("SELECT") and posted[0]["id"] not in body["sql"]
    assert posted[0]["id"] in body["params"]
    assert body["plan"]
    assert ask(client, "SELECT events(idd) FROM all", path="/v1/query/explain").json()["diagnostic"]["suggestion"] == "id"


def test_explain_names_indexes_alone(client):
    plan = ask(client, 'SELECT graph FROM all WHERE start="a:b" depth<=3', path="/v1/query/explain").json()
    assert all(re.fullmatch(r"\w+", name) for name in plan["indexes"]), plan


def test_complete(client):
    answer = client.post("/v1/query/complete", {"query": "SELECT eve", "caret": 10})
    assert answer.status == 200, answer
    found = [entry for entry in answer.json()["completions"] if entry["text"] == "events"]
    assert found and (found[0]["offset"], found[0]["length"]) == (7, 3)
    for body in ({}, {"query": 1}, {"query": "", "caret": 1}, {"query": "", "x": 1}, {"query": "", "caret": "0"}):
        assert client.post("/v1/query/complete", body).status == 400, body


def test_sources(client):
    sources = {source["name"]: source for source in client.get("/v1/sources").json()["sources"]}
    assert {"events", "tokens", "graph", "invariants"} <= set(sources)
    assert {"name": "topic", "type": "text"}.items() <= next(c for c in sources["events"]["columns"] if c["name"] == "topic").items()


def test_a_wrong_source_is_told_at_the_start(store, scratch):
    spec = scratch / "spec"
    os.makedirs(spec)
    for name in ("schemas", "policies"):
        os.symlink(binary.ROOT / "spec" / name, spec / name)
    os.makedirs(spec / "sources")
    for path in (binary.ROOT / "spec/sources").glob("*.json"):
        text = path.read_text("utf-8")
        (spec / "sources" / path.name).write_text(text.replace('"source":', '"sauce":') if path.stem == "events" else text)
    for command in ("serve", "check"):
        done = binary.run(command, "--spec", spec, "--store", store.dsn, *(["--listen", "127.0.0.1:0"] if command == "serve" else []), check=78)
        assert "events" in done.err and "sauce" in done.err


# who may ask


def test_scope(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET + "\n")
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"})
    with server.client() as client:
        for method, path, body in (("POST", "/v1/query", {"query": "SELECT events FROM all"}), ("GET", "/v1/query?q=SELECT+events+FROM+all", None),
                                   ("POST", "/v1/query/explain", {"query": "SELECT events FROM all"}),
                                   ("POST", "/v1/query/complete", {"query": ""}), ("GET", "/v1/sources", None)):
            assert client.request(method, path, body).status == 401
            for scope, status in (("query", 200), ("events:read", 403), ("events:write", 403), ("admin", 403)):
                answer = client.request(method, path, body, headers=token(scope))
                assert answer.status == status, (method, path, scope, answer)


def token(*scopes):
    return {"Authorization": "Bearer " + jwt.encode({"sub": "tester", "exp": 4102444800, "scope": " ".join(scopes)}, SECRET, "HS256")}


def test_a_source_may_need_a_scope_of_its_own(start_server, store, scratch):
    """The dead letters by a query need what they need by /v1/dlq; who has it and asked first has not opened the cache of plans to others."""
    (scratch / "secret").write_text(SECRET + "\n")
    with start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"}).client() as client:
        event = events.label() | {"topic": "nothing.known@v1"}
        assert client.post("/v1/events", event, headers=token("events:write")).status == 422
        query = "SELECT dlq(code, topic) FROM all\nWHERE code = topic_unknown"
        for path in ("/v1/query", "/v1/query/explain"):
            for _ in range(2):
                assert client.post(path, {"query": query}, headers=token("query", "admin")).status == 200
                for scopes in (["query"], ["query", "events:read", "events:write"]):
                    refused = client.post(path, {"query": query}, headers=token(*scopes))
                    assert (refused.status, refused.json()["code"]) == (403, "forbidden")
                    assert "dlq" in refused.json()["detail"] and "admin" in refused.json()["detail"] and "nothing.known" not in refused.text
                    assert (refused.json()["diagnostic"]["offset"], refused.json()["diagnostic"]["length"]) == (7, 3)
                    assert 'scope="admin"' in refused.headers["WWW-Authenticate"]
        answer = client.post("/v1/query", {"query": query}, headers=token("query", "admin"))
        assert answer.json()["rows"] == [["topic_unknown", "nothing.known@v1"]]
        assert client.post("/v1/query", {"query": query}, headers=token("admin")).status == 403  # no scope implies another
        sources = {source["name"]: source["scope"] for source in client.get("/v1/sources", headers=token("query")).json()["sources"]}
        assert sources["dlq"] == "admin" and sources["events"] is None


# stopping


def test_a_stop_ends_an_answer_as_incomplete(server, store):
    fill.events(store, 60_000)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    with contextlib.closing(connection):
        connection.request("GET", "/v1/query?q=SELECT+events+FROM+all+LIMIT+60000")
        answer = connection.getresponse()
        first = answer.read(100)
        server.terminate()
        wait.until(lambda: "answering what is in flight" in server.log(), "the server has heard")
        whole = json.loads(first + answer.read())
    assert whole["error"]["code"] == "stopping"
    assert whole["row_count"] == len(whole["rows"]) < 60_000
