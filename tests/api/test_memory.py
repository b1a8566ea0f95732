"""What the server needs for a request is bounded by its bytes, not by what a parser makes of them."""
import json

import pytest

from support import binary, events
from support.figures import peak_kb

pytestmark = pytest.mark.release_too


def test_many_small_values(server, client, store):
    """Parsed, `{}` takes eighty times its text: 8 MB of events would be 600 MB if all stayed parsed until they are stored."""
    body = json.dumps(events.label(env={"x": 7})).replace('"x": 7', '"x": [' + ",".join(["{}"] * 40000) + "]")
    number = '"id": "' + json.loads(body)["id"]
    lines = [body.replace(number, f"{number}{at:03d}").encode() for at in range(65)]
    before_kb = peak_kb(server.pid())
    answer = client.post_ndjson(lines)
    assert answer.status == 200, answer
    assert store.scalar("SELECT count(*) FROM events") == 65
    if not binary.is_instrumented():
        assert peak_kb(server.pid()) - before_kb < 150 * 1024


@pytest.mark.parametrize("path", ["/v1/query", "/v1/query/complete", "/v1/dlq/redrive", "/v1/views/refresh",
                                  "/v1/topics/run.started@v1/validate", f"/v1/sarif?sha={'a' * 40}"])
def test_a_body_of_many_values(server, client, path):
    """Whatever takes JSON counts its values before it parses them."""
    body = b'{"query":"SELECT events FROM all","x":[' + b",".join([b"{}"] * 4000000) + b"]}"
    before_kb = peak_kb(server.pid())
    answer = client.post(path, body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 413) and answer.json()["code"] in ("json_invalid", "body_too_large"), answer
    if not binary.is_instrumented():
        assert peak_kb(server.pid()) - before_kb < 150 * 1024


@pytest.mark.parametrize("path", ["/v1/query", "/v1/query/complete"])
def test_a_small_body_of_many_values(client, path):
    answer = client.post(path, b'{"query":"SELECT events FROM all","x":[' + b",".join([b"{}"] * 2000) + b"]}", headers={"Content-Type": "application/json"})
    assert answer.status == 400 and answer.json()["code"] == "json_invalid", answer
