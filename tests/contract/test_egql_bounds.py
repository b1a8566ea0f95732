"""EGQL and what is meant to break it, on the two stores: values that would be SQL, patterns that would not end, queries that are huge or deep."""
import random

import pytest

from support import egql
from support.egql import agree


def test_hostile_values_are_values(both):
    """Strings that would be SQL, JSON, a pattern, a path: never an error of the store, never a row that should not be."""
    chance = random.Random(7)
    bits = ["'", '"', "''", "\\", ";", "--", "/*", "*/", ")", "(", "$1", "?1", "%s", "%", "_", "\u0001", "\n", "é", "😀", "DROP TABLE events", " OR 1=1",
            "{", "}", "[", "]", ":", "#>>", "@>", "NULL", "nan", "1e999", "\\u0000", "$$", "E'", "`", "~", "^", "|", "AST::", "q"]
    for i in range(1000):
        text = "".join(chance.choice(bits) for _ in range(chance.randint(1, 8)))
        quoted = '"' + text.replace('"', '""') + '"'
        for query, params in ((f"SELECT events FROM all WHERE source={quoted} OR payload.x={quoted} OR payload.x IN ({quoted}, 1.25)", {}),
                              ("SELECT events FROM all WHERE source=$v OR payload.x=$v OR payload.x IN ($v, 1.25)", {"v": text}),
                              (f"SELECT events FROM all WHERE EXISTS payload.{quoted} OR payload.n.{quoted}={quoted}", {}),
                              ("SELECT steps FROM run($v)", {"v": text}), ("SELECT steps FROM branch($v)", {"v": text + "\u2603"}),
                              ("SELECT events FROM causes($v)", {"v": text}), ("SELECT graph FROM all WHERE start=$v depth<=2", {"v": text})):
            answer = agree(both, query, params=params)
            assert answer.get("rows") == [] or answer.get("error") in ("query_invalid", "id_unknown"), (query, params, answer)
        agree(both, "SELECT events (id) FROM all WHERE source ~ $v", params={"v": text})


HOSTILE = ["(a*)*b", "(a|a)*b", "(a+)+$", "((a{1,30}){1,30})b", ".*.*.*.*.*x", "(.*)*y", "(a+a+)+y", "(a|aa)+$", "(?:a?){30}a{30}b"]


def test_hostile_patterns_end(store):
    """Over a text that is made for them. PostgreSQL's engine decides all; SQLite's ends by what it counts, with an error that says so, and never
    by the time of the query."""
    store.script("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) VALUES ('e1', 't@v1',"
                 f" '2025-10-10T00:00:00.000000Z', 's', 'c', 'a', '{{\"x\": \"{'a' * 60}!\"}}', 1)")
    with egql.Probe(store) as probe:
        ended = 0
        for pattern in HOSTILE:
            asked = [f"SELECT events (id) FROM all WHERE payload.x {op} {v}" for op in ("~", "!~") for v in ("$v", f"'{pattern}'")]
            for query in asked:
                answer = probe.ask(query, params={"v": pattern} if "$v" in query else {})
                if "error" in answer:
                    assert store.kind == "sqlite" and answer["error"] == "query_invalid" and "regular expression" in answer["message"], (pattern, answer)
                    ended += 1
                else:
                    assert answer["rows"] == ([["e1"]] if "!~" in query else []), query
        assert ended > 0 if store.kind == "sqlite" else ended == 0
        assert probe.ask("SELECT events (id) FROM all WHERE payload.x ~ 'a!$'")["rows"] == [["e1"]], "an honest one is answered after them"


def series(n, text, between):
    return between.join(text.replace("#", str(i)) for i in range(n))


# Each at its bound, and with one more: the words of the error.
BOUNDS = {
    "bytes": (lambda n: "FIND events WHERE id = '" + "x" * (n - 25) + "'", 65536, "65536 bytes"),
    "values": (lambda n: "FIND events WHERE payload.x IN (" + series(n, "#", ",") + ")", 1997, "2000 parts"),
    "conditions": (lambda n: "FIND events WHERE " + series(n, "topic != t#", " "), 666, "2000 parts"),
    "alternatives": (lambda n: "FIND events WHERE " + series(n, "payload.a# = 1", " OR "), 499, "2000 parts"),
    "items": (lambda n: "SELECT events (" + series(n, "id AS a#", ", ") + ") FROM all", 1000, "2000 parts"),
    "aggregates": (lambda n: "SELECT events (" + series(n, "p95(payload.a#) AS a#", ", ") + ") FROM all", 256, "256 aggregates"),
    "groups": (lambda n: "FIND events GROUP BY " + series(n, "payload.a#", ", "), 64, "GROUP BY has more than 64"),
    "buckets": (lambda n: "FIND events GROUP BY " + series(n, "bucket(ts_utc, 1#h)", ", "), 64, "GROUP BY has more than 64"),
    "orders": (lambda n: "FIND events ORDER BY " + series(n, "payload.a#", ", "), 64, "ORDER BY has more than 64"),
    "parentheses": (lambda n: "FIND events WHERE " + "(" * n + "topic = a" + ")" * n, 32, "32 deep"),
    "NOTs": (lambda n: "FIND events WHERE " + "NOT " * n + "topic = a", 32, "32 deep"),
    "a key's parts": (lambda n: "FIND events WHERE payload" + ".a" * (n - 1) + " = 1", 64, "64"),
    "parameters": (lambda n: "FIND events WHERE topic IN (" + series(n, "$p#", ", ") + ")", 64, "64 parameters"),
    "steps of a path": (lambda n: "PATH " + series(n, "topic:a#@v1", " >> ") + " FROM all", 16, "16"),
    "excluded topics": (lambda n: "PATH topic:a@v1 FROM all WHERE window <= 9" + series(n, " AND NOT EXISTS topic:b#@v1", ""), 16, "16"),
    "a walk's depth": (lambda n: f'SELECT graph FROM all WHERE start="pkg.a:run" depth<={n}', 100, "100"),
    "a repeat": (lambda n: f"FIND events WHERE topic ~ 'a{{{n}}}'", 255, "255"),
    "repeats": (lambda n: f"FIND events WHERE topic ~ '(a{{100}}){{{n}}}'", 10, "1000"),
    "a pattern": (lambda n: "FIND events WHERE topic ~ '" + "a" * n + "'", 1000, "1000"),
    "LIMIT": (lambda n: f"FIND events LIMIT {n}", 100000, "100000"),
}


@pytest.mark.parametrize("what", list(BOUNDS))
def test_huge_queries_are_answered_or_refused_by_name(both, what):
    """At each bound both stores can still do it; beyond it the query is refused before a store has seen it, by a count."""
    make, most, says = BOUNDS[what]
    given = {f"p{i}": "x" for i in range(most + 1)} if what == "parameters" else {}
    answer = agree(both, make(most), params={k: v for k, v in given.items() if k != f"p{most}"})
    assert "error" not in answer, answer
    refused = agree(both, make(most + 1), params=given)
    assert refused["error"] == "query_invalid" and says in refused["message"], refused


@pytest.mark.parametrize("shape", ["(topic = b OR topic = a {})", "(topic = b ({} OR topic = a))", "NOT (topic = b OR topic = a {})",
                                   "(payload.x IN (1, 2.5, a, true) OR payload.x != 1 {})", "({} AND payload.x ~ a OR NOT payload.x.y < 1)",
                                   "({} OR {})"])
def test_deep_conditions_are_answered_or_refused_by_name(both, shape):
    """Whatever nests in whatever: until it is too deep, both stores take it, though their parsers have limits of their own."""
    query, answered = "topic = c", 0
    for depth in range(1, 40):
        query = shape.replace("{}", query)
        if len(query) > 65000:
            break
        answer = agree(both, "SELECT events (id) FROM all WHERE " + query)
        if "error" in answer:
            assert answer["error"] == "query_invalid" and ("deep" in answer["message"] or "nested too much" in answer["message"] or "parts" in
                                                           answer["message"]), answer
            break
        answered = depth
    assert answered >= 6 if shape.count("{}") > 1 else answered >= 14, answered
