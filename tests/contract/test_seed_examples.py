"""The four examples of the specification (5.2), word for word but for the sha, asked of a server: the right rows, on both stores."""
import time

import pytest

from support import events

SHA = "8f1c2d3e4b5a69788796a5b4c3d2e1f001122334"
OTHER = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"
FILE = "glitchlab/core/pipeline.py"
RUN, WALK, DEEP, FAR, TOO_FAR = (f"AST::{FILE}#{name}" for name in ("run", "walk", "deep", "far", "too_far"))


def tokens(sha, file, **kw):
    return events.event("delta.tokens@v1", {"sha": sha, "tokens": [{"token": "ADD_FN", "file": file, "weight": 0.5}]}, repo_sha=sha, **kw)


def invariant(gate, module, **kw):
    payload = {"sha": SHA, "gate": gate, "score": 0.1, "threshold": 0.5, "action": "block", "module": module}
    return events.event("invariants.result@v1", payload, repo_sha=SHA, **kw)


def graph():
    nodes = [{"uid": f"AST::{FILE}#", "kind": "Module", "name": "glitchlab.core.pipeline", "line": 1, "col": 0}]
    nodes += [{"uid": uid, "kind": "FunctionDef", "name": uid.split("#")[1], "line": line, "col": 0}
              for line, uid in enumerate((RUN, WALK, DEEP, FAR, TOO_FAR), 2)]
    calls = [(RUN, WALK), (WALK, DEEP), (DEEP, FAR), (FAR, TOO_FAR)]
    payload = {"sha": SHA, "module": "glitchlab.core.pipeline", "file": {"path": FILE, "sha256": "0" * 64}, "nodes": nodes,
               "edges": [{"src": src, "dst": dst, "etype": "call"} for src, dst in calls]}
    return events.event("code.graph.indexed@v1", payload, repo_sha=SHA)


@pytest.fixture
def asked(client):
    """What is posted by name, and a function that asks."""
    ago = lambda **kw: events.utc(time.time() - sum({"minutes": 60, "hours": 3600, "days": 86400}[unit] * n for unit, n in kw.items()))
    sent = {
        "on_main": events.event("commit.recorded@v1", {"sha": SHA, "parents": [], "author": "Ada <a@b>", "message": "m", "branch": "main", "repo": "",
                                                       "authored_at": ago(hours=2), "files": []}, repo_sha=SHA),
        "core": events.event("core.step.finished@v1", {"run_id": "r", "name": "build", "idx": 0, "dt_ms": 1}, repo_sha=SHA),
        "core_elsewhere": events.event("core.step.finished@v1", {"run_id": "r", "name": "build", "idx": 1, "dt_ms": 1}, repo_sha=OTHER),
        "core_before": events.event("core.step.finished@v1", {"run_id": "r", "name": "build", "idx": 2, "dt_ms": 1}, repo_sha=SHA,
                                    ts_utc="2025-10-09T23:59:59Z"),
        "run": events.run_started("r", repo_sha=SHA),
        "tokens": tokens(SHA, "core/pipeline.py", ts_utc=ago(minutes=30), repo_branch="main"),
        "tokens_old": tokens(SHA, "core/pipeline.py", ts_utc=ago(hours=2), repo_branch="main"),
        "tokens_elsewhere": tokens(SHA, "core/other.py", repo_branch="main"),
        "tokens_side": tokens(OTHER, "core/pipeline.py", repo_branch="side"),
        "violation": invariant("I3", "core", ts_utc=ago(days=6), repo_branch="main"),
        "violation_old": invariant("I3", "core", ts_utc=ago(days=8), repo_branch="main"),
        "violation_gate": invariant("I2", "core", repo_branch="main"),
        "violation_module": invariant("I3", "gui", repo_branch="main"),
        "graph": graph(),
    }
    answer = client.post("/v1/events", list(sent.values()))
    assert answer.json()["stored"] == len(sent), answer

    def ask(text):
        said = client.post("/v1/query", text, headers={"Content-Type": "text/plain"})
        assert said.status == 200, said
        names = [column["name"] for column in said.json()["columns"]]
        return [dict(zip(names, row)) for row in said.json()["rows"]]

    return {name: event["id"] for name, event in sent.items()}, ask


def test_events_of_a_commit(asked):
    ids, ask = asked
    rows = ask(f'SELECT events FROM sha({SHA}) WHERE topic~ "core\\..*" SINCE 2025-10-10T00:00Z')
    assert [row["id"] for row in rows] == [ids["core"]]
    assert rows[0]["topic"] == "core.step.finished@v1" and rows[0]["payload"]["name"] == "build"


def test_tokens_of_a_file_in_the_last_hour(asked):
    ids, ask = asked
    rows = ask('SELECT tokens FROM branch(main) WHERE file="core/pipeline.py" LAST 1h')
    assert [(row["event_id"], row["file"], row["token"], row["weight"]) for row in rows] == [(ids["tokens"], "core/pipeline.py", "ADD_FN", 0.5)]


def test_violations_of_i3_in_a_module(asked):
    ids, ask = asked
    rows = ask('SELECT invariants FROM branch(main) WHERE gate=I3 AND payload.module="core" LAST 7d')
    assert [(row["event_id"], row["gate"], row["action"]) for row in rows] == [(ids["violation"], "I3", "block")]


def test_the_call_graph_from_a_function(asked):
    _, ask = asked
    rows = ask(f'SELECT graph FROM sha({SHA}) WHERE start="glitchlab.core.pipeline:run" depth<=3')
    assert [(row["depth"], row["src"], row["dst"]) for row in rows] == [(1, RUN, WALK), (2, WALK, DEEP), (3, DEEP, FAR)]
