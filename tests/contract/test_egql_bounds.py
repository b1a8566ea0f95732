"""EGQL and what is meant to break it, on the two stores: values that would be SQL, patterns that would not end, queries that are huge or deep."""
import random

import pytest

from support import egql
from support.egql import agree
from support.egql_bounds import BOUNDS, HOSTILE, HOSTILE_TEXT, params


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


def test_hostile_patterns_end(store):
    """Over a text that is made for them: an answer, or an error that says so. What SQLite's engine does is bounded on each text, so that it never
    ends by the time of the query; PostgreSQL's decides, or is ended by that time. Both are there for the next query."""
    store.script("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) VALUES ('e1', 't@v1',"
                 f" '2025-10-10T00:00:00.000000Z', 's', 'c', 'a', '{{\"x\": \"{HOSTILE_TEXT}\"}}', 1)")
    with egql.Probe(store) as probe:
        ended = set()
        for pattern in HOSTILE:
            asked = [f"SELECT events (id) FROM all WHERE payload.x {op} {v}" for op in ("~", "!~") for v in ("$v", f"'{pattern}'")]
            for query in asked:
                answer = probe.ask(query, params={"v": pattern} if "$v" in query else {}, timeout_ms=1000)
                if "error" in answer:
                    ended.add((answer["error"], "regular expression" in answer["message"]))
                else:
                    assert answer["rows"] == ([["e1"]] if "!~" in query else []), query
        assert ended <= ({("query_invalid", True)} if store.kind == "sqlite" else {("timeout", False)}), ended
        assert probe.ask("SELECT events (id) FROM all WHERE payload.x ~ 'a!$'")["rows"] == [["e1"]], "an honest one is answered after them"


@pytest.mark.parametrize("what", list(BOUNDS))
def test_huge_queries_are_answered_or_refused_by_name(both, what):
    """At each bound both stores can still do it; beyond it the query is refused before a store has seen it, by a count."""
    make, most, says = BOUNDS[what]
    answer = agree(both, make(most), params=params(what, most))
    assert "error" not in answer, answer
    refused = agree(both, make(most + 1), params=params(what, most + 1))
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
            assert answer["error"] == "query_invalid", answer
            assert any(bound in answer["message"] for bound in ("deep", "nested too much", "50 conditions")), answer
            break
        answered = depth
    assert answered >= 5 if shape.count("{}") > 1 else answered >= 14, answered
