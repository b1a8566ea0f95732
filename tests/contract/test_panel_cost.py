"""The speed of the HUD's queries, without a clock: a panel's cost is bounded by what it shows. The same rows of interest are put into a small
database and into one with ten times as many rows beside them; PostgreSQL's buffers and rows, and SQLite's steps, must stay the same."""
import json
import re

import pytest

from support import binary, cost

pytestmark = pytest.mark.release

A, CELL, NODE = "a" * 40, "MOZ::64x64@r0c0", "AST::core/a.py#run"
SIZES = (3000, 30000)
OTHERS = (1000, 10000)  # of another repository
PARAMS = {"sha": A, "prefix": "core.", "uid": NODE, "cell": CELL, "run": "run-1"}
DECLARED = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((binary.ROOT / "spec" / "panels").glob("*.json"))}


def moment(store, ago):
    """SQL of a time: {ago} as '3 hours'; {i} seconds before."""
    if store.kind == "postgresql":
        return f"now() - interval '{ago}' - i * interval '1 second'"
    return f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-{ago}', '-' || i || ' seconds')"


def series(store, n):
    return (f"generate_series(1, {n}) AS g(i)" if store.kind == "postgresql" else
            f"(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {n}) SELECT i FROM g) AS g")


# table: columns and values as expressions of i; NEW is recent, OLD long ago; X is what a row of interest has, or another
ROWS = {
    "modules": "repo, id, name, path | '{repo}', {k}, '{m}' || i, 'p{m}' || i",
    "files": "repo, id, module_id, path | '{repo}', {k}, {k}, '{f}' || i",
    "ast_nodes": "repo, id, file_id, uid, kind, file, line | '{repo}', {k}, {k}, {node}, 'F', '{f}' || i, 1",
    "phi_links": "repo, ast_node_id, mosaic_cell, weight | '{repo}', {k}, '{cell}', 0.5",
    "delta_tokens": "repo, sha, file, token, weight, created_utc | '{repo}', {one}, '{f}' || i, 'ADD_FN', 0.5, {when}",
    "delta_fingerprints": "repo, sha, histogram, hash, score_deltaz, created_utc | '{repo}', {one}, '{{}}', 'h', 0.5, {when}",
    "mosaic_deltas": "repo, sha, grid, stats, created_utc | '{repo}', {one}, '{{\"cell_id\":\"{cell}\"}}', '{{\"density\":0.5}}', {when}",
    "invariants_results": "repo, sha, gate, score, threshold, action, created_utc | '{repo}', {one}, 'I3', 1, 1, 'block', {when}",
    "spec_thresholds": "repo, module, alpha, beta, zeta, basis, created_utc | '{repo}', 'core', 1, 1, 1, 'ewma', {when}",
    "spec_drift": "repo, module, metric, detector, \"freeze\", created_utc | '{repo}', 'core', 'm', 'adwin', {frozen}, {when}",
    "sast_findings": "repo, id, sha, tool, rule_id, severity, confidence, location, fingerprint, last_sha, created_utc | "
                     "'{repo}', 'NF-' || {k}, {one}, 't{base}', 'r', '{severity}', 1, '{{\"file\":\"f\",\"line\":1}}', 'p' || {k}, {one}, {when}",
    "sast_scans": "repo, sha, tool, complete, position, created_utc | '{repo}', {one}, 't{base}', i = 1, {k}, {when}",
    "sast_fix_queue": "repo, id, nf_id, status, created_utc | '{repo}', {k}, CASE WHEN {base} > 0 THEN 'NF-' || {k} END, '{status}', {when}",
    "heal_candidates": "repo, id, sha, kind, created_utc | '{repo}', 'c' || {k}, {one}, 'code_patch', {when}",
    "heal_verification": "id, candidate_id | 'v' || {k}, 'c' || {k}",
    "heal_outcomes": "id, candidate_id, result | 'o' || {k}, 'c' || {k}, 'applied'",
    "runs": "repo, id, sha, started | '{repo}', 'run-' || {k}, {one}, {when}",
    "steps": "run_id, name, idx, dt_ms | 'run-' || {k}, 's', i, 5",
    "commits": "repo, commit_sha, message, authored_at, branch | '{repo}', {one}, 'm', {when}, 'main'",
    "commit_files": "id, commit_sha, file_path, change_type | 'f' || {k}, "
                    "{one}, 'p', 'other'",
    "events_dlq": "id, original_hash, original, code, errors_json, received_utc, last_seen_utc, redriven_utc | "
                  "'d' || {k}, {hash}, {hash}, 'c', '[]', {when}, {when}, {redriven}",
    "events": "id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position, received_utc | "
              "'e' || {k}, 't.a@v1', {when}, 's', 'c', {one}, '{{}}', {position} + i, {when}",
}


def add(store, n, base, repo="", **words):
    pg = store.kind == "postgresql"
    one = f"'{words['sha']}' || CASE WHEN {base} + i = 1 THEN '' ELSE CAST(i AS text) END"
    words = {**words, "repo": repo, "base": base, "k": f"({base} + i)", "one": one, "node": one.replace(words["sha"], words["uid"]), "yes": "TRUE",
             "hash": f"decode(md5(CAST({base} + i AS text)), 'hex')" if pg else f"CAST({base} + i AS BLOB)"}
    words["redriven"] = words["when"] if words["redriven"] else "NULL"
    for table, text in ROWS.items():
        names, values = text.split(" | ")
        store.script(f"INSERT INTO {table} ({names}) SELECT {values.format(**words)} FROM {series(store, n)}")


def fill(store, besides):
    add(store, besides, 1000000, when=moment(store, "300 days"), m="other.", f="lib/", uid="AST::other", cell="MOZ::64x64@r9c9", sha="b" * 40, frozen="FALSE",
        severity="LOW", status="accepted", redriven=True, position=0)
    add(store, 3, 0, when=moment(store, "1 hours"), m="core.", f="core/", uid=NODE, cell=CELL, sha=A, frozen="TRUE", severity="CRITICAL",
        status="queued", redriven=False, position=1000000)
    # beside the rows of interest in time, too: passes, and rows of other commits behind them
    store.script(f"INSERT INTO invariants_results (sha, gate, score, threshold, action, created_utc) "
                 f"SELECT '{'c' * 40}', 'I3', 1, 1, 'pass', {moment(store, '1 hours')} FROM {series(store, besides // 2)}")
    store.script("UPDATE event_position SET position = 1000003")
    settle(store)


def ready(panel, kind, given):
    """The SQL as the server sends it with these optional parameters, with ? for parameters, and their values."""
    sql = panel["sql"].get("any") or panel["sql"][kind]
    text = re.sub(r"\[\[.*?\]\]", lambda part: part.group(0)[2:-2] if set(re.findall(r"\$(\w+)", part.group(0))) <= set(given) else "", "\n".join(sql))
    values = []

    def place(match):
        name = match.group(1)
        declared = next((one for one in panel["parameters"] if one["name"] == name), {})
        value = given.get(name, PARAMS.get(name, declared.get("default")))
        if declared.get("type") == "duration" or name == "now":
            days = {"h": 1 / 24, "d": 1, "w": 7}[value[-1]] * int(value[:-1]) if value else 0
            return (f"(now() - interval '{days} days')" if kind == "postgresql" else f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-{days} days')")
        values.append({"commits": 3, "runs": 3, "events": 3, "findings": 3, "limit": 3}.get(name, value))
        return "?"

    return re.sub(r"(?<!\w)\$(\w+)", place, text), values


def compiled(client, panel, kind):
    """A panel in EGQL, as the server compiles it."""
    text = re.sub(r"\[\[.*?\]\]", "", "\n".join(panel["egql"]))
    words = {one["name"]: PARAMS[one["name"]] for one in panel["parameters"] if one.get("required")}
    answer = client.post("/v1/query/explain", {"query": text, "params": words, "limit": 3})
    assert answer.status == 200, answer
    told = answer.json()
    order = []

    def mark(match):
        order.append(int(match.group(1)) - 1)
        return "?"

    sql = re.sub(r"[$?](\d+)", mark, told["sql"])
    values = [one["value"] if isinstance(one, dict) else one for one in told["params"]]
    return sql, [values[i] for i in order]


def settle(store):
    store.script("REFRESH MATERIALIZED VIEW vw_file_tokens; ANALYZE" if store.kind == "postgresql" else "ANALYZE")


def compare(store, before, after):
    told = []
    for name, (small, n, _) in before.items():
        large, m, plan = after(name)
        if n == 0 or n != m or large > 2 * small + 200:
            told.append(f"{name}: {n} and {m} rows for {small} and {large}\n{plan}")
    assert not told, "\n".join(told)


def test_cost_is_bounded_by_what_is_shown(store, client):
    """One database grows, so that the rows of interest are the same ones."""
    fill(store, SIZES[0])

    def measure(name):
        panel = DECLARED[name]
        return cost.of(store, *(ready(panel, store.kind, {}) if "sql" in panel else compiled(client, panel, store.kind)))

    before = {name: measure(name) for name in DECLARED}
    more = SIZES[1] - SIZES[0]
    add(store, more, 2000000, when=moment(store, "300 days"), m="more.", f="more/", uid="AST::more", cell="MOZ::64x64@r8c8", sha="d" * 40, frozen="FALSE",
        severity="LOW", status="accepted", redriven=True, position=100000)
    store.script(f"INSERT INTO invariants_results (sha, gate, score, threshold, action, created_utc) "
                 f"SELECT '{'e' * 40}', 'I3', 1, 1, 'pass', {moment(store, '1 hours')} FROM {series(store, more // 2)}")
    settle(store)
    compare(store, before, measure)


def test_one_repository_costs_what_it_shows(store):
    """All that is newer is of another repository, and alike but for that."""
    words = {"m": "core.", "f": "core/", "uid": NODE, "cell": CELL, "frozen": "TRUE", "severity": "CRITICAL", "status": "queued", "redriven": False}
    add(store, 3, 0, "small", when=moment(store, "20 hours"), sha=A, position=1000000, **words)
    add(store, OTHERS[0], 1000000, "big", when=moment(store, "1 minutes"), sha="b" * 40, position=2000000, **words)
    settle(store)

    def measure(name):
        return cost.of(store, *ready(DECLARED[name], store.kind, {"repo": "small"}))

    before = {name: measure(name) for name, panel in DECLARED.items() if "repo" in [one["name"] for one in panel["parameters"]]}
    words.update(m="core.d", f="core/d", uid=NODE + "d")
    add(store, OTHERS[1] - OTHERS[0], 2000000, "big", when=moment(store, "1 minutes"), sha="d" * 40, position=3000000, **words)
    settle(store)
    compare(store, before, measure)
