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
