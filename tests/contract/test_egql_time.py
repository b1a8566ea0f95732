"""EGQL and time, on the two stores: spans of bucket(), windows to the microsecond, parameters of either, and which partitions a window reads."""
import collections
import datetime
import re

import pytest

from support import egql
from support.egql import agree, posted, rows


def bucket(text, width_s):
    """What bucket() means: spans of so many seconds, counted from the first Monday of year 1."""
    at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    monday = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone.utc)
    since = (at - monday) // datetime.timedelta(seconds=width_s)
    return monday + since * datetime.timedelta(seconds=width_s)


def as_text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize("width, width_s", [("1m", 60), ("15m", 900), ("1h", 3600), ("7h", 25200), ("1d", 86400), ("1w", 604800), ("200d", 17280000)])
def test_buckets(both, width, width_s):
    want = collections.Counter(as_text(bucket(e["ts_utc"], width_s)) for e in egql.data())
    query = f"SELECT events (bucket(ts_utc, {width}) AS begin, count()) FROM all GROUP BY bucket(ts_utc, {width}) LIMIT 5000"
    found = rows(both, query)
    assert found == [list(x) for x in sorted(want.items())], "no span is invented, none is missing, in their order"
    assert rows(both, query.replace(width, "$w"), params={"w": width}) == found
    assert rows(both, query.replace(" LIMIT", " ORDER BY begin DESC LIMIT")) == found[::-1]
    steps = rows(both, f"FIND events WHERE topic=core.step.finished@v1 GROUP BY bucket(ts_utc, {width}), payload.name LIMIT 5000")
    assert len(steps) == len({(as_text(bucket(e["ts_utc"], width_s)), e["payload"]["name"]) for e in posted("core.step.finished@v1")})


EDGES = ["0001-01-01T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00.000000Z", "2025-10-05T23:59:59.999999Z",
         "2025-10-06T00:00:00.000000Z", "2025-10-06T00:59:59.999999Z", "2025-10-06T01:00:00.000000Z", "2025-10-12T23:59:59.999999Z",
         "2025-10-13T00:00:00.000000Z"]  # the sixth and the thirteenth are Mondays


def test_edges_of_buckets(store):
    """The first microsecond of a span is in it, the last one too; also before 1970."""
    for i, at in enumerate(EDGES):
        store.script(f"INSERT INTO runs (id, sha, started) VALUES ('r{i}', 'a', '{at}')")
    with egql.Probe(store) as probe:
        def begins(width):
            return [r[1] for r in probe.ask(f"SELECT runs (id, bucket(started, {width})) FROM all ORDER BY id")["rows"]]

        for width, width_s in (("1m", 60), ("1h", 3600), ("1d", 86400), ("1w", 604800), ("11d", 950400)):
            assert begins(width) == [f"{bucket(at, width_s).year:04d}" + as_text(bucket(at, width_s)).lstrip("0123456789") for at in EDGES], width
        weeks = begins("1w")
        assert weeks[4:8] == ["2025-10-06T00:00:00.000000Z"] * 4 and weeks[8] == "2025-10-13T00:00:00.000000Z"
        store.script("UPDATE runs SET finished = started WHERE id < 'r2'")
        found = probe.ask("FIND runs GROUP BY bucket(finished, 1d)")["rows"]
        assert [r[1] for r in found] == [1, 1, 7] and found[2][0] is None, "what has no time is a group of its own, behind the others"


UNITS = {"1m": 60, "90m": 5400, "1h": 3600, "1d": 86400, "2w": 1209600}


def at_us(us):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_windows_to_the_microsecond(store):
    """LAST 1m reaches back sixty seconds, and so on; SINCE is from its moment on, UNTIL before its own; parameters say the same."""
    now_us = 1760054400_000000
    for unit, s in UNITS.items():
        for off in (-1, 0, 1):
            store.script(f"INSERT INTO runs (id, sha, started) VALUES ('{unit}{off:+d}', 'a', '{at_us(now_us - s * 1000000 + off)}')")
    with egql.Probe(store) as probe:
        def ids(window, **params):
            answer = probe.ask(f"SELECT runs (id) FROM all ORDER BY id {window}", params=params, now_us=now_us)
            assert "error" not in answer, answer
            return {r[0] for r in answer["rows"]}

        every = {f"{unit}{off:+d}" for unit in UNITS for off in (-1, 0, 1)}
        age = lambda name: UNITS[name[:-2]] * 1000000 - int(name[-2:])
        for unit, s in UNITS.items():
            want = {name for name in every if age(name) <= s * 1000000}
            assert ids(f"LAST {unit}") == ids(f"LAST {unit.upper()}") == ids("LAST $w", w=unit) == want
            for off in (-1, 0, 1):
                moment = at_us(now_us - s * 1000000 + off)
                since = {name for name in every if now_us - age(name) >= now_us - s * 1000000 + off}
                until = {name for name in every if now_us - age(name) < now_us - s * 1000000 + off}
                assert ids(f"SINCE {moment}") == ids("SINCE $t", t=moment) == since
                assert ids(f"SINCE 2000-01-01 UNTIL {moment}") == ids("SINCE $f UNTIL $t", f="2000-01-01", t=moment) == until
        assert ids("SINCE $f UNTIL $t", f="2025-10-10", t="2000-01-01") == set()


@pytest.mark.parametrize("query, params, names", [
    ("FIND runs LAST $w", {"w": "1y"}, ["$w", "15m, 1h, 7d or 2w"]), ("FIND runs LAST $w", {"w": "0m"}, ["$w", "duration"]),
    ("FIND runs LAST $w", {"w": ""}, ["$w", "duration"]), ("FIND runs LAST $w", {"w": None}, ["$w", "duration"]),
    ("FIND runs LAST $w", {"w": 7}, ["$w", "duration"]), ("FIND runs LAST $w", {"w": "1h; DROP TABLE runs"}, ["$w", "duration"]),
    ("FIND runs LAST $w", {"w": "99999999999999999999d"}, ["$w", "duration"]), ("FIND runs SINCE $t", {"t": "yesterday"}, ["$t", "time"]),
    ("FIND runs SINCE $t", {"t": None}, ["$t", "time"]), ("FIND runs SINCE $t", {"t": 5}, ["$t", "time"]),
    ("FIND runs SINCE 2025-10-10 UNTIL $t", {"t": "2025-13-01"}, ["$t", "time"]), ("FIND runs GROUP BY bucket(started, $w)", {"w": "h"}, ["$w", "duration"]),
    ("FIND runs GROUP BY bucket(started, $w)", {"w": None}, ["$w", "duration"]), ("FIND runs GROUP BY bucket(started, $w)", {"w": 3600}, ["$w", "duration"])])
def test_parameters_of_windows_are_judged(both, query, params, names):
    refused = agree(both, query, params=params)
    assert refused.get("error") == "param_invalid" and all(name in refused["message"] for name in names), refused


WINDOWS = [
    ("FIND events SINCE {a} UNTIL {b}", {}), ("FIND events SINCE $a UNTIL $b", {"a": "{a}", "b": "{b}"}),
    ("FIND events WHERE topic ~ t SINCE {a} UNTIL {b} LIMIT 3", {}), ("SELECT events (count()) FROM branch(main) SINCE {a} UNTIL {b}", {}),
    ("SELECT events (bucket(ts_utc, 1h), p95(payload.n)) FROM all GROUP BY bucket(ts_utc, 1h) SINCE {a} UNTIL {b}", {}),
    ("FIND events WHERE ts_utc >= {a} ts_utc < {b}", {}), ("FIND events WHERE ts_utc >= $a AND ts_utc < $b", {"a": "{a}", "b": "{b}"}),
    ("PATH topic:t@v1 FROM all SINCE {a} UNTIL {b}", {})]


@pytest.mark.only_on("postgresql")
def test_a_window_leaves_out_the_other_partitions(store):
    """Of a day in the middle of the online window, one partition is scanned; without the window, all are."""
    store.query("INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) SELECT 'e' || n, 't@v1',"
                " now() - n * interval '1 hour', 's', 'c', 'a', '{}', n FROM generate_series(1, 300) n")
    store.query("ANALYZE events")
    day = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0) - datetime.timedelta(days=3)
    put = lambda text: text.replace("{a}", day.isoformat()).replace("{b}", (day + datetime.timedelta(days=1)).isoformat())
    with egql.Probe(store) as probe:
        def scanned(asked, **given):
            answer = probe.ask(asked, params=given, explain=True)
            return {name for line in answer["explain"]["plan"] for name in re.findall(r" on (events_\w+)", line)}

        for query, params in WINDOWS:
            found = scanned(put(query), **{name: put(value) for name, value in params.items()})
            assert len(found) == 1 and f"{day:%Y%m%d}" in found.pop().replace("_", ""), query
        assert len(scanned("FIND events WHERE topic ~ t")) >= 10
