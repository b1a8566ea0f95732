"""POST /v1/sarif: reports of scanners become findings, which keep their identity, are closed and silenced, and hold no secret."""
import copy
import json
import pathlib

import pytest

from support import corpora, events

REPORTS = pathlib.Path(__file__).parents[1] / "indexer" / "reports"
A, B, C = "a" * 40, "b" * 40, "c" * 40


def report(name):
    return json.loads((REPORTS / name).read_text("utf-8"))


def send(client, body, sha=A, status=201, query="", **kw):
    text = body if isinstance(body, (bytes, str)) else json.dumps(body)
    answer = client.post(f"/v1/sarif?sha={sha}{query}", text, headers={"Content-Type": "application/json"}, **kw)
    assert answer.status == status, answer.text()
    return answer.json()


def sarif(*results, tool="scanner", **run):
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": list(results), **run}]}


def result(rule="R1", file="core/a.py", line=10, snippet="eval(x)", **kw):
    place = {"artifactLocation": {"uri": file}, "region": {"startLine": line, **({"snippet": {"text": snippet}} if snippet else {})}}
    return {"ruleId": rule, "message": {"text": f"{rule} was found"}, "locations": [{"physicalLocation": place}], **kw}


def column(store, names, where="1 = 1"):
    return sorted(store.query(f"SELECT {names} FROM sast_findings WHERE {where}"), key=str)


def open_ids(store):
    return {row[0] for row in store.query("SELECT id FROM vw_sast_open")}


def as_json(value):
    return json.loads(value) if isinstance(value, str) else value


def test_every_format(client, store):
    for name, query in (("bandit.json", ""), ("semgrep.json", ""), ("gitleaks.json", ""), ("pip_audit.json", ""), ("osv.json", ""),
                        ("osv_record.json", ""), ("sarif_secret.json", "&format=sarif")):
        send(client, report(name), query=query)
    rows = store.query("SELECT tool, rule_id, severity, cwe, category FROM sast_findings")
    assert sorted(rows, key=str) == [
        ("bandit", "B105", "LOW", "CWE-259", "Secrets"),
        ("bandit", "B602", "HIGH", "CWE-78", "Injection"),
        ("gitleaks", "aws-access-token", "MEDIUM", None, "Secrets"),
        ("gitleaks", "generic-api-key", "CRITICAL", None, "Secrets"),
        ("osv", "GHSA-xvch-5gv4-984h", "CRITICAL", "CWE-1321", "Dependency"),
        ("osv", "OSV-2020-584", "LOW", None, "Dependency"),
        ("pip-audit", "PYSEC-2018-66", "HIGH", None, "Dependency"),
        ("pip-audit", "PYSEC-2019-179", "HIGH", None, "Dependency"),
        ("semgrep", "python.flask.security.injection.tainted-sql-string", "HIGH", "CWE-89", "Injection"),
        ("semgrep", "python.lang.security.insecure-hash-algorithms.insecure-hash-algorithm-md5", "MEDIUM", "CWE-327", "Crypto")]
    place = {rule: as_json(location) for rule, location in store.query("SELECT rule_id, location FROM sast_findings")}
    assert place["B602"] == {"file": "core/run.py", "line": 88, "col": 5, "endLine": 88}
    assert place["generic-api-key"] == {"file": "deploy/env.sh", "line": 3, "col": 9, "endLine": 3}
    assert place["PYSEC-2018-66"] == {"file": "."}
    assert place["GHSA-xvch-5gv4-984h"] == {"file": "src/web/package-lock.json"}
    assert {confidence for (confidence,) in store.query("SELECT confidence FROM sast_findings WHERE tool = 'pip-audit'")} == {0.95}


def test_risk_and_queue(client, store):
    """The formula, by hand: B602 is HIGH .75, confidence .9, unchanged, Injection; the key is CRITICAL, .9, a secret."""
    answer = send(client, report("bandit.json"))
    assert answer["findings"] == 2 and answer["secrets"] == 1
    risks = dict(store.query("SELECT rule_id, risk FROM sast_findings"))
    assert risks["B602"] == pytest.approx(0.75 + 0.7 * 0.9 + 0.3 * 1.0 + 0.2 * 1)
    send(client, report("gitleaks.json"))
    assert store.scalar("SELECT risk FROM sast_findings WHERE tool = 'gitleaks'") == pytest.approx(1 + 0.7 * 0.9 + 0.3 + 0.2 + 1.2)
    send(client, sarif(result("note", level="note")))
    assert store.query("SELECT risk, queue FROM sast_findings WHERE rule_id = 'note'") == [(0.97, "fixable")]
    assert dict(store.query("SELECT rule_id, queue FROM sast_findings WHERE rule_id IN ('B602', 'generic-api-key')")) == {
        "B602": "block", "generic-api-key": "block"}


def test_what_blocks_is_a_row_of_the_gate(client, store):
    send(client, report("bandit.json"))
    send(client, sarif(result("note", level="note")))
    rows = store.query("SELECT gate, action, score, threshold, sha FROM invariants_results")
    assert sorted(rows) == sorted((("I2", "block", risk, 1.8, A) for (risk,) in store.query("SELECT risk FROM sast_findings WHERE risk >= 1.8")))
    assert len(rows) == 2


def test_levels_and_scores(client, store):
    rules = [{"id": "scored", "properties": {"security-severity": "9.1", "precision": "very-high", "tags": ["external/cwe/cwe-079"]}},
             {"id": "by-rule", "defaultConfiguration": {"level": "error"}, "messageStrings": {"m": {"text": "said of {0}"}}}]
    body = sarif(result("scored", level="note"), result("by-rule", message={"id": "m", "arguments": ["it"]}), result("plain"),
                 result("passed", kind="pass"), result("gone", baselineState="absent"))
    body["runs"][0]["tool"]["driver"]["rules"] = rules
    assert send(client, body)["findings"] == 3
    assert column(store, "rule_id, severity, cwe, confidence, message") == [
        ("by-rule", "HIGH", None, 0.6, "said of it"), ("plain", "MEDIUM", None, 0.6, "plain was found"),
        ("scored", "CRITICAL", "CWE-79", 0.95, "scored was found")]


def test_a_finding_stays_the_same_when_lines_move_and_the_file_is_renamed(client, store):
    first = [result(line=10), result("R2", snippet="exec( y )", line=40), result("R3", snippet=None, line=7),
             result("R4", line=90, partialFingerprints={"primaryLocationLineHash": "39fa2ee980eb94b0:1"})]
    send(client, sarif(*first))
    ids = column(store, "rule_id, id, fingerprint")
    assert all(row[1] == "NF-" + row[2][:26] for row in ids)
    moved = [result(line=25, file="pkg/b.py"), result("R2", snippet="exec(y)", line=55, file="pkg/b.py"),
             result("R3", snippet=None, line=70, file="pkg/b.py"),
             result("R4", line=95, snippet="changed", file="pkg/b.py", partialFingerprints={"primaryLocationLineHash": "39fa2ee980eb94b0:1"})]
    send(client, sarif(*moved), sha=B)
    assert column(store, "rule_id, id, fingerprint") == ids
    assert {row for row in store.query("SELECT sha, last_sha FROM sast_findings")} == {(A, B)}
    assert as_json(store.scalar("SELECT location FROM sast_findings WHERE rule_id = 'R1'"))["file"] == "pkg/b.py"


def test_another_repository_has_other_findings(client, store):
    send(client, sarif(result()), query="&repo=one")
    send(client, sarif(result()), query="&repo=two")
    assert sorted(store.query("SELECT repo FROM sast_findings")) == [("one",), ("two",)]


def test_duplicates_are_fused(client, store):
    flow = {"codeFlows": [{"threadFlows": [{"locations": [{"location": {"physicalLocation": {
        "artifactLocation": {"uri": "core/in.py"}, "region": {"startLine": 3}}}}]}]}]}
    answer = send(client, sarif(result(line=10, level="note", properties={"confidence": 0.4}), result(line=12, level="error", properties={"confidence": 0.8}, **flow),
                                result(line=13), result(line=10, rule="R2")))
    assert (answer["read"], answer["findings"]) == (4, 3)
    fused = [row for row in store.query("SELECT location, severity, confidence, evidence FROM sast_findings WHERE rule_id = 'R1'")
             if as_json(row[0])["line"] == 10]
    assert [row[1:3] for row in fused] == [("HIGH", pytest.approx(0.6))]
    assert as_json(fused[0][3])["traces"] == [{"file": "core/in.py", "line": 3}]
    again = send(client, sarif(result(line=10), result(line=13)), sha=B)
    assert again["findings"] == 2 and store.scalar("SELECT count(*) FROM sast_findings") == 3


def test_a_complete_scan_closes_what_is_absent(client, store):
    send(client, sarif(result("R1"), result("R2")), query="&complete=1")
    send(client, sarif(result("R9"), tool="other"), query="&complete=1")
    ids = dict(store.query("SELECT rule_id, id FROM sast_findings"))
    assert open_ids(store) == set(ids.values())
    send(client, sarif(result("R2")), sha=B)
    assert open_ids(store) == set(ids.values()), "a scan of a part closes nothing"
    send(client, sarif(result("R2")), sha=B, query="&complete=1")
    assert open_ids(store) == {ids["R2"], ids["R9"]}
    send(client, sarif(result("R1")), sha=C)
    assert open_ids(store) == set(ids.values()), "what is found again is open again"
    send(client, sarif(), sha=C, query="&complete=1")
    assert open_ids(store) == {ids["R9"]}, "the same commit, scanned again"
    assert dict(store.query("SELECT rule_id, id FROM sast_findings")) == ids


def test_a_run_that_failed_closes_nothing(client, store):
    send(client, sarif(result()), query="&complete=1")
    for body in (sarif(invocations=[{"executionSuccessful": False}]), {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scanner"}}}]}):
        assert send(client, body, sha=B, query="&complete=1")["failed_runs"] == 1
        assert len(open_ids(store)) == 1


def test_a_large_scan_is_closed_and_opened_as_one(client, store):
    """Several events, the last of which says that the scan is complete."""
    answer = send(client, sarif(*(result(f"R{i}") for i in range(250))), query="&complete=1")
    assert (answer["events"], answer["stored"]) == (3, 3)
    assert len(open_ids(store)) == 250
    send(client, sarif(*(result(f"R{i}") for i in range(1, 250))), sha=B, query="&complete=1")
    assert len(open_ids(store)) == 249
    assert store.query("SELECT complete, count(*), count(DISTINCT scan) FROM sast_scans GROUP BY complete ORDER BY 2") == [(True, 2, 2), (False, 4, 2)]
    send(client, sarif(*(result(f"R{i}") for i in range(250))), query="&complete=1")
    assert len(open_ids(store)) == 250, "the first report once more is a scan of its own"


def test_suppression_survives_rescans_until_it_expires(client, store):
    body = report("gitleaks.json")
    send(client, body)
    nf_id = store.scalar("SELECT id FROM sast_findings")
    blocked = store.scalar("SELECT count(*) FROM invariants_results")

    def suppress(state, **kw):
        assert client.post_event(events.event("sast.finding.suppressed@v1", {"nf_id": nf_id, "reason": "r", "state": state, **kw})).status == 201

    suppress("local", until="2999-01-01T00:00:00+02:00")
    assert open_ids(store) == set()
    send(client, body, sha=B, query="&complete=1")
    assert open_ids(store) == set() and store.scalar("SELECT last_sha FROM sast_findings") == B
    assert store.scalar("SELECT count(*) FROM invariants_results") == blocked, "what is suppressed does not block"
    suppress("local", until="2020-01-01T00:00:00Z")
    assert open_ids(store) == {nf_id}
    send(client, body, sha=C)
    assert store.scalar("SELECT count(*) FROM invariants_results") == blocked + 1
    suppress("policy")
    assert open_ids(store) == set()
    suppress("none")
    assert open_ids(store) == {nf_id}


def test_what_the_scanner_silences_is_of_each_scan(client, store):
    silent = {"suppressions": [{"kind": "inSource", "justification": "a test"}]}
    send(client, sarif(result(level="error", **silent)))
    assert open_ids(store) == set()
    assert as_json(store.scalar("SELECT silenced FROM sast_findings")) == {"state": "local", "reason": "a test"}
    send(client, sarif(result(level="error")), sha=B)
    assert len(open_ids(store)) == 1
    for status, n_open in (("underReview", 1), ("rejected", 1), ("accepted", 0)):
        send(client, sarif(result(suppressions=[{"kind": "external", "status": status}])), sha=C)
        assert len(open_ids(store)) == n_open


SECRETS = [b"zq8T1pWv6XrN0kLm3sYb", b"correct-horse-battery", b"plain-Hunter2-value", b"AKIAIOSFODNN7EXAMPLE", b"pa55-in-url", b"MHcCAQEEIBkey", b"MIIEcut"]


def everything_stored(store, server):
    """All that is kept: every table, as text, and the log of the server; on SQLite the very files."""
    found = b""
    for table in store.tables():
        for row in store.query(f"SELECT * FROM {table}"):
            found += b"\n".join(bytes(cell) if isinstance(cell, (bytes, memoryview)) else str(cell).encode() for cell in row)
    if store.kind == "sqlite":
        for path in pathlib.Path(store.path).parent.glob(pathlib.Path(store.path).name + "*"):
            found += path.read_bytes()
    return found + server.log().encode()


def test_a_secret_is_stored_nowhere(client, store, server):
    for name in ("gitleaks.json", "bandit.json", "sarif_secret.json"):
        send(client, report(name))
    send(client, sarif(result(message={"text": "a key AKIAIOSFODNN7EXAMPLE in https://user:pa55-in-url@example.org/x"})))
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkey+of/some==\nMHcCAQEEIBkeyends\n-----END EC PRIVATE KEY-----"
    send(client, sarif(result("key", message={"text": f"a key: {key}; and\n-----BEGIN PRIVATE KEY-----\nMIIEcut off"})))
    assert store.scalar("SELECT message FROM sast_findings WHERE rule_id = 'key'") == "a key: _redacted; and\n_redacted"
    refused = json.dumps(report("gitleaks.json")).replace('"RuleID"', '"Rule"')
    assert client.post(f"/v1/sarif?sha={A}&format=gitleaks", refused).status == 422
    assert client.post(f"/v1/sarif?sha={A}", refused[:-20] + "zq8T1pWv6XrN0kLm3sYb").status == 400
    stored = everything_stored(store, server)
    assert b"generic-api-key" in stored and b"_redacted" in stored
    assert [secret for secret in SECRETS if secret in stored] == []
    assert store.scalar("SELECT count(*) FROM events_dlq") == 0
    assert all(as_json(evidence) == {"_redacted": True} for (evidence,) in store.query("SELECT evidence FROM sast_findings WHERE rule_id <> 'B602'"))


def test_the_same_secret_is_the_same_finding_and_another_is_another(client, store):
    body = report("gitleaks.json")
    send(client, body)
    moved = copy.deepcopy(body)
    moved[0].update(StartLine=30, EndLine=30, File="deploy/other.sh")
    send(client, moved, sha=B)
    assert store.scalar("SELECT count(*) FROM sast_findings") == 1
    moved[0].update(Secret="another-Secret-1234", Match="x")
    send(client, moved, sha=B)
    assert store.scalar("SELECT count(*) FROM sast_findings") == 2


def test_findings_are_bound_to_the_code(client, store):
    """By the graph and the commit that the server knows."""
    nodes = [{"uid": "AST::core/a.py#", "kind": "Module", "name": "core.a", "line": 1},
             {"uid": "AST::core/a.py#Reader", "kind": "ClassDef", "line": 5, "meta": {"end_line": 30, "public": True}},
             {"uid": "AST::core/a.py#Reader._load", "kind": "FunctionDef", "line": 8, "meta": {"end_line": 20, "public": False}},
             {"uid": "AST::core/a.py#Reader.run", "kind": "FunctionDef", "line": 22, "meta": {"end_line": 29, "public": True}}]
    calls = [{"src": "AST::core/a.py#Reader.run", "dst": "AST::core/a.py#Reader._load", "etype": "call"}]
    phi = [{"uid": "AST::core/a.py#Reader._load", "cell": "MOZ::64x64@r1c1", "weight": 0.3},
           {"uid": "AST::core/a.py#Reader._load", "cell": "MOZ::64x64@r1c2", "weight": 0.7}]
    assert client.post_event(events.event("code.graph.indexed@v1", {
        "repo": "lab", "sha": A, "module": "core.a", "file": {"path": "core/a.py", "sha256": "0" * 64}, "nodes": nodes, "edges": calls, "phi": phi})).status == 201
    diff = "@@ -9,2 +9,3 @@\n context\n-old\n+new\n+newer\n@@ -24,0 +26,2 @@\n+more\n+most\n"
    files = [{"path": "core/a.py", "change_type": "other", "status": "M", "added": 4, "removed": 1, "diff_text": diff},
             {"path": "core/new.py", "change_type": "other", "status": "A", "added": 4, "removed": 0}]
    assert client.post_event(events.event("commit.recorded@v1", {
        "sha": A, "parents": [], "repo": "lab", "author": "Ada", "message": "m", "authored_at": events.utc(), "files": files})).status == 201
    send(client, sarif(result("in-load", line=10), result("in-run", line=26), result("in-class", line=6), result("outside", line=40),
                       result("new", file="core/new.py", line=1), result("far", file="far.py", line=1)), query="&repo=lab")
    rows = {row[0]: row[1:] for row in store.query("SELECT rule_id, ast_ref, mosaic_cell, delta_bind FROM sast_findings")}
    assert rows == {"in-load": ("AST::core/a.py#Reader._load", "MOZ::64x64@r1c2", "modified"),
                    "in-run": ("AST::core/a.py#Reader.run", None, "added"),
                    "in-class": ("AST::core/a.py#Reader", None, "unchanged"),
                    "outside": ("AST::core/a.py#", None, "unchanged"),
                    "new": (None, None, "added"), "far": (None, None, "unchanged")}
    risk = dict(store.query("SELECT rule_id, risk FROM sast_findings"))
    base = 0.5 + 0.7 * 0.6
    assert risk["in-load"] == pytest.approx(base + 0.7 * 0.5 + 0.3 * 1.2)
    assert risk["in-run"] == pytest.approx(base + 0.7 + 0.3 * 1.5 + 0.3)
    assert risk["far"] == pytest.approx(base + 0.3)


NODES_MOST = 200000  # of server/event/report_read.c


def test_a_report_is_bound_to_so_many_nodes(start_server, store):
    """What is beyond is left unbound, and said in the log; all else is stored."""
    rows = (f"generate_series(1, {NODES_MOST + 1}) AS g(i)" if store.kind == "postgresql" else
            f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i <= {NODES_MOST}) SELECT i FROM n) AS g")
    store.script("INSERT INTO ast_nodes (repo, uid, kind, line, file) "
                 f"SELECT 'lab', 'AST::core/a.py#f' || g.i, 'FunctionDef', g.i, 'core/a.py' FROM {rows}")
    server = start_server(store, config={"store.read_timeout_ms": 120000})
    with server.client() as client:
        send(client, sarif(result("first", line=1), result("within", line=NODES_MOST), result("beyond", line=NODES_MOST + 1)),
             query="&repo=lab")
    assert dict(store.query("SELECT rule_id, ast_ref FROM sast_findings")) == {
        "first": "AST::core/a.py#f1", "within": f"AST::core/a.py#f{NODES_MOST}", "beyond": None}
    assert f"the first {NODES_MOST} nodes" in server.log()


def test_a_rules_long_text_is_cleaned_a_bounded_number_of_times(client, store):
    """A report of 100 kB would have a gigabyte of texts looked through for secrets."""
    body = sarif(*({"ruleId": "r", "message": {"id": "m"}} for _ in range(2000)))
    body["runs"][0]["tool"]["driver"]["rules"] = [{"id": "r", "messageStrings": {"m": {"text": "X " * 32000}}}]
    answer = send(client, body, status=413)
    assert answer["code"] == "body_too_large" and "texts" in answer["detail"]
    body["runs"][0]["results"] = body["runs"][0]["results"][:100]
    assert send(client, body)["read"] == 100


@pytest.mark.parametrize("body, status, code, words", [
    ("", 400, "json_invalid", ""),
    ("{\"version\": \"2.1.0\", \"runs\": [", 400, "json_invalid", ""),
    ("{\"a\": 1, \"a\": 2}", 400, "duplicate_key", "line 1"),
    ("{\"runs\": [], \"version\": \"\\u0000\"}", 422, "nul_character", ""),
    ("[]", 422, "report_invalid", "say the format"),
    ("{\"what\": 1}", 422, "report_invalid", "say the format"),
    ("7", 422, "report_invalid", "say the format"),
    ({"version": "2.0.0", "runs": []}, 422, "report_invalid", "2.1.0"),
    ({"version": "2.1.0", "runs": {}}, 422, "report_invalid", "`runs` is an array"),
    ({"version": "2.1.0", "runs": [{}]}, 422, "report_invalid", "tool.driver.name"),
    (sarif("text"), 422, "report_invalid", "a result is an object"),
    ({"results": [{"test_id": "B1"}], "metrics": {}}, 422, "report_invalid", "`filename` is missing"),
    ([{"RuleID": "x"}], 422, "report_invalid", "`File` is missing"),
    ({"dependencies": [{"vulns": []}]}, 422, "report_invalid", "`name` is missing"),
])
def test_what_cannot_be_read_is_refused_clearly(client, store, body, status, code, words):
    answer = send(client, body, status=status)
    assert answer["code"] == code and words in answer["detail"]
    assert store.scalar("SELECT count(*) FROM events") == 0 and store.scalar("SELECT count(*) FROM events_dlq") == 0


@pytest.mark.parametrize("query", ["", "?sha=main", "?sha=abc", f"?sha={A}&format=xml", f"?sha={A}&complete=perhaps", f"?sha={A}&repo={'x' * 201}"])
def test_parameters(client, query):
    answer = client.post(f"/v1/sarif{query}", json.dumps(sarif(result())))
    assert answer.status == 400 and answer.json()["code"] == "usage"


def test_a_key_makes_a_repetition_safe(client, store):
    body = json.dumps(sarif(*(result(f"R{i}") for i in range(150))))
    headers = {"Content-Type": "application/json", "Idempotency-Key": "scan-1"}
    first = client.post(f"/v1/sarif?sha={A}", body, headers=headers)
    again = client.post(f"/v1/sarif?sha={A}", body, headers=headers)
    assert (first.status, first.json()["stored"]) == (201, 2)
    assert (again.status, again.json()["duplicates"], again.json()["stored"]) == (200, 2, 0)
    assert store.scalar("SELECT count(*) FROM events") == 2


def test_a_keys_repetition_answers_as_the_first_whatever_was_learnt_meanwhile(client, store):
    """The answer was lost; then the graph came, and a finding was dismissed. Under the key that is the same report all the same, and
    another report, or another question about it, is not."""
    def post(body, query="", key="scan-1"):
        return client.post(f"/v1/sarif?sha={A}&repo=lab{query}", json.dumps(body), headers={"Content-Type": "application/json", "Idempotency-Key": key})

    body = sarif(result(level="error", line=10), result(level="error", line=12), *(result(f"R{i}", line=10) for i in range(2, 130)))
    first = post(body)
    nodes = [{"uid": "AST::core/a.py#f", "kind": "FunctionDef", "line": 8, "meta": {"end_line": 20, "public": True}}]
    assert first.status == 201 and client.post_event(events.event("code.graph.indexed@v1", {
        "repo": "lab", "sha": A, "module": "core.a", "file": {"path": "core/a.py", "sha256": "0" * 64}, "nodes": nodes, "edges": []})).status == 201
    nf_id = store.query("SELECT id FROM sast_findings WHERE rule_id = 'R5'")[0][0]
    assert client.post_event(events.event("sast.finding.suppressed@v1", {"nf_id": nf_id, "reason": "r", "state": "policy"})).status == 201
    n_events = store.scalar("SELECT count(*) FROM events")
    again = post(body)
    assert (again.status, again.json()) == (200, {**first.json(), "stored": 0, "duplicates": first.json()["events"]})
    for answer in (post(sarif(result())), post(body, query="&complete=1"), post(body, query="&branch=b")):
        assert (answer.status, answer.json()["code"]) == (422, "key_conflict")
    assert store.scalar("SELECT count(*) FROM events") == n_events
    assert store.query("SELECT ast_ref FROM sast_findings WHERE ast_ref IS NOT NULL") == []
    other = post(body, key="scan-2")
    assert other.status == 201 and other.json()["queues"] != first.json()["queues"], "what was learnt does count for another scan"
    assert post(body, key="x" * 241).json()["code"] == "envelope_invalid"


def test_the_corpus_is_read(client, store):
    for path in corpora.files("sarif", "**/*.sarif*"):
        text = path.read_bytes()
        answer = client.post(f"/v1/sarif?sha={A}", text, headers={"Content-Type": "application/json"})
        assert answer.status in (200, 201), f"{path}: {answer.text()}"
        runs = json.loads(text.decode("utf-8-sig")).get("runs") or []
        results = [each for run in runs for each in run.get("results") or []]
        expected = sum(each.get("baselineState") != "absent" and each.get("kind") not in ("pass", "notApplicable", "informational")
                       for each in results)
        assert answer.json()["read"] == expected, path
    assert store.scalar("SELECT count(*) FROM events_dlq") == 0


def test_reports_whose_parts_refer_to_each_other_are_read_in_one_go(client, store):
    """Each of these took minutes when every line was compared with every number, every result with every rule, every name with every name."""
    n = 40_000
    code = "".join(f"{i}x\n" for i in range(n))
    bandit = {"results": [{"test_id": "B1", "issue_text": "it", "filename": "a.py", "line_number": 1, "line_range": list(range(1, n)),
                           "issue_severity": "LOW", "issue_confidence": "LOW", "code": code}]}
    assert send(client, bandit, query="&format=bandit")["read"] == 1
    many = sarif(*(result(f"R{i}", snippet=f"x{i}") for i in range(3000)), tool="rules")
    many["runs"][0]["tool"]["driver"]["rules"] = [{"id": f"R{i}", "defaultConfiguration": {"level": "error"}} for i in reversed(range(n))]
    assert send(client, many)["read"] == 3000
    assert column(store, "DISTINCT severity", "rule_id LIKE 'R%'") == [("HIGH",)]
    prints = sarif(result("P", fingerprints={f"k{i}": "v" for i in range(n)}), tool="prints")
    assert send(client, prints)["read"] == 1
    osv = {"results": [{"source": {"path": "l.lock"}, "packages": [{"package": {"name": "p", "version": "1"},
           "groups": [{"ids": [f"A{i}", f"B{i}"]} for i in range(3000)],
           "vulnerabilities": [{"id": f"{kind}{i}"} for i in range(3000) for kind in "AB"]}]}]}
    assert send(client, osv, query="&format=osv")["read"] == 3000
