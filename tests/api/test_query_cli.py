"""egdb query: forms, files, parameters, and what it says of errors."""
import json
import subprocess

import pytest

from support import binary, events, fill, wait


@pytest.fixture
def query(server):
    def run(*words, check=0, **kw):
        return binary.run("query", *words, "--server", server.url, check=check, **kw)
    return run


@pytest.fixture
def posted(client):
    made = [events.label(reason=reason) for reason in ("plain", "with \x1b[31mcolour\nand a line", "zażółć 日本")]
    for event in made:
        assert client.post_event(event).status == 201
    return made


def test_forms(query, posted):
    text = "SELECT events(id, payload.reason, position, causation_id) FROM all ORDER BY position"
    lines = [json.loads(line) for line in query(text).out.splitlines()]
    assert [line["id"] for line in lines] == [event["id"] for event in posted]  # rows alone: the status line is taken off
    assert json.loads(query(text, "--format", "json").out)["row_count"] == 3
    assert query(text, "--format", "csv").out.startswith("id,")
    table = query(text, "--format", "table").out.splitlines()
    assert table[0].split() == ["id", "payload.reason", "position", "causation_id"] and set(table[1]) == {"─", " "}
    assert "with ·[31mcolour·and a line" in table[3] and "∅" in table[3]
    assert table[5].startswith("(3 rows, ")
    narrow = query(text, "--format", "table", env={"COLUMNS": "60"}).out.splitlines()
    assert all(len(line) <= 60 for line in narrow[:4]) and "…" in narrow[2]


def test_where_the_query_comes_from(query, posted, scratch):
    (scratch / "q.egql").write_text("SELECT events(id) FROM all WHERE id = $id")
    for words in (["-f", scratch / "q.egql"], ["--file", scratch / "q.egql"], ["-"]):
        stdin = (scratch / "q.egql").read_bytes() if words == ["-"] else b""
        said = query(*words, "--param", f"id={posted[1]['id']}", stdin=stdin)
        assert json.loads(said.out) == {"id": posted[1]["id"]}
    said = query("SELECT events(id) FROM all WHERE position = $n", "--param", "n:=1")
    assert json.loads(said.out)["id"] == posted[0]["id"]
    for words in ([], ["a", "--file", "b"], ["-f", "/nonexistent"], ["a", "--param", "x"], ["a", "--limit", "0"], ["a", "--format", "xml"]):
        assert query(*words, check=2).out == ""


def test_errors_have_a_caret(query):
    said = query("SELECT events FROM all WHERE topik = x", check=1)
    lines = said.err.splitlines()
    at = next(n for n, line in enumerate(lines) if "topik = x" in line)
    assert lines[at + 1].index("^") == lines[at].index("topik")
    assert "topic" in lines[-1] and said.out == ""
    assert "127.0.0.1:1" in binary.run("query", "SELECT events FROM all", "--server", "http://127.0.0.1:1", check=1).err


def test_a_cut_answer_is_told(query, store):
    fill.events(store, 3000)
    said = query("SELECT events(id) FROM all")
    assert len(said.out.splitlines()) == 1000 and "cut" in said.err
    assert query("SELECT events(id) FROM all LIMIT 1000").err == ""
    assert len(query("SELECT events FROM all LIMIT 3000", "--format", "table").out.splitlines()) == 3003


def test_explain(query, posted):
    said = query("SELECT events(id) FROM all WHERE id = $id", "--param", "id=x", "--explain")
    assert said.out.startswith("SELECT ") and '"plan"' in said.out


def test_numbers_are_as_short_as_they_read_back(query, server, client):
    """Wherever people read them, and in what an edited dead letter becomes."""
    exact = {"module": "core", "alpha": 0.1, "beta": 0.2, "zeta": 0.30000000000000004, "basis": "ewma"}
    shown = '{"module":"core","alpha":0.1,"beta":0.2,"zeta":0.30000000000000004,"basis":"ewma"}'
    wrong = {**exact, "basis": "guess"}
    assert client.post_event(events.event("spec.thresholds.updated@v1", wrong)).status == 422
    letter = client.get("/v1/dlq").json()["dead_letters"][0]["id"]
    edit = {"patch": [{"op": "replace", "path": "/payload/basis", "value": "ewma"}]}
    done = client.post("/v1/dlq/redrive", {"ids": [letter], "edit": edit}).json()
    stored = client.get(f"/v1/events/{done['items'][0]['event_id']}").body
    assert all(word in stored.replace(b" ", b"") for word in (b'"alpha":0.1,', b'"beta":0.2,', b'"zeta":0.30000000000000004'))
    text = "SELECT thresholds (alpha, beta, zeta) FROM all WHERE alpha = $a"
    asked = query(text, "--param", "a:=0.1", "--format", "table").out.splitlines()[2]
    assert asked.split() == ["0.1", "0.2", "0.30000000000000004"]
    table = query("SELECT thresholds (payload) FROM all", "--format", "table").out.splitlines()[2].replace(" ", "")
    assert json.loads(table) == exact and '"alpha":0.1' in table and '"zeta":0.30000000000000004' in table
    assert '"params": [\n    0.1' in query(text, "--param", "a:=0.1", "--explain").out
    for form in ("ndjson", "table"):
        panel = binary.run("panels", "spec-thresholds", "--format", form, "--server", server.url).out
        assert all(word in panel for word in ("0.1", "0.2", "0.30000000000000004")) and "0.1000" not in panel and "0.2000" not in panel
    tail = subprocess.Popen([str(binary.path()), "tail", "--from", "beginning", "--topic", "spec.*", "--format", "pretty", "--server", server.url],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=binary.environment())
    with tail:
        line = tail.stdout.readline().decode()
        tail.terminate()
    assert all(word in line for word in (shown[18:30], '"beta":0.2,', "0.30000000000000004")), line


@pytest.mark.parametrize("form", ["json", "ndjson", "csv", "table"])
def test_an_answer_that_is_not_complete(server, store, form):
    """The server stops in the middle of the answer: what came is printed, and the exit code says that it is not all."""
    fill.events(store, 60_000)
    asking = subprocess.Popen([str(binary.path()), "query", "SELECT events FROM all LIMIT 60000", "--format", form, "--server", server.url],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                              env=binary.environment())
    first = asking.stdout.read(1000)
    server.terminate()
    wait.until(lambda: "answering what is in flight" in server.log(), "the server has heard")
    out, err = asking.communicate(timeout=120)
    assert asking.returncode == 1, err
    assert b"egdb query: " in err
    if form == "json":
        assert json.loads(first + out)["error"]["code"] == "stopping"


def test_a_cut_is_told(start_server, store):
    server = start_server(store, config={"query.rows_default": 1})
    with server.client() as client:
        for _ in range(2):
            assert client.post_event(events.label()).status == 201
    for form in ("json", "ndjson", "table"):
        said = binary.run("query", "SELECT events(id) FROM all", "--format", form, "--server", server.url)
        assert "the answer was cut" in said.err, form
