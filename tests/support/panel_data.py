"""A small history whose panels can be worked out by hand: two commits, one run each, three scans, a bit of everything."""
import time

from . import events

A, B = "a" * 40, "b" * 40
DAY_S = 86400
RUN, CELL, NODE = "run-1", "MOZ::64x64@r0c0", "AST::core/a.py#run"


def post(client, topic, payload, ago_s=3600.0, **kw):
    answer = client.post_event(events.event(topic, payload, ts_utc=events.utc(time.time() - ago_s), **kw))
    assert answer.status == 201, answer
    return answer.json()


def finding(number, severity, **kw):
    print_ = f"{number:032x}"
    return {"id": f"NF-{print_[:26]}{number}", "rule_id": "R1", "severity": severity, "confidence": 0.1,
            "location": {"file": "core/a.py", "line": number}, "fingerprint": print_, **kw}


def code(client):
    for path, cell, weight in (("core/a.py", CELL, 0.5), ("core/b.py", "MOZ::64x64@r0c1", 1.0)):
        post(client, "code.graph.indexed@v1", {
            "sha": A, "module": path[:-3].replace("/", "."), "file": {"path": path, "sha256": "0" * 64}, "edges": [],
            "nodes": [{"uid": f"AST::{path}#run", "kind": "FunctionDef", "name": "run", "line": 3, "col": 0}],
            "phi": [{"uid": f"AST::{path}#run", "cell": cell, "weight": weight}]})


def deltas(client):
    token = [{"token": "MODIFY_SIG", "file": "core/a.py", "weight": 1.0}, {"token": "ADD_FN", "file": "core/a.py", "weight": 0.25},
             {"token": "ADD_FN", "file": "core/b.py", "weight": 0.5}, {"token": "DOC_PUBLIC_API", "file": "README.md", "weight": 0.125}]
    post(client, "delta.tokens@v1", {"sha": A, "tokens": token})
    post(client, "delta.tokens@v1", {"sha": B, "tokens": token[:1]})
    post(client, "delta.fingerprint@v1", {"sha": A, "histogram": {"ADD_FN": 2, "MODIFY_SIG": 1}, "hash": "fp:1", "score_deltaZ": 0.5})
    post(client, "delta.mosaic@v1", {"sha": A, "grid": {"rows": 64, "cols": 64}, "stats": {"density": 9},
                                     "cells": [{"cell": CELL, "phi": 0.125, "observed": -0.75}, {"cell": "MOZ::64x64@r5c5", "phi": 0.875, "observed": 0.25}]})


def commits(client):
    for sha, branch, ago_s in ((A, "main", 7200), (B, "side", 3600), ("c" * 40, "main", 40 * DAY_S)):
        post(client, "commit.recorded@v1", {
            "sha": sha, "parents": [], "repo": "glitch/lab", "author": "Ada", "message": f"commit {sha[0]}\n\nbody", "branch": branch,
            "authored_at": events.utc(time.time() - ago_s),
            "files": [{"path": "core/a.py", "change_type": "other", "status": "M", "added": 3, "removed": 1},
                      {"path": "core/b.py", "change_type": "other", "status": "A", "added": 4, "removed": 0}]}, ago_s, repo_branch=branch)


def gates(client):
    for sha, gate, action, ago_s in ((A, "I3", "block", 3600), (A, "I3", "pass", 3500), (A, "I1", "warn", 3400), (B, "I3", "review", 3300),
                                     (B, "I3", "block", 3200), (A, "I2", "block", 100 * DAY_S)):
        post(client, "invariants.result@v1", {"sha": sha, "gate": gate, "score": 0.5, "threshold": 0.15, "action": action}, ago_s,
             repo_branch="main")


def spec(client):
    for module, ago_s in (("core", 300), ("gui", 200)):
        post(client, "spec.thresholds.updated@v1", {"module": module, "alpha": 0.1, "beta": 0.2, "zeta": 0.3, "basis": "ewma"}, ago_s)
        post(client, "spec.drift.frozen@v1", {"module": module, "metric": "delta_z", "detector": "adwin", "commits": 20, "reason": "r"}, ago_s)
    post(client, "spec.drift.unfrozen@v1", {"module": "gui", "metric": "delta_z", "reason": "done"}, 100)


def security(client):
    """1 is closed by the second complete scan; 2 is suppressed; 3's suppression has ended; 4 has a fix; 5 is open; 6 is another tool's."""
    scan = {"sha": A, "tool": "bandit", "complete": True, "findings": [
        finding(1, "HIGH"), finding(2, "HIGH"), finding(3, "HIGH"), finding(4, "LOW"), finding(5, "CRITICAL")]}
    post(client, "sast.findings.ready@v1", scan, 600)
    post(client, "sast.findings.ready@v1", {"sha": A, "tool": "semgrep", "findings": [finding(6, "LOW")]}, 550)
    post(client, "sast.findings.ready@v1", {**scan, "sha": B, "findings": scan["findings"][1:]}, 500)
    id_of = {number: finding(number, "LOW")["id"] for number in range(7)}
    post(client, "sast.finding.suppressed@v1", {"nf_id": id_of[2], "reason": "r", "state": "local"}, 400)
    post(client, "sast.finding.suppressed@v1", {"nf_id": id_of[3], "reason": "r", "state": "local", "until": "2020-01-01T00:00:00+02:00"}, 400)
    post(client, "sast.fix.requested@v1", {"nf_id": id_of[4], "pattern": "p", "fix_hint": "h", "review_gate": "human"}, 300)
    post(client, "sast.fix.validated@v1", {"nf_id": id_of[4], "sandbox_ok": True, "ci_ok": False}, 200)


def healing(client):
    for number, result in enumerate(("applied", "applied", "rejected", "rolled_back")):
        post(client, "heal.proposed@v1", {"id": f"h{number}", "sha": A, "kind": "code_patch"})
        post(client, "heal.outcome@v1", {"id": f"o{number}", "candidate_id": f"h{number}", "result": result})
    post(client, "heal.verified@v1", {"id": "v0", "candidate_id": "h0", "sandbox_ok": True, "ci_ok": False, "mutation_score": 0.5})


def runs(client):
    for number, ago_s in ((1, 900), (2, 600)):
        started, ended = (events.utc(time.time() - ago_s + more) for more in (0, 60))
        run = {"run_id": f"run-{number}", "sha": A, "started": started}
        post(client, "run.started@v1", run, ago_s)
        for idx, (name, dt_ms) in enumerate((("load", 10 * number), ("check", 100 * number), ("check", 300))):
            post(client, "core.step.finished@v1", {"run_id": f"run-{number}", "name": name, "idx": idx, "dt_ms": dt_ms}, ago_s)
        post(client, "run.finished@v1", {**run, "finished": ended, "status": "ok"}, ago_s)


def dead(client):
    for _ in range(2):
        assert client.post_event({**events.event("no.such@v1", {}), "id": "dead-1", "ts_utc": "2025-10-10T00:00:00Z",
                                  "correlation_id": "c"}).status == 422
    assert client.post_event(events.event("run.started@v1", {"run_id": 7})).status == 422


def fill(client):
    for part in (code, deltas, commits, gates, spec, security, healing, runs, dead):
        part(client)


def later(client):
    """One more of everything that panels over time count, now."""
    sha, now = "d" * 40, events.utc(time.time())
    post(client, "commit.recorded@v1", {
        "sha": sha, "parents": [], "repo": "glitch/lab", "author": "Ada", "message": "later", "branch": "main", "authored_at": now,
        "files": [{"path": "core/a.py", "change_type": "other", "status": "M", "added": 1, "removed": 1}]}, 0, repo_branch="main")
    post(client, "delta.tokens@v1", {"sha": sha, "tokens": [{"token": "ADD_FN", "file": "core/a.py", "weight": 1.0}]}, 0)
    post(client, "invariants.result@v1", {"sha": sha, "gate": "I3", "score": 0.5, "threshold": 0.15, "action": "block"}, 0, repo_branch="main")
    post(client, "heal.proposed@v1", {"id": "h9", "sha": sha, "kind": "code_patch"}, 0)
    post(client, "heal.outcome@v1", {"id": "o9", "candidate_id": "h9", "result": "applied"}, 0)
    post(client, "run.started@v1", {"run_id": "run-9", "sha": sha, "started": now}, 0)
    post(client, "core.step.finished@v1", {"run_id": "run-9", "name": "load", "idx": 0, "dt_ms": 900}, 0)
    assert client.post_event(events.event("no.such@v1", {})).status == 422


# What each panel shows of it: the parameters, and the rows without times and ids (columns named).
EXPECTED = {
    "delta-fingerprint": ({"sha": A}, "sha hash score_deltaz histogram", [[A, "fp:1", 0.5, {"ADD_FN": 2, "MODIFY_SIG": 1}]]),
    "delta-density": ({"prefix": "core"}, "module tokens", [["core.a", 3], ["core.b", 1]]),
    "hot-modules": ({"sha": A}, "module z tokens", [["core.a", 1.25, 2], ["core.b", 0.5, 1]]),
    "token-histogram": ({"sha": A}, "token cnt weight", [["ADD_FN", 2, 0.75], ["DOC_PUBLIC_API", 1, 0.125], ["MODIFY_SIG", 1, 1.0]]),
    "hot-files": ({}, "file dz tokens commits", [["core/a.py", 2.25, 3, 2], ["core/b.py", 0.5, 1, 1], ["README.md", 0.125, 1, 1]]),
    "violation-tokens": ({}, "token pairs commits of", [["MODIFY_SIG", 3, 2, 2], ["ADD_FN", 2, 1, 2], ["DOC_PUBLIC_API", 1, 1, 2]]),
    "gates": ({"sha": B}, "gate action score threshold", [["I3", "block", 0.5, 0.15], ["I3", "review", 0.5, 0.15]]),
    "phi-difference": ({"sha": A}, "cell observed projected diff", [[CELL, 0.75, 0.125, 0.625], ["MOZ::64x64@r5c5", 0.25, 0.875, -0.625]]),
    "phi-cells": ({"uid": NODE}, "cell weight uid file line", [[CELL, 0.5, NODE, "core/a.py", 3]]),
    "phi-nodes": ({"cell": CELL}, "uid weight kind file line", [[NODE, 0.5, "FunctionDef", "core/a.py", 3]]),
    "spec-thresholds": ({}, "module alpha beta zeta basis", [["gui", 0.1, 0.2, 0.3, "ewma"], ["core", 0.1, 0.2, 0.3, "ewma"]]),
    "spec-drift": ({}, "module metric detector commits reason", [["core", "delta_z", "adwin", 20, "r"]]),
    "sast-backlog": ({}, "severity cnt", [["CRITICAL", 1], ["HIGH", 1], ["LOW", 1]]),
    "sast-findings": ({"severity": "LOW"}, "line rule_id file", [[6, "R1", "core/a.py"], [4, "R1", "core/a.py"]]),
    "fix-queue": ({}, "severity pattern status sandbox_ok ci_ok", [["LOW", "p", "queued", True, False]]),
    "heal-candidates": ({}, "id kind sandbox_ok ci_ok mutation_score result", [
        ["h3", "code_patch", None, None, None, "rolled_back"], ["h2", "code_patch", None, None, None, "rejected"],
        ["h1", "code_patch", None, None, None, "applied"], ["h0", "code_patch", True, False, 0.5, "applied"]]),
    "heal-success": ({}, "kind success_rate n", [["code_patch", 0.5, 4]]),
    "runs": ({}, "id steps steps_ms slowest status", [["run-2", 3, 520, "check", "ok"], ["run-1", 3, 410, "check", "ok"]]),
    "run-steps": ({"run": RUN}, "idx name dt_ms", [[0, "load", 10], [1, "check", 100], [2, "check", 300]]),
    "run-profile": ({"run": "run-2"}, "idx name dt_ms n p50_ms p95_ms",
                    [[0, "load", 20, 1, 10.0, 10.0], [1, "check", 200, 2, 200.0, 290.0], [2, "check", 300, 2, 200.0, 290.0]]),
    "step-trend": ({"interval_s": 315360000, "last": "1h"}, "name n p50_ms p95_ms", [["check", 4, 250.0, 300.0], ["load", 2, 15.0, 19.5]]),
    "step-times": ({}, "name n p50_ms p95_ms most_ms", [["check", 4, 250.0, 300.0, 300], ["load", 2, 15.0, 19.5, 20]]),
    "dead-letters": ({}, "code topic seen", [["schema_invalid", "run.started@v1", 1], ["topic_unknown", "no.such@v1", 2]]),
    "dead-letters-by-code": ({}, "code cnt seen", [["schema_invalid", 1, 1], ["topic_unknown", 1, 2]]),
    "repositories": ({}, "repo", [[""], ["glitch/lab"]]),
    "commits": ({}, "sha branch files added removed score_deltaz",
                [[B, "side", 2, 7, 1, None], [A, "main", 2, 7, 1, 0.5], ["c" * 40, "main", 2, 7, 1, None]]),
}
