"""What common queries cost: their rows and no more. The SQL that the server would run is explained on a database, and again when ten times
as many other rows have come; PostgreSQL's buffers and rows, and SQLite's steps, must stay the same."""
import contextlib
import json
import re
import subprocess

import pytest

from support import binary, cost
from support.browser import recent_node

A = "a" * 40
SIZES = (3000, 30000)
QUERIES = [
    "SELECT events FROM all LIMIT 3",
    "SELECT events FROM all LAST 1d",
    'SELECT events FROM all WHERE topic = "t.a@v1" LIMIT 3',
    'SELECT events FROM all WHERE topic = "t.a@v1" LAST 1d',
    f"SELECT events FROM sha({A})",
    "SELECT events FROM branch(wanted) LAST 1d",
    "SELECT events FROM correlation(wanted)",
    "SELECT events FROM causes(E1)",
    "SELECT events FROM effects(E21)",
    "SELECT events(topic, count()) FROM all GROUP BY topic LAST 1d",
    "PATH topic:t.a@v1 >> topic:t.b@v1 FROM all LAST 1d",
    "PATH topic:t.a@v1 >> topic:t.b@v1 FROM correlation(wanted)",
    "SELECT tokens FROM all LIMIT 3",
    f"SELECT tokens FROM sha({A})",
    'SELECT tokens FROM all WHERE file = "wanted.py" LIMIT 3',
    'SELECT tokens FROM all WHERE file = "wanted.py" LAST 1d',
    "SELECT tokens FROM branch(wanted) LAST 1d",
    "SELECT invariants FROM all LIMIT 3",
    'SELECT invariants FROM all WHERE gate = "I7" LIMIT 3',
    'SELECT invariants FROM all WHERE gate = "I7" LAST 1d',
    "SELECT runs FROM all LIMIT 3",
    'SELECT steps FROM all WHERE run_id = "R1"',
    'SELECT findings FROM all WHERE severity = "CRITICAL" LIMIT 3',
    "SELECT tokens FROM all WHERE event_id = E1 LAST 1d",
    "SELECT invariants (action, count() AS n) FROM all GROUP BY action LAST 1d",
    "SELECT runs (status, count() AS n) FROM all GROUP BY status LAST 1d",
    "SELECT findings (severity, count() AS n) FROM all GROUP BY severity LAST 1d",
]
# Sources whose window has no index, and why.
WITHOUT = {"event_ids": "one more index would cost every event, and events has the same times", "pending": "what waits is bounded, and comes and goes",
           "schema_versions": "a row a migration", "heatmap": "groups of days", "last_runs": "a group for each commit"}
# What the HUD asks for beside the panels, of a commit, an event, a file, a day: hud/lib/queries.js itself says it, which imports nothing.
HUD = """
import { DELTAS, EVENT, FIXES_OF, GRAPH, PLACES } from %s;
const [sha, sources] = JSON.parse(process.argv[1]);
const [of, day] = [{ scope: `sha(${sha})`, repo: null, window: '' }, { scope: 'all', repo: null, window: ' LAST 24h' }];
const payload = { run_id: 'R1', id: 'o1', sha, module: 'a', file: { path: 'a' } };
const event = { id: 'E1', ts_utc: '2025-10-10T00:00:00.000000Z', payload };
console.log(JSON.stringify([
  ...sources.map((source) => EVENT.rows(source, event)),
  ...['tokens', 'tiles', 'gates', 'gateCounts', 'print', 'commits', 'prints', 'commitCount'].map((name) => ({ query: DELTAS[name](of) })),
  ...['tokens', 'tiles', 'gates', 'commits', 'prints'].map((name) => ({ query: DELTAS[name](day) })), { query: DELTAS.lines(of), params: { file: 'f' } },
  ...Object.values(PLACES).map((query) => ({ query, params: { repo: 'r' } })), { query: GRAPH.node(''), params: { repo: '', uid: 'u' } },
  { query: FIXES_OF.finding, params: { nf: 'f1' } }, { query: FIXES_OF.fixes, params: { nf: 'f1' } }, { query: FIXES_OF.heal, params: { id: 'h1' } }]));
"""
# {n} rows from number {base} + 1 on, whose time is {ago} and a second each before now
EVENTS = ("events (id, topic, ts_utc, source, correlation_id, causation_id, repo_sha, repo_branch, payload_json, position, received_utc)",
          "'{m}' || i, '{topic}', {time}, 's', '{correlation}', {cause}, '{sha}', '{branch}', '{{}}', {base} + i, {time}")
OTHERS = [
    ("delta_tokens (sha, file, token, weight, created_utc, branch, event_id)", "'{sha}', '{file}', 'ADD_FN', 0.5, {time}, '{branch}', '{m}' || i"),
    ("invariants_results (sha, gate, score, threshold, action, created_utc)", "'{sha}', '{gate}', 1, 1, 'pass', {time}"),
    ("runs (id, sha, started)", "'{run}' || i, '{sha}', {time}"),
    ("steps (run_id, name, idx, dt_ms)", "'{run}' || i, 's', i, 5"),
    ("sast_findings (id, sha, tool, rule_id, severity, confidence, location, fingerprint, last_sha, created_utc)",
     "'NF-{m}' || i, '{sha}', 't', 'r', '{severity}', 1, '{{\"file\":\"f\",\"line\":1}}', '{m}' || i, '{sha}', {time}"),
]
WANTED = {"m": "E", "correlation": "wanted", "sha": A, "branch": "wanted", "file": "wanted.py", "gate": "I7", "run": "R", "severity": "CRITICAL",
          "ago": "1 hours", "base": 1000000}
OTHER = {"topic": "t.c@v1", "correlation": "other", "cause": "NULL", "sha": "b" * 40, "branch": "other", "file": "other.py", "gate": "I8",
         "severity": "LOW", "ago": "300 days"}


def insert(store, tables, n, words):
    pg = store.kind == "postgresql"
    time = (f"now() - interval '{words['ago']}' - i * interval '1 second'" if pg else
            f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-{words['ago']}', '-' || i || ' seconds')")
    series = (f"generate_series(1, {n}) AS g(i)" if pg else
              f"(WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < {n}) SELECT i FROM g) AS g")
    for table, values in tables:
        store.script(f"INSERT INTO {table} SELECT {values.format(**words, time=time)} FROM {series}")


def others(store, n, m, base):
    insert(store, [EVENTS, *OTHERS], n, {**OTHER, "m": m, "run": m, "base": base})
    store.script("ANALYZE")


def literal(value):
    if isinstance(value, (list, dict)):
        value = json.dumps(value)
    return "NULL" if value is None else str(value) if isinstance(value, (int, float)) else "'" + value.replace("'", "''") + "'"


def asked_by_the_hud(sources):
    script = HUD % json.dumps((binary.ROOT / "hud/lib/queries.js").as_uri())
    done = subprocess.run([recent_node(), "--input-type=module", "-e", script, "--", json.dumps([A, sources])], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [(one["query"], one.get("params")) for one in json.loads(done.stdout)]


def statement(client, query, params=None):
    """The answer's SQL with its values in their places."""
    answer = client.post("/v1/query/explain", {"query": query, **({"params": params} if params else {})})
    assert answer.status == 200, (query, answer)
    said = answer.json()
    return re.sub(r"[$?](\d+)", lambda found: literal(said["params"][int(found.group(1)) - 1]), said["sql"])


def scans(store, sql):
    """What of its plan reads a table from end to end, even where nothing is stored."""
    with contextlib.closing(store.connect()) as connection:
        if store.kind == "sqlite":
            for name in cost.SERVERS_OWN:
                connection.create_function(name, -1, lambda *_: None, deterministic=True)
            return [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql) if re.match(r"SCAN \w+$", row[3])]
        with connection.cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("EXPLAIN " + sql)
            return [line for (line,) in cursor.fetchall() if "Seq Scan" in line]


def test_no_window_and_no_question_of_the_hud_reads_a_whole_table(store, client):
    store.script(f"INSERT INTO commits (commit_sha, message, authored_at) VALUES ('{A}', 'm', '2025-10-10T00:00:00.000000Z')")
    declared = [json.loads(path.read_text("utf-8")) for path in sorted((binary.ROOT / "spec/sources").glob("*.json"))]
    timed = {source["name"] for source in declared if "time" in source}
    assert len(timed) > 20 and set(WITHOUT) <= timed
    made = {table for topic in client.get("/v1/topics").json()["topics"] for table in topic["tables"]}
    of_event = [source for source in client.get("/v1/sources").json()["sources"]
                if source["table"] in made and any(column["name"] == "event_id" for column in source["columns"])]
    assert len(of_event) > 20
    asked = [(f"SELECT {name} FROM all LAST 1h", None) for name in sorted(timed - set(WITHOUT))] + asked_by_the_hud(of_event)
    told = {query: scans(store, statement(client, query, params)) for query, params in asked}
    assert not {query: found for query, found in told.items() if found}


@pytest.fixture
def filled(store, client):
    for i, topic in enumerate(("t.b@v1", "t.a@v1", "t.a@v1")):  # i + 1 seconds before: the cause lies behind
        insert(store, [EVENTS], 1, {**WANTED, "m": f"E{i + 1}" if i else "E", "topic": topic, "cause": "'E21'" if not i else "NULL", "base": 1000000 + i,
                                    "ago": f"{3600 + i} seconds"})
    insert(store, OTHERS, 3, WANTED)
    others(store, SIZES[0], "old", 0)
    return store


def test_common_queries_cost_what_they_return(filled, client):
    before = {query: cost.of(filled, statement(client, query)) for query in QUERIES}
    others(filled, SIZES[1] - SIZES[0], "more", 100000)
    told = []
    for query, (small, n, _) in before.items():
        large, m, plan = cost.of(filled, statement(client, query))
        if n == 0 or n != m or large > 2 * small + 200:
            told.append(f"{query}: {n} and {m} rows for {small} and {large}\n{plan}")
    assert not told, "\n".join(told)
