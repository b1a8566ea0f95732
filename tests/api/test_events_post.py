"""POST /v1/events in all its forms, and what each answers."""
import contextlib
import gzip
import http.client
import json
import time

import pytest

from support import events
from support.figures import metric

UNKNOWN = "no.such.topic@v1"


def stored(store):
    return [row[0] for row in store.query("SELECT id FROM events WHERE topic <> 'bus.dlq@v1' ORDER BY position")]


def test_one_event_is_stored_and_read_back(client, store):
    event = events.run_started(repo_branch="main", env={"ci": "yes"}, causation_id=events.ulid(),
                               artifacts=["out/report.json", {"path": "a.png", "kind": "image", "size_b": 7, "sha256": "ab"}])
    answer = client.post_event(event)
    assert answer.status == 201, answer
    assert answer.json() == {"id": event["id"], "status": "stored", "position": 1}
    back = client.get(f"/v1/events/{event['id']}").json()
    assert back.pop("position") == 1 and back.pop("received_utc")
    assert back.pop("trust") == "high"
    assert back.pop("ts_utc") == event.pop("ts_utc")
    assert back == event
    assert store.query("SELECT kind, path, size_b, sha256 FROM artifacts ORDER BY path") == [
        ("image", "a.png", 7, "ab"), ("json", "out/report.json", None, None)]
    assert store.query("SELECT id, sha, event_id, branch FROM runs") == [
        (event["payload"]["run_id"], "0" * 40, event["id"], "main")]


def test_large_events_are_prepared_by_a_thread(client, store):
    """The loop answers others meanwhile; what becomes of an event hangs on nothing but the event."""
    def large(**kw):
        return events.label(env={"x": ["y" * 70] * 1500}, **kw)

    assert client.post_event(events.label()).status == 201
    assert client.post("/v1/events", [events.label() for _ in range(100)]).status == 200
    assert metric(client, "egdb_events_aside_total") == 0
    one = large()
    assert client.post_event(one).status == 201 and client.post_event(one).json()["status"] == "duplicate"
    assert client.post_event({**one, "source": "another"}).status == 409
    assert metric(client, "egdb_events_aside_total") == 3
    headers = {f"ce-{name}": value.replace(" ", "%20") for name, value in CLOUD.items() if name not in ("data", "datacontenttype")}
    cloud = client.post("/v1/events", json.dumps({"sha": "1" * 40, "label": "good", "x": ["y" * 70] * 1500}), headers={
        "Content-Type": "application/json", **headers})
    assert cloud.status == 422 and cloud.json()["code"] == "schema_invalid", cloud
    bodies = [events.label(), large(), events.label(), {**large(), "topic": UNKNOWN}, large(value=7), "no event", *(large() for _ in range(4))]
    answer = client.post("/v1/events", bodies)
    assert (answer.status, answer.json()["stored"], answer.json()["rejected"]) == (207, 7, 3)
    assert [item["error"]["code"] for item in answer.json()["items"] if "error" in item] == ["topic_unknown", "schema_invalid", "envelope_invalid"]
    assert metric(client, "egdb_events_aside_total") == 6, "the body was taken apart, and its events were prepared"
    assert sorted(store.query("SELECT code FROM events_dlq WHERE topic IS NOT NULL")) == [("schema_invalid",), ("schema_invalid",), ("topic_unknown",)]
    assert client.get(f"/v1/events/{one['id']}").json()["env"] == one["env"]


def test_the_server_sets_what_is_left_out(client):
    event = events.label(id=None, ts_utc=None, correlation_id=None)
    first, second = client.post_event(event), client.post_event(event)
    assert (first.status, second.status) == (201, 201)
    assert first.json()["id"] != second.json()["id"]
    back = client.get(f"/v1/events/{first.json()['id']}").json()
    assert back["correlation_id"] == back["id"] and back["ts_utc"].endswith("Z")


def test_several_as_array_and_ndjson(client, store):
    batch = [events.label() for _ in range(5)]
    answer = client.post("/v1/events", batch)
    assert answer.status == 200, answer
    body = answer.json()
    assert (body["stored"], body["duplicates"], body["rejected"], body["safe_position"]) == (5, 0, 0, 5)
    assert body["items"] == [{"index": i, "id": e["id"], "status": "stored", "position": i + 1} for i, e in enumerate(batch)]
    lines = "\r\n".join(json.dumps(e) for e in batch) + "\n\n" + json.dumps(events.label())
    answer = client.post("/v1/events", lines, headers={"Content-Type": "application/x-ndjson"})
    body = answer.json()
    assert (answer.status, body["stored"], body["duplicates"], body["safe_position"]) == (200, 1, 5, 6)
    assert len(stored(store)) == 6
    assert client.post("/v1/events", []).json()["items"] == []


def test_a_bad_item_spoils_no_other(client, store):
    good = [events.label() for _ in range(4)]
    batch = [good[0], events.event(UNKNOWN, {}), good[1], events.label(value="neither"), good[2], 7, good[3]]
    answer = client.post("/v1/events", batch)
    body = answer.json()
    assert (answer.status, body["stored"], body["rejected"]) == (207, 4, 3), answer
    assert [item["error"]["code"] for item in body["items"] if item["status"] == "rejected"] == [
        "topic_unknown", "schema_invalid", "envelope_invalid"]
    assert body["items"][3]["error"]["errors"][0]["pointer"] == "/payload/label"
    assert stored(store) == [e["id"] for e in good]
    failed = client.post("/v1/events?return=failed", batch).json()
    assert [item["index"] for item in failed["items"]] == [1, 3, 5] and failed["duplicates"] == 4
    dead = store.query("SELECT code, topic, seen FROM events_dlq ORDER BY code")
    assert dead == [("envelope_invalid", None, 2), ("schema_invalid", "commit.labelled@v1", 2), ("topic_unknown", UNKNOWN, 2)]


def test_a_broken_line_spoils_no_other(client, store):
    good = [events.label(), events.label()]
    answer = client.post_ndjson([good[0], b'{"id": "x"', b"\xff\xfe", good[1], b'{"a":1,"a":2}'])
    codes = [item.get("error", {}).get("code") for item in answer.json()["items"]]
    assert (answer.status, codes) == (207, [None, "json_invalid", "json_invalid", None, "duplicate_key"])
    assert stored(store) == [e["id"] for e in good]
    originals = {bytes(row[0]) for row in store.query("SELECT original FROM events_dlq")}
    assert originals == {b'{"id": "x"', b"\xff\xfe", b'{"a":1,"a":2}'}


def test_atomic_is_all_or_none(client, store):
    good = [events.label() for _ in range(3)]
    answer = client.post("/v1/events?mode=atomic", good[:2] + [events.event(UNKNOWN, {})])
    assert (answer.status, answer.json()["code"]) == (422, "atomic_rejected"), answer
    assert answer.json()["errors"][0]["index"] == 2
    assert stored(store) == [] and store.scalar("SELECT count(*) FROM events_dlq") == 0
    assert client.post("/v1/events?mode=atomic", good).status == 200
    changed = dict(good[0], payload=dict(good[0]["payload"], reason="other"))
    answer = client.post("/v1/events?mode=atomic", [events.label(), changed])
    assert (answer.status, answer.json()["errors"][0]["error"]["code"]) == (422, "id_conflict")
    twins = [events.label(id="twin"), events.label(id="twin")]
    assert client.post("/v1/events?mode=atomic", twins).status == 422
    assert stored(store) == [e["id"] for e in good]
    answer = client.post("/v1/events?mode=atomic", good + [events.label()])
    assert answer.status == 200 and answer.json()["duplicates"] == 3


@pytest.mark.parametrize("mode", ["", "?mode=atomic"])
def test_a_repetition_is_told_by_the_id_of_the_first(client, store, mode):
    """Inside one batch, and by the store, however long the id is."""
    plain = {name: value for name, value in events.label(idempotency_key="k").items() if name != "id"}
    one, two = client.post("/v1/events" + mode, [plain, plain]).json()["items"]
    assert (one["status"], two["status"], two["id"]) == ("stored", "duplicate", one["id"])
    long = events.label(id="i" * 128, idempotency_key="long")
    for repeated in ([long, long], [events.label(), long]):
        told = client.post("/v1/events" + mode, repeated).json()["items"][1]
        assert (told["status"], told["id"]) == ("duplicate", "i" * 128)
    assert len(stored(store)) == 3


CLOUD = {"specversion": "1.0", "id": "ce-1", "type": "commit.labelled@v1", "source": "//ci", "time": "2025-10-10T12:00:00Z",
         "reposha": "abcd", "repobranch": "main", "correlationid": "c-1", "subject": "a subject", "myext": "kept",
         "datacontenttype": "application/json", "data": {"sha": "abcd", "label": "good", "reason": "ce"}}


def test_cloudevents_in_three_modes_are_one_event(client, store):
    structured = client.post("/v1/events", CLOUD, headers={"Content-Type": "application/cloudevents+json"})
    assert structured.status == 201, structured
    batch = client.post("/v1/events", [CLOUD], headers={"Content-Type": "application/cloudevents-batch+json; charset=utf-8"})
    assert batch.json()["items"][0]["status"] == "duplicate", batch
    headers = {f"ce-{name}": value.replace(" ", "%20") for name, value in CLOUD.items() if name not in ("data", "datacontenttype")}
    binary = client.post("/v1/events", CLOUD["data"], headers={**headers, "Content-Type": "application/json"})
    assert (binary.status, binary.json()["status"]) == (200, "duplicate"), binary
    back = client.get("/v1/events/ce-1").json()
    assert back["topic"] == "commit.labelled@v1" and back["payload"] == CLOUD["data"] and back["repo_sha"] == "abcd"
    assert back["env"] == {"cloudevents": {"subject": "a subject", "myext": "kept"}}
    native = {"id": "ce-1", "topic": CLOUD["type"], "source": "//ci", "ts_utc": "2025-10-10T14:00:00+02:00", "repo_sha": "abcd",
              "repo_branch": "main", "correlation_id": "c-1", "env": back["env"], "payload": CLOUD["data"]}
    assert client.post_event(native).json()["status"] == "duplicate"
    assert stored(store) == ["ce-1"]


@pytest.mark.parametrize("change,pointer,word", [
    ({"type": None}, "/type", "lacks `type`"), ({"source": None}, "/source", "lacks `source`"), ({"reposha": None}, "/reposha", "lacks `reposha`"),
    ({"data": None}, "/data", "lacks `data`"), ({"type": ""}, "/type", "type is a string"), ({"time": "soon"}, "/time", "time is an RFC 3339"),
    ({"time": "2999-01-01T00:00:00Z"}, "/time", "time is more than 24 hours"), ({"data": [1]}, "/data", "data is a JSON object"),
    ({"datacontenttype": "text/xml"}, "/datacontenttype", "datacontenttype is application/json"),
    ({"datacontenttype": 7}, "/datacontenttype", "datacontenttype is application/json")])
def test_what_is_wrong_with_a_cloudevent_is_told_in_its_own_names(client, change, pointer, word):
    answer = client.post("/v1/events", {**CLOUD, **change}, headers={"Content-Type": "application/cloudevents+json"})
    assert answer.status in (400, 422), answer
    assert word in answer.json()["detail"] and answer.json()["errors"][0]["pointer"] == pointer, answer


def test_data_of_any_json_type_is_the_same_event(client):
    for at, given in enumerate(("application/json; charset=utf-8", "application/vnd.x+json", None)):
        answer = client.post("/v1/events", {**CLOUD, "datacontenttype": given}, headers={"Content-Type": "application/cloudevents+json"})
        assert answer.json()["status"] == ("duplicate" if at else "stored"), answer


def test_gzip_bodies(client):
    body = gzip.compress("\n".join(json.dumps(events.label()) for _ in range(50)).encode())
    answer = client.post("/v1/events", body, headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"})
    assert (answer.status, answer.json()["stored"]) == (200, 50)


REFUSED = [
    ("not json", b"{", 400, "json_invalid"),
    ("bad utf-8", b'{"id":"\xff"}', 400, "json_invalid"),
    ("duplicate key", b'{"id":"a","id":"b"}', 400, "duplicate_key"),
    ("too deep", b'{"a":' + b"[" * 70 + b"]" * 70 + b"}", 400, "json_invalid"),
    ("not an object", b"42", 400, "envelope_invalid"),
    ("no topic", b'{"source":"s","repo_sha":"x","payload":{}}', 400, "envelope_invalid"),
    ("unknown member", b'{"topic":"t","source":"s","repo_sha":"x","payload":{},"repo_brnach":"x"}', 400, "envelope_invalid"),
    ("empty id", {"id": ""}, 400, "envelope_invalid"),
    ("long id", {"id": "x" * 129}, 400, "envelope_invalid"),
    ("control in id", {"id": "a\u0001"}, 400, "envelope_invalid"),
    ("bad time", {"ts_utc": "yesterday"}, 400, "envelope_invalid"),
    ("payload no object", {"payload": [1]}, 400, "envelope_invalid"),
    ("trust", {"trust": "medium"}, 400, "envelope_invalid"),
    ("artefact", {"artifacts": [{"kind": "png"}]}, 400, "envelope_invalid"),
    ("topic", {"topic": UNKNOWN}, 422, "topic_unknown"),
    ("schema", {"payload": {"sha": "a"}}, 422, "schema_invalid"),
    ("nul", {"payload": {"sha": "a\u0000", "label": "good", "reason": ""}}, 422, "nul_character"),
    ("int64", b'{"topic":"t","n":9223372036854775808}', 422, "number_out_of_range"),
    ("double", b'{"topic":"t","n":1e400}', 422, "number_out_of_range"),
    ("underflow", b'{"topic":"t","n":1e-999}', 422, "number_out_of_range"),
    ("future", {"ts_utc": events.utc(time.time() + 90000)}, 422, "time_out_of_range"),
]


@pytest.mark.parametrize("name,body,status,code", REFUSED, ids=[row[0] for row in REFUSED])
def test_refused_with_its_reason_and_kept(client, store, name, body, status, code):
    raw = body if isinstance(body, bytes) else json.dumps({**events.label(), **body}).encode()
    answer = client.post("/v1/events", raw, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status, problem["code"]) == (status, code), answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert problem["status"] == status and problem["detail"] and problem["hint"] and problem["request_id"]
    assert problem["type"] == f"/docs/errors#{code}"
    assert stored(store) == []
    kept = store.query("SELECT code, original FROM events_dlq")
    assert [(row[0], bytes(row[1])) for row in kept] == [(code, raw)]


def test_a_dead_letter_with_an_envelope_is_told_on_the_bus(client, store):
    event = events.label(value="neither")
    for _ in range(3):
        assert client.post_event(event).status == 422
    client.post("/v1/events", b"{", headers={"Content-Type": "application/json"})
    told = client.get("/v1/events?topic=bus.dlq@v1").json()["events"]
    assert len(told) == 1 and told[0]["causation_id"] == event["id"] and told[0]["source"] == "egdb"
    letters = store.query("SELECT id, seen FROM events_dlq WHERE code = 'schema_invalid'")
    assert letters == [(told[0]["payload"]["dlq_id"], 3)]


def test_requests_that_are_no_events(client, store):
    assert client.post("/v1/events", b"", headers={"Content-Type": "application/json"}).json()["code"] == "json_invalid"
    assert client.post("/v1/events", b"<a/>", headers={"Content-Type": "text/xml"}).status == 415
    assert client.post("/v1/events", b"{}", headers={"Content-Type": "application/json; charset=latin1"}).status == 415
    assert client.post("/v1/events?mode=maybe", [events.label()]).json()["code"] == "usage"
    lines = client.post("/v1/events", b"{}\n{}\n", headers={"Content-Type": "application/x-ndjson", "ce-specversion": "1.0", "ce-id": "a"})
    assert (lines.status, "binary CloudEvent" in lines.json()["detail"]) == (415, True)
    assert stored(store) == [] and store.scalar("SELECT count(*) FROM events_dlq") == 0


def test_list_filters_and_pages(client):
    batch = [events.label(repo_branch="main" if i % 2 else "dev", repo_sha=f"{i % 3}" * 8, correlation_id=f"c{i % 5}")
             for i in range(20)] + [events.run_started()]
    client.post("/v1/events", batch)

    def ids(query):
        return [e["id"] for e in client.get("/v1/events" + query).json()["events"]]

    every = [e["id"] for e in batch]
    assert ids("") == every
    assert ids("?limit=3") == every[-3:]
    assert ids("?limit=3&before=10") == every[6:9]
    page = client.get("/v1/events?after=4&limit=5")
    assert [e["position"] for e in page.json()["events"]] == [5, 6, 7, 8, 9] and page.json()["next"] == 9
    assert page.headers["Link"] == '</v1/events?after=9&limit=5>; rel="next", </v1/events?before=5&limit=5>; rel="prev"'
    back = client.get("/v1/events?before=5&limit=3&branch=main")
    assert back.headers["Link"] == ('</v1/events?after=4&branch=main&limit=3>; rel="next", '
                                    '</v1/events?before=2&branch=main&limit=3>; rel="prev"')
    assert "prev" not in client.get("/v1/events?after=0&limit=2").headers["Link"]
    found, link = [], client.get("/v1/events?limit=4").headers["Link"]
    while 'rel="prev"' in link:
        answer = client.get(link.split(", ")[1][1:].split(">")[0])
        found, link = [e["id"] for e in answer.json()["events"]] + found, answer.headers["Link"]
    assert found == every[:-4]
    assert ids("?topic=run.started@v1") == every[20:] == ids("?topic=run.*") == ids("?topic=*started*")
    assert ids("?branch=dev&limit=1000") == [e["id"] for e in batch[:20:2]]
    assert ids("?sha=00000000") == [e["id"] for e in batch[:20:3]]
    assert ids("?correlation_id=c1") == [e["id"] for e in batch[1:20:5]]
    assert ids(f"?since={batch[10]['ts_utc']}&until={batch[15]['ts_utc']}") == every[10:15]
    for query in ("limit=0", "limit=1001", "limit=x", "after=-1", f"after={1 << 63}", f"before={1 << 63}", "after="):
        assert client.get("/v1/events?" + query).json()["code"] == "usage", query
    assert client.get("/v1/events?since=soon").status == 400
    assert client.get("/v1/events/none").json()["code"] == "not_found"


def test_the_same_value_in_other_words_is_the_same_event(client):
    raw = ('{"id":"w","topic":"tests.report@v1","ts_utc":"2025-10-10T12:00:00Z","source":"s","correlation_id":"c","repo_sha":"ab",'
           '"payload":{"sha":"ab","passed":1,"failed":0,"skipped":0,"coverage":0.5,"x":{"a":1,"b":[1.0,"\\u00e9"]}}}')
    other = ('{"payload":{"x":{"b":[1,"é"],"a":1e0},"skipped":0.0,"coverage":5e-1,"failed":0,"passed":1,"sha":"\\u0061b"},"repo_sha":"ab",'
             '"source":"s","ts_utc":"2025-10-10T13:00:00.000+01:00","correlation_id":"c","topic":"tests.report@v1","id":"w"}')
    assert client.post("/v1/events", raw).status == 201
    assert client.post("/v1/events", other.encode()).json()["status"] == "duplicate"
    assert client.post("/v1/events", raw.replace('"a":1', '"a":"1"')).json()["code"] == "id_conflict"


@pytest.mark.parametrize("headers, status", [({}, 201), ({"Origin": "http://localhost:3000"}, 415),
                                             ({"Origin": "http://localhost:3000", "Content-Type": "application/json"}, 201)])
def test_a_page_says_what_it_sends(server, headers, status):
    """A browser sends a body without a Content-Type to others without asking them first."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request("POST", "/v1/events", json.dumps(events.label()).encode(), headers)
        answer = connection.getresponse()
        assert answer.status == status, answer.read()
