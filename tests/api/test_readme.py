"""The requests of the README, word for word, against a server of either store."""
import json
import re
import subprocess

from support import binary

HOME = "http://127.0.0.1:8421"


def requests():
    """The curl commands, each with its continuation lines."""
    text = (binary.ROOT / "README.md").read_text("utf-8")
    blocks = [block for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) if "curl" in block]
    return re.findall(r"^curl .*?(?=\n\n|\n#|\Z)", blocks[0], re.M | re.S)


def run(command, server):
    assert HOME in command
    done = subprocess.run(["sh", "-c", command.replace(HOME, server.url)], capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout)


def test_the_three_requests(server, store):
    stored, refused, newest = requests()
    first = run(stored, server)
    assert (first["status"], first["position"]) == ("stored", 1)
    assert run(stored, server) == {**first, "status": "duplicate"}
    assert store.query("SELECT id, status FROM runs WHERE id = ?", ("run-1",))
    answer = run(refused, server)
    assert (answer["status"], answer["code"]) == (422, "schema_invalid")
    assert any("/idx" in json.dumps(error) for error in answer["errors"])
    assert store.scalar("SELECT count(*) FROM events_dlq") == 1
    assert run(newest, server)["rows"] == []
