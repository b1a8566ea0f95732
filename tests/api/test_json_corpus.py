"""The files of a public collection of JSON texts as bodies: what must be accepted as JSON is, what must not is refused with 400, and
none ends the server."""
from support import corpora

# Accepted by the JSON grammar, refused here for a reason of its own with a code of its own.
OWN_CODES = {"duplicate_key", "nul_character", "number_out_of_range"}


def test_every_file_as_a_body(client):
    wrong = []
    files = corpora.files("json-parsing", "test_parsing/*.json")
    for path in files:
        answer = client.post("/v1/events", path.read_bytes(), headers={"Content-Type": "application/json"})
        kind, code = path.name[0], None if answer.status < 300 else answer.json().get("code")
        if kind == "n" and answer.status != 400:
            wrong.append((path.name, answer))
        if kind == "y" and code == "json_invalid":
            wrong.append((path.name, answer))
        if kind == "y" and answer.status not in (200, 207) and code != "envelope_invalid" and code not in OWN_CODES:
            wrong.append((path.name, answer))
        if answer.status >= 500:
            wrong.append((path.name, answer))
    assert not wrong, wrong[:10]
    assert client.get("/healthz").status == 200
    if files:
        assert len(files) == 318
