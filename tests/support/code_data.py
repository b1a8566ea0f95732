"""Runs whose steps become slower, and a code graph that is wide and deep: what the views Runs and Code graph are looked at with."""
import time

from . import events
from .panel_data import A, B, post

RUNS, SLOW_FROM = 40, 36
STEPS = (("load", 20), ("parse", 100), ("check", 60), ("store", 30))
HUB, WIDE = "AST::core/hub.py#Hub.run", 44
LEAVES_OF_EACH = 21  # WIDE callees of HUB with so many of their own: about a thousand nodes
HOUR_S = 3600


def batch(client, envelopes):
    for at in range(0, len(envelopes), 400):
        answer = client.post("/v1/events", envelopes[at:at + 400])
        assert answer.status == 200 and not answer.json()["rejected"], answer


def runs(client, n=RUNS, slow_from=SLOW_FROM, now=None):
    """One run an hour, the newest half an hour ago. `parse` takes 100 to 104 ms, and from slow_from on 260; the last run has a step more,
    and the one before it lacks `store`. Steps end one after another, a second apart from the run's beginning."""
    now = now or time.time()
    made = []
    for number in range(n):
        at = now - (n - 1 - number) * HOUR_S - HOUR_S / 2
        name = f"nightly-{number:03}"
        made.append(events.event("run.started@v1", {"run_id": name, "sha": A, "started": events.utc(at)}, ts_utc=events.utc(at), repo_branch="main"))
        steps = [*STEPS, ("report", 15)] if number == n - 1 else STEPS[:-1] if number == n - 2 else STEPS
        end = at + 1
        for idx, (step, dt_ms) in enumerate(steps):
            took = 260 if step == "parse" and number >= slow_from else dt_ms + number % 5
            end += took / 1000
            made.append(events.event("core.step.finished@v1", {"run_id": name, "name": step, "idx": idx, "dt_ms": took}, ts_utc=events.utc(end)))
        if number != 3:  # that one never ended
            made.append(events.event("run.finished@v1", {"run_id": name, "sha": A, "started": events.utc(at), "finished": events.utc(end + 1),
                                                         "status": "error" if number == 5 else "ok"}, ts_utc=events.utc(end + 1)))
    batch(client, made)


def file_event(path, nodes, edges):
    return events.event("code.graph.indexed@v1", {
        "sha": A, "module": path[:-3].replace("/", "."), "file": {"path": path, "sha256": "0" * 64},
        "nodes": [{"uid": uid, "kind": "FunctionDef", "name": uid.split("#")[1].split(".")[-1], "line": line, "col": 0} for uid, line in nodes],
        "edges": [{"src": src, "dst": dst, "etype": "call", "meta": {"line": line}} for src, dst, line in edges]})


def graph(client):
    """main.start → cli.serve → HUB → WIDE callees → LEAVES_OF_EACH each; every leaf is called once; HUB calls json.dumps, which is no node."""
    start, serve = "AST::app/main.py#start", "AST::app/cli.py#serve"
    callees = [f"AST::core/w{i:02}.py#work_{i:02}" for i in range(WIDE)]
    made = []
    for i, callee in enumerate(callees):
        leaves = [f"AST::core/w{i:02}.py#leaf_{i:02}_{k:02}" for k in range(LEAVES_OF_EACH)]
        made.append(file_event(f"core/w{i:02}.py", [(callee, 1), *((leaf, 10 + k) for k, leaf in enumerate(leaves))],
                               [(callee, leaf, 2 + k) for k, leaf in enumerate(leaves)]))
    made.append(file_event("core/hub.py", [(HUB, 7)], [*((HUB, callee, 8 + i) for i, callee in enumerate(callees)), (HUB, "json.dumps", 99)]))
    made.append(file_event("app/cli.py", [(serve, 4)], [(serve, HUB, 5)]))
    made.append(file_event("app/main.py", [(start, 1)], [(start, serve, 2)]))
    batch(client, made)
    token = {"file": "core/hub.py", "symbol": "Hub.run", "uid": HUB, "line": 7}
    post(client, "delta.tokens@v1", {"sha": A, "tokens": [{**token, "token": "MODIFY_SIG", "weight": 1.5},
                                                          {**token, "symbol": "Hub.stop", "uid": "AST::core/hub.py#Hub.stop", "token": "ADD_FN", "weight": 9}]})
    post(client, "delta.tokens@v1", {"sha": B, "tokens": [{**token, "token": "ADD_FN", "weight": 0.5}]}, ago_s=7200)
    names(client, serve)


def names(client, serve):
    """serve was called listen before, in a file that was app/old.py before."""
    for ago_s, token, path, uid, previous in ((900, "RENAME_FN", "app/cli.py", serve, "AST::app/cli.py#listen"),
                                              (1800, "MOVE_FILE", "app/cli.py", "AST::app/cli.py#", "AST::app/old.py#"),
                                              (2700, "MODIFY_SIG", "app/old.py", "AST::app/old.py#listen", None),
                                              (2700, "DEL_FN", "app/old.py", "AST::app/old.py#listener", None)):
        more = {"previous_uid": previous} if previous else {}
        post(client, "delta.tokens@v1", {"sha": "e" * 40, "tokens": [{"token": token, "file": path, "weight": 0.25, "uid": uid, **more}]}, ago_s)


def fill(client):
    for part in (runs, graph):
        part(client)
