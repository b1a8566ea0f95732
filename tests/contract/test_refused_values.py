"""Events whose text is JSON but holds a value that cannot be kept: a NUL, a number out of range, a name twice. The dead letter says who it
was and where the value stands, and the bus tells of it, as of any other; of what is no JSON nothing is known."""
import json

import pytest

from support import events

JSON = {"Content-Type": "application/json"}
CLOUD = {"specversion": "1.0", "id": "ce-1", "type": "commit.labelled@v1", "source": "/tests", "reposha": "0" * 40}


def native(change=b"", **kw):
    """An envelope's text; change: members written behind the others."""
    text = json.dumps(events.event("commit.labelled@v1", {"sha": "ab" * 20, "label": "good", "reason": "r"}, id="own-1", **kw)).encode()
    return text[:-1] + change + b"}"


def with_reason(text):
    return native().replace(b'"r"', text)


CASES = {
    "nul": (with_reason(b'"a\\u0000b"'), "nul_character", "/payload/reason"),
    "integer": (with_reason(b"18446744073709551616"), "number_out_of_range", "/payload/reason"),
    "deep": (with_reason(b'[1,{"x":[],"a/b~":[0,[5],1e999]}]'), "number_out_of_range", "/payload/reason/1/a~1b~0/2"),
    "escaped name": (with_reason(b'{"\\u00e9\\n":1e999}'), "number_out_of_range", "/payload/reason/é\n"),
    "nul in a name": (with_reason(b'{"a":1,"b\\u0000":2}'), "nul_character", "/payload/reason"),
    "twice": (with_reason(b'1, "sha" : "other"'), "duplicate_key", "/payload/sha"),
    "twice in env": (native(b',"env":{"host":"a","host":"b"}'), "duplicate_key", "/env/host"),
    "twice on top": (native(b',"env":{},"env":{}'), "duplicate_key", "/env"),
    "in a member of its own": (native(b',"ts_utc":"\\u0000"'), "nul_character", "/ts_utc"),
}


def refused(client, body, headers=None):
    """Posts it; the problem, and its dead letter in full."""
    answer = client.post("/v1/events", body, headers=headers or JSON)
    letter, = client.get("/v1/dlq").json()["dead_letters"]
    return answer.json(), client.get(f"/v1/dlq/{letter['id']}").json()


def told(client):
    return client.get("/v1/events?topic=bus.dlq@v1&after=0").json()["events"]


@pytest.mark.parametrize("body, code, pointer", CASES.values(), ids=CASES)
def test_it_is_known_by_its_envelope(client, body, code, pointer):
    problem, letter = refused(client, body)
    assert (problem["code"], [error["pointer"] for error in problem["errors"]]) == (code, [pointer]), problem
    assert (letter["code"], letter["event_id"], letter["topic"], letter["source"]) == (code, "own-1", "commit.labelled@v1", "tests")
    assert [error["pointer"] for error in letter["errors"]] == [pointer]
    assert letter["original"].encode() == body
    notice, = told(client)
    assert (notice["causation_id"], notice["repo_sha"]) == ("own-1", "0" * 40)
    assert notice["payload"] == {"dlq_id": letter["id"], "code": code, "topic": "commit.labelled@v1", "event_id": "own-1",
                                 "errors": letter["errors"]}
    assert [one["id"] for one in client.get("/v1/dlq?topic=commit.labelled@v1").json()["dead_letters"]] == [letter["id"]]
    client.post("/v1/events", body, headers=JSON)
    assert client.get(f"/v1/dlq/{letter['id']}").json()["seen"] == 2 and len(told(client)) == 1


def test_items_of_a_batch_have_their_ids(client, store):
    good = events.label()
    items = client.post("/v1/events", b"[" + json.dumps(good).encode() + b"," + CASES["nul"][0] + b',{"topic":"t","n":1e999}]',
                        headers=JSON).json()["items"]
    assert [(item["id"], item["status"]) for item in items] == [(good["id"], "stored"), ("own-1", "rejected"), (None, "rejected")]
    assert [item["error"].get("pointer") for item in items[1:]] == ["/payload/reason", "/n"]
    assert store.query("SELECT topic, event_id, source FROM events_dlq ORDER BY topic") == [
        ("commit.labelled@v1", "own-1", "tests"), ("t", None, None)]
    assert len(told(client)) == 1


def test_cloudevents_are_known_too(client):
    body = json.dumps({**CLOUD, "data": {"reason": "a\u0000"}}).encode()
    problem, letter = refused(client, body, {"Content-Type": "application/cloudevents+json"})
    assert problem["errors"][0]["pointer"] == "/data/reason"
    assert (letter["event_id"], letter["topic"], letter["source"]) == ("ce-1", "commit.labelled@v1", "/tests")
    assert [event["causation_id"] for event in told(client)] == ["ce-1"]


def test_a_binary_cloudevent_points_into_its_structured_form(client):
    headers = {f"ce-{name}": value for name, value in CLOUD.items()}
    problem, letter = refused(client, b'{"reason": "a\\u0000"}', {**headers, **JSON})
    assert problem["errors"][0]["pointer"] == "/data/reason"
    assert (letter["event_id"], letter["topic"], letter["source"]) == ("ce-1", "commit.labelled@v1", "/tests")
    assert [event["causation_id"] for event in told(client)] == ["ce-1"]
    patch = [{"op": "replace", "path": "/data", "value": {"sha": "ab", "label": "good", "reason": "mended"}}]
    said = client.post("/v1/dlq/redrive", {"ids": [letter["id"]], "edit": {"patch": patch}}).json()
    assert said["items"][0]["error"]["pointer"] == "/data/reason"  # an edit begins with what can be read


@pytest.mark.parametrize("change, kept", [
    (b',"id":"other"', (None, "commit.labelled@v1", "tests")),           # which of the two?
    (b',"topic":"other@v1"', ("own-1", None, "tests")),
    (b',"causation_id":"\\u0000"', ("own-1", "commit.labelled@v1", "tests")),
    (b',"payload":{}', ("own-1", "commit.labelled@v1", "tests")),
], ids=["id", "topic", "causation", "payload"])
def test_what_the_envelope_says_in_two_ways_it_does_not_say(client, change, kept):
    _, letter = refused(client, native(change))
    assert (letter["event_id"], letter["topic"], letter["source"]) == kept
    assert told(client) == []


@pytest.mark.parametrize("body, kept", [
    (b'{"id":"a","topic":7,"source":{"topic":"t"},"n":1e999}', ("a", None, None)),
    (b'{"payload":{"id":"inner","topic":"t","source":"s"},"n":1e999}', (None, None, None)),
    (b'["id","topic",1e999]', None),
    (b'"\\u0000"', (None, None, None)),
    (b'{"id":"' + b"x" * 200 + b'","topic":"\\u0074","n":1e999}', (None, "t", None)),
    (b'{"\\u0069d":"a","source":"\xff","n":1e999}', ("a", None, None)),
], ids=["types", "inside", "array", "text", "bounds", "escapes"])
def test_only_what_is_right_by_itself_is_taken(client, body, kept):
    client.post("/v1/events", body, headers=JSON)
    letters = client.get("/v1/dlq").json()["dead_letters"]
    if kept:
        letter, = letters
        assert (letter["event_id"], letter["topic"], letter["source"]) == kept
    assert told(client) == []


def test_nothing_is_told_in_the_name_of_a_topic_that_is_the_servers_own(client):
    body = native().replace(b"commit.labelled@v1", b"bus.dlq.deleted@v1").replace(b'"r"', b"1e999")
    problem, letter = refused(client, body)
    assert (problem["code"], letter["topic"], told(client)) == ("number_out_of_range", "bus.dlq.deleted@v1", [])


def test_what_is_no_json_stays_unknown(client):
    _, letter = refused(client, with_reason(b'"a\\u0000b"')[:-1])
    assert (letter["code"], letter["event_id"], letter["topic"], letter["errors"][0]["pointer"]) == ("json_invalid", None, None, "")
    assert told(client) == []
