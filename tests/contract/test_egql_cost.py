"""The lookups of EGQL cost what they find, and not what else is stored: by the plans of the stores and by what they read at two sizes."""
import re
import subprocess

import pytest

from support import binary, cost, egql

SERIES = {"sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {n}) SELECT n FROM s)",
          "postgresql": "(SELECT n FROM generate_series(1, {n}) AS g(n))"}
# Two weeks, so that there are several partitions.
TIME = {"sqlite": "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-' || (n % 14) || ' days')", "postgresql": "now() - (n % 14) * interval '1 day'"}
NOW = {"sqlite": "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')", "postgresql": "now()"}
REPOS = 20


def add(store, n, values, base=0):
    series = SERIES[store.kind].format(n=n)
    store.script("INSERT INTO events (id, topic, ts_utc, source, correlation_id, causation_id, repo_sha, payload_json, position) "
                 f"SELECT {values.format(time=TIME[store.kind], now=NOW[store.kind])}, {base} + n FROM {series} AS t")


def analyze(store):
    store.script("ANALYZE" if store.kind == "sqlite" else "ANALYZE")


def statement(store, query, which=0, **kw):
    """One of a query's statements with ? for its parameters, in their order."""
    with egql.Probe(store) as probe:
        sql, params = probe.ask(query, compile=True, **kw)["statements"][which]
    order = []
    text = re.sub(r"[$?](\d+)", lambda m: order.append(int(m.group(1)) - 1) or "?", sql)
    return text, [params[i] for i in order]


def others(store, n, base):
    """Events of no interest: effects of others, and of other topics."""
    add(store, n, f"'other-' || ({base} + n), 'noise.made@v1', {{time}}, 's', 'c', 'cause-' || ({base} + n) % 997, 'a', '{{{{\"repo\": \"r1\"}}}}'", base)


@pytest.mark.parametrize("scope", ["effects(e-1)", "causes(e-6)"])
def test_a_chain_costs_its_length(store, scope):
    add(store, 6, "'e-' || n, 'chain.made@v1', {time}, 's', 'c', CASE WHEN n > 1 THEN 'e-' || (n - 1) END, 'a', '{{}}'")
    others(store, 2000, 1000)
    analyze(store)
    asked = statement(store, f"SELECT events (id) FROM {scope}")
    small, n, _ = cost.of(store, *asked)
    others(store, 30000, 10000)
    analyze(store)
    large, m, plan = cost.of(store, *asked)
    assert n == m == 6
    assert large <= 2 * small + 200, (small, large, plan)
    if scope.startswith("effects"):
        assert "causation_id" in plan if store.kind == "postgresql" else "ix_events_causation" in plan, plan


def indexed(store, n, base, repos=REPOS):
    store.script(f"INSERT INTO files (path, repo, sha, position) SELECT 'f' || ({base} + n) || '.py', 'r' || (n % {repos}), 'abc' || ({base} + n), {base} + n "
                 f"FROM {SERIES[store.kind].format(n=n)} AS t")


@pytest.mark.parametrize("query", ["SELECT graph FROM sha(abcd)", "SELECT graph FROM branch(main) WHERE start=\"a:b\""])
def test_the_indexed_commit_costs_one_probe_a_repository(store, query):
    """Also of the repository whose graph is the oldest of all."""
    indexed(store, 200, 0)
    others(store, 1000, 1000)
    analyze(store)
    said = subprocess.run([binary.path().parent / "egqlc", "--dialect", store.kind], input=query, capture_output=True, text=True, check=True)
    asked = (said.stdout.splitlines()[0],)
    small, n, _ = cost.of(store, *asked)
    before = store.query(*asked)
    indexed(store, 6000, 10000, repos=1)
    others(store, 10000, 20000)
    analyze(store)
    large, m, plan = cost.of(store, *asked)
    assert n == m == REPOS
    assert large <= 2 * small + 200, (small, large, plan)
    after = store.query(*asked)
    assert before[1:] == after[1:], "the others' newest are the same"
    assert before[0] != after[0], "r0 has a newer one"
    if store.kind == "sqlite":
        assert "ix_files_newest" in plan


def hub(store, nodes):
    """A node that calls all the others, and is called by them."""
    series = SERIES[store.kind]
    store.script("INSERT INTO files (id, path, repo) VALUES (1, 'pkg/hub.py', '')")
    store.script(f"INSERT INTO ast_nodes (id, file_id, uid, kind, name, repo) SELECT n, 1, 'AST::pkg/hub.py#f' || n, 'FunctionDef', 'f' || n, '' "
                 f"FROM {series.format(n=nodes)} AS t")
    for ends in ("1, n, 'AST::pkg/hub.py#f1', 'AST::pkg/hub.py#f' || n", "n, 1, 'AST::pkg/hub.py#f' || n, 'AST::pkg/hub.py#f1'"):
        store.script(f"INSERT INTO ast_edges (src_id, dst_id, src_uid, dst_uid, etype, repo) SELECT {ends}, 'call', '' "
                     f"FROM {series.format(n=nodes)} AS t WHERE n > 1")
    store.script("ANALYZE" if store.kind == "sqlite" else "ANALYZE")


def test_a_walk_ends_when_its_edges_fill_the_answer(store):
    """Nineteen calls of one function are nineteen rows, and the functions that it calls are not looked for."""
    hub(store, 20)
    store.script("UPDATE ast_edges SET dst_id = 2 WHERE src_id = 1")
    with egql.Probe(store) as probe:
        answer = probe.ask('SELECT graph FROM all WHERE start="pkg.hub:f1" depth<=9 LIMIT 15')
        assert len(answer["rows"]) == 15 and answer["ran"] == 4, "repositories, start, one level, the answer"
        assert probe.ask('SELECT graph FROM all WHERE start="pkg.hub:f1" depth<=9 LIMIT 19')["ran"] > 4


@pytest.mark.parametrize("direction", ["out", "in"])
def test_a_hub_costs_the_rows_that_are_wanted(store, direction):
    """The statement of the answer, which the hub's other edges must not make dearer."""
    hub(store, 6000)
    text, params = statement(store, f'SELECT graph (depth, src, dst) FROM all WHERE start="pkg.hub:f1" direction={direction} LIMIT 10', which=-1)
    spent, n, plan = cost.of(store, text, ["[[1]]" if p == "[[]]" else p for p in params])
    assert n == 10
    assert spent < 1500, (spent, plan)
