"""What common queries cost: their rows and no more. The SQL that the server would run is explained on a database, and again when ten times
as many other rows have come; PostgreSQL's buffers and rows, and SQLite's steps, must stay the same."""
import json
import re

import pytest

from support import cost

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
]
# {n} rows from number {base} + 1 on, whose time is {ago} and a second each before now
EVENTS = ("events (id, topic, ts_utc, source, correlation_id, causation_id, repo_sha, repo_branch, payload_json, position, received_utc)",
          "'{m}' || i, '{topic}', {time}, 's', '{correlation}', {cause}, '{sha}', '{branch}', '{{}}', {base} + i, {time}")
OTHERS = [
    ("delta_tokens (sha, file, token, weight, created_utc, branch)", "'{sha}', '{file}', 'ADD_FN', 0.5, {time}, '{branch}'"),
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


def statement(client, query):
    """The answer's SQL with its values in their places."""
    answer = client.post("/v1/query/explain", {"query": query})
    assert answer.status == 200, (query, answer)
    said = answer.json()
    return re.sub(r"[$?](\d+)", lambda found: literal(said["params"][int(found.group(1)) - 1]), said["sql"])


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
