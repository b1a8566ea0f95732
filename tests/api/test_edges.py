"""Inputs at the edges of what JSON and UTF-8 allow, which must mean the same on both stores."""
import json

import pytest

from support import events


def refused(client, store, body, code, status, **kw):
    answer = client.post("/v1/events", body, **kw)
    assert (answer.status, answer.json()["code"]) == (status, code), answer
    return answer.json()


@pytest.mark.parametrize("name", ["a" + "é" * 20, "a" + "日" * 40, "é" * 100, "a" * 61 + "é"])
def test_a_long_name_is_told_in_whole_characters(client, store, name):
    problem = refused(client, store, {**events.label(), name: 1}, "envelope_invalid", 400)
    assert name[:10] in problem["detail"]
    (errors,) = store.query("SELECT CAST(errors_json AS text) FROM events_dlq WHERE code = 'envelope_invalid'")
    assert json.loads(errors[0])[0]["message"] == problem["detail"]


def test_pointers_are_escaped(client, store):
    problem = refused(client, store, {**events.label(), "a/b~c": 1}, "envelope_invalid", 400)
    assert problem["errors"][0]["pointer"] == "/a~1b~0c"


@pytest.mark.parametrize("value,status", [("a%20b", 201), ("%41%zz", 400), ("%+5", 400), ("% 5", 400), ("%00", 400), ("%4", 400), ("%ff", 400)])
def test_headers_of_a_binary_cloudevent_are_percent_encoded(client, value, status):
    event = events.label()
    headers = {"ce-specversion": "1.0", "ce-id": event["id"], "ce-type": event["topic"], "ce-source": "s", "ce-reposha": "ab", "ce-subject": value}
    answer = client.post("/v1/events", event["payload"], headers={**headers, "Content-Type": "application/json"})
    assert answer.status == status, answer


def test_bytes_of_a_header_are_told_as_utf8(client):
    answer = client.post("/v1/events", events.label(), headers={"Content-Type": "text/\xff\xfe"})
    assert answer.status == 415
    assert "text/??" in answer.json()["detail"]


@pytest.mark.parametrize("number,status", [("0e-9999", 201), ("0e9999", 201), ("-0.0", 201), ("4.9e-324", 201), ("1.7e308", 201),
                                           ("0e-10000", 422), ("0.0E-17000", 422), ("0e9999999999", 422), ("1e-400", 422)])
def test_numbers_are_kept_or_refused_alike(client, store, number, status):
    body = json.dumps(events.label(env={"x": 7})).replace('"x": 7', f'"x": {number}')
    answer = client.post("/v1/events", body)
    assert answer.status == status, answer
    if status == 201:
        assert float(client.get("/v1/events/" + answer.json()["id"]).json()["env"]["x"]) == float(number)
    else:
        assert answer.json()["code"] == "number_out_of_range"


@pytest.mark.parametrize("method,path,wrong,near", [
    ("POST", "/v1/events", "mdoe=atomic", "mode"), ("POST", "/v1/events", "mode=atomic&retrun=failed", "return"),
    ("GET", "/v1/events", "limits=2", "limit"), ("GET", "/v1/events/stream", "form=3", "from"), ("GET", "/v1/events/stream", "after=3", None),
    ("GET", "/v1/events/01JAQ4M5X6Y7Z8A9B0C1D2E3F4", "up-cast=1", "upcast"), ("GET", "/v1/query", "q=SELECT+commits&timeout=5", "timeout_ms"),
    ("POST", "/v1/query", "fromat=csv", "format"), ("POST", "/v1/query/explain", "q=x", None), ("GET", "/v1/topics", "x", None),
    ("GET", "/v1/dlq", "topics=a", "topic"), ("POST", "/v1/dlq/redrive", "dry_run=1", None), ("GET", "/metrics", "%6dode=1", None)])
def test_a_parameter_that_is_none_is_named(client, method, path, wrong, near):
    answer = client.request(method, path + "?" + wrong, events.label() if method == "POST" else None)
    assert (answer.status, answer.json()["code"]) == (400, "usage"), answer
    name = answer.json()["place"]
    assert f'There is no parameter "{name}" here' in answer.json()["detail"]
    assert ("did you mean" in answer.json()["detail"]) == (near is not None), answer
    assert near is None or f"did you mean {near}?" in answer.json()["detail"]


def test_nothing_is_stored_with_a_parameter_that_is_none(client, store):
    assert client.post_ndjson([events.label(), {"topic": "no.such@v1"}], "?mdoe=atomic").status == 400
    assert store.scalar("SELECT count(*) FROM events") == 0


def test_a_lost_position_is_told(client, store):
    store.script("DELETE FROM event_position")
    answer = client.post_event(events.label())
    assert (answer.status, answer.json()["code"]) == (500, "internal") and "event_position" in answer.json()["detail"]
    store.script("INSERT INTO event_position (id, position) VALUES (1, 0)")
    assert client.post_event(events.label()).status == 201
