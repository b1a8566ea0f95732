"""What can never fit into the memory of a request is not answered as if it might later."""
import json

from support import events

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
        assert "send it as several events" in answer.json()["detail"]
        letter, = client.get("/v1/dlq").json()["dead_letters"]
        assert (letter["code"], letter["event_id"], letter["topic"]) == ("body_too_large", large["id"], "own.thing@v1")
        assert client.get(f"/v1/dlq/{letter['id']}").json()["original"] == json.dumps(large)
        assert client.post_event(thing(["c"], "t")).status == 201
    assert sorted(store.query("SELECT line FROM own")) == [("a",), ("b",), ("c",)]
