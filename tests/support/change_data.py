"""What the views of changes, thresholds, findings and healing show in their tests: two commits on a mosaic of 4 × 4 cells, known to the line."""
import time

from . import events

PARENT, CHILD = "a1" * 20, "b2" * 20
REPO = "glitch/lab"
DAY_S = 86400
DIFF = """@@ -8,3 +8,4 @@ class Reader
 before = 1
-def run(self):
+# reads what there is
+def run(self, more):
     return before
@@ -58,1 +59,3 @@
 after = 2
+def added():
+    return after
"""


def post(client, topic, payload, ago_s=3600.0, sha=CHILD, **kw):
    answer = client.post_event(events.event(topic, {"repo": REPO, **payload}, ts_utc=events.utc(time.time() - ago_s), repo_sha=sha, **kw))
    assert answer.status == 201, answer
    return answer.json()


def deltas(client):
    """a.py has the cells r0c0 (lines 1 to 50) and r0c1, b.py r1c1: so they follow one another along the curve."""
    for path, lines, cells in (("core/a.py", 100, {"r0c0": 0.5, "r0c1": 0.5}), ("core/b.py", 40, {"r1c1": 1.0})):
        uid = f"AST::{path}#"
        post(client, "code.graph.indexed@v1", {
            "sha": CHILD, "module": path[:-3].replace("/", "."), "file": {"path": path, "sha256": "0" * 64}, "edges": [],
            "nodes": [{"uid": uid, "kind": "Module", "name": path, "line": 1, "col": 0, "meta": {"lines": lines}}],
            "phi": [{"uid": uid, "cell": f"MOZ::4x4@{cell}", "weight": weight} for cell, weight in cells.items()]})
    tokens = [{"token": "MODIFY_SIG", "file": "core/a.py", "line": 10, "weight": 0.5, "symbol": "Reader.run", "module": "core.a",
               "before": "(self)", "after": "(self, more)"},
              {"token": "ADD_FN", "file": "core/a.py", "line": 60, "weight": 0.3, "symbol": "added", "module": "core.a"},
              {"token": "ADD_FN", "file": "core/b.py", "line": 3, "weight": 0.2, "symbol": "other", "module": "core.b"}]
    post(client, "delta.tokens@v1", {"sha": CHILD, "tokens": tokens})
    modules = [{"module": "core.b", "raw": 0.2, "scale": 1, "delta_z": 0.181}, {"module": "core.a", "raw": 0.8, "scale": 1, "delta_z": 0.5507}]
    post(client, "delta.fingerprint@v1", {"sha": CHILD, "histogram": {"MODIFY_SIG": 1, "ADD_FN": 2}, "hash": "fp:1", "score_deltaZ": 0.5507,
                                          "modules": modules})
    post(client, "delta.mosaic@v1", {"sha": CHILD, "grid": {"rows": 4, "cols": 4}, "cells": [
        {"cell": "MOZ::4x4@r0c0", "phi": 0.5, "observed": 0.6}, {"cell": "MOZ::4x4@r0c1", "phi": 0.3, "observed": 0.4},
        {"cell": "MOZ::4x4@r1c1", "phi": 0.2, "observed": 0}]})
    for sha, parents, files in ((PARENT, [], []), (CHILD, [PARENT], [
            {"path": "core/a.py", "change_type": "other", "status": "M", "added": 4, "removed": 1, "diff_text": DIFF},
            {"path": "core/b.py", "change_type": "other", "status": "M", "added": 2, "removed": 0}])):
        post(client, "commit.recorded@v1", {"sha": sha, "parents": parents, "author": "Ada", "message": f"commit {sha[:2]}\n\nbody",
                                            "branch": "main", "authored_at": events.utc(time.time() - (3600 if parents else 7200)), "files": files}, sha=sha)
    for gate, action, why in (("I1", "block", "exceeds β in core.a"), ("I3", "pass", "close enough")):
        post(client, "invariants.result@v1", {"sha": CHILD, "gate": gate, "score": 0.5507, "threshold": 0.5, "action": action, "module": "core.a",
                                              "details": {"why": why}})


HEALS = ("01M0000000000000000000HEA1", "01M0000000000000000000HEA2", "01M0000000000000000000HEA3")


def healing(client):
    """Two patches, one applied and one rejected, and a rewrite that nobody has verified."""
    for number, (heal, kind) in enumerate(zip(HEALS, ("code_patch", "code_patch", "test_rewrite"))):
        more = {"rationale": {"gate": "I2", "says": "a parameter was added"}, "scope": {"files": ["core/a.py"]}, "confidence": 0.82} if not number else {}
        post(client, "heal.proposed@v1", {"id": heal, "sha": CHILD, "kind": kind, **more}, 3000 - 60 * number)
    post(client, "heal.verified@v1", {"id": "V1", "candidate_id": HEALS[0], "sandbox_ok": True, "ci_ok": True, "mutation_score": 0.71}, 2000)
    post(client, "heal.outcome@v1", {"id": "O1", "candidate_id": HEALS[0], "result": "applied", "pr_url": "https://git.example/glitch/lab/pull/42"}, 1000)
    post(client, "heal.verified@v1", {"id": "V2", "candidate_id": HEALS[1], "sandbox_ok": True, "ci_ok": False, "notes": "two tests fail"}, 2000)
    post(client, "heal.outcome@v1", {"id": "O2", "candidate_id": HEALS[1], "result": "rejected", "reason": "tests still fail"}, 1000)


def nf(number):
    return f"NF-{number:026x}"


def finding(number, severity, **more):
    return {"id": nf(number), "rule_id": f"R{number % 2}", "severity": severity, "confidence": 0.9, "message": f"message {number}", "category": "Injection",
            "location": {"file": "core/a.py" if number < 4 else "core/b.py", "line": 10 * number}, "fingerprint": f"{number:064x}", **more}


def findings():
    return [finding(1, "CRITICAL", risk=2.1, queue="block", ast_ref="AST::core/a.py#Reader.run", cwe="CWE-78"), finding(2, "HIGH", risk=1.3, queue="review"),
            finding(3, "HIGH", risk=1.25, queue="review"), finding(4, "LOW", risk=0.4, queue="triage")]


def scan(client, sha=CHILD, ago_s=3000):
    post(client, "sast.findings.ready@v1", {"sha": sha, "tool": "bandit", "complete": True, "findings": findings()}, ago_s, sha=sha)


def security(client):
    """Four open findings; a fix of the first was asked for, proposed, and does not hold in CI."""
    scan(client, PARENT, 4000)
    post(client, "sast.fix.requested@v1", {"nf_id": nf(1), "pattern": "shell-to-list", "fix_hint": "pass a list", "review_gate": "human"}, 2000)
    post(client, "sast.fix.decided@v1", {"nf_id": nf(1), "status": "proposed"}, 1500)
    post(client, "sast.fix.validated@v1", {"nf_id": nf(1), "sandbox_ok": True, "ci_ok": False, "notes": "test_env fails"}, 1000)


MANY_COMMITS, MANY_PASSED, MANY_BLOCKED = 1030, 2040, 230


def many(client):
    """Forty days ago, more commits and results of gate I1 than any view lists; those that block are the oldest."""
    now = time.time() - 40 * DAY_S
    results = ["block"] * MANY_BLOCKED + ["pass"] * MANY_PASSED
    log = [events.event("commit.recorded@v1", {"sha": f"{n:040x}", "repo": REPO, "parents": [], "author": "Ada", "message": f"commit {n}", "branch": "main",
                                               "authored_at": events.utc(now - n), "files": []}, repo_sha=f"{n:040x}") for n in range(MANY_COMMITS)]
    log += [events.event("invariants.result@v1", {"sha": f"{n % MANY_COMMITS:040x}", "repo": REPO, "gate": "I1", "score": 0.5, "threshold": 0.4, "action": action},
                         ts_utc=events.utc(now - len(results) + n), repo_sha=f"{n % MANY_COMMITS:040x}") for n, action in enumerate(results)]
    for at in range(0, len(log), 1000):
        assert client.post_ndjson(log[at:at + 1000]).json()["rejected"] == 0


def spec(client):
    """Thresholds that were set twice, scores around them, a drift that is over and a freeze that is not."""
    for days, alpha in ((6, 0.3), (3, 0.4)):
        for module in ("*", "core.a"):
            post(client, "spec.thresholds.updated@v1", {"module": module, "alpha": alpha, "beta": alpha + 0.2, "zeta": alpha + 0.4, "basis": "quantile", "sha": PARENT}, days * DAY_S)
    for days, score, action in ((5, 0.2, "pass"), (4, 0.45, "review"), (2, 0.9, "block"), (1, 0.35, "pass")):
        tokens = [{"token": "DEL_FN", "file": "core/a.py", "line": 8, "symbol": "Reader.gone", "weight": 0.35, "share": 0.7},
                  {"token": "MODIFY_SIG", "file": "core/a.py", "line": 10, "symbol": "Reader.run", "weight": 0.15, "share": 0.3}]
        details = {"why": f"ΔZ is {score} in core.a", "tokens": tokens,
                   "modules": [{"module": "core.a", "delta_z": score, "alpha": 0.3, "beta": 0.5, "zeta": 0.7, "action": action}]}
        post(client, "invariants.result@v1", {"sha": CHILD, "gate": "I1", "score": score, "threshold": 0.3, "action": action, "module": "core.a", "details": details}, days * DAY_S)
    post(client, "invariants.result@v1", {"sha": CHILD, "gate": "I3", "score": 0.4, "threshold": 0.15, "action": "block", "details": {"why": "0.4 apart"}}, DAY_S)
    post(client, "spec.drift.frozen@v1", {"module": "core.a", "metric": "delta_z", "detector": "adwin", "commits": 20, "reason": "the mean has moved"}, 5 * DAY_S)
    post(client, "spec.drift.unfrozen@v1", {"module": "core.a", "metric": "delta_z", "reason": "20 commits have passed"}, 4 * DAY_S)
