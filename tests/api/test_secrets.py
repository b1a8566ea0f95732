"""event.secrets = refuse: what looks like a secret is refused, told where it stands, and kept nowhere; all else is as without it."""
import json

import pytest

from support import events

JSON = {"Content-Type": "application/json"}
GITHUB = "ghp_" + "a1" * 18
SECRETS = {
    "private-key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    "aws-access-key": "AKIA" + "Z9" * 8,
    "github-token": GITHUB,
    "gitlab-token": "glpat-" + "x" * 20,
    "slack-token": "xoxb-" + "1" * 12,
    "google-api-key": "AIza" + "q" * 35,
    "jwt": ".".join(["eyJ" + "h" * 12, "eyJ" + "p" * 12, "s" * 12]),
    "url-password": "postgres://egdb:hunter2@db/egdb",
    "assignment": "api_key = 'abcdefgh1234'",
}


@pytest.fixture
def server(start_server, store):
    return start_server(store, config={"event.secrets": "refuse"})


def kept(store):
    """Whatever the database has of events and dead letters."""
    words = [row for row in store.query("SELECT CAST(payload_json AS text), CAST(env_json AS text), source, id, correlation_id, causation_id FROM "
                                        "events UNION ALL SELECT idempotency_key, '', '', '', '', '' FROM event_keys")]
    words += [(bytes(row[0]).decode("utf-8", "replace"), *row[1:]) for row in store.query(
        "SELECT original, CAST(errors_json AS text), topic, event_id, source, CAST(headers_json AS text) FROM events_dlq")]
    return json.dumps(words)


@pytest.mark.parametrize("name", SECRETS)
def test_each_pattern(client, store, name):
    event = events.event("snapshot.restored@v1", {"snapshot": f"see {SECRETS[name]} here"})
    answer = client.post_event(event)
    problem = answer.json()
    assert (answer.status, problem["code"]) == (422, "secret_found") and f"({name})" in problem["detail"], answer
    assert [error["pointer"] for error in problem["errors"]] == ["/payload/snapshot"]
    letter, = client.get("/v1/dlq").json()["dead_letters"]
    assert (letter["code"], letter["event_id"], letter["topic"]) == ("secret_found", event["id"], event["topic"])
    original = json.loads(client.get(f"/v1/dlq/{letter['id']}").json()["original"])
    assert original == {**event, "payload": original["payload"]} and original["payload"]["snapshot"].startswith("see _redacted")
    assert json.dumps(SECRETS[name])[1:-1] not in kept(store)
    assert len(client.get("/v1/events?topic=bus.dlq@v1").json()["events"]) == 1


@pytest.mark.parametrize("change, pointer", [
    ({"env": {"deep": [{"a": 1}, {"url/~": ["x", GITHUB]}]}}, "/env/deep/1/url~1~0/1"),
    ({"env": {GITHUB: 1}}, "/env"),
    ({"artifacts": [{"path": GITHUB}]}, "/artifacts/0/path"),
    ({"source": GITHUB}, "/source"),
], ids=["deep", "a name", "artefact", "envelope"])
def test_every_text_counts(client, store, change, pointer):
    problem = client.post_event(events.label(**change)).json()
    assert (problem["code"], problem["errors"][0]["pointer"]) == ("secret_found", pointer)
    assert GITHUB not in kept(store) and len(client.get("/v1/dlq").json()["dead_letters"]) == 1


def test_an_escape_hides_nothing(client, store):
    body = json.dumps(events.label(reason="SECRET")).replace("SECRET", "\\u0067hp_" + GITHUB[4:])
    assert client.post("/v1/events", body, headers=JSON).json()["code"] == "secret_found"
    assert GITHUB not in kept(store)


@pytest.mark.parametrize("body, code", [
    (json.dumps({**events.label(), "reason": GITHUB}), "envelope_invalid"),
    (json.dumps(events.label(reason=GITHUB))[:-1], "json_invalid"),
    (json.dumps(events.label(reason=GITHUB)).replace('"good"', '"good\\u0000"'), "nul_character"),
    ('{"source": "' + GITHUB + '", "topic": "t", "repo_sha": "s", "payload": {}, "n": 1e999}', "number_out_of_range"),
    ("[" + json.dumps(events.label()) + ', "' + GITHUB + '" x]', "json_invalid"),
    (json.dumps(events.label()).replace('"reason":', f'"reason": "{GITHUB}", "reason":'), "duplicate_key"),
    ('{"n": 18446744073709551616, "s": "\\u0067hp_' + GITHUB[4:] + '"}', "number_out_of_range"),
    (json.dumps(events.label(reason=SECRETS["assignment"].replace("'", '"')))[:-1], "json_invalid"),
    (json.dumps(events.label())[:-1] + ', "' + GITHUB + '": 1e999}', "number_out_of_range"),
    (json.dumps({**events.label(), GITHUB: 1}), "envelope_invalid"),
    ('password: "abcdefgh1234"', "json_invalid"),
], ids=["unknown member", "cut", "nul", "number", "item", "a name twice", "escaped", "quoted", "a name in the place", "a member's name", "no JSON"])
def test_what_is_refused_otherwise_is_kept_without_them(client, store, body, code):
    answer = client.post("/v1/events", body, headers=JSON).json()
    refused = answer["code"] if "code" in answer else answer["items"][1]["error"]["code"]
    assert refused == code
    whole = kept(store)
    assert "_redacted" in whole and not any(text in whole for text in (GITHUB, GITHUB[4:], "abcdefgh1234"))


def test_a_byte_that_is_no_text_hides_nothing(client, store):
    body = json.dumps(events.label(reason="see http://ada:enchXntress@host/")).encode().replace(b"X", b"\xe4")
    assert client.post("/v1/events", body, headers=JSON).status == 400
    whole = kept(store)
    assert "_redacted" in whole and "ntress" not in whole


def test_cloudevents_in_headers(client, store):
    headers = {"ce-specversion": "1.0", "ce-id": "b-1", "ce-type": "commit.labelled@v1", "ce-source": "/s", "ce-reposha": "0" * 40}
    data = {"sha": "ab" * 20, "label": "good", "reason": "r"}
    for more, payload in (({"ce-subject": GITHUB}, data), ({}, {**data, "reason": GITHUB})):
        answer = client.post("/v1/events", payload, headers={**headers, **more})
        assert answer.json()["code"] == "secret_found", answer
    assert answer.json()["errors"][0]["pointer"] == "/data/reason"
    assert GITHUB not in kept(store) and len(client.get("/v1/dlq").json()["dead_letters"]) == 2
    for more in ({"ce-source": SECRETS["url-password"]}, {"ce-correlationid": GITHUB}, {"ce-subject": "%67hp_" + GITHUB[4:]},
                 {"ce-idempotencykey": GITHUB}, {"Idempotency-Key": GITHUB}):
        answer = client.post("/v1/events", data, headers={**headers, **more})
        assert answer.json()["code"] == "secret_found", answer
        assert not any(text in kept(store) for text in (GITHUB[4:], "hunter2")), more
    assert client.post("/v1/events", data, headers=headers).status == 201


def test_neighbours_and_what_only_looks_alike_are_stored(client):
    near = ["ghp_short", "https://host/a@b", "eyJ", "the token: MODIFY_SIG", "it's \"quoted\"", "AKIA", "xoxo"]
    batch = [events.label(reason=text) for text in near] + [events.label(reason=GITHUB)]
    tokens = events.event("delta.tokens@v1", {"sha": "s", "tokens": [{"token": "MODIFY_SIG", "file": "a.py", "weight": 1.0}]})
    items = client.post("/v1/events", batch + [tokens]).json()["items"]
    assert [item["status"] for item in items] == ["stored"] * len(near) + ["rejected", "stored"]
    assert items[len(near)]["error"]["code"] == "secret_found"
    letter, = client.get("/v1/dlq").json()["dead_letters"]
    said = client.post("/v1/dlq/redrive", {"ids": [letter["id"]]}).json()
    assert said["redriven"] == 1, "without the secret it is an event like any other"
    assert client.get(f"/v1/events/{items[len(near)]['id']}").json()["payload"]["reason"] == "_redacted"


def test_without_it_nothing_is_looked_at(start_server, store):
    with start_server(store).client() as client:
        assert client.post_event(events.label(reason=GITHUB)).status == 201
