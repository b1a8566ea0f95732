"""Many rows at once, past the server: what queries are measured and tried on."""

WORDS = "the quick brown fox jumps over the lazy dog and comes home late in the evening "

_EVENTS = {
    "sqlite": """
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
        INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, repo_branch, payload_json, position)
        SELECT printf('FILL%022d', i), CASE i % 4 WHEN 0 THEN 'run.started@v1' ELSE 'core.step.finished@v1' END,
               strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-' || i || ' seconds'), 'fill', printf('run-%d', i / 50),
               printf('%040x', i / 50), 'main', json_object('n', i, 'half', i / 2.0, 'text', ?), -i
        FROM n""",
    "postgresql": """
        INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, repo_branch, payload_json, position)
        SELECT 'FILL' || lpad(i::text, 22, '0'), CASE i % 4 WHEN 0 THEN 'run.started@v1' ELSE 'core.step.finished@v1' END,
               now() - i * interval '1 second', 'fill', 'run-' || i / 50,
               lpad(to_hex(i / 50), 40, '0'), 'main', jsonb_build_object('n', i, 'half', i / 2.0, 'text', ?::text), -i
        FROM generate_series(1, ?) i""",
}


def events(store, count):
    """Rows of `events` alone, a second apart, newest first: FILL…1 is the newest. Positions are negative, so that the log goes on as if they
    were not there. The server must have run on the store once: it makes the partitions."""
    text = WORDS * 2
    params = (count, text) if store.kind == "sqlite" else (text, count)
    store.query(_EVENTS[store.kind], params)
    store.query("ANALYZE events")


def slow_query(store):
    """A query that would take minutes: many rows, each of which costs much."""
    events(store, 60_000)
    return 'SELECT events(count(), p99(payload.n)) FROM all WHERE ' + " ".join(
        f'NOT payload.text ~ "(a|b|c|d|e|f|g|h){{{n}}}[a-z ]*{n}x"' for n in range(1, 40))
