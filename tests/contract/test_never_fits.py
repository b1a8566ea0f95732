"""What can never fit into the memory of a request is not answered as if it might later; and what only others are in the way of, is."""
import json
import threading

from support import binary, events
from support.figures import metric, until
from support.hold import held

LINES, TEXT_B = 250, 1_000_000  # each line makes a row with the text in it: more than the 192 MiB of a request


def own(scratch):
    """A topic whose rows repeat a text of the event."""
    schemas = scratch / "spec" / "schemas" / "own"
    schemas.mkdir(parents=True)
    (scratch / "spec" / "policies").mkdir()
    properties = {"lines": {"type": "array", "items": {"type": "string"}}, "text": {"type": "string"}}
    rows = [{"table": "own", "each": "/lines", "set": {"line": ".", "text": "/text"}}]
    (schemas / "own.thing@v1.json").write_text(json.dumps({
        "$id": "own.thing@v1", "title": "A thing", "type": "object", "required": ["lines", "text"], "properties": properties,
        "x-egdb": {"rows": rows, "examples": [{"lines": [], "text": ""}, {"lines": ["a"], "text": "b"}]}}), encoding="utf-8")
    return ["--spec", str(scratch / "spec")]


def thing(lines, text):
    return events.event("own.thing@v1", {"lines": lines, "text": text})


def test_it_is_told_and_kept(start_server, store, scratch):
    store.script("CREATE TABLE own (line text, text text, event_id text)")
    small, large, last = thing(["a"], "t"), thing(["x"] * LINES, "t" * TEXT_B), thing(["b"], "t")
    with start_server(store, args=own(scratch)).client() as client:
        answer = client.post("/v1/events", [small, large, last])
        items = answer.json()["items"]
        assert (answer.status, [item["status"] for item in items]) == (207, ["stored", "rejected", "stored"])
        assert (items[1]["id"], items[1]["error"]["code"]) == (large["id"], "body_too_large")
        assert "send fewer at once" in items[1]["error"]["detail"]
        assert client.get("/v1/dlq").json()["dead_letters"] == [], "alone it might fit"
        answer = client.post_event(large)
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large") and "Retry-After" not in answer.headers
        assert "than a request has: send it as several events" in answer.json()["detail"]
        letter, = client.get("/v1/dlq").json()["dead_letters"]
        assert (letter["code"], letter["event_id"], letter["topic"]) == ("body_too_large", large["id"], "own.thing@v1")
        assert client.get(f"/v1/dlq/{letter['id']}").json()["original"] == json.dumps(large)
        assert client.post_event(thing(["c"], "t")).status == 201
    assert sorted(store.query("SELECT line FROM own")) == [("a",), ("b",), ("c",)]


MEMORY_B = 16 << 20


def test_what_all_requests_need_has_one_bound(start_server, store, scratch):
    """Rows that wait for the store, texts while they are parsed, and reports: more than event.memory_b they never are together."""
    store.script("CREATE TABLE own (line text, text text, event_id text)")
    args = own(scratch)
    (scratch / "spec" / "policies" / "sast.json").write_text((binary.ROOT / "spec" / "policies" / "sast.json").read_text("utf-8"))
    patient = {"event.store_wait_ms": 120000, "store.sqlite_busy_ms": 100, "store.lock_timeout_ms": 100000, "store.write_timeout_ms": 100000}
    server = start_server(store, args=args, config={"event.memory_b": MEMORY_B, **patient})
    ten, small, answers = thing(["x"] * 250, "t" * 40_000), thing(["a"], "t"), {}

    def post(name, *batch):
        with server.client() as client:
            answers[name] = client.post("/v1/events", list(batch))

    with server.client() as client:
        answer = client.post_event(thing(["x"] * 500, "t" * 40_000))
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large") and "Retry-After" not in answer.headers, answer
        assert "event.memory_b" in answer.json()["detail"]
        values = f'{{"runs": [{",".join(["{}"] * 80_000)}]}}'
        answer = client.post_event(json.dumps(events.label(env={"x": 7})).replace("7}", f"[{values}]}}"))
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large"), "parsed alone it is too large"
        answer = client.post(f"/v1/sarif?sha={'a' * 40}", values)
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large") and "event.memory_b" in answer.json()["detail"], answer
        numbers = f'{{"version": "2.1.0", "runs": [{{"tool": {{"driver": {{"name": "t"}}}}, "properties": [{",".join("1" * 200_000)}]}}]}}'
        answer = client.post(f"/v1/sarif?sha={'a' * 40}", numbers)
        assert answer.json()["code"] == "topic_unknown", "it is read: a number takes less than an object, and only the event has no topic here"
        with held(store):
            threads = [threading.Thread(target=post, args=("first", ten))]
            threads[0].start()
            until(client, "egdb_queue_events", 1)
            assert 10_000_000 < metric(client, "egdb_event_memory_bytes") <= MEMORY_B
            threads.append(threading.Thread(target=post, args=("batch", thing(["y"] * 250, "t" * 40_000), small)))
            threads[1].start()
            until(client, "egdb_queue_events", 3)
            answer = client.post_event(thing(["z"] * 250, "t" * 40_000))
            assert (answer.status, answer.json()["code"]) == (503, "overloaded") and int(answer.headers["Retry-After"]) >= 1, answer
            assert "event.memory_b" in answer.json()["detail"]
            turned_away = metric(client, "egdb_events_overloaded_total")
            answer = client.post("/v1/events?mode=atomic", [small, thing(["z"] * 250, "t" * 40_000), small])
            assert (answer.status, answer.json()["code"]) == (503, "overloaded"), answer
            assert metric(client, "egdb_events_overloaded_total") == turned_away + 3, "all or none"
            answer = client.post(f"/v1/sarif?sha={'a' * 40}", values[:-2].replace(",{}" * 45_000, "") + "]}")
            assert (answer.status, answer.json()["code"]) == (503, "overloaded"), answer
        for thread in threads:
            thread.join()
        assert answers["first"].json()["stored"] == 1
        assert [item["status"] for item in answers["batch"].json()["items"]] == ["rejected", "stored"], answers["batch"]
        assert answers["batch"].json()["items"][0]["error"]["code"] == "overloaded"
        until(client, "egdb_event_memory_bytes", 0)
        assert client.post_event(thing(["z"] * 250, "t" * 40_000)).status == 201
        answer = client.post("/v1/events", [thing(["x"] * 500, "t" * 40_000), thing(["w"] * 250, "t" * 40_000), small])
        assert [item["status"] for item in answer.json()["items"]] == ["rejected", "stored", "duplicate"], "what one took is the others' again"
        assert answer.json()["items"][0]["error"]["code"] == "body_too_large" and answer.json()["items"][0]["id"]


def test_dead_letters_that_fit_one_by_one_are_redriven(start_server, store, scratch):
    """However many are read at once: what finds no room beside others is tried alone, and only what does not fit alone is told as too large."""
    store.script("CREATE TABLE own (line text, text text, event_id text)")
    server = start_server(store, args=own(scratch), config={"event.memory_b": MEMORY_B})
    sizes_b = [700_000] * 12 + [4_500_000] + [700_000] * 12
    with server.client() as client:
        sent = [thing("none", f"{n} " + "t" * size_b) for n, size_b in enumerate(sizes_b)]
        for event in sent:
            assert client.post_event(event).status == 422
        letters = client.get("/v1/dlq?limit=100").json()["dead_letters"]
        ids, large = [letter["id"] for letter in letters], letters[12]["id"]
        asked = {"edit": {"patch": [{"op": "replace", "path": "/payload/lines", "value": ["a"]}]}, "rate": 5000}
        for wish, done in (({"filter": {}, "dry_run": True}, "valid"), ({"filter": {}}, "redriven"), ({"ids": ids}, "already")):
            answer = client.post("/v1/dlq/redrive", {**asked, **wish})
            said = answer.json()
            assert (answer.status, said["failed"], said["next"], "stopped" in said) == (207, 1, None, False), answer
            assert [item["dlq_id"] for item in said["items"]] == ids
            assert {item["status"] for item in said["items"] if item["dlq_id"] != large} == {done}
            assert said["items"][12]["error"]["code"] == "body_too_large" and "event.memory_b" in said["items"][12]["error"]["detail"]
        until(client, "egdb_event_memory_bytes", 0)
    assert store.scalar("SELECT count(*) FROM own") == 24
