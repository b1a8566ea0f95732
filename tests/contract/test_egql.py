"""EGQL on the two stores: the same rows in the same order, for queries that are written (tests/egql/both_stores.txt) and made, over a data
set that fills every source."""
import datetime
import itertools
import json
import random
import re

import pytest

from support import egql
from support.egql import agree, posted, rows

WRITTEN = [line for line in (egql.ROOT / "tests/egql/both_stores.txt").read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("query", WRITTEN)
def test_written_queries_give_the_same_rows(both, query):
    answer = agree(both, query)
    assert "error" not in answer, answer


def test_every_example_of_the_language_is_answered(both):
    """Of egql/GRAMMAR.md, with a commit, a run and an event that are there; those that it shows an error of are a unit test's."""
    text = (egql.ROOT / "egql/GRAMMAR.md").read_text()
    examples = [query for query, after in re.findall(r"```egql\n(.*?)\n```\n\n?(```error)?", text, re.S) if not after]
    given = {"branch": "main", "other": "DEL_FN", "width": "1h", "from": "2025-10-10", "until": "2030-01-01T00:00Z", "window": "7d"}
    assert len(examples) > 20
    for example in examples:
        query = example.replace("8f1c2d3e", egql.SHAS[5]).replace("0a1b2c3d", egql.SHAS[4])
        query = query.replace("01J9ZK3V5B7Q8R9S0T1V2W3X4Y", "run-003" if "run(" in query else "01EGQL00000000000000000009")
        answer = agree(both, query, params={name: value for name, value in given.items() if f"${name}" in query})
        assert "error" not in answer, (example, answer)


class Maker:
    """Queries by chance over the declared sources."""
    VALUES = {"text": ['"core"', "main", "I3", '"a"', '"core/f1.py"', "pass", '""', '"ä"'], "integer": ["0", "1", "37", "100", "2.5"],
              "number": ["0", "0.5", "1", "-1", "1e3"], "boolean": ["true", "false"], "time": ['"2025-10-10"', '"2030-01-01T00:00Z"'],
              "json": ["1", "2", "0.1", "true", "false", '"alpha"', '"1"', '""', "10", '"ä"']}

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.sources = [json.loads(path.read_text()) for path in sorted((egql.ROOT / "spec/sources").glob("*.json"))]

    def key(self, source):
        fields = [(name, f["type"]) for name, f in source["fields"].items() if not f.get("surrogate") and not f.get("depth")
                  and f["type"] != "bytes"]
        name, kind = self.random.choice(fields)
        if kind == "json":
            return name + "." + self.random.choice(["x", "tokens", "why", "ssim", "n.deep.0", "n.deep.1.k", "line", "MODIFY_SIG", "rows"]), kind
        if source.get("event") and self.random.random() < 0.2:
            return "payload." + self.random.choice(["x", "n.deep.0", 'n.deep."-1".k', "module", "x.aa", "x.0", "n"]), "json"
        return name, kind

    def predicate(self, source):
        key, kind = self.key(source)
        value = lambda: self.random.choice(self.VALUES[kind])
        roll = self.random.random()
        if roll < 0.15:
            return f"EXISTS {key}"
        if roll < 0.3:
            return f"{key} IN ({', '.join(value() for _ in range(3))})"
        if roll < 0.45 and kind in ("text", "json"):
            return f"{key} {self.random.choice(['~', '!~'])} \"{self.random.choice(['a', '^a', 'e$', '[0-9]+', 'core|gui', '.'])}\""
        op = self.random.choice(["=", "!="] if kind == "boolean" else ["=", "!=", "<", "<=", ">", ">="])
        return f"{key} {op} {value()}"

    def condition(self, source, depth=0):
        roll = self.random.random()
        if depth > 2 or roll < 0.5:
            return self.predicate(source)
        if roll < 0.65:
            return f"NOT ({self.condition(source, depth + 1)})"
        word = self.random.choice([" AND ", " OR ", " "])
        return "(" + word.join(self.condition(source, depth + 1) for _ in range(2)) + ")"

    def grouped(self, source):
        keys = {self.key(source)[0] for _ in range(self.random.randint(0, 2))}
        keys -= {k for k in keys if k == "payload.n"}
        number = [n for n, f in source["fields"].items() if f["type"] in ("integer", "number") and not f.get("surrogate") and not f.get("depth")]
        times = [n for n, f in source["fields"].items() if f["type"] == "time"]
        if times and self.random.random() < 0.4:
            keys.add(f"bucket({self.random.choice(times)}, {self.random.choice(['15m', '1h', '7h', '1d', '1w', '$width'])})")
        items = list(keys) + ["count()"]
        if number:
            n = self.random.choice(number)
            items += self.random.sample([f"sum({n})", f"avg({n}) AS mean", f"min({n})", f"max({n})", f"p50({n})", f"p95({n})", f"count({n})",
                                         f"p99({n})", f"count(DISTINCT {n})"], 3)
        if source.get("event"):
            items += self.random.sample(["min(payload.x) AS low", "max(payload.x) AS high", "sum(payload.n.deep.0) AS s", "p90(payload.x) AS p",
                                         "count(DISTINCT payload.x) AS d"], 2)
        order = self.random.choice(["", " ORDER BY count DESC", " ORDER BY count"])
        group = f" GROUP BY {', '.join(keys)}" if keys else ""
        return f"({', '.join(items)})", group + (order if keys else "")

    def query(self):
        source = self.random.choice(self.sources)
        where = f" WHERE {self.condition(source)}" if self.random.random() < 0.8 else ""
        scopes = ["all"] * 3
        if source.get("event"):
            scopes += ["branch(main)", "run(run-004)", f"causes(01EGQL{20:020d})", f"effects(01EGQL{13:020d})"]
            if not source.get("graph"):
                scopes += [f"sha({egql.SHAS[3]})", "sha(abcd)", f"range({egql.SHAS[0]}..{egql.SHAS[4]})"]
        items, tail = "", ""
        if self.random.random() < 0.35:
            items, tail = self.grouped(source)
        else:
            keys = list(dict.fromkeys(self.key(source)[0] for _ in range(4)))
            items = f"({', '.join(keys)})"
            if self.random.random() < 0.6:
                tail = " ORDER BY " + ", ".join(f"{self.key(source)[0]} {self.random.choice(['ASC', 'DESC'])}" for _ in range(2))
            elif not source.get("tie"):
                tail = ""
        window = self.random.choice(["", "", "", "", " LAST 2d", " LAST 900h", " LAST $last", " SINCE $from", " SINCE $from UNTIL $to",
                                     f" SINCE 2020-01-01 UNTIL {egql.events.utc(egql.NOW_S - 90000)}"]) if source.get("time") or source.get("event") else ""
        limit = self.random.choice(["", "", " LIMIT 7", " LIMIT 1"])
        return f"SELECT {source['name']} {items} FROM {self.random.choice(scopes)}{where}{tail}{window}{limit}"


# Every form that a query may have, as it stands in a text.
FORMS = {"a walk": "start=", "a path": r"^PATH ", "FIND": r"^FIND ", "sha": r"FROM sha\(", "range": r"FROM range\(", "branch": r"FROM branch\(",
         "run": r"FROM run\(", "correlation": r"FROM correlation\(", "causes": r"FROM causes\(", "effects": r"FROM effects\(", "all": "FROM all",
         "count": r"count\(\)", "distinct": r"count\(DISTINCT ", "sum": r"sum\(", "avg": r"avg\(", "min": r"min\(", "max": r"max\(", "p50": r"p50\(",
         "p90": r"p90\(", "p95": r"p95\(", "p99": r"p99\(", "bucket": r"bucket\(\w+, \d", "bucket of a parameter": r"bucket\(\w+, \$", "GROUP": "GROUP BY",
         "ORDER": "ORDER BY", "DESC": " DESC", "AS": " AS ", "SINCE": r"SINCE 2", "UNTIL": r"UNTIL 2", "LAST": r"LAST \d", "SINCE of a parameter": r"SINCE \$",
         "UNTIL of a parameter": r"UNTIL \$", "LAST of a parameter": r"LAST \$", "LIMIT": r"LIMIT \d", "IN": r" IN \(", "EXISTS": "EXISTS ", "NOT": r"NOT \(",
         "OR": r" OR ", "~": r" ~ ", "!~": r" !~ ", "=": r" = ", "!=": r" != ", "<": r" < ", "<=": r" <= ", ">": r" > ", ">=": r" >= ",
         "payload": r"payload\.", "an index": r"\.0\b", "a quoted key": r'\."'}
GIVEN = {"width": "6h", "last": "3d", "from": egql.events.utc(egql.NOW_S - 500000), "to": egql.events.utc(egql.NOW_S - 80000)}


def test_made_queries_give_the_same_rows(both):
    """1,200 of them, over every source, in every form of the language; and most have an answer."""
    maker, rows, answered, wrong, seen = Maker(20251010), 0, 0, {}, list(WRITTEN)
    for _ in range(1200):
        query = maker.query()
        answer = agree(both, query, params={name: value for name, value in GIVEN.items() if f"${name}" in query})
        if "error" in answer:
            wrong[answer["message"]] = query
        else:
            answered += 1
            rows += len(answer["rows"])
            seen.append(query)
    assert answered >= 1100, wrong
    assert rows > 3000
    assert not [form for form, text in FORMS.items() if not any(re.search(text, query) for query in seen)]
    assert {source["name"] for source in maker.sources} == {re.match(r"\w+ (\w+)", query)[1] for query in seen if not query.startswith("PATH")}


def test_every_source_is_filled(both):
    """Or comparing would show nothing."""
    for path in sorted((egql.ROOT / "spec/sources").glob("*.json")):
        assert rows(both, f"SELECT {path.stem} (count()) FROM all") != [[0]], path.stem


def test_the_seeds_four_examples(both):
    sha = egql.SHAS[3]
    got = rows(both, f'SELECT events FROM sha({sha}) WHERE topic~ "core\\..*" SINCE 2025-10-10T00:00Z')
    want = [e for e in egql.data() if e["repo_sha"] == sha and e["topic"].startswith("core.")]
    assert [r[0] for r in got] == [e["id"] for e in sorted(sorted(want, key=lambda e: e["id"]), key=lambda e: e["ts_utc"], reverse=True)]

    hour = f"{(egql.NOW_S - 3600) * 1000000}"
    got = rows(both, 'SELECT tokens (event_id, created_utc) FROM branch(main) WHERE file="core/pipeline.py" LAST 1h')
    main = {sha for sha in egql.SHAS if sha != egql.SHAS[3]}
    want = [e["id"] for e in posted("delta.tokens@v1") if e["ts_utc"] >= egql.events.utc(int(hour) / 1e6)
            and any(t["file"] == "core/pipeline.py" for t in e["payload"]["tokens"]) and (e.get("repo_branch") == "main" or e["repo_sha"] in main)]
    assert sorted(r[0] for r in got) == sorted(want) and want

    got = rows(both, 'SELECT invariants (event_id, module, gate) FROM branch(main) WHERE gate=I3 AND payload.module="core" LAST 7d')
    want = [e["id"] for e in posted("invariants.result@v1") if e["payload"]["gate"] == "I3" and e["payload"].get("module") == "core"
            and e["ts_utc"] >= egql.events.utc(egql.NOW_S - 7 * 86400) and (e.get("repo_branch") == "main" or e["payload"]["sha"] in main)]
    assert sorted(r[0] for r in got) == sorted(want) and want and all(r[1:] == ["core", "I3"] for r in got)

    got = rows(both, f'SELECT graph (depth, src, dst, resolved) FROM sha({egql.SHAS[5]}) WHERE start="pkg.a:run" depth<=3')
    a, b, c = "AST::pkg/a.py#", "AST::pkg/b.py#", "AST::pkg/c.py#"
    assert [tuple(r) for r in got] == [
        (1, "AST::pkg/a.c#run", c + "end", True), (1, a + "run", a + "Cls.m", True), (1, a + "run", b + "step", True),
        (1, a + "run", c + "loop", True), (2, a + "Cls.m", a + "run", True), (2, b + "step", "?unknown", False), (2, b + "step", c + "end", True),
        (2, c + "loop", c + "loop", True)]


def test_walks(both):
    def walk(text):
        return {tuple(r) for r in rows(both, f"SELECT graph (depth, src, dst) FROM all WHERE {text}")}

    a, b, c = "AST::pkg/a.py#", "AST::pkg/b.py#", "AST::pkg/c.py#"
    assert walk('start="pkg.c:end" direction=in depth<=2') == {
        (1, b + "step", c + "end"), (1, "AST::pkg/a.c#run", c + "end"), (1, c + "loop~2", c + "end"), (2, a + "run", b + "step"),
        (2, b + "other", b + "step")}
    assert walk(f'start="{b}other" direction=both depth<=1') == {(1, b + "other", b + "step"), (1, "AST::pkg/__init__.py#init", b + "other")}
    assert walk('start="pkg.a" etype=import') == {(1, a, b)}
    assert walk('start="pkg.c:loop"') == {(1, c + "loop", c + "loop"), (1, c + "loop~2", c + "end")}, "all of one name"
    assert walk('start="pkg:init"') == {(1, "AST::pkg/__init__.py#init", b + "other")}
    assert walk('start="pkg.a:ru"') == walk('start="pk:a.run"') == walk('start="AST::%"') == set()
    assert agree(both, 'SELECT graph FROM all WHERE start=$s', params={"s": "pkg.a:run"})["rows"]


@pytest.mark.parametrize("of", ["", " direction=in", " direction=both", " line>0", " etype IN (call, import, contain) resolved=true"])
def test_what_is_counted_is_what_is_listed(both, of):
    """Where edges are only counted, the stores do it otherwise."""
    walk = f'FROM branch(main) WHERE start="pkg.a:run" depth<=4{of}'
    listed = [depth for depth, in rows(both, f"SELECT graph (depth) {walk}")]
    assert len(set(listed)) > 1
    assert rows(both, f"SELECT graph (depth, count()) {walk} GROUP BY depth") == [[depth, listed.count(depth)] for depth in sorted(set(listed))]
    assert rows(both, f"SELECT graph (count() AS n, count() AS m) {walk} ORDER BY n") == [[len(listed)] * 2]


def test_budgets_are_flagged(both):
    walk = 'SELECT graph FROM all WHERE start="pkg.a:run" depth<=9'
    whole = agree(both, walk)
    assert not whole["truncated"]
    assert agree(both, walk, nodes=2)["truncated"] and agree(both, walk, rows=3)["truncated"]
    assert agree(both, walk, rows=3)["rows"] == whole["rows"][:3]
    assert not agree(both, walk + " LIMIT 3")["truncated"]
    events = "SELECT events (id) FROM all"
    assert agree(both, events, rows=5)["truncated"] and len(agree(both, events, rows=5)["rows"]) == 5
    assert not agree(both, events + " LIMIT 5")["truncated"]
    capped = agree(both, events + " LIMIT 50", most=10)
    assert capped["truncated"] and len(capped["rows"]) == 10
    assert agree(both, "SELECT events FROM effects(01EGQL00000000000000000006)", nodes=2)["truncated"]
    assert not agree(both, "SELECT events FROM effects(01EGQL00000000000000000006)")["truncated"]


def test_commits_by_prefix(both):
    assert agree(both, "SELECT events FROM sha(8f1c)")["error"] == "sha_ambiguous"
    assert all(sha in agree(both, "SELECT events FROM sha(8f1c)")["message"] for sha in egql.SHAS[:2])
    assert agree(both, "SELECT events FROM sha(dead)")["error"] == "sha_unknown"
    assert agree(both, "SELECT events FROM sha($s)", params={"s": "xyz"})["error"] == "query_invalid"
    assert rows(both, "SELECT events FROM sha(ABCD)") == rows(both, f"SELECT events FROM sha({egql.SHAS[3]})")
    assert {r[0] for r in rows(both, f"SELECT commits (commit_sha) FROM range({egql.SHAS[2]}..{egql.SHAS[4]})")} == {egql.SHAS[3], egql.SHAS[4]}
    refused = agree(both, 'SELECT graph FROM sha(abcd) WHERE start="pkg.a:run"')
    assert refused["error"] == "graph_not_indexed" and egql.SHAS[5] in refused["message"] and "egdb-index graph" in refused["message"]
    assert agree(both, 'SELECT graph FROM branch(side) WHERE start="pkg.a:run"')["error"] == "graph_not_indexed"


def test_causes_and_effects(both):
    chain = [e for e in egql.data() if e.get("causation_id")]
    last = next(e for e in chain if e["topic"] == "invariants.result@v1")
    ids = {e["id"]: e for e in egql.data()}
    up, at = set(), last
    while at:
        up.add(at["id"])
        at = ids.get(at.get("causation_id"))
    assert {r[0] for r in rows(both, f"SELECT events (id) FROM causes({last['id']})")} == up and len(up) == 5
    assert {r[0] for r in rows(both, f"SELECT events (id) FROM effects({min(up)})")} == up


def test_ids_that_are_not_known_are_told(both):
    """By name, in every source; what is known but has no rows there is an answer without rows."""
    known = {"run": "run-003", "correlation": "corr-0", "causes": "01EGQL00000000000000000009", "effects": "01EGQL00000000000000000006"}
    for source in ("events", "steps", "runs", "heals", "tokens"):
        for scope, there in known.items():
            assert "error" not in agree(both, f"SELECT {source} FROM {scope}({there})"), (source, scope)
            refused = agree(both, f"SELECT {source} FROM {scope}($x)", params={"x": "never-heard-of"})
            assert refused["error"] == "id_unknown" and "never-heard-of" in refused["message"], refused
    assert rows(both, "SELECT heals FROM run(run-003)") == []
    assert agree(both, "PATH topic:run.started@v1 FROM run(never-heard-of)")["error"] == "id_unknown"


def test_a_run_that_people_inserted_is_known(store):
    store.script("INSERT INTO runs (id, sha, started) VALUES ('by-hand', 'a', '2025-10-10T00:00:00.000000Z')")
    with egql.Probe(store) as probe:
        assert [r[0] for r in probe.ask("SELECT runs (id) FROM run(by-hand)")["rows"]] == ["by-hand"]
        assert probe.ask("SELECT events FROM run(by-hand)")["error"] == "id_unknown"


def occurrences(topics, without, most_ms):
    """What PATH means, in Python."""
    log = sorted((e["ts_utc"], n, e) for n, e in enumerate(egql.data()))
    at = lambda entry: datetime.datetime.fromisoformat(entry[0].replace("Z", "+00:00"))
    for first in (entry for entry in log if entry[2]["topic"] == topics[0]):
        steps = [first]
        for topic in topics[1:]:
            later = [x for x in log if x[:2] > steps[-1][:2] and x[2]["topic"] == topic and x[2]["correlation_id"] == first[2]["correlation_id"]]
            if not later:
                break
            steps.append(later[0])
        else:
            between = [x for x in log if first[:2] < x[:2] < steps[-1][:2] and x[2]["topic"] == without
                       and x[2]["correlation_id"] == first[2]["correlation_id"]]
            if (at(steps[-1]) - at(first)).total_seconds() * 1000 <= most_ms and not between:
                yield [first[2]["correlation_id"]] + [x[2]["id"] for x in steps]


def test_paths(both):
    topics = ["run.started@v1", "core.step.finished@v1", "invariants.result@v1"]
    for without, most_ms in (("run.finished@v1", 10**9), ("delta.tokens@v1", 10**9), ("run.finished@v1", 3000), ("core.step.finished@v1", 8000)):
        found = rows(both, f"PATH {' >> '.join('topic:' + t for t in topics)} FROM all WHERE window <= {most_ms} AND NOT EXISTS topic:{without}")
        want = list(occurrences(topics, without, most_ms))
        assert sorted(r[:4] for r in found) == sorted(want)
    assert want is not None and list(occurrences(topics, "none", 10**9))


STEPS = [(n, n / 2, f"name-{n}", f"2025-10-10T00:00:0{n}.000001Z") for n in range(5)]
OPERATORS = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__", "=": "__eq__", "!=": "__ne__"}


def test_comparisons_at_their_edge(store):
    """Each operator on plain columns (text, whole number, number, time, the event's time) and JSON, below, at and above a value that is there."""
    cast = "::jsonb" if store.kind == "postgresql" else ""
    for n, x, name, at in STEPS:
        store.script(f"INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) VALUES "
                     f"('e{n}', 't@v1', '{at}', '{name}', 'c', 'a', '{{\"n\": {n}, \"x\": {x + 0.25}, \"s\": \"{name}\"}}'{cast}, {n + 1})")
        store.script(f"INSERT INTO invariants_results (sha, gate, score, threshold, action, created_utc, event_id) VALUES "
                     f"('a', '{name}', {x}, 1, 'pass', '{at}', 'e{n}')")
    with egql.Probe(store) as probe:
        def check(query, values, at, compare):
            found = {r[0] for r in probe.ask(query)["rows"]}
            assert found == {f"e{n}" for n, value in enumerate(values) if getattr(value, compare)(at)}, query

        whole, real, text, times = ([s[k] for s in STEPS] for k in range(4))
        for n, (op, how) in itertools.product(range(5), OPERATORS.items()):
            check(f"SELECT events (id) FROM all WHERE position {op} {n + 1}", whole, n, how)
            check(f"SELECT events (id) FROM all WHERE source {op} '{text[n]}'", text, text[n], how)
            check(f"SELECT events (id) FROM all WHERE ts_utc {op} '{times[n]}'", times, times[n], how)
            check(f"SELECT events (id) FROM all WHERE payload.n {op} {n}", whole, n, how)
            check(f"SELECT events (id) FROM all WHERE payload.x {op} {real[n] + 0.25}", real, real[n], how)
            check(f"SELECT events (id) FROM all WHERE payload.s {op} '{text[n]}'", text, text[n], how)
            check(f"SELECT invariants (event_id) FROM all WHERE score {op} {real[n]}", real, real[n], how)
            check(f"SELECT invariants (event_id) FROM all WHERE created_utc {op} '{times[n]}'", times, times[n], how)


PATTERNS = ["", "^$", "a", "^a", "a$", "^a$", ".", "^.$", "^..$", "^.*$", "a.b", "a\\.b", "a|b", "a|", "|a", "(a|)b", "(?:ab)+", "(ab)*!", "(a|b){2,3}", "^(ab){2}$",
            "a{3}", "^a{1,2}$", "a{2,}b$", "a*?b", "a+?", "a??b", "^a{1,2}?$", "[abc]", "[^a]", "^[^a]+$", "[a-c0-9]", "[-a]", "[a-]$", "[]x]", "[^]x]", "[\\]x]", "[\\^]",
            "[a\\-b]", "[.]", "[*+?]", "[a\\\\b]", "[ą-ż]", "[^ą-ż]", "[😀-😂]", "^[😀𝒳]$", "[à-ÿ]", "ż", "^ż$", "Łó", "ł.*ą", "😀+", "^😀{2}$", "^.😀.$", "[^ -~]",
            "\\d", "\\D", "\\w", "^\\w+$", "\\W", "\\s", "^\\S+$", "[\\d_]", "[\\w-]", "[\\s\\d]", "^[^\\w]+$", "\\n", "a\\nb", "a\\tb", "[\\n\\t]", "\\r|\\f|\\v", "\\$", "\\^a",
            "\\{1\\}", "a\\{2", "\\(a\\)", "\\|", "\\+", "\\*", "\\?", "\\\\", "\\/", "\\@", "\\'", "]", "}", "'", "x-1", "fox.*dog.*cat", ".*fox.*cat", "^.*fox.*dog.*$",
            "(fox|cat).*(dog|cat) $", "(^a|b$)", "(^|b)a", "a($|b)", "$a", "a^", "($|^)*a", "(a|b|)*c"]
HARD = ["(a+)+b$", "(a+)+!$", "(a|aa)+$", "(a*)*[!?]", "^(?:a?){30}a{30}", "([a-z ]{2,}){3}!", "([^!]+.+)+!"]  # which Python would not end
NAMED = ["[[:alpha:]]", "^[[:alnum:]_]+$", "[^[:alnum:]]", "[[:upper:]][[:lower:]]", "[[:digit:][:space:]]", "[[:punct:]]", "^[[:xdigit:]]+$"]


def made_pattern(chance, depth=0):
    atom = lambda: chance.choice(["a", "b", "c", ".", "ż", "😀", "\\d", "\\w", "\\s", "\\W", "[ab]", "[^a]", "[a-z0-9]", "[^\\s]", "[ł-ż]", "\\.", "\\n", "1", " ", "^", "$"])
    parts = []
    for _ in range(chance.randint(1, 4)):
        inner = depth < 3 and chance.random() < 0.3
        part = "(" + made_pattern(chance, depth + 1) + ")" if inner else atom()
        parts.append(part + ("" if part in "^$" else chance.choice(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?"])))
    cut = chance.randint(0, len(parts))
    return "".join(parts) if chance.random() < 0.6 else "".join(parts[:cut]) + "|" + "".join(parts[cut:])


def test_regular_expressions_mean_one_thing(both):
    """The whole of the white list, written and made, over every kind of text: the two stores and Python's engine find the same."""
    chance = random.Random(8)
    texts = {e["id"]: e["payload"]["text"] for e in posted("release.published@v1") if "text" in e["payload"]}
    made = [made_pattern(chance) for _ in range(150)]
    for pattern in PATTERNS + HARD + NAMED + made:
        answer = agree(both, "SELECT events (id) FROM all WHERE payload.text ~ $v ORDER BY id", params={"v": pattern}, timeout_ms=20000)
        assert "error" not in answer or pattern in made and answer["error"] == "query_invalid", (pattern, answer)
        if "error" not in answer and pattern in PATTERNS:
            means = re.compile(re.sub(r"\\?\$", lambda m: m[0] if m[0] == r"\$" else r"\Z", pattern), re.ASCII | re.DOTALL)
            assert [row[0] for row in answer["rows"]] == sorted(id for id, text in texts.items() if means.search(text)), pattern


def test_truth(both):
    every = len(rows(both, "SELECT events (id) FROM all WHERE topic ~ \".\""))
    for predicate in ("payload.x = 1", "payload.x != 1", "payload.x < 5", "payload.x ~ \"a\"", "payload.x IN (1, true)", "EXISTS payload.x",
                      "repo_branch = main", "repo_branch != main", "payload.x = null", "causation_id ~ \"1\""):
        yes = rows(both, f"SELECT events (id) FROM all WHERE {predicate}")
        no = rows(both, f"SELECT events (id) FROM all WHERE NOT {predicate}")
        twice = rows(both, f"SELECT events (id) FROM all WHERE NOT NOT {predicate}")
        assert len(yes) + len(no) == every and twice == yes, predicate
    values = [r[0] for r in rows(both, "SELECT events (payload.x) FROM all WHERE payload.x = 1")]
    assert values and all(type(v) in (int, float) and v == 1 for v in values)
    assert all(r[0] is True for r in rows(both, "SELECT events (payload.x) FROM all WHERE payload.x = true"))
    order = [r[0] for r in rows(both, "SELECT events (payload.x) FROM all ORDER BY payload.x")]
    rank = [9 if v is None else 3 if isinstance(v, bool) else 1 if isinstance(v, (int, float)) else 2 if isinstance(v, str) else 4 for v in order]
    assert rank == sorted(rank) and set(rank) == {1, 2, 3, 4, 9}


NUMBERS = ["1", "1.0", "10e-1", "1.00000000000000000001", "0.1", "0.1000000000000000055", "9007199254740993", "9007199254740993.0",
           "9007199254740992", "9223372036854775807", "1e21", "-0.0", "true", '"1"', '"a"', "[1]", "null"]
# Whole numbers are compared exactly, others as doubles: indexes into NUMBERS, and 17 for a row without the member.
COMPARED = {"x = 1": [0, 1, 2], "x IN (1, 0.1)": [0, 1, 2, 4, 5], "x = 1.5": [], "x = 0.1": [4, 5], "x = 9007199254740993": [6, 7],
            "x = 9007199254740992": [8], "x > 9007199254740992": [6, 7, 9, 10], "x >= 9223372036854775807": [9, 10], "x = 0": [11], "x = 1e21": [10],
            "x != 0.1": [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], "x != 1": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            "NOT x = 1": [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17], "x > 1": [6, 7, 8, 9, 10], "x < 1": [4, 5, 11], "x = true": [12],
            'x !~ "a"': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15], 'NOT x ~ "a"': [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17]}


def test_numbers_are_compared_alike(store):
    for i, number in enumerate([f'{{"x": {n}}}' for n in NUMBERS] + ["{}"]):
        store.script("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) VALUES "
                     f"('{i:02d}', 't@v1', '2025-10-10T00:00:00.000000Z', 's', 'c', 'a', '{number}', {i})")
    with egql.Probe(store) as probe:
        for condition, want in COMPARED.items():
            answer = probe.ask(f"SELECT events (id) FROM all WHERE {condition.replace('x', 'payload.x', 1)} ORDER BY id")
            assert [int(r[0]) for r in answer["rows"]] == want, condition


def test_equality_on_a_payload_path_uses_the_gin_index(both):
    plan = both[1].ask('SELECT events FROM all WHERE payload.x = "alpha"', explain=True)["explain"]
    assert plan["estimate"] is not None and plan["plan"]
    sql, params = both[1].ask('SELECT events FROM all WHERE payload.x = "alpha"', compile=True)["statements"][-1]
    assert "@>" in sql and {"x": "alpha"} in params


@pytest.mark.only_on("postgresql")
def test_an_equality_reads_the_gin_index_and_a_window_few_partitions(store):
    store.query("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) SELECT 'e' || n, 't@v1',"
                " now() - n * interval '10 seconds', 's', 'c', 'a', jsonb_build_object('x', 'v' || n), n FROM generate_series(1, 30000) n")
    store.query("ANALYZE events")
    with egql.Probe(store) as probe:
        found = probe.ask('SELECT events (id) FROM all WHERE payload.x = "v77"', explain=True)
        assert [r[0] for r in found["rows"]] == ["e77"]
        days = found["explain"]["indexes"]
        assert days and all("payload" in name for name in days), found["explain"]
        assert not any("Seq Scan" in line and "(rows 0)" not in line and "(rows 1)" not in line for line in found["explain"]["plan"])
        everywhere = probe.ask("SELECT events (id) FROM all LIMIT 5", explain=True)["explain"]["plan"]
        today = probe.ask("SELECT events (id) FROM all LAST 1h LIMIT 5", now_us=int(egql.time.time() * 1e6), explain=True)["explain"]["plan"]
    scans = lambda plan: sum(" on events_" in line for line in plan)
    assert scans(everywhere) >= 10 and scans(today) < scans(everywhere) - 5, today
