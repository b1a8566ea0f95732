"""The rows do not depend on how the events were cut into batches: one by one, all at once, or anything between."""
import random

import pytest

from support import events, stores

FINDINGS = [f"NF-{number:026d}" for number in range(3)]
FILES = ["a.py", "b.py", "c.py"]
SHAS = ["s0", "s1", "s2"]


def graph(rng):
    path = rng.choice(FILES)
    uids = [f"AST::{path}#{name}" for name in "abc" if rng.random() < .6]
    edges = [{"src": uid, "dst": f"AST::{rng.choice(FILES)}#{rng.choice('abc')}", "etype": "call"}
             for uid in uids for _ in range(rng.randrange(3))]
    return {"sha": "s", "module": f"m{rng.randrange(2)}", "file": {"path": path, "sha256": f"{rng.getrandbits(200):064x}"},
            "nodes": [{"uid": uid, "kind": "FunctionDef", "line": rng.randrange(99)} for uid in uids], "edges": edges,
            "phi": [{"uid": uid, "cell": "MOZ::1", "weight": .5} for uid in uids if rng.random() < .3]}


def findings(rng):
    return {"sha": rng.choice(SHAS), "tool": "bandit", "findings": [
        {"id": FINDINGS[at], "rule_id": f"B{rng.randrange(9)}", "severity": "CRITICAL", "confidence": .9, "location": {"file": "x"},
         "fingerprint": f"fingerprint{at}"} for at in [rng.randrange(3) for _ in range(rng.randrange(1, 4))]]}


def commit(rng):
    files = [{"path": rng.choice(FILES), "change_type": "other", "status": "M", "added": rng.randrange(9), "removed": 0}
             for _ in range(rng.randrange(3))]
    return {"sha": rng.choice(SHAS), "parents": [], "repo": "", "author": "a", "message": f"m{rng.randrange(99)}",
            "authored_at": "2025-10-10T12:00:00Z", "files": files}


RUN = {"sha": "s", "started": "2025-10-10T12:00:00Z"}
MADE = {
    "code.graph.indexed@v1": graph,
    "code.file.removed@v1": lambda rng: {"sha": "s", "path": rng.choice(FILES)},
    "run.started@v1": lambda rng: {"run_id": f"R{rng.randrange(4)}", **RUN},
    "run.finished@v1": lambda rng: {"run_id": f"R{rng.randrange(4)}", **RUN, "finished": "2025-10-10T12:03:20Z",
                                    "status": rng.choice(["ok", "error"])},
    "core.step.finished@v1": lambda rng: {"run_id": f"R{rng.randrange(4)}", "name": f"n{rng.randrange(9)}",
                                          "idx": rng.randrange(2), "dt_ms": rng.randrange(99)},
    "sast.findings.ready@v1": findings,
    "sast.finding.suppressed@v1": lambda rng: {"nf_id": rng.choice(FINDINGS), "reason": f"r{rng.randrange(9)}",
                                               "state": rng.choice(["local", "none"])},
    "sast.fix.requested@v1": lambda rng: {"nf_id": rng.choice(FINDINGS), "pattern": f"p{rng.randrange(9)}", "fix_hint": "h",
                                          "review_gate": "auto"},
    "sast.fix.decided@v1": lambda rng: {"nf_id": rng.choice(FINDINGS), "status": rng.choice(["proposed", "accepted"])},
    "sast.fix.validated@v1": lambda rng: {"nf_id": rng.choice(FINDINGS), "sandbox_ok": True, "ci_ok": rng.random() < .5},
    "spec.drift.frozen@v1": lambda rng: {"module": "m", "metric": f"d{rng.randrange(2)}", "detector": "adwin", "commits": 5,
                                         "reason": "r"},
    "spec.drift.unfrozen@v1": lambda rng: {"module": "m", "metric": f"d{rng.randrange(2)}", "reason": f"z{rng.randrange(9)}"},
    "commit.recorded@v1": commit,
    "commit.labelled@v1": lambda rng: {"sha": rng.choice(SHAS), "label": "good", "reason": f"r{rng.randrange(99)}"},
    "heal.proposed@v1": lambda rng: {"id": f"H{rng.randrange(2)}", "sha": "s", "kind": "code_patch", "confidence": rng.random()},
    "heal.verified@v1": lambda rng: {"id": f"V{rng.randrange(2)}", "candidate_id": f"H{rng.randrange(2)}", "sandbox_ok": True,
                                     "ci_ok": rng.random() < .5},
}
ROWS = [
    "SELECT id, status, event_id FROM runs ORDER BY 1",
    "SELECT run_id, idx, name, dt_ms, event_id FROM steps ORDER BY 1, 2",
    "SELECT f.path, f.sha256, f.event_id, m.name, m.event_id FROM files f LEFT JOIN modules m ON m.id = f.module_id ORDER BY 1",
    "SELECT n.uid, n.line, n.file, n.event_id, f.path FROM ast_nodes n LEFT JOIN files f ON f.id = n.file_id ORDER BY 1",
    """SELECT e.file, e.src_uid, e.dst_uid, e.event_id, s.event_id, d.event_id FROM ast_edges e LEFT JOIN ast_nodes s ON s.id = e.src_id
       LEFT JOIN ast_nodes d ON d.id = e.dst_id ORDER BY 1, 2, 3, 4""",
    "SELECT p.file, n.uid, p.event_id FROM phi_links p LEFT JOIN ast_nodes n ON n.id = p.ast_node_id ORDER BY 1, 2, 3",
    "SELECT id, sha, last_sha, rule_id, event_id, CAST(suppression AS text) FROM sast_findings ORDER BY 1",
    "SELECT nf_id, pattern, status, event_id FROM sast_fix_queue ORDER BY 4",
    """SELECT v.event_id, v.ci_ok, q.event_id FROM sast_fix_verification v LEFT JOIN sast_fix_queue q ON q.id = v.fix_id
       ORDER BY 1""",
    "SELECT sha, event_id FROM invariants_results ORDER BY 2",
    'SELECT event_id, module, metric, "freeze", unfrozen_reason FROM spec_drift ORDER BY 1',
    "SELECT sha, reason, event_id FROM commit_labels ORDER BY 1",
    "SELECT commit_sha, message, event_id FROM commits ORDER BY 1",
    "SELECT commit_sha, file_path, lines_added, event_id FROM commit_files ORDER BY 1, 2",
    "SELECT id, confidence, event_id FROM heal_candidates ORDER BY 1",
    "SELECT id, candidate_id, ci_ok, event_id FROM heal_verification ORDER BY 1",
    "SELECT event_id, topic, need_table, need_key FROM pending_rows ORDER BY 1, 2, 3, 4",
]


def history(rng, n):
    topics = sorted(MADE)
    for at in range(n):
        topic = rng.choice(topics)
        yield events.event(topic, MADE[topic](rng), id=f"EV{at:05d}", ts_utc=events.utc(1700000000 + at), correlation_id="c")


@pytest.fixture
def fresh(store_kind, scratch, templates, request):
    """A function that gives one fresh database after the other."""
    made = []

    def make():
        if store_kind == "sqlite":
            made.append(stores.SqliteStore(scratch / f"{len(made)}.db", template=templates.sqlite()))
        else:
            cluster = request.getfixturevalue("pg_cluster")
            made.append(stores.PostgresStore(cluster))
            made[-1].create(template=templates.postgres(cluster))
        return made[-1]

    yield make
    for store in made:
        store.remove()


def rows_after(fresh, start_server, batches):
    store = fresh()
    server = start_server(store)
    with server.client() as client:
        for batch in batches:
            answer = client.post_ndjson(batch)
            assert answer.status == 200, answer
    server.stop()
    return [store.query(sql) for sql in ROWS]


@pytest.mark.parametrize("seed", [10, 11, 14])
def test_cuts_do_not_show(fresh, start_server, seed):
    rng = random.Random(seed)
    stream = list(history(rng, 160))
    cuts = sorted({0, len(stream), *(rng.randrange(len(stream)) for _ in range(30))})
    one_by_one = rows_after(fresh, start_server, [[event] for event in stream])
    assert sum(map(len, one_by_one)) > 40
    assert rows_after(fresh, start_server, [stream]) == one_by_one
    assert rows_after(fresh, start_server, [stream[a:b] for a, b in zip(cuts, cuts[1:])]) == one_by_one


def test_a_row_that_waited_does_not_overtake_a_newer_one(server, client, store):
    """A step waits for its run; run and a repetition of the step then come together."""
    run = events.ulid()
    assert client.post_event(events.step_finished(run, name="first")).status == 201
    answer = client.post_ndjson([events.run_started(run), events.step_finished(run, name="second")])
    assert answer.status == 200, answer
    assert store.query("SELECT name FROM steps WHERE run_id = ?", (run,)) == [("second",)]
    assert store.scalar("SELECT count(*) FROM pending_rows") == 0
