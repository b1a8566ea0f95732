"""A child before its parent is no error of its sender: the row waits and is made when the parent comes."""
from support import events


def waiting(store):
    return store.scalar("SELECT count(*) FROM pending_rows")


def test_a_step_before_its_run(client, store):
    run_id = events.ulid()
    steps = [events.step_finished(run_id, idx) for idx in range(3)]
    assert client.post("/v1/events", steps).status == 200
    assert store.scalar("SELECT count(*) FROM steps") == 0 and waiting(store) == 3
    assert store.query("SELECT DISTINCT need_table, topic FROM pending_rows") == [("runs", "core.step.finished@v1")]
    assert client.post_event(events.run_started(run_id)).status == 201
    assert [tuple(row) for row in store.query("SELECT run_id, idx, event_id FROM steps ORDER BY idx")] == [
        (run_id, idx, step["id"]) for idx, step in enumerate(steps)]
    assert waiting(store) == 0


def test_child_and_parent_in_one_batch_in_the_wrong_order(client, store):
    run_id = events.ulid()
    answer = client.post("/v1/events", [events.step_finished(run_id), events.run_started(run_id)])
    assert answer.json()["stored"] == 2
    assert store.scalar("SELECT count(*) FROM steps") == 1 and waiting(store) == 0


def heal_chain():
    candidate, verification, outcome = events.ulid(), events.ulid(), events.ulid()
    return [events.event("heal.outcome@v1", {"id": outcome, "candidate_id": candidate, "result": "applied"}),
            events.event("heal.verified@v1", {"id": verification, "candidate_id": candidate, "sandbox_ok": True, "ci_ok": True}),
            events.event("heal.proposed@v1", {"id": candidate, "sha": "ab", "kind": "code_patch"})]


def test_chains_one_by_one(client, store):
    for event in heal_chain():
        assert client.post_event(event).status == 201
    counts = [store.scalar(f"SELECT count(*) FROM {t}") for t in ("heal_candidates", "heal_verification", "heal_outcomes")]
    assert counts == [1, 1, 1] and waiting(store) == 0


FIFTY = 50
SPEC = {"$id": "chain.link@v1", "title": "A link", "type": "object", "required": ["id"],
        "properties": {"id": {"type": "string"}, "parent": {"type": "string"}},
        "x-egdb": {"rows": [{"table": "chain", "key": ["id"], "on_conflict": "keep", "set": {"id": "/id", "parent": "/parent"}}],
                   "examples": [{"id": "a"}, {"id": "b", "parent": "a"}]}}


def chain_server(start_server, store, scratch):
    """A table that refers to itself, and a declaration for it: what a new system adds."""
    import json
    schemas = scratch / "spec" / "schemas" / "chain"
    schemas.mkdir(parents=True)
    (scratch / "spec" / "policies").mkdir()
    (schemas / "chain.link@v1.json").write_text(json.dumps(SPEC), encoding="utf-8")
    store.script("CREATE TABLE chain (id text NOT NULL PRIMARY KEY, parent text REFERENCES chain (id), event_id text)")
    return start_server(store, args=["--spec", str(scratch / "spec")])


def test_fifty_levels_of_it(start_server, store, scratch):
    server = chain_server(start_server, store, scratch)
    links = [events.event("chain.link@v1", {"id": f"n{i}", **({"parent": f"n{i - 1}"} if i else {})}) for i in range(FIFTY)]
    with server.client() as client:
        for link in reversed(links[1:]):
            assert client.post_event(link).status == 201
        assert waiting(store) == FIFTY - 1 and store.scalar("SELECT count(*) FROM chain") == 0
        assert client.post_event(links[0]).status == 201
        assert waiting(store) == 0 and store.scalar("SELECT count(*) FROM chain") == FIFTY
        more = [events.event("chain.link@v1", {"id": f"m{i}", **({"parent": f"m{i - 1}"} if i else {})}) for i in range(FIFTY)]
        assert client.post("/v1/events", list(reversed(more))).json()["stored"] == FIFTY
    assert waiting(store) == 0 and store.scalar("SELECT count(*) FROM chain") == 2 * FIFTY


def finding(nf_id, fingerprint, **kw):
    return {"id": nf_id, "rule_id": "r", "severity": "LOW", "confidence": 0.5, "location": {"file": "a.c", "line": 1},
            "fingerprint": fingerprint, **kw}


def test_updates_wait_for_what_they_change(client, store):
    nf = "NF-" + "A" * 26
    decided = events.event("sast.fix.decided@v1", {"nf_id": nf, "status": "accepted"})
    requested = events.event("sast.fix.requested@v1", {"nf_id": nf, "pattern": "p", "fix_hint": "h", "review_gate": "auto"})
    ready = events.event("sast.findings.ready@v1", {"sha": "abcdef12", "tool": "t", "findings": [finding(nf, "fp:sha256:0123456789")]})
    for event in (decided, requested, ready):
        assert client.post_event(event).status == 201
    assert store.query("SELECT nf_id, status FROM sast_fix_queue") == [(nf, "accepted")] and waiting(store) == 0


def test_a_number_that_nobody_has_is_not_waited_for(client, store):
    """A fix_id is a number that the database gave: a row that gets it later is another fix, of which nothing was said."""
    nf = "NF-" + "B" * 26
    requested = [events.event("sast.fix.requested@v1", {"nf_id": nf, "pattern": "p", "fix_hint": "h", "review_gate": "auto"}) for _ in range(3)]
    ready = events.event("sast.findings.ready@v1", {"sha": "abcdef12", "tool": "t", "findings": [finding(nf, "fp:sha256:0123456789")]})

    def validated(fix_id, ok):
        return events.event("sast.fix.validated@v1", {"nf_id": nf, "fix_id": fix_id, "sandbox_ok": ok, "ci_ok": ok})

    early = validated(1, False)
    assert client.post_event(early).json()["status"] == "stored" and waiting(store) == 0
    assert client.post("/v1/events", [ready, *requested]).json()["stored"] == 4
    first, second, third = (row[0] for row in store.query("SELECT id FROM sast_fix_queue ORDER BY id"))
    late = [validated(second, True), validated(third + 1000, False)]
    assert client.post("/v1/events", late).json()["stored"] == 2
    assert [tuple(row) for row in store.query("SELECT fix_id, event_id FROM sast_fix_verification")] == [(second, late[0]["id"])]
    assert waiting(store) == 0 and store.scalar(f"SELECT count(*) FROM events WHERE id IN ('{early['id']}', '{late[1]['id']}')") == 2
    waits = events.event("sast.fix.validated@v1", {"nf_id": "NF-" + "C" * 26, "sandbox_ok": True, "ci_ok": True})
    assert client.post_event(waits).status == 201 and waiting(store) == 1


def test_a_finding_that_keeps_its_first_id_is_no_parent_by_another(client, store):
    """A finding of a known fingerprint keeps its id; what waits for another id goes on waiting, and the event is none the worse."""
    def found(name):
        finding = {"id": name, "rule_id": "B1", "severity": "HIGH", "confidence": .9, "location": {"file": "x"},
                   "fingerprint": "fingerprint"}
        return events.event("sast.findings.ready@v1", {"sha": "s", "tool": "t", "findings": [finding]})

    wanted = {"pattern": "p", "fix_hint": "h", "review_gate": "auto"}
    assert client.post_event(found("NF-A")).status == 201
    assert client.post_event(events.event("sast.fix.requested@v1", {"nf_id": "NF-B", **wanted})).status == 201
    assert client.post_event(found("NF-B")).status == 201
    assert client.post("/v1/events", [found("NF-C"), events.event("sast.fix.requested@v1", {"nf_id": "NF-C", **wanted}),
                                      events.event("sast.fix.requested@v1", {"nf_id": "NF-A", **wanted})]).status == 200
    assert store.query("SELECT id FROM sast_findings") == [("NF-A",)]
    assert store.query("SELECT nf_id FROM sast_fix_queue") == [("NF-A",)]
    assert store.scalar("SELECT count(*) FROM pending_rows") == 2


def indexed(nodes, edges, path="a.py", **kw):
    return events.event("code.graph.indexed@v1", {
        "sha": "0" * 40, "module": path.removesuffix(".py"), "file": {"path": path, "sha256": "0" * 64},
        "nodes": [{"uid": "AST::" + uid, "kind": "function", "name": uid} for uid in nodes],
        "edges": [{"src": "AST::" + src, "dst": "AST::" + dst, "etype": "call"} for src, dst in edges]}, **kw)


def edges(store):
    """(source as sent, source as found, destination as sent); None: a hole."""
    rows = store.query("SELECT e.src_uid, s.uid, e.dst_uid FROM ast_edges e LEFT JOIN ast_nodes s ON s.id = e.src_id ORDER BY e.id")
    return [tuple(uid and uid.removeprefix("AST::") for uid in row) for row in rows]


def test_a_parent_that_the_event_itself_removes(client, store):
    """x was in the file's last index and is not in this one: the edge waits for it, and has no hole for a source meanwhile."""
    client.post_event(indexed(["x", "y"], [("x", "y")]))
    assert edges(store) == [("x", "x", "y")]
    assert client.post_event(indexed([], [("x", "y")])).status == 201
    assert edges(store) == [] and waiting(store) == 1
    client.post_event(indexed(["x"], [], path="b.py"))
    assert edges(store) == [("x", "x", "y")] and waiting(store) == 0


def test_a_parent_that_the_batch_makes_and_removes(client, store):
    batch = [indexed(["x"], []), indexed([], [("x", "y")]), indexed(["x"], [("x", "z")], path="b.py"), indexed([], [], path="b.py"),
             indexed(["y"], [("x", "y"), ("y", "x")], path="c.py")]
    assert client.post("/v1/events", batch).json()["stored"] == 5
    assert None not in {found for _, found, _ in edges(store)}
    assert waiting(store) == 1  # of c.py's, from x
    assert ("y", "y", "x") in edges(store)


def test_a_parent_that_is_removed_and_comes_again(client, store):
    client.post_event(indexed(["x"], []))
    client.post("/v1/events", [indexed(["x"], [("x", "x")]), indexed(["x"], [("x", "q")])])
    assert edges(store) == [("x", "x", "q")] and waiting(store) == 0


def test_a_parent_that_moves_to_another_file(client, store):
    client.post_event(indexed(["x"], []))
    client.post("/v1/events", [indexed([], []), indexed(["x"], [], path="b.py"), indexed([], []), indexed([], [("x", "y")], path="c.py")])
    assert edges(store) == [("x", "x", "y")] and waiting(store) == 0


def stale():
    """Of a.py an edge whose source is unknown, and what takes it away: the file's next index, or its removal."""
    edge = indexed([], [("x", "old")])
    return edge, (indexed([], [("x", "new")]), events.event("code.file.removed@v1", {"sha": "0" * 40, "path": "a.py"}))


def test_a_delete_takes_what_waits(client, store):
    edge, (again, removed) = stale()
    other = indexed([], [("x", "kept")], path="other.py")
    for event in (edge, other):
        client.post_event(event)
    assert waiting(store) == 2
    client.post_event(again)
    assert waiting(store) == 2 and store.query("SELECT DISTINCT row_table FROM pending_rows") == [("ast_edges",)]
    client.post_event(removed)
    assert waiting(store) == 1
    client.post_event(indexed(["x"], [], path="b.py"))
    assert edges(store) == [("x", "x", "kept")] and waiting(store) == 0


def test_a_delete_takes_what_waits_in_its_batch(client, store):
    """Whether the row came with the batch or waited before it, and whether its parent comes before or after the delete."""
    parent = indexed(["x"], [], path="b.py")
    for cut in (0, 1):
        for order in ((0, 1), (1, 0)):
            for which, left in ((0, [("x", "x", "new")]), (1, [])):
                edge, deletes = stale()
                later = [[deletes[which], parent][i] for i in order]
                for event in [edge][:cut]:
                    client.post_event(event)
                assert client.post("/v1/events", [edge][cut:] + later).json()["rejected"] == 0
                assert edges(store) == left and waiting(store) == 0, (cut, order, which)
                client.post("/v1/events", [events.event("code.file.removed@v1", {"sha": "0" * 40, "path": path}) for path in ("a.py", "b.py")])
                assert edges(store) == [] and waiting(store) == 0
                parent = indexed(["x"], [], path="b.py")


def test_a_decision_on_a_fix_that_is_not_there(client, store):
    """It cannot be one that comes later, since the ids are given here: it waits for nothing, and never meets another's fix."""
    nf_id = "NF-3b1f0c9d8e7a6b5c4d3e2f1a0b"

    def decide(**kw):
        assert client.post_event(events.event("sast.fix.decided@v1", {"nf_id": nf_id, "status": "accepted", **kw})).status == 201
        return [row[0] for row in store.query("SELECT status FROM sast_fix_queue ORDER BY id")]

    assert decide(fix_id=1) == [] and waiting(store) == 0
    document = client.get("/v1/topics/sast.findings.ready@v1").json()
    client.post_event(events.event("sast.findings.ready@v1", document["x-egdb"]["examples"][0]))
    client.post_event(events.event("sast.fix.requested@v1", {
        "nf_id": nf_id, "pattern": "p", "fix_hint": "h", "review_gate": "human"}))
    fix_id = store.scalar("SELECT id FROM sast_fix_queue")
    assert decide(fix_id=fix_id + 1000) == ["queued"]
    assert decide(fix_id=fix_id, nf_id="NF-aa11bb22cc33dd44ee55ff6600") == ["queued"] and waiting(store) == 0
    assert decide(fix_id=fix_id) == ["accepted"]
