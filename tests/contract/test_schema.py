"""The tables as the design asks for them: what every derived row carries, keys, partitions kept ahead, rows that must
survive."""
import concurrent.futures
import contextlib
import datetime

import pytest

DERIVED = {
    "runs", "steps", "invariants_results", "delta_tokens", "delta_fingerprints", "mosaic_deltas", "spec_thresholds",
    "spec_drift", "sast_findings", "sast_fix_queue", "sast_fix_verification", "heal_candidates", "heal_verification",
    "heal_outcomes", "modules", "files", "ast_nodes", "ast_edges", "phi_links", "commits", "commit_files",
    "commit_labels", "test_reports", "sast_scans"}
OF_THE_LOG = {"events", "event_ids", "event_keys", "event_position", "events_dlq", "pending_rows", "pending_parents",
              "artifacts", "egdb_schema_version", "alembic_version"}
MANY_REPOSITORIES = DERIVED - {"sast_fix_verification", "heal_verification", "heal_outcomes"}
VIEWS = {"vw_last_run_by_sha", "vw_invariants_heatmap", "vw_sast_backlog", "vw_heal_success_by_kind",
         "vw_delta_density_by_module", "vw_commit_deltas", "vw_invariants_violations", "vw_delta_tokens",
         "vw_file_tokens", "vw_sast_open", "vw_sast_suppressed", "vw_sast_complete"}
DISTRIBUTED_BY = {"events": "id", "event_ids": "id", "artifacts": "event_id", "runs": "id", "steps": "run_id",
                  "delta_tokens": "sha", "delta_fingerprints": "sha", "ast_edges": "repo", "phi_links": "repo"}


def columns(store, table):
    """{name: (is nullable, has a default)}"""
    if store.kind == "sqlite":
        return {name: (not notnull, default is not None) for name, notnull, default in store.query(
            f"SELECT name, \"notnull\", dflt_value FROM pragma_table_info('{table}')")}
    return {name: (nullable == "YES", default is not None) for name, nullable, default in store.query(
        "SELECT column_name, is_nullable, column_default FROM information_schema.columns WHERE table_name = ?",
        (table,))}


@pytest.fixture
def pg(store):
    assert store.kind == "postgresql"
    return store


def test_tables_and_views(store):
    tables = {name for name in store.tables() if not name.startswith(("events_p2", "delta_tokens_p2"))}
    assert tables - {"egdb_view_columns", "events_history", "delta_tokens_history", "partition_merges", "partition_changes", "partition_merges_failed"} == DERIVED | OF_THE_LOG
    views = ("SELECT name FROM sqlite_master WHERE type = 'view'" if store.kind == "sqlite" else
             "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace")
    assert {name for (name,) in store.query(views)} == VIEWS


def test_derived_rows_tell_their_event_branch_and_repository(store):
    for table in DERIVED:
        has = columns(store, table)
        assert has["event_id"][0] and has["branch"][0], table
        assert table not in MANY_REPOSITORIES or has["repo"] == (False, True), table


def test_names_are_unique_in_their_repository(store):
    store.script("INSERT INTO modules(id, name, path) VALUES (1, 'a', 'a')")
    store.script("INSERT INTO modules(id, name, path, repo) VALUES (2, 'a', 'a', 'other')")
    with pytest.raises(Exception, match="(?i)unique"):
        store.script("INSERT INTO modules(id, name, path) VALUES (3, 'a', 'b')")


def test_edges_outlive_the_nodes_they_point_to(store):
    store.script("""
        INSERT INTO files(id, path) VALUES (1, 'a.py'), (2, 'b.py');
        INSERT INTO ast_nodes(id, file_id, uid, kind, file) VALUES (1, 1, 'AST::a.py#f', 'FunctionDef', 'a.py');
        INSERT INTO ast_nodes(id, file_id, uid, kind, file) VALUES (2, 2, 'AST::b.py#g', 'FunctionDef', 'b.py');
        INSERT INTO ast_edges(src_id, dst_id, etype, file, src_uid, dst_uid)
        VALUES (1, 2, 'call', 'a.py', 'AST::a.py#f', 'AST::b.py#g')""")
    with contextlib.closing(store.connect()) as connection:
        connection.cursor().execute("DELETE FROM files WHERE path = 'b.py'")
        assert store.query("SELECT src_id, dst_id, dst_uid FROM ast_edges") == [(1, None, "AST::b.py#g")]
        connection.cursor().execute("DELETE FROM files WHERE path = 'a.py'")
    assert store.query("SELECT * FROM ast_edges") == []


@pytest.mark.parametrize("row", [
    "runs(id, sha, started, status) VALUES ('r', 's', '2025-10-10T00:00:00.000000Z', 'fine')",
    "heal_candidates(id, sha, kind) VALUES ('c', 's', 'prayer')",
    "commit_labels(sha, label) VALUES ('s', 'so-so')",
    "ast_edges(etype) VALUES ('guess')",
    "sast_fix_queue(status) VALUES ('lost')",
    "steps(run_id, name, idx, dt_ms) VALUES ('no such run', 'n', 0, 1)",
    "event_position(id, position) VALUES (2, 0)",
])
def test_checks_hold(store, row):
    with contextlib.closing(store.connect()) as connection, pytest.raises(Exception, match="(?i)constraint"):
        connection.cursor().execute("INSERT INTO " + row)


@pytest.mark.only_on("postgresql")
def test_text_sorts_by_bytes(pg):
    assert pg.query("""SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0
        AND a.atttypid = 'text'::regtype AND a.attcollation <> '"C"'::regcollation""") == []


@pytest.mark.only_on("postgresql")
def test_keys_hold_the_column_to_distribute_by(pg):
    for table, column in DISTRIBUTED_BY.items():
        keys = pg.query("""SELECT array_agg(a.attname::text) FROM pg_index i
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
            WHERE i.indisunique AND i.indrelid = ?::regclass GROUP BY i.indexrelid""", (table,))
        assert keys and all(column in key for (key,) in keys), table
        assert columns(pg, table)[column][0] is False, table


@pytest.mark.only_on("postgresql")
def test_foreign_keys_are_named_and_stay_out_of_partitions(pg):
    rows = pg.query(
        "SELECT conname, conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    assert rows and all(name.endswith("_fkey") for name, _, _ in rows)
    assert not {"events", "delta_tokens"} & {table for _, *ends in rows for table in ends}


# Partitions

def bounds(pg, parent):
    """[(name, from or None, to)] in order; None is MINVALUE."""
    rows = pg.query("""SELECT c.relname, (regexp_match(b.bound, 'FROM \\(''([^'']+)''\\)'))[1]::timestamptz,
        (regexp_match(b.bound, 'TO \\(''([^'']+)''\\)'))[1]::timestamptz
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) AS b(bound)
        WHERE i.inhparent = ?::regclass ORDER BY 2 NULLS FIRST""", (parent,))
    assert rows[0][1] is None and rows[0][0] == f"{parent}_history"
    for before, after in zip(rows, rows[1:]):
        assert before[2] == after[1], f"a gap between {before} and {after}"
    return rows


def now():
    return datetime.datetime.now(datetime.timezone.utc)


@pytest.mark.only_on("postgresql")
def test_partitions_are_ahead_without_a_gap(pg):
    for parent, days in (("events", 1), ("delta_tokens", 7)):
        rows = bounds(pg, parent)
        assert now() - datetime.timedelta(days=7 + days) < rows[0][2] <= now() - datetime.timedelta(days=7)
        assert rows[-1][2] > now() + datetime.timedelta(days=7)
        for name, start, end in rows[1:]:
            assert end - start == datetime.timedelta(days=days) and name == f"{parent}_p{start:%Y%m%d}"
            assert (start.hour, start.minute) == (0, 0) and (days == 1 or start.weekday() == 0)
    assert pg.scalar("SELECT egdb_partitions_ahead(7)") == 0
    assert pg.scalar("SELECT egdb_partitions_ahead(30)") > 20
    bounds(pg, "events")


@pytest.mark.only_on("postgresql")
def test_partitions_are_made_once_by_servers_that_ask_at_once(pg):
    def ask(_):
        with contextlib.closing(pg.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SET timezone = 'Pacific/Auckland'; SET datestyle = 'SQL, DMY'")
            cursor.execute("SELECT egdb_partitions_ahead(20)")
            return cursor.fetchone()[0]

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        made = sorted(pool.map(ask, range(4)))
    assert made[:3] == [0, 0, 0] and made[3] > 10
    bounds(pg, "events")


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("away_days", [20, 400])
def test_partitions_continue_after_a_time_away(pg, away_days):
    """The database as a server left it long ago: the history partition ends then, and nothing comes after it."""
    then = (now() - datetime.timedelta(days=away_days)).strftime("%Y-%m-%d")
    for name, _, _ in bounds(pg, "events"):
        pg.script(f"ALTER TABLE events DETACH PARTITION {name}; DROP TABLE {name}")
    pg.script(f"CREATE TABLE events_history PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('{then}Z')")
    assert 8 < pg.scalar("SELECT egdb_partitions_ahead(7)") < 60
    rows = bounds(pg, "events")
    assert rows[-1][2] > now() + datetime.timedelta(days=7)


@pytest.mark.only_on("postgresql")
@pytest.mark.parametrize("days", [0, 1, 367, None])
def test_partitions_ahead_has_bounds(pg, days):
    with pytest.raises(Exception, match="days must be"):
        pg.query("SELECT egdb_partitions_ahead(?::int)", (days,))


@pytest.mark.only_on("postgresql")
def test_making_partitions_stops_no_writer(pg):
    """A writer that hangs in its transaction holds no lock that the function waits for, nor the other way round."""
    with contextlib.closing(pg.connect()) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(EVENT.format(id="held", ts="now()", position=1))
        assert pg.scalar("SET lock_timeout = '10s'; SELECT egdb_partitions_ahead(40)") > 0
        cursor.execute("COMMIT")


@pytest.mark.only_on("postgresql")
def test_every_partition_has_every_index_once(pg):
    for parent in ("events", "delta_tokens"):
        wanted = pg.scalar("SELECT count(*) FROM pg_index WHERE indrelid = ?::regclass", (parent,))
        counts = pg.query("""SELECT (SELECT count(*) FROM pg_index x WHERE x.indrelid = i.inhrelid) FROM pg_inherits i
            WHERE i.inhparent = ?::regclass""", (parent,))
        assert {count for (count,) in counts} == {wanted}
    gins = pg.query("SELECT reloptions FROM pg_class WHERE relam = (SELECT oid FROM pg_am WHERE amname = 'gin')")
    assert len(gins) > 10 and all(options == ["gin_pending_list_limit=262144"] for (options,) in gins)


EVENT = ("INSERT INTO events(id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position)"
         " VALUES ('{id}', 't@v1', {ts}, 's', 'c', 'r', '{{}}', {position})")


@pytest.mark.only_on("postgresql")
def test_events_of_any_past_and_of_a_day_ahead_find_a_place(pg):
    moments = ["'0001-01-01Z'", "'1970-01-01Z'", "now() - interval '10 years'", "now() - interval '8 days'", "now()",
               "now() + interval '24 hours'"]
    for position, moment in enumerate(moments):
        pg.script(EVENT.format(id=position, ts=moment, position=position))
    assert pg.scalar("SELECT count(*) FROM events_history") == 4


@pytest.mark.only_on("postgresql")
def test_materialized_views_refresh_beside_readers(pg):
    views = pg.query("SELECT matviewname FROM pg_matviews")
    assert len(views) == 3
    for (view,) in views:
        pg.script(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
