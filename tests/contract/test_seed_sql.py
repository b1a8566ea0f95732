"""The seed's own SQL: its fixture runs unchanged, its queries run as docs/reference/seed-sql.md says, and views give
what they promise."""
import contextlib
import datetime
import re

import pytest

from support import binary

FIXTURE = """
INSERT INTO runs(id, sha, started, status) VALUES ('01J…RUN', '8f1c…', now(), 'ok');
INSERT INTO steps(run_id, name, idx, dt_ms) VALUES ('01J…RUN','pipeline.build_ctx',0,123);

INSERT INTO delta_tokens(sha,file,token,weight,meta)
VALUES ('8f1c…','core/pipeline.py','MODIFY_SIG',1.0,'{"arity_delta":1,"line":123}');

INSERT INTO delta_fingerprints(sha,histogram,embedding,hash,score_deltaZ)
VALUES ('8f1c…','{"MODIFY_SIG":1}',NULL,'fp:abcd1234',1.0);

INSERT INTO invariants_results(sha,gate,score,threshold,action)
VALUES ('8f1c…','I2',0.87,0.80,'review');
"""

MORE = """
INSERT INTO modules(id, name, path) VALUES (1, 'core.pipeline', 'core/pipeline.py');
INSERT INTO files(id, module_id, path) VALUES (1, 1, 'core/pipeline.py');
INSERT INTO ast_nodes(id, file_id, uid, kind) VALUES (1, 1, 'AST::core/pipeline.py#run', 'FunctionDef');
INSERT INTO phi_links(ast_node_id, mosaic_cell, weight) VALUES (1, 'MOZ::64x64@r0c0', 0.5);
INSERT INTO mosaic_deltas(id, sha, grid, stats)
VALUES (1, '8f1c…', '{"rows":64,"cols":64,"cell_size":8,"cell_id":"MOZ::64x64@r0c0"}', '{"density":0.75}');
INSERT INTO invariants_results(sha, gate, score, threshold, action) VALUES ('8f1c…', 'I3', 0.9, 0.15, 'block');
INSERT INTO invariants_results(sha, gate, score, threshold, action) VALUES ('8f1c…', 'I3', 0.1, 0.15, 'pass');
INSERT INTO spec_drift(module, metric, detector) VALUES ('core', 'cc', 'page-hinkley');
INSERT INTO sast_findings(id, sha, tool, rule_id, severity, confidence, location, fingerprint)
VALUES ('NF-1', '8f1c…', 'bandit', 'B1', 'HIGH', 0.9, '{}', 'f1'),
       ('NF-2', '8f1c…', 'bandit', 'B1', 'HIGH', 0.9, '{}', 'f2'),
       ('NF-3', '8f1c…', 'bandit', 'B1', 'LOW', 0.9, '{}', 'f3');
INSERT INTO sast_fix_queue(nf_id) VALUES ('NF-3');
INSERT INTO heal_candidates(id, sha, kind) VALUES ('c1', '8f1c…', 'code_patch'), ('c2', '8f1c…', 'code_patch');
INSERT INTO heal_outcomes(id, candidate_id, result) VALUES ('o1', 'c1', 'applied'), ('o2', 'c2', 'rejected');
"""


def connect(store):
    """With now(), as EGDB's own connections have it."""
    connection = store.connect()
    if store.kind == "sqlite":
        connection.create_function(
            "now", 0, lambda: datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    return connection


def run(store, sql):
    with contextlib.closing(connect(store)) as connection:
        if store.kind == "sqlite" and sql.count(";") > 1:
            connection.executescript(sql)
            return []
        cursor = connection.cursor()
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def seeded(store):
    run(store, FIXTURE)
    run(store, MORE)
    if store.kind == "postgresql":
        run(store, "REFRESH MATERIALIZED VIEW vw_last_run_by_sha")
        run(store, "REFRESH MATERIALIZED VIEW vw_invariants_heatmap")
    return store


def documented():
    text = (binary.ROOT / "docs" / "reference" / "seed-sql.md").read_text(encoding="utf-8")
    return [(set(words.split()), sql) for words, sql in re.findall(r"^```sql ([^\n]+)\n(.*?)^```$", text, re.M | re.S)]


def test_the_fixture_runs_unchanged(store):
    run(store, FIXTURE)
    assert store.query("SELECT id, sha, finished, status, repo, branch, event_id FROM runs") == [
        ("01J…RUN", "8f1c…", None, "ok", "", None, None)]
    assert store.query("SELECT run_id, idx, dt_ms FROM steps") == [("01J…RUN", 0, 123)]
    assert store.query("SELECT token, weight, meta->>'line' FROM delta_tokens")[0][:2] == ("MODIFY_SIG", 1.0)
    assert store.query("SELECT score_deltaZ FROM delta_fingerprints") == [(1.0,)]
    assert store.query("SELECT gate, action FROM invariants_results") == [("I2", "review")]
    if store.kind == "sqlite":
        form = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
        for time in ("started FROM runs", "created_utc FROM delta_tokens", "created_utc FROM delta_fingerprints"):
            assert re.fullmatch(form, store.scalar(f"SELECT {time}"))


def on_their_stores():
    for words, sql in documented():
        kinds = {"sqlite", "postgresql"} if words & {"fails", "both"} else words
        yield pytest.param(words, sql, marks=pytest.mark.only_on(*kinds), id="+".join(sorted(words)))


@pytest.mark.parametrize("words,sql", on_their_stores())
def test_documented_statements_do_as_is_said(words, sql, seeded, store_kind):
    sql = re.sub(r"\$1|\$sha", "'8f1c…'", sql).replace("$prefix", "'core%'")
    if "INSERT INTO runs" in sql:
        seeded.script("DELETE FROM runs")
    if "fails" in words and store_kind in words:
        with pytest.raises(Exception):
            run(seeded, sql)
    else:
        run(seeded, sql)


def block(mark, store_kind):
    """The first documented statement with `mark` in it that runs on the store."""
    return next(sql for words, sql in documented() if mark in sql
                and (store_kind not in words if "fails" in words else words & {"both", store_kind}))


def test_i3_compares_projected_and_observed(seeded):
    sql = block("phi_delta", seeded.kind).replace("$1", "'8f1c…'")
    assert run(seeded, sql) == [(1, 0.25)]


def test_hot_files_of_the_week(seeded):
    sql = block("commit_ts", seeded.kind)
    assert run(seeded, sql) == [("core/pipeline.py", 1.0)]
    seeded.script("INSERT INTO commits(commit_sha, message, authored_at)"
                  " VALUES ('8f1c…', 'm', '2020-02-29T12:00:00.900000Z')")
    assert run(seeded, sql) == []
    assert run(seeded, "SELECT commit_sha, commit_ts, file, delta_z, tokens FROM vw_commit_deltas") == [
        ("8f1c…", 1582977600, "core/pipeline.py", 1.0, 1)]


def test_violations_leave_passes_out(seeded):
    violations = run(seeded, "SELECT kind, action FROM vw_invariants_violations ORDER BY kind")
    assert violations == [("I2", "review"), ("I3", "block")]
    assert run(seeded, block("v.kind='I3'", seeded.kind)) == [(1,)]


def test_views_of_section_6(seeded):
    assert run(seeded, "SELECT sha, runs FROM vw_last_run_by_sha") == [("8f1c…", 1)]
    assert run(seeded, "SELECT gate, cnt FROM vw_invariants_heatmap ORDER BY gate") == [("I2", 1), ("I3", 2)]
    assert run(seeded, "SELECT sha, severity, cnt FROM vw_sast_backlog") == [("8f1c…", "HIGH", 2)]
    assert run(seeded, "SELECT kind, success_rate, n FROM vw_heal_success_by_kind") == [("code_patch", 0.5, 2)]
    assert run(seeded, "SELECT module, tokens, repo FROM vw_delta_density_by_module") == [("core.pipeline", 1, "")]


def test_days_of_the_heat_map_are_utc_s(store):
    for at in ("2025-10-10T23:59:59.999999Z", "2025-10-11T00:00:00.000000Z"):
        run(store, "INSERT INTO invariants_results(sha, gate, score, threshold, action, created_utc)"
                   f" VALUES ('s', 'I1', 1, 1, 'pass', '{at}')")
    if store.kind == "postgresql":
        with contextlib.closing(store.connect()) as connection:
            connection.cursor().execute("SET timezone = 'Asia/Tokyo'; REFRESH MATERIALIZED VIEW vw_invariants_heatmap")
    rows = run(store, "SELECT day FROM vw_invariants_heatmap ORDER BY day")
    assert [str(day).replace(" ", "T")[:19] for (day,) in rows] == ["2025-10-10T00:00:00", "2025-10-11T00:00:00"]


def test_repositories_do_not_mix(seeded):
    seeded.script("INSERT INTO modules(id, name, path, repo) VALUES (2, 'core.pipeline', 'core/pipeline.py', 'other')")
    seeded.script("INSERT INTO files(id, module_id, path, repo) VALUES (2, 2, 'core/pipeline.py', 'other')")
    assert run(seeded, "SELECT module, tokens, repo FROM vw_delta_density_by_module") == [("core.pipeline", 1, "")]
