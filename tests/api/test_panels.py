"""GET /v1/panels: every panel gives the right rows on both stores; parameters, forms, ETag, the cache, and declarations of one's own."""
import contextlib
import csv
import io
import json
import re
import socket
import threading
import time
import urllib.parse

import jwt
import pytest

from support import binary, events, own_spec, panel_data, wait
from support.figures import metric
from support.raw import Raw

SECRET = "0123456789abcdef0123456789abcdef"
DECLARED = sorted(path.stem for path in (binary.ROOT / "spec" / "panels").glob("*.json"))


def ask(client, name, form=None, headers=None, **params):
    words = urllib.parse.urlencode({**params, **({"format": form} if form else {})})
    return client.get(f"/v1/panels/{name}" + (f"?{words}" if words else ""), headers=headers)


def token(*scopes):
    return {"Authorization": "Bearer " + jwt.encode({"sub": "tester", "exp": 4102444800, "scope": " ".join(scopes)}, SECRET, "HS256")}


def rows(client, panel, only=None, **params):
    answer = ask(client, panel, **params)
    assert answer.status == 200, answer
    body = answer.json()
    names = [column["name"] for column in body["columns"]]
    assert body["row_count"] == len(body["rows"]) and body["truncated"] is False
    return [[row[names.index(name)] for name in (only.split() if only else names)] for row in body["rows"]]


@pytest.fixture
def filled(client, store):
    panel_data.fill(client)
    if store.kind == "postgresql":
        store.script("REFRESH MATERIALIZED VIEW vw_file_tokens")
    return client


def test_the_list_says_what_each_panel_takes(client):
    panels = {panel["name"]: panel for panel in client.get("/v1/panels").json()["panels"]}
    assert sorted(panels) == DECLARED
    hot = panels["hot-modules"]
    assert [(p["name"], p["type"]) for p in hot["parameters"]] == [("sha", "text"), ("limit", "integer")]
    assert hot["parameters"][1]["default"] == 10 and hot["draw"] == {"kind": "bars", "x": "module", "y": "z"}
    assert hot["cache_s"] == 60, "the seed's TTL for aggregates of tokens"
    assert {"name": "z", "type": "number", "title": "sum of weights"} in hot["columns"]


def test_every_panel_shows_what_is_there(filled):
    for name, (params, columns, expected) in panel_data.EXPECTED.items():
        assert (name, rows(filled, name, columns, **params)) == (name, expected)
    backlog = {row[0]: row[1:] for row in rows(filled, "sast-backlog", findings=1)}
    assert backlog["LOW"] == [1, True], "there are others behind the newest"
    assert not any(more for _, _, more in rows(filled, "sast-backlog"))


def test_a_panel_in_egql_takes_the_beginning_of_a_sha(filled):
    assert rows(filled, "gates", sha=panel_data.B[:8]) == rows(filled, "gates", sha=panel_data.B)
    answer = ask(filled, "gates", sha="0123456789")
    assert answer.status == 422 and answer.json()["code"] == "sha_unknown"
    assert len(rows(filled, "gates", sha=panel_data.A, limit=1)) == 1


def test_the_heat_map_counts_violations_by_day(filled):
    counts = {}
    for gate, day, cnt in rows(filled, "gate-heatmap", "gate day cnt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00.000000Z", day)
        counts[gate] = counts.get(gate, 0) + cnt
    assert counts == {"I3": 3, "I1": 1}
    assert sum(row[2] for row in rows(filled, "gate-heatmap", last="200d")) == 5
    assert rows(filled, "gate-heatmap", branch="nowhere") == []


def test_lag_and_overview_count_the_newest_events(filled):
    lag = {row[0]: row[1:] for row in rows(filled, "ingest-lag", "topic n p50_ms p95_ms p99_ms")}
    n, p50, p95, p99 = lag["run.started@v1"]
    assert n == 2 and 600e3 < p50 < p95 < p99 < 960e3 and 740e3 < p50 < 780e3
    assert sum(row[1] for row in rows(filled, "ingest-lag", "topic n", events=7)) == 7
    seen = {row[0]: row[1] for row in rows(filled, "overview", "topic cnt")}
    assert seen["core.step.finished@v1"] == 6 and seen["invariants.result@v1"] == 5 and seen["commit.recorded@v1"] == 2


def test_optional_parameters_narrow(filled):
    assert [row[0] for row in rows(filled, "commits", "sha", branch="main")] == [panel_data.A, "c" * 40]
    assert [row[0] for row in rows(filled, "commits", "sha", branch="")] == [panel_data.B, panel_data.A, "c" * 40]
    assert rows(filled, "spec-thresholds", "module", module="core") == [["core"]]
    assert rows(filled, "violation-tokens", "token pairs", token="MODIFY_SIG") == [["MODIFY_SIG", 3]]
    assert rows(filled, "delta-density", "module", prefix="core.b") == [["core.b"]]
    assert rows(filled, "dead-letters", "code", code="schema_invalid") == [["schema_invalid"]]
    assert [row[0] for row in rows(filled, "commits", "sha", repo="glitch/lab", branch="main")] == [panel_data.A, "c" * 40]


def test_a_repository_narrows_each_panel_that_has_one(filled):
    of_repos = [panel["name"] for panel in filled.get("/v1/panels").json()["panels"] if any(p["name"] == "repo" for p in panel["parameters"])]
    assert len(of_repos) == 17, of_repos
    for name in of_repos:
        params = panel_data.EXPECTED.get(name, ({},))[0]
        assert rows(filled, name, **params), name
        assert (name, rows(filled, name, **params, repo="another")) == (name, [])


@pytest.mark.parametrize("query,names", [
    ("limit=ten", ["limit", "integer", "1 to 1000", "default 10", "ten"]), ("limit=0", ["limit", "1 to 1000"]), ("limit=5.5", ["limit"]),
    ("limit=99999999999999999999", ["limit"]), ("", ["sha", "required", "missing"]), ("sha=", ["sha", "required"]),
    ("sha=a&sha=b", ["sha", "twice"]), ("sha=a&limt=3", ["limt", "sha, limit"]), ("sha=" + "a" * 200, ["sha"])])
def test_wrong_parameters_are_told(client, query, names):
    answer = client.get("/v1/panels/hot-modules" + (f"?{query}" if query else ""))
    assert answer.status == 400 and answer.json()["code"] == "param_invalid"
    for name in names:
        assert name in answer.json()["detail"]


@pytest.mark.parametrize("value", ["7", "0d", "7y", "-1d", "1d2", "d", "99999w", "600w", "' OR 1=1"])
def test_durations_are_judged(client, value):
    answer = ask(client, "overview", last=value)
    assert answer.status == 400 and "24h" in answer.json()["detail"] and "at most 3660d" in answer.json()["detail"]


def test_a_range_that_is_absolute_is_the_same_later(filled):
    """Each panel over time has `last` and `until`, and what comes later is not in the range."""
    declared = filled.get("/v1/panels").json()["panels"]
    over_time = [one["name"] for one in declared if any(p["name"] == "last" for p in one["parameters"])]
    assert len(over_time) == 10
    since, now = events.utc(time.time() - 200 * 86400), events.utc(time.time())
    before = {name: rows(filled, name, last=since, until=now) for name in over_time}
    for name in over_time:
        assert (name, before[name]) == (name, rows(filled, name, last="200d")), "up to now it is all"
        assert before[name], name
        assert (name, rows(filled, name, last="2001-01-01T00:00:00Z", until="2001-02-01T00:00:00Z")) == (name, [])
        assert ask(filled, name, last=since, until="yesterday").status == 400
    panel_data.later(filled)
    again = {"last": since.replace("Z", "+00:00"), "until": now.replace("Z", "+00:00")}  # not what is kept of the first time
    for name in over_time:
        assert (name, rows(filled, name, **again)) == (name, before[name])
        assert (name, rows(filled, name, last="201d")) != (name, before[name])


def test_values_are_bound_not_written(filled):
    for hostile in ("' OR '1'='1", "a'; DROP TABLE events; --", "$1", "%", "\\", "\u202e", '"', "]]", "$now"):
        assert ask(filled, "hot-modules", sha=hostile).json()["code"] == "query_invalid"
        for name, column in (("commits", "branch"), ("phi-nodes", "cell"), ("delta-density", "prefix")):
            assert rows(filled, name, **{column: hostile}) == []


def test_each_panel_of_a_commit_takes_its_first_digits(filled):
    """And tells the ones that fit, or that none does, as a query would."""
    panel_data.post(filled, "delta.tokens@v1", {"sha": "aaaab" + "0" * 35, "tokens": []}, repo_sha="aaaab" + "0" * 35)
    for one in filled.get("/v1/panels").json()["panels"]:
        if "sha" in [param["name"] for param in one["parameters"]]:
            name = one["name"]
            assert (name, rows(filled, name, sha="A" * 8)) == (name, rows(filled, name, sha=panel_data.A))
            assert [ask(filled, name, sha=sha).json()["code"] for sha in ("aaaa", "dead", "HEAD")] == ["sha_ambiguous", "sha_unknown", "query_invalid"]


def test_a_run_of_a_commit_that_nothing_else_tells_of_is_shown(client):
    """A whole sha need not be a commit's or an event's: it may stand in a payload alone."""
    run = events.run_started(repo_sha="a" * 40)
    run["payload"]["sha"] = "c" * 40
    assert client.post_event(run).status == 201
    assert rows(client, "runs", "id", sha="c" * 40) == [[run["payload"]["run_id"]]]
    assert ask(client, "runs", sha="c" * 8).json()["code"] == "sha_unknown"


def test_unknown_panels_are_not_found(client):
    assert client.get("/v1/panels/none").status == 404
    assert client.get("/v1/panels/..%2f..%2fetc").status == 404


def test_the_three_forms_say_the_same(filled):
    body = ask(filled, "token-histogram", sha=panel_data.A).json()
    names = [column["name"] for column in body["columns"]]
    lines = ask(filled, "token-histogram", form="ndjson", sha=panel_data.A).text.splitlines()
    end = json.loads(lines.pop())
    assert [json.loads(line) for line in lines] == [dict(zip(names, row)) for row in body["rows"]]
    assert (end["status"], end["row_count"], end["truncated"]) == ("ok", 3, False) and end["generated_at"]
    by_accept = ask(filled, "token-histogram", headers={"Accept": "text/csv"}, sha=panel_data.A)
    assert by_accept.headers["Content-Type"].startswith("text/csv")
    table = list(csv.reader(io.StringIO(by_accept.text)))
    assert table[0] == names and [[token, int(cnt), float(weight)] for token, cnt, weight in table[1:]] == body["rows"]


def test_an_answer_is_a_querys(store, scratch, start_server):
    """In each form the same bytes as the query gives, but for the moment and the time it took."""
    made = {"own_sql": {"sql": {"any": "SELECT a, b, j, w FROM (SELECT 1 AS a, '' AS b, '\"x,\\n\"' AS j, 'a\"b' AS w) AS t"},
                        "columns": [{"name": name, "type": kind, "title": name}
                                    for name, kind in (("a", "integer"), ("b", "text"), ("j", "json"), ("w", "text"))]}}
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_odd={"egql": "SELECT tokens FROM all", "columns": None}, **made))])

    def plain(text):
        return re.sub(r',"generated_at":"[^"]*"', "", re.sub(r'"elapsed_ms":[^,}]*', '"elapsed_ms":0', text))

    with server.client() as client:
        panel_data.fill(client)
        for form in ("json", "ndjson", "csv"):
            asked = client.get(f"/v1/query?format={form}&q=SELECT+tokens+FROM+all")
            shown = ask(client, "own-odd", form=form)
            assert len(asked.text.splitlines()) >= 6 and shown.headers["Content-Type"] == asked.headers["Content-Type"]
            assert plain(shown.text) == plain(asked.text)
        assert ask(client, "own-sql", form="csv").text == 'a,b,j,w\r\n1,"","x,\n","a""b"\r\n', "text that is empty is no null, JSON text is its text"
        assert ask(client, "own-sql").json()["rows"] == [[1, "", "x,\n", 'a"b']]


@pytest.mark.parametrize("accept,form,status,said", [
    ("image/png", None, 406, "not_acceptable"), ("image/png, */*;q=0.1", None, 200, "application/json"),
    ("application/json;q=0.1, text/csv", None, 200, "text/csv"), ("text/csvx", None, 406, "not_acceptable"),
    ("image/png", "csv", 200, "text/csv"), (None, "xml", 400, "usage")])
def test_the_form_is_chosen_as_a_querys(client, accept, form, status, said):
    headers = {"Accept": accept} if accept else None
    words = f"&format={form}" if form else ""
    for path in ("/v1/panels/commits?branch=x", "/v1/query?q=SELECT+commits+FROM+all"):
        answer = client.get(path + words, headers=headers)
        assert answer.status == status, answer
        assert answer.headers["Content-Type"].startswith(said) if status == 200 else answer.json()["code"] == said


def test_what_is_cut_says_so(store, scratch, start_server):
    """By the server's most, in EGQL and in SQL; a limit that was asked for cuts nothing, and so does one that is just reached."""
    server = start_server(store, args=["--panels-rows-most", "2"])
    with server.client() as client:
        panel_data.fill(client)
        for name, params, count, truncated in (
                ("token-histogram", {"sha": panel_data.A}, 2, True), ("token-histogram", {"sha": panel_data.B}, 1, False),
                ("gates", {"sha": panel_data.A, "limit": 1}, 1, False), ("gates", {"sha": panel_data.B, "limit": 2}, 2, False),
                ("gates", {"sha": panel_data.A, "limit": 50}, 2, True), ("commits", {}, 2, True)):
            body = ask(client, name, **params).json()
            assert (name, params, len(body["rows"]), body["row_count"], body["truncated"]) == (name, params, count, count, truncated)
        shown = binary.run("panels", "--server", server.url, "token-histogram", "--param", f"sha={panel_data.A}", "--format", "ndjson")
        assert len(shown.out.splitlines()) == 2 and "cut" in shown.err


def test_the_budget_of_a_search_is_a_querys(store, scratch, start_server):
    causes = {"egql": "SELECT events (id) FROM causes($id)", "columns": None,
              "parameters": [{"name": "id", "type": "text", "title": "event", "required": True}]}
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_causes=causes))], config={"query.nodes_most": 2})
    chain = [events.label()]
    with server.client() as client:
        for _ in range(3):
            chain.append(events.label(causation_id=chain[-1]["id"]))
        for event in chain:
            assert client.post_event(event).status == 201
        for event, count, truncated in ((chain[3], 2, True), (chain[1], 2, False)):
            shown = ask(client, "own-causes", id=event["id"]).json()
            asked = client.get(f"/v1/query?q=SELECT+events+(id)+FROM+causes({event['id']})").json()
            assert (len(shown["rows"]), shown["truncated"]) == (count, truncated)
            assert (shown["rows"], shown["truncated"]) == (asked["rows"], asked["truncated"])


def test_head_says_the_length_of_the_answer(filled):
    whole = ask(filled, "hot-modules", sha=panel_data.A)
    head = filled.request("HEAD", f"/v1/panels/hot-modules?sha={panel_data.A}")
    assert (head.status, head.body, head.headers["ETag"]) == (200, b"", whole.headers["ETag"])
    assert int(head.headers["Content-Length"]) == len(whole.body) and len(whole.body) > 0


def test_an_unchanged_answer_is_304(filled, start_server):
    first = ask(filled, "gates", sha=panel_data.A)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"') and "generated_at" in first.json()
    again = ask(filled, "gates", headers={"If-None-Match": f'"x", {tag}'}, sha=panel_data.A)
    assert again.status == 304 and again.body == b"" and again.headers["ETag"] == tag
    assert ask(filled, "gates", headers={"If-None-Match": '"x"'}, sha=panel_data.A).status == 200
    assert ask(filled, "gates", sha=panel_data.B).headers["ETag"] != tag



COUNT = {"sql": {"any": "SELECT count(*) FROM commit_labels"}}


def test_a_panel_of_another_spec_appears_and_its_cache_is_kept(store, scratch, start_server):
    spec = own_spec.with_panels(scratch, own_kept={**COUNT, "cache_s": 3600}, own_short={**COUNT, "cache_s": 1}, own_fresh=COUNT)
    server = start_server(store, args=["--spec", str(spec)])
    with server.client() as client:
        assert {"own-kept", "own-short", "own-fresh", "commits"} <= {panel["name"] for panel in client.get("/v1/panels").json()["panels"]}
        before = [ask(client, name) for name in ("own-kept", "own-short", "own-fresh")]
        assert [answer.json()["rows"] for answer in before] == [[[0]]] * 3
        assert re.fullmatch(r"private, max-age=(3600|35[0-9]{2})", before[0].headers["Cache-Control"])
        assert before[2].headers["Cache-Control"] == "private, max-age=0"
        client.post_event(events.label())
        assert ask(client, "own-fresh").json()["rows"] == [[1]]
        assert ask(client, "own-kept").body == before[0].body, "the kept answer, with the moment it was made"
        wait.until(lambda: ask(client, "own-short").json()["rows"] == [[1]], "the answer is kept no longer than its time")
        assert metric(client, "egdb_panels_from_cache_total") >= 1


def test_asked_at_once_it_runs_once(store, scratch, start_server):
    slow = ("SELECT count(*) FROM (SELECT pg_sleep(1)) AS s" if store.kind == "postgresql" else
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT count(*) FROM n")
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_slow={"sql": {"any": slow}}))],
                          config={"store.read_timeout_ms": 100_000})
    with contextlib.ExitStack() as stack, server.client() as client:
        askers = [stack.enter_context(Raw(server.port)) for _ in range(8)]
        for asker in askers:
            asker.send(b"GET /v1/panels/own-slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answers = [asker.answer() for asker in askers]
        asked, runs, shared = (metric(client, f"egdb_panels_{name}_total") for name in ("asked", "runs", "shared"))
    assert {answer.status for answer in answers} == {200} and len({answer.body for answer in answers}) < 8
    assert asked == 8 and runs + shared == 8 and shared >= 4


def running(store, client):
    """Statements of panels that the store works on now."""
    if store.kind == "sqlite":
        return metric(client, "egdb_store_reads_running")
    return store.scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
                        " AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()")


def test_a_statement_ends_with_the_last_of_its_clients(store, scratch, start_server):
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_endless=own_spec.endless(store)))], config={"store.read_timeout_ms": 600_000})
    asking = b"GET /v1/panels/own-endless HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.client() as client:
        with socket.create_connection(("127.0.0.1", server.port)) as last:
            with socket.create_connection(("127.0.0.1", server.port)) as first:
                first.sendall(asking)
                wait.until(lambda: running(store, client) == 1, "the statement runs")
                last.sendall(asking)
                wait.until(lambda: metric(client, "egdb_panels_shared_total") == 1, "the other joins it")
            wait.until(lambda: metric(client, 'egdb_http_refused_total{reason="aborted"}') >= 1, "the first has gone")
            assert running(store, client) == 1
        wait.until(lambda: running(store, client) == 0, "the statement ends")
        assert metric(client, "egdb_panels_runs_total") == 1
        assert ask(client, "commits").status == 200


def test_a_run_past_its_time(store, scratch, start_server):
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_endless=own_spec.endless(store)))], config={"store.read_timeout_ms": 2000})
    with server.client() as client:
        answer = ask(client, "own-endless")
        assert answer.status == 504 and answer.json()["code"] == "timeout"
        assert metric(client, "egdb_panels_failed_total") == 1


@pytest.mark.only_on("postgresql")
def test_all_statements_of_a_run_share_its_time(store, scratch, start_server):
    """The first waits for a lock, and goes on; the second waits for the next in that lock's queue, and has the time that is left."""
    two = {"egql": "SELECT steps (idx) FROM run(run-1)", "columns": None}
    server = start_server(store, args=["--spec", str(own_spec.with_panels(scratch, own_two=two))],
                          config={"store.read_timeout_ms": 6000, "store.lock_timeout_ms": 60000})
    store.script("INSERT INTO runs (id, sha, started) VALUES ('run-1', 'a', now()); INSERT INTO steps (run_id, name, idx, dt_ms) VALUES ('run-1', 's', 0, 1)")
    waiting = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
               " AND clock_timestamp() - query_start > interval '{} ms'")
    with contextlib.closing(store.connect()) as one, contextlib.closing(store.connect()) as other, Raw(server.port) as raw:
        for connection in (one, other):
            connection.cursor().execute("BEGIN")
        one.cursor().execute("LOCK TABLE steps IN ACCESS EXCLUSIVE MODE")
        raw.send(b"GET /v1/panels/own-two HTTP/1.1\r\nHost: localhost\r\n\r\n")
        wait.until(lambda: store.scalar(waiting.format(300)) == 1, "the first statement has waited")
        queued = threading.Thread(target=lambda: other.cursor().execute("LOCK TABLE steps IN ACCESS EXCLUSIVE MODE"))
        queued.start()
        wait.until(lambda: store.scalar(waiting.format(0)) == 2, "another waits behind it")
        one.cursor().execute("ROLLBACK")
        queued.join(120)
        answer = raw.answer()
        other.cursor().execute("ROLLBACK")
    left_ms = int(re.search(r"its time, (\d+) ms", answer.body.decode()).group(1))
    assert answer.status == 504 and left_ms <= 5700, answer.body


def test_dead_letters_need_the_scope_of_their_routes(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET + "\n")
    with start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"}).client() as client:
        allowed, others = token("query", "admin"), token("query", "events:read", "events:write")
        for name in ("dead-letters", "dead-letters-by-code"):
            for _ in range(2):  # the second time there is a kept answer
                assert ask(client, name, headers=allowed).status == 200
                refused = ask(client, name, headers=others)
                assert (refused.status, refused.json()["code"]) == (403, "forbidden")
                assert name in refused.json()["detail"] and "admin" in refused.json()["detail"]
                assert 'scope="admin"' in refused.headers["WWW-Authenticate"]
        assert ask(client, "commits", headers=others).status == 200
        listed = {panel["name"]: panel.get("scope") for panel in client.get("/v1/panels", headers=others).json()["panels"]}
        assert {name for name, scope in listed.items() if scope} == {"dead-letters", "dead-letters-by-code"}


def test_no_panel_shows_what_its_reader_may_not_select():
    """A panel in SQL that reads the table of a source has at least that source's scope. (The server checks those in EGQL.)"""
    sources = [json.loads(path.read_text("utf-8")) for path in (binary.ROOT / "spec/sources").glob("*.json")]
    guarded = {source["table"]: source["scope"] for source in sources if "scope" in source}
    assert guarded["events_dlq"] == "admin"
    for path in (binary.ROOT / "spec/panels").glob("*.json"):
        panel = json.loads(path.read_text("utf-8"))
        for table, scope in guarded.items():
            if re.search(rf"\b{table}\b", json.dumps(panel.get("sql", ""))):
                assert panel.get("scope") == scope, path.name


@pytest.mark.parametrize("change,words", [
    ({"sql": {"any": "SELECT nothing FROM commits"}}, ["own.json", "nothing"]),
    ({"sql": {"any": "SELECT $sha FROM commits"}}, ["own.json", "sql.any", "$sha"]),
    ({"sql": {"any": "SELECT 1"}, "parameters": [{"name": "x", "type": "text", "title": "x", "default": ""}]}, ["$x", "not used"]),
    ({"sql": {"any": "SELECT $x"}, "parameters": [{"name": "x", "type": "text", "title": "x"}]}, ["$x", "[[ ]]"]),
    ({"sql": {"any": "SELECT $x"}, "parameters": [{"name": "x", "type": "int", "title": "x"}]}, ["parameters[0].type"]),
    ({"sql": {"any": "SELECT $x"}, "parameters": [{"name": "x", "type": "integer", "title": "x", "default": 9, "least": 1, "most": 5}]},
     ["parameters[0].default", "1 to 5"]),
    ({"sql": {"any": "SELECT $format"}, "parameters": [{"name": "format", "type": "text", "title": "x", "default": ""}]}, ["parameters[0].name"]),
    ({"sql": {"postgresql": "SELECT 1"}}, ["sql", "sqlite"]), ({}, ["egql or sql"]), ({**COUNT, "colour": 1}, ["colour"]),
    ({**COUNT, "name": "other"}, ["name", "other"]), ({**COUNT, "cache_s": -1}, ["cache_s"]), ({**COUNT, "draw": {"kind": "pie"}}, ["draw.kind"]),
    ({**COUNT, "draw": {"kind": "bars", "x": "n", "y": "m"}}, ["draw.y", "\"m\""]), ({**COUNT, "columns": []}, ["columns"]),
    ({**COUNT, "columns": [{"name": "n", "type": "float", "title": "n"}]}, ["columns[0].type"]),
    ({"egql": "SELECT nothing FROM all", "columns": None}, ["own.json", "egql", "nothing"]), ({"egql": "SELECT runs FROM all"}, ["columns"]),
    ({"egql": "SELECT runs FROM all", "columns": None, "draw": {"kind": "bars", "x": "id", "y": "m"}}, ["draw.y"]),
    ({"egql": "SELECT dlq FROM all", "columns": None}, ["own.json", "dlq", "admin", "its own scope"]),
    ({"egql": "SELECT dlq FROM all", "columns": None, "scope": "events:read"}, ["dlq", "admin"]), ({**COUNT, "scope": "root"}, ["scope", "admin"]),
    ({"sql": {"any": "SELECT [[ 1"}}, ["[["]), ({"sql": {"any": "DELETE FROM commits"}}, ["own.json"])])
def test_a_wrong_declaration_stops_the_start(store, scratch, change, words):
    spec = own_spec.with_panels(scratch, own=change)
    told = [binary.run("serve", "--listen", "127.0.0.1:0", "--store", store.dsn, "--spec", str(spec), check=78),
            binary.run("check", "--store", store.dsn, "--spec", str(spec), check=78)]
    for done in told:
        for word in words:
            assert word in done.err, done.err


def test_the_command_lists_and_shows(filled, server):
    def panels(*words, check=0):
        return binary.run("panels", "--server", server.url, *words, check=check)

    listed = {row["name"]: row["parameters"] for row in map(json.loads, panels().out.splitlines())}
    assert sorted(listed) == DECLARED and listed["hot-modules"] == "sha limit=10" and listed["commits"] == "[branch] [repo] limit=50"
    lines = [json.loads(line) for line in panels("token-histogram", "--param", f"sha={panel_data.A}").out.splitlines()]
    assert [line["token"] for line in lines] == ["ADD_FN", "DOC_PUBLIC_API", "MODIFY_SIG"]
    table = panels("token-histogram", "--param", f"sha={panel_data.A}", "--format", "table").out
    assert "ADD_FN" in table and "(3 rows" in table
    assert panels("token-histogram", "--param", f"sha={panel_data.A}", "--format", "csv").out.splitlines()[0] == "token,cnt,weight"
    assert "sha is missing" in panels("token-histogram", check=1).err
    assert "name=value" in panels("commits", "--param", "x", check=2).err
    assert "nothing" in panels("nothing", check=1).err
