"""Health, figures, topics, dry runs, dead letters, the API's description."""
import base64
import json
import re

import pytest

from support import binary, events, wait

FIGURES = re.findall(r'^X\((\w+),\s*(gauge|counter),\s*"(\w+)",', (binary.ROOT / "server/admin/metrics.def").read_text("utf-8"), re.M)


def test_health(client, server, store):
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["store"]) == ("ready", store.kind)
    version = client.get("/version").json()
    assert (version["name"], version["store"], version["auth"], version["schema"]) == ("egdb", store.kind, "none", ready["schema"])
    assert version["version"] in binary.run("version").out


@pytest.mark.only_on("postgresql")  # with SQLite there is nobody to lose
def test_not_ready_without_a_database(start_server, store, pg_cluster):
    server = start_server(store, config={"store.read_timeout_ms": 500, "store.write_timeout_ms": 500, "event.store_wait_ms": 500})
    with server.client() as client:
        pg_cluster.stop()
        try:
            client.post("/v1/events", events.run_started())
            answer = wait.until(lambda: (a := client.get("/readyz")).status == 503 and a, "/readyz says 503")
            assert answer.json()["code"] == "store_unavailable"
            assert int(answer.headers["Retry-After"]) > 0
            assert client.get("/healthz").status == 200
        finally:
            pg_cluster.start()
        wait.until(lambda: client.get("/readyz").status == 200, "/readyz says 200 again")


def figures(client):
    """{name with labels: value}, after a look at the form of every line."""
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    values, typed = {}, set()
    for line in answer.text.splitlines():
        if match := re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line):
            if match.group(1) == "TYPE":
                assert match.group(2) not in typed, line
                typed.add(match.group(2))
            continue
        match = re.fullmatch(r'(\w+)(\{[^}]*\})? ([-+0-9.e]+|NaN|\+Inf)', line)
        assert match, line
        assert re.sub(r"_(bucket|sum|count)$", "", match.group(1)) in typed or match.group(1) in typed, line
        assert match.group(1) + (match.group(2) or "") not in values, line
        values[match.group(1) + (match.group(2) or "")] = float(match.group(3))
    return values


def test_metrics(client):
    before = figures(client)
    assert {name for _, _, name in FIGURES} <= set(before)
    event = events.run_started()
    client.post("/v1/events", event)
    client.post("/v1/events", event)
    client.post("/v1/events", events.event("no.such@v1", {}))
    client.post("/v1/events", {**event, "source": "another"})
    after = figures(client)

    def grown(name):
        return after[name] - before[name]

    assert grown("egdb_events_stored_total") >= 1
    assert grown("egdb_events_duplicate_total") == 1
    assert grown("egdb_events_conflict_total") == 1
    assert grown("egdb_events_dead_lettered_total") == 1
    assert grown("egdb_rows_total") >= 1
    assert grown("egdb_commit_seconds_count") >= 1
    assert after['egdb_commit_seconds_bucket{le="+Inf"}'] == after["egdb_commit_seconds_count"]
    assert after["egdb_position"] >= 1 and after["egdb_store_up"] == 1
    assert after["process_resident_memory_bytes"] > 1e6 and after["process_start_time_seconds"] > 1.6e9
    assert any(name.startswith("egdb_http_requests_total{") for name in after)
    assert any(name.startswith("egdb_build_info{version=") for name in after)


def test_every_figure_is_documented(client):
    client.get("/healthz")
    page = (binary.ROOT / "docs/reference/metrics.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert set(re.findall(r"^# TYPE (\w+) ", client.get("/metrics").text, re.M)) == documented


def test_topics(client):
    topics = {topic["topic"]: topic for topic in client.get("/v1/topics").json()["topics"]}
    assert list(topics) == sorted(topics)
    assert topics["core.step.finished@v1"]["tables"] == ["steps"]
    for topic in topics.values():
        document = client.get(topic["href"]).json()
        assert document["$id"] == topic["topic"]
        assert len(document["x-egdb"]["examples"]) >= 2
    answer = client.get("/v1/topics/no.such@v1")
    assert (answer.status, answer.json()["code"]) == (404, "not_found")


def test_every_example_is_valid_in_a_dry_run(client, store):
    before = store.scalar("SELECT count(*) FROM events")
    for topic in client.get("/v1/topics").json()["topics"]:
        for example in client.get(topic["href"]).json()["x-egdb"]["examples"]:
            said = client.post(topic["href"] + "/validate", example).json()
            assert said["valid"], (topic["topic"], said)
            assert {row["table"] for row in said["rows"]} <= set(topic["tables"])
    assert store.scalar("SELECT count(*) FROM events") == before


def validate(client, body, topic="core.step.finished@v1"):
    return client.post(f"/v1/topics/{topic}/validate", body)


def test_dry_run(client):
    said = validate(client, {"run_id": "r", "name": "build", "idx": 0, "dt_ms": 5}).json()
    assert said["valid"] is True
    row, = said["rows"]
    assert (row["table"], row["action"]) == ("steps", "replace")
    assert {"run_id": "r", "name": "build", "idx": 0, "dt_ms": 5}.items() <= row["set"].items()

    envelope = events.step_finished("r", repo_branch="main")
    said = validate(client, envelope).json()
    assert said["rows"][0]["set"]["event_id"] == envelope["id"] and said["rows"][0]["set"]["branch"] == "main"

    said = validate(client, {"run_id": "r", "idx": -1, "dt_ms": "x"}).json()
    assert (said["valid"], said["code"]) == (False, "schema_invalid")
    assert {error["pointer"] for error in said["errors"]} == {"", "/idx", "/dt_ms"}
    said = validate(client, events.step_finished("r", idx=-1)).json()
    assert [error["pointer"] for error in said["errors"]] == ["/payload/idx"]
    said = validate(client, events.run_started()).json()
    assert (said["valid"], said["errors"][0]["pointer"]) == (False, "/topic")


@pytest.mark.parametrize("body, status, code", [
    (b"{", 400, "json_invalid"), (b"", 400, "json_invalid"), (b'{"a":1,"a":2}', 400, "duplicate_key"),
    (b'{"a":"\\u0000"}', 422, "nul_character"), (b'{"a":1e999}', 422, "number_out_of_range"), (b"[" * 100, 400, "json_invalid"),
    (b'"\xff"', 400, "json_invalid"),
])
def test_dry_run_of_what_is_not_json(client, body, status, code):
    answer = validate(client, body)
    assert (answer.status, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("body", [b"1", b'"x"', b"null", b"[]", b"true", b'{"topic":1,"payload":2}', b'{"topic":"x","payload":2}'])
def test_dry_run_of_other_values(client, body):
    said = validate(client, body).json()
    assert said["valid"] is False and said["errors"]


def tokens(n):
    return {"sha": "0" * 40, "tokens": [{"token": "ADD_FN", "file": f"src/f{i}.py", "weight": 0.5} for i in range(n)]}


def test_a_dry_run_of_many_rows(client):
    said = validate(client, tokens(2500), "delta.tokens@v1").json()
    assert (said["valid"], len(said["rows"]), said["truncated"]) == (True, 1000, True) and said["row_count"] == 2500
    said = validate(client, tokens(3), "delta.tokens@v1").json()
    assert (said["row_count"], said["truncated"]) == (len(said["rows"]), False)


def test_a_dry_run_that_is_too_large(client):
    large = json.dumps(tokens(30_000))
    assert len(large) > 1 << 20
    answer = validate(client, large, "delta.tokens@v1")
    assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
    assert "1048576" in answer.json()["detail"]


def test_dead_letters(client):
    unknown = events.event("no.such@v1", {"a": 1}, source="here")
    client.post("/v1/events", unknown)
    client.post("/v1/events", unknown)
    client.post("/v1/events", b'{"not": "an envelope"}')
    client.post("/v1/events", b'{"bytes": "\xff"}')
    page = client.get("/v1/dlq").json()
    assert (len(page["dead_letters"]), page["more"]) == (3, False)
    first, second, third = page["dead_letters"]
    assert (first["code"], first["topic"], first["event_id"], first["source"]) == ("topic_unknown", "no.such@v1", unknown["id"], "here")
    assert first["seen"] == 2 and first["last_seen_utc"] >= first["received_utc"]
    assert first["errors"] and "original" not in first
    assert (second["code"], third["code"]) == ("envelope_invalid", "json_invalid")

    whole = client.get(f"/v1/dlq/{second['id']}").json()
    assert whole["original"] == '{"not": "an envelope"}' and whole["size_b"] == 22
    assert base64.b64decode(client.get(f"/v1/dlq/{third['id']}").json()["original_base64"]) == b'{"bytes": "\xff"}'

    seen, after = [], ""
    while True:
        page = client.get(f"/v1/dlq?limit=1&after={after}").json()
        seen += [letter["id"] for letter in page["dead_letters"]]
        after = page["next"]
        if not page["more"]:
            break
    assert seen == [first["id"], second["id"], third["id"]]
    assert client.get(f"/v1/dlq?after={after}").json() == {"dead_letters": [], "next": None, "prev": None, "more": False}

    def codes(query):
        return [letter["code"] for letter in client.get("/v1/dlq?" + query).json()["dead_letters"]]

    assert codes("code=json_invalid") == ["json_invalid"]
    assert codes("topic=no.such@v1") == ["topic_unknown"]
    assert codes("topic=no.such@v1&code=json_invalid") == []
    assert len(codes(f"since={first['received_utc']}")) == 3
    assert codes(f"until={first['received_utc']}") == []
    assert codes("since=2999-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=", "since=yesterday", "until=2025"])
def test_dead_letters_bad_parameters(client, query):
    answer = client.get("/v1/dlq?" + query)
    assert (answer.status, answer.json()["code"]) == (400, "usage")


def test_no_such_dead_letter(client):
    assert client.get("/v1/dlq/01JAQ4M5X6Y7Z8A9B0C1D2E3F4").status == 404


def test_a_large_dead_letter(client):
    body = b'{"big": "' + b"x" * 3_000_000 + b"\xff\"}"
    client.post("/v1/events", body)
    letter, = client.get("/v1/dlq").json()["dead_letters"]
    assert base64.b64decode(client.get(f"/v1/dlq/{letter['id']}").json()["original_base64"]) == body


def test_a_problem_points_to_its_explanation(client):
    problem = client.get("/v1/nothing").json()
    path, _, code = problem["type"].partition("#")
    page = client.get(path)
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
    names = re.findall(r'^X\(\w+, +"(\w+)"', (binary.ROOT / "base" / "errors.def").read_text("utf-8"), re.M)
    assert code in names and re.findall(r'<dt id="(\w+)">', page.text) == names


def test_openapi(client):
    answer = client.get("/openapi.yaml")
    assert answer.body == (binary.ROOT / "openapi.yaml").read_bytes()
    assert answer.headers["Content-Type"] == "application/yaml"
