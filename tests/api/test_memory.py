"""What the server needs for a request is bounded by its bytes, not by what a parser makes of them."""
import json

from support import binary, events


def peak_kb(server):
    with open(f"/proc/{server.pid()}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_many_small_values(server, client, store):
    """Parsed, `{}` takes eighty times its text: 8 MB of events would be 600 MB if all stayed parsed until they are stored."""
    body = json.dumps(events.label(env={"x": 7})).replace('"x": 7', '"x": [' + ",".join(["{}"] * 40000) + "]")
    number = '"id": "' + json.loads(body)["id"]
    lines = [body.replace(number, f"{number}{at:03d}").encode() for at in range(65)]
    before_kb = peak_kb(server)
    answer = client.post_ndjson(lines)
    assert answer.status == 200, answer
    assert store.scalar("SELECT count(*) FROM events") == 65
    if not binary.is_instrumented():
        assert peak_kb(server) - before_kb < 150 * 1024
