"""What is meant to break EGQL: patterns that would not end, and queries at each bound of the language and beyond it."""

HOSTILE_TEXT = "a" * 60 + "!"  # over which they backtrack
HOSTILE = ["(a*)*b", "(a|a)*b", "(a+)+$", "((a{1,30}){1,30})b", ".*.*.*.*.*x", "(.*)*y", "(a+a+)+y", "(a|aa)+$", "(?:a?){30}a{30}b"]


def series(n, text, between):
    """n times the text, with the number for #, and with letters for @: a key's part with digits in it is not looked for in the index."""
    return between.join(text.replace("#", str(i)).replace("@", chr(97 + i // 26) + chr(97 + i % 26)) for i in range(n))


# Each at its bound, and with one more: the words of the error.
BOUNDS = {
    "bytes": (lambda n: "FIND events WHERE id = '" + "x" * (n - 25) + "'", 65536, "65536 bytes"),
    "values": (lambda n: "FIND events WHERE payload.x IN (" + series(n, "#", ",") + ")", 1997, "2000 parts"),
    "conditions": (lambda n: "FIND events WHERE " + series(n, "topic != t#", " "), 50, "50 conditions"),
    "alternatives": (lambda n: "FIND events WHERE " + series(n, "payload.@ = 1", " OR "), 50, "50 conditions"),
    "comparisons": (lambda n: "FIND events WHERE " + series(n, "payload.@ < 1", " OR "), 50, "50 conditions"),
    "items": (lambda n: "SELECT events (" + series(n, "id AS a#", ", ") + ") FROM all", 1000, "2000 parts"),
    "aggregates": (lambda n: "SELECT events (" + series(n, "p95(payload.a#) AS a#", ", ") + ") FROM all", 256, "256 aggregates"),
    "groups": (lambda n: "FIND events GROUP BY " + series(n, "payload.a#", ", "), 64, "GROUP BY has more than 64"),
    "buckets": (lambda n: "FIND events GROUP BY " + series(n, "bucket(ts_utc, 1#h)", ", "), 64, "GROUP BY has more than 64"),
    "orders": (lambda n: "FIND events ORDER BY " + series(n, "payload.a#", ", "), 16, "ORDER BY has more than 16"),
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


def params(what, n):
    """What the query of a bound is given."""
    return {f"p{i}": "x" for i in range(n)} if what == "parameters" else {}
