"""Two repositories in one database, with the same paths, names and modules, and different things in them."""
import time

from . import change_data, events
from .change_data import DAY_S, post

ONE, TWO = "org/one", "org/two"  # TWO is the one that was active last
SHA = {ONE: "1a" * 20, TWO: "2b" * 20}
CALLER = "AST::core/a.py#caller"


def uid(name):
    return f"AST::core/a.py#{name}"


def fill(client, repo, calls, tokens, cells, limits, results, findings, heal, status, ago_s):
    sha = SHA[repo]

    def tell(topic, payload, ago=ago_s):
        post(client, topic, {"repo": repo, "sha": sha, **payload}, ago, sha=sha)

    tell("commit.recorded@v1", {"parents": [], "author": "Ada", "message": f"of {repo}", "branch": "main", "authored_at": events.utc(time.time() - ago_s),
                                "files": [{"path": "core/a.py", "change_type": "other", "status": "M", "added": 1, "removed": 0,
                                           "diff_text": f"@@ -1,0 +1,1 @@\n+it is of {repo}\n"}]})
    tell("code.graph.indexed@v1", {
        "module": "core.a", "file": {"path": "core/a.py", "sha256": "0" * 64},
        "nodes": [{"uid": uid(""), "kind": "Module", "name": "core/a.py", "line": 1, "col": 0, "meta": {"lines": 20}},
                  *({"uid": uid(name), "kind": "FunctionDef", "name": name, "line": 2 + i, "col": 0} for i, name in enumerate(("caller", calls)))],
        "edges": [{"src": CALLER, "dst": uid(calls), "etype": "call", "meta": {"line": 2}}],
        "phi": [{"uid": uid(""), "cell": "MOZ::4x4@r0c0", "weight": 1.0}]})
    tell("delta.tokens@v1", {"tokens": [{"token": token, "file": "core/a.py", "line": 1 + i, "weight": 0.5, "symbol": calls, "module": "core.a", "uid": CALLER}
                                        for i, token in enumerate(tokens)]})
    tell("delta.fingerprint@v1", {"histogram": {tokens[0]: len(tokens)}, "hash": "fp:1", "score_deltaZ": 0.5})
    tell("delta.mosaic@v1", {"grid": {"rows": 4, "cols": 4}, "cells": [{"cell": f"MOZ::4x4@{cell}", "phi": 0.5, "observed": 0.5} for cell in cells]})
    alpha, beta, zeta = limits
    tell("spec.thresholds.updated@v1", {"module": "*", "alpha": alpha, "beta": beta, "zeta": zeta, "basis": "quantile"}, 3 * DAY_S)
    for score, action in results:
        tell("invariants.result@v1", {"gate": "I1", "score": score, "threshold": beta, "action": action, "module": "core.a", "details": {"why": f"of {repo}"}})
    tell("sast.findings.ready@v1", {"tool": "bandit", "complete": True, "findings": findings})
    tell("heal.proposed@v1", {"id": f"H-{heal}", "kind": heal})
    tell("heal.outcome@v1", {"id": f"O-{heal}", "candidate_id": f"H-{heal}", "result": "applied"})
    run = {"run_id": f"run of {repo}", "started": events.utc(time.time() - ago_s), "finished": events.utc(time.time() - ago_s + 9)}
    tell("run.started@v1", {name: run[name] for name in ("run_id", "started")})
    tell("core.step.finished@v1", {"run_id": run["run_id"], "name": "build", "idx": 0, "dt_ms": 40 * len(tokens)})
    tell("run.finished@v1", {**run, "status": status})


def both(client):
    fill(client, ONE, "helper", ["MODIFY_SIG"], ["r0c0"], (0.3, 0.5, 0.7), [(0.4, "review")], [change_data.finding(1, "CRITICAL")], "code_patch", "ok", 3 * 3600)
    post(client, "spec.drift.frozen@v1", {"repo": ONE, "module": "core.a", "metric": "delta_z", "detector": "adwin", "commits": 20, "reason": "the mean has moved"},
         7200, sha=SHA[ONE])
    fill(client, TWO, "other", ["ADD_FN", "ADD_FN"], ["r0c0", "r3c3"], (0.1, 0.2, 0.9), [(0.8, "block")],
         [change_data.finding(2, "LOW"), change_data.finding(3, "LOW")], "test_rewrite", "error", 3600)
