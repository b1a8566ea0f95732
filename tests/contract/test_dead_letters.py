"""Dead letters, acted upon: redriven, edited, tried, deleted; each told of by an event in the same transaction."""
import json
import re
import threading

import pytest

from support import binary, events, wait

REDRIVEN, DELETED = "bus.dlq.redriven@v1", "bus.dlq.deleted@v1"


def refuse(client, envelope, **kw):
    """Posts what is refused; the dead letter."""
    known = {letter["id"] for letter in letters(client)}
    answer = client.post("/v1/events", envelope, **kw)
    assert answer.status in (400, 422), answer
    letter, = (letter for letter in letters(client) if letter["id"] not in known)
    return letter


def letters(client, query="limit=1000"):
    return client.get("/v1/dlq?" + query).json()["dead_letters"]


def redrive(client, status=200, **wish):
    answer = client.post("/v1/dlq/redrive", wish)
    assert answer.status == status, answer
    return answer.json()


def audit(client, topic):
    return [event["payload"] for event in client.get(f"/v1/events?topic={topic}&limit=1000&after=0").json()["events"]]


def broken(**kw):
    """A label without its reason's type: one edit away from being good."""
    return {**events.label(**kw), "payload": {"sha": "ab" * 20, "label": 7, "reason": "by a test"}}


MEND = {"patch": [{"op": "replace", "path": "/payload/label", "value": "good"}]}


@pytest.mark.parametrize("edit", [MEND, {"merge": {"payload": {"label": "good"}}}, "replace"])
def test_an_edit_mends_it(client, store, edit):
    event = broken()
    letter = refuse(client, event)
    if edit == "replace":
        edit = {"replace": {**event, "payload": {**event["payload"], "label": "good"}}}
    said = redrive(client, ids=[letter["id"]], edit=edit)
    item, = said.pop("items")
    assert said == {"dry_run": False, "redriven": 1, "already": 0, "failed": 0, "next": None}
    assert (item["dlq_id"], item["status"], item["event_id"], item["duplicate"]) == (letter["id"], "redriven", event["id"], False)
    stored = client.get(f"/v1/events/{event['id']}").json()
    assert stored["payload"]["label"] == "good" and stored["position"] == item["position"]
    assert stored["env"] == {"redriven_from": letter["id"]}
    assert store.query("SELECT event_id FROM commit_labels") == [(event["id"],)]
    after = client.get(f"/v1/dlq/{letter['id']}").json()
    assert after["redriven_id"] == event["id"] and after["redriven_utc"]
    told, = audit(client, REDRIVEN)
    assert told == {"dlq_id": letter["id"], "by": "", "code": "schema_invalid", "topic": event["topic"], "event_id": event["id"],
                    "duplicate": False, "edit": edit}
    # the producer mends it too, and sends it again: it is that event, and no second one
    again = client.post("/v1/events", {**event, "payload": {**event["payload"], "label": "good"}})
    assert (again.status, again.json()["status"], again.json()["position"]) == (200, "duplicate", item["position"])


def test_twice_is_once(client, store):
    event = broken()
    del event["id"]  # whose id would have told: the server gives it one at each try
    letter = refuse(client, event)
    first = redrive(client, ids=[letter["id"]], edit=MEND)
    second = redrive(client, ids=[letter["id"], letter["id"]], edit=MEND)
    assert (second["redriven"], second["already"], second["failed"]) == (0, 1, 0)
    assert second["items"] == [{"dlq_id": letter["id"], "status": "already", "event_id": first["items"][0]["event_id"]}]
    assert len(audit(client, REDRIVEN)) == 1
    assert store.scalar("SELECT count(*) FROM commit_labels") == 1


def test_what_fails_again_says_why_and_stays(client, store):
    letter = refuse(client, broken())
    before = client.get(f"/v1/dlq/{letter['id']}").json()
    said = redrive(client, status=207, ids=[letter["id"]])
    item, = said["items"]
    assert (said["failed"], item["status"], item["error"]["code"]) == (1, "failed", "schema_invalid")
    assert item["error"]["errors"][0]["pointer"] == "/payload/label"
    said = redrive(client, status=207, ids=[letter["id"]], edit={"patch": [{"op": "remove", "path": "/payload/none"}]})
    assert (said["items"][0]["error"]["code"], said["items"][0]["error"]["pointer"]) == ("edit_failed", "/payload/none")
    assert client.get(f"/v1/dlq/{letter['id']}").json() == before
    assert len(letters(client)) == 1 and audit(client, REDRIVEN) == []
    assert store.scalar("SELECT count(*) FROM events WHERE topic <> 'bus.dlq@v1'") == 0


def test_a_conflict_stays(client):
    taken, letter = events.label(), refuse(client, broken())
    client.post("/v1/events", taken)
    said = redrive(client, status=207, ids=[letter["id"]], edit={"patch": MEND["patch"] + [
        {"op": "replace", "path": "/id", "value": taken["id"]}]})
    assert said["items"][0]["error"]["code"] == "id_conflict"
    assert client.get(f"/v1/dlq/{letter['id']}").json()["redriven_utc"] is None and len(letters(client)) == 1


def test_the_same_bytes_are_one_letter_though_the_server_names_the_event(client, store):
    store.script("CREATE UNIQUE INDEX one_label ON commit_labels (reason)")
    client.post("/v1/events", events.label(reason="taken"))
    unnamed = events.label(reason="taken", id=None)
    assert [client.post("/v1/events", unnamed).json()["code"] for _ in range(2)] == ["store_refused"] * 2
    assert [letter["seen"] for letter in letters(client)] == [2]


def test_what_the_database_refuses_stays(client, store):
    """Alone among others that are good: they are stored."""
    store.script("CREATE UNIQUE INDEX one_label ON commit_labels (reason)")
    client.post("/v1/events", events.label(reason="taken"))
    bad, good = (refuse(client, {**broken(), "payload": {"sha": sha * 40, "label": 7, "reason": reason}})
                 for sha, reason in (("1", "taken"), ("2", "free")))
    said = redrive(client, status=207, filter={}, edit=MEND)
    assert [(item["dlq_id"], item["status"]) for item in said["items"]] == [(bad["id"], "failed"), (good["id"], "redriven")]
    assert said["items"][0]["error"]["code"] == "store_refused"
    assert [letter["id"] for letter in letters(client, "redriven=false")] == [bad["id"]]
    assert len(letters(client)) == 2 and len(audit(client, REDRIVEN)) == 1


def test_a_stored_event_is_found(client):
    good = events.label()
    letter = refuse(client, {**good, "payload": {**good["payload"], "label": 7}})
    first = client.post("/v1/events", good).json()
    said = redrive(client, ids=[letter["id"]], edit={"patch": [{"op": "replace", "path": "/payload/label", "value": "good"}]})
    item, = said["items"]
    assert (item["status"], item["duplicate"], item["event_id"], item["position"]) == ("redriven", True, good["id"], first["position"])
    assert client.get(f"/v1/dlq/{letter['id']}").json()["redriven_id"] == good["id"]
    assert audit(client, REDRIVEN)[0]["duplicate"] is True


def test_a_dry_run_stores_nothing(client, store):
    mended, hopeless = refuse(client, broken()), refuse(client, b'{"not": "an envelope"}')
    before = store.query("SELECT id FROM events ORDER BY position"), letters(client)
    said = redrive(client, status=207, filter={}, edit=MEND, dry_run=True)
    assert (said["dry_run"], said["redriven"], said["failed"]) == (True, 1, 1)
    valid, failed = said["items"]
    assert valid == {"dlq_id": mended["id"], "status": "valid", "topic": "commit.labelled@v1",
                     "rows": [{"table": "commit_labels", "action": valid["rows"][0]["action"]}]}
    assert (failed["dlq_id"], failed["error"]["code"]) == (hopeless["id"], "edit_failed")
    assert (store.query("SELECT id FROM events ORDER BY position"), letters(client)) == before
    redrive(client, ids=[mended["id"]], edit=MEND)
    said = redrive(client, ids=[mended["id"]], edit=MEND, dry_run=True)
    assert (said["already"], said["items"][0]["status"]) == (1, "already")


def test_a_filter_goes_on_page_by_page(client, store):
    client.post_ndjson([broken() for _ in range(25)] + [events.event("no.such@v1", {"n": 1})])
    seen, after, pages = [], None, 0
    while True:
        said = redrive(client, filter={"code": "schema_invalid", "topic": "commit.labelled@v1"}, edit=MEND, limit=10, rate=5000,
                       after=after)
        seen += [item["dlq_id"] for item in said["items"]]
        after, pages = said["next"], pages + 1
        if after is None:
            break
        assert len(said["items"]) == 10
    assert pages == 3 and len(seen) == 25 == len(set(seen))
    assert seen == sorted(seen) == [letter["id"] for letter in letters(client, "redriven=true&limit=1000")]
    assert [letter["code"] for letter in letters(client, "redriven=false")] == ["topic_unknown"]
    assert len(audit(client, REDRIVEN)) == 25
    assert redrive(client, ids=seen)["already"] == 25
    assert redrive(client, filter={"topic": "commit.labelled@v1"})["items"] == []
    everything = letters(client)
    said = redrive(client, filter={"since": everything[0]["received_utc"], "until": everything[0]["received_utc"]})
    assert said["items"] == []


def test_ids_that_are_not_there(client):
    letter = refuse(client, broken())
    said = redrive(client, status=207, ids=["zzz", letter["id"], "000"], edit=MEND)
    assert [(item["dlq_id"], item["status"]) for item in said["items"]] == [
        ("000", "failed"), (letter["id"], "redriven"), ("zzz", "failed")]
    assert said["items"][0]["error"]["code"] == "not_found" and said["next"] is None


def test_the_rate_bounds_a_page(client):
    client.post_ndjson([broken() for _ in range(12)])
    said = redrive(client, filter={}, edit=MEND, rate=1, limit=12, dry_run=True)
    assert len(said["items"]) == 10 and said["next"] == said["items"][-1]["dlq_id"]  # ten seconds of it


def batches(client):
    return int(re.search(r"^egdb_batches_total (\d+)$", client.get("/metrics").text, re.M).group(1))


def test_a_redrive_keeps_its_rate(client):
    """Never faster than asked, by the server's own figures: each is a transaction of its own, and between the twenty-one pass two seconds."""
    client.post_ndjson([broken() for _ in range(21)])
    before = batches(client)
    answer = client.post("/v1/dlq/redrive", {"filter": {}, "edit": MEND, "rate": 10, "limit": 21})
    assert answer.json()["redriven"] == 21
    assert batches(client) == before + 21
    took_ms = {name: float(value) for name, value in re.findall(r"(\w+);dur=([0-9.]+)", answer.headers["Server-Timing"])}
    assert took_ms["redrive"] >= 20 * 1000 / 10, took_ms


def test_large_letters_come_in_parts(client, store):
    """More bytes than a chunk holds."""
    for i in range(4):
        refuse(client, {**broken(), "env": {"big": "x" * 7_000_000, "n": i}})
    said = redrive(client, filter={}, edit=MEND, rate=5000)
    assert (said["redriven"], said["next"]) == (4, None)
    ids = [letter["id"] for letter in letters(client)]
    assert redrive(client, ids=ids, rate=5000)["already"] == 4
    assert store.scalar("SELECT count(*) FROM commit_labels") >= 1


def test_a_binary_cloudevent_keeps_its_headers(client, store):
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-type": "commit.labelled@v1", "ce-source": "/caf%C3%A9",
               "ce-reposha": "0" * 40, "ce-subject": "a subject", "Idempotency-Key": "key-1"}
    data = {"sha": "cd" * 20, "label": 7, "reason": "r"}
    letter = refuse(client, data, headers=headers)
    other = refuse(client, data, headers={**headers, "ce-id": "b-2", "Idempotency-Key": "key-2"})  # the same bytes, another event
    whole = client.get(f"/v1/dlq/{letter['id']}").json()
    assert json.loads(whole["original"]) == data
    assert whole["headers"] == {name.lower(): value for name, value in headers.items()}
    edit = {"patch": [{"op": "test", "path": "/id", "value": "b-1"}, {"op": "replace", "path": "/data/label", "value": "good"}]}
    said = redrive(client, status=207, ids=[letter["id"], other["id"]], edit=edit)
    assert [item["status"] for item in said["items"]] == ["redriven", "failed"]
    stored = client.get("/v1/events/b-1").json()
    assert (stored["source"], stored["idempotency_key"], stored["payload"]["label"]) == ("/café", "key-1", "good")
    assert stored["env"] == {"cloudevents": {"subject": "a subject"}, "redriven_from": letter["id"]}
    # its sender, mended, with the same key: the first receipt
    again = client.post("/v1/events", {**data, "label": "good"}, headers=headers)
    assert (again.status, again.json()) == (200, {"id": "b-1", "status": "duplicate", "position": stored["position"]})


def test_items_of_a_batch_keep_their_keys(client):
    client.post("/v1/events", [events.label(), broken()], headers={"Idempotency-Key": "k"})
    letter, = letters(client)
    said = redrive(client, ids=[letter["id"]], edit=MEND)
    assert client.get(f"/v1/events/{said['items'][0]['event_id']}").json()["idempotency_key"] == "k#1"


def test_what_is_no_json_is_replaced(client):
    event = events.label()
    letter = refuse(client, b"\xff\x00 nothing")
    said = redrive(client, status=207, ids=[letter["id"]], edit=MEND)
    assert said["items"][0]["error"]["code"] == "json_invalid"
    assert redrive(client, ids=[letter["id"]], edit={"replace": event})["redriven"] == 1
    assert client.get(f"/v1/events/{event['id']}").status == 200


def test_delete_leaves_its_trace(client, store):
    event = broken()
    letter = refuse(client, event)
    answer = client.delete(f"/v1/dlq/{letter['id']}")
    assert (answer.status, answer.json()["status"]) == (200, "deleted")
    assert client.get(f"/v1/dlq/{letter['id']}").status == 404
    assert client.delete(f"/v1/dlq/{letter['id']}").status == 404
    assert redrive(client, status=207, ids=[letter["id"]])["items"][0]["error"]["code"] == "not_found"
    told, = audit(client, DELETED)
    assert (told["dlq_id"], told["by"], told["code"], told["event_id"]) == (letter["id"], "", "schema_invalid", event["id"])
    assert refuse(client, event)["id"] != letter["id"]  # the same again is a new one
    positions = [row[0] for row in store.query("SELECT position FROM events ORDER BY position")]
    assert positions == list(range(1, len(positions) + 1))


def test_events_of_the_server_obey_their_schemas(client):
    letter, other = refuse(client, broken()), refuse(client, b"{")
    redrive(client, ids=[letter["id"]], edit=MEND)
    client.delete(f"/v1/dlq/{letter['id']}")
    client.delete(f"/v1/dlq/{other['id']}")
    found = [event for event in client.get("/v1/events?topic=bus.*&after=0").json()["events"]]
    assert {event["topic"] for event in found} == {"bus.dlq@v1", REDRIVEN, DELETED}
    for event in found:
        said = client.post(f"/v1/topics/{event['topic']}/validate", event["payload"]).json()
        assert said["valid"], said


@pytest.mark.parametrize("wish, place", [
    ({}, "either"), ({"ids": ["a"], "filter": {}}, "either"), ({"ids": []}, "ids"), ({"ids": [1]}, "ids"), ({"ids": "a"}, "ids"),
    ({"ids": ["x" * 129]}, "ids"), ({"filter": []}, "filter"), ({"filter": {"what": 1}}, "filter"), ({"filter": {"code": 1}}, "code"),
    ({"filter": {"since": "yesterday"}}, "since"), ({"filter": {}, "rate": 0}, "rate"), ({"filter": {}, "rate": 5001}, "rate"),
    ({"filter": {}, "limit": 1001}, "limit"), ({"filter": {}, "limit": 1.5}, "limit"), ({"filter": {}, "dry_run": 1}, "dry_run"),
    ({"filter": {}, "after": 5}, "after"), ({"filter": {}, "edit": []}, "edit"), ({"filter": {}, "edit": {}}, "edit"),
    ({"filter": {}, "edit": {"patch": [], "merge": {}}}, "edit"), ({"filter": {}, "edit": {"patch": [{"op": "mend", "path": ""}]}}, "op"),
    ({"filter": {}, "edit": {"patch": [{"op": "add", "path": "a", "value": 1}]}}, "path"),
    ({"filter": {}, "edit": {"patch": [{"op": "add", "path": "/a~2", "value": 1}]}}, "path"),
    ({"filter": {}, "edit": {"patch": [{"op": "add", "path": "/a"}]}}, "value"),
    ({"filter": {}, "edit": {"patch": [{"op": "copy", "path": "/a"}]}}, "from"), ({"filter": {}, "edit": {"merge": 1}}, "whole"),
    ({"filter": {}, "edit": {"replace": {}}}, "ids"), ({"filter": {}, "what": 1}, "what"),
])
def test_bad_wishes(client, wish, place):
    answer = client.post("/v1/dlq/redrive", wish)
    assert (answer.status, answer.json()["code"]) == (400, "usage") and place in answer.json()["detail"], answer


def test_bad_bodies(client):
    assert client.post("/v1/dlq/redrive", b"{").json()["code"] == "json_invalid"
    assert client.post("/v1/dlq/redrive", b"[]").json()["code"] in ("json_invalid", "usage")
    wish = {"filter": {}, "edit": {"merge": {"x": "y" * 70_000}}}
    assert client.post("/v1/dlq/redrive", wish).json()["code"] == "body_too_large"
    assert client.get("/v1/dlq?redriven=perhaps").json()["code"] == "usage"


def test_two_at_once_store_each_once(server, client, store):
    """Without ids of their own: only the dead letter tells that an event was redriven."""
    poison = [broken() for _ in range(120)]
    for event in poison:
        del event["id"]
        event["payload"]["sha"] = events.ulid()
    client.post_ndjson(poison)
    ids = [letter["id"] for letter in letters(client)]
    assert len(ids) == 120
    answers, start = [], threading.Barrier(4)

    def run(wish):
        with server.client() as own:
            start.wait()
            answers.append(redrive(own, edit=MEND, rate=5000, **wish))

    wishes = [{"ids": ids}, {"ids": ids}, {"filter": {}, "limit": 1000}, {"filter": {}, "limit": 1000}]
    threads = [threading.Thread(target=run, args=(wish,)) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and sum(answer["redriven"] for answer in answers) == 120
    assert all(answer["failed"] == 0 for answer in answers)
    assert store.scalar("SELECT count(*) FROM events WHERE topic = 'commit.labelled@v1'") == 120
    assert len(audit(client, REDRIVEN)) == 120
    assert store.scalar("SELECT count(DISTINCT redriven_id) FROM events_dlq") == 120


def test_killed_in_the_middle(start_server, store, soak):
    """kill −9 while letters are redriven: what was stored is marked, what was not is not; asked for again, each is stored once."""
    server = start_server(store)
    poison = [broken() for _ in range(300)]
    for event in poison:
        del event["id"]
        event["payload"]["sha"] = events.ulid()
    with server.client() as client:
        client.post_ndjson(poison)

    def run():
        try:
            with server.client() as own:
                own.post("/v1/dlq/redrive", {"filter": {}, "edit": MEND, "rate": 500, "limit": 1000})
        except OSError:
            pass
        except Exception as error:  # the answer was cut off
            assert "closed" in str(error).lower() or "incomplete" in type(error).__name__.lower(), error

    for _ in range(max(2, int(10 * soak))):
        thread = threading.Thread(target=run)
        before = store.scalar("SELECT count(*) FROM events_dlq WHERE redriven_id IS NOT NULL")
        thread.start()
        wait.until(lambda b=before: store.scalar("SELECT count(*) FROM events_dlq WHERE redriven_id IS NOT NULL") > b or
                   not thread.is_alive(), "a letter is redriven")
        server.kill()
        thread.join()
        marked = {row[0] for row in store.query("SELECT redriven_id FROM events_dlq WHERE redriven_id IS NOT NULL")}
        assert marked == {row[0] for row in store.query("SELECT id FROM events WHERE topic = 'commit.labelled@v1'")}
        server.start()
    with server.client() as client:
        redrive(client, filter={}, edit=MEND, rate=5000, limit=1000)
    assert store.scalar("SELECT count(*) FROM events WHERE topic = 'commit.labelled@v1'") == 300
    assert store.scalar("SELECT count(*) FROM events WHERE topic = 'bus.dlq.redriven@v1'") == 300
    assert store.scalar("SELECT count(DISTINCT sha) FROM commit_labels") == 300


@pytest.mark.parametrize("topic", ["bus.dlq@v1", REDRIVEN, DELETED])
def test_what_the_server_tells_cannot_be_forged(client, store, topic):
    document = json.loads((binary.ROOT / f"spec/schemas/glitchlab/{topic}.json").read_text("utf-8"))
    forged = events.event(topic, document["x-egdb"]["examples"][0])
    answer = client.post_event(forged)
    assert (answer.status, answer.json()["code"]) == (403, "forbidden") and "by the server alone" in answer.json()["detail"], answer
    items = client.post("/v1/events", [events.label(), forged]).json()["items"]
    assert [item["status"] for item in items] == ["stored", "rejected"] and items[1]["error"]["code"] == "forbidden"
    assert store.scalar("SELECT count(*) FROM events") == 1 and store.scalar("SELECT count(*) FROM events_dlq") == 0
