"""Partitions of time that is over become few, and nobody sees it: rows and answers are the same before, while and after, whatever is written
meanwhile and whoever dies."""
import contextlib
import datetime
import re
import threading

import pytest

from support import binary, events, wait

pytestmark = pytest.mark.only_on("postgresql")

# A database that a server has kept for 110 days, and merged nothing of: days since 40, weeks since 110. Rows everywhere, some of them large.
LONG_AGO = """DO $do$
DECLARE p record; name text; bound timestamptz;
BEGIN
  SET LOCAL timezone = 'UTC';
  FOR p IN SELECT * FROM (VALUES ('events', 'day', 40), ('delta_tokens', 'week', 110)) AS p(parent, unit, days) LOOP
    FOR name IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = p.parent::regclass LOOP
      EXECUTE format('DROP TABLE %s', name);
    END LOOP;
    bound := date_trunc(p.unit, now() - make_interval(days => p.days));
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (MINVALUE) TO (%L)', p.parent || '_history', p.parent, bound);
    WHILE bound < now() LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', p.parent || to_char(bound, '"_p"YYYYMMDD'), p.parent,
                     bound, bound + ('1 ' || p.unit)::interval);
      bound := bound + ('1 ' || p.unit)::interval;
    END LOOP;
  END LOOP;
END $do$;
INSERT INTO event_ids SELECT 'old' || n, -n, now() - n * interval '4 hours', now(), '' FROM generate_series(1, 250) n;
INSERT INTO events (id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position) SELECT id, 't@v1', ts_utc, 's', 'c', 'a',
  jsonb_build_object('n', position, 'text', CASE WHEN position % 40 = 0 THEN (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 3000) i) END), position
  FROM event_ids;
INSERT INTO delta_tokens (sha, file, token, weight, created_utc) SELECT 'a', 'f' || n, 'T', n, now() - n * interval '12 hours' FROM generate_series(1, 230) n;
"""
ROWS = {"events": "SELECT e::text FROM events e ORDER BY id, ts_utc", "delta_tokens": "SELECT d::text FROM delta_tokens d ORDER BY id"}
EVENT = ("INSERT INTO events(id, topic, ts_utc, source, correlation_id, repo_sha, payload_json, position)"
         " VALUES ('{id}', 't@v1', '{ts}', 's', 'c', 'r', '{{}}', 1)")


@pytest.fixture
def pg(store):
    store.script(LONG_AGO)
    return store


def rows(pg):
    return {table: pg.query(sql) for table, sql in ROWS.items()}


def step(pg, days=1, slice_ms=50):
    return pg.scalar(f"SELECT did FROM egdb_partitions_merge({days}, {slice_ms})")


def until(pg, *wanted, **how):
    """Steps until one of these was done."""
    for _ in range(1000):
        did = step(pg, **how)
        if did in wanted:
            return did
        assert did in ("begun", "copied", "merged"), did
    raise AssertionError(f"a thousand steps, and not {wanted}")


def given_up(pg):
    """Why the last merge was given up; it is due again then."""
    return pg.scalar("WITH gone AS (DELETE FROM partition_merges_failed RETURNING *) SELECT why FROM gone ORDER BY at_utc DESC LIMIT 1")


@contextlib.contextmanager
def role(pg):
    name = f"of_{pg.name}"
    pg.script(f"CREATE ROLE {name}")
    try:
        yield name
    finally:
        pg.script(f"REASSIGN OWNED BY {name} TO postgres; DROP OWNED BY {name}; DROP ROLE {name}")


@contextlib.contextmanager
def owned(pg):
    """Gives until() as a role that owns all and may not see what others do."""
    with role(pg) as name:
        pg.script(f"GRANT ALL ON SCHEMA public TO {name}; DO $do$ DECLARE t text; BEGIN FOR t IN SELECT oid::regclass::text FROM pg_class"
                  f" WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP EXECUTE format('ALTER TABLE %s OWNER TO {name}', t);"
                  " END LOOP; END $do$")

        def own(*wanted):
            while (did := pg.scalar(f"SET ROLE {name}; SELECT did FROM egdb_partitions_merge(1)")) not in wanted:
                assert did in ("copied", "begun", "merged"), did
            return did
        yield own


def counts(pg, parent, per, span):
    """How many partitions each month or quarter has that is over."""
    return {n for (n,) in pg.query("SELECT count(*) FROM egdb_partitions(?) WHERE lower IS NOT NULL GROUP BY date_trunc(?, lower) HAVING max(upper)"
                                   " <= now() - interval '1 day' AND max(upper) >= min(date_trunc(?, lower)) + ?::interval", (parent, per, per, span))}


def are_few(pg):
    return counts(pg, "events", "month", "1 month") == counts(pg, "delta_tokens", "quarter", "3 months") == {1}


def assert_few(pg):
    """What is over is in one partition a month, a quarter; none is left without an index; nothing is left of the merges."""
    assert are_few(pg)
    for parent in ("events", "delta_tokens"):
        gaps = pg.scalar("SELECT count(*) FROM (SELECT lower, lag(upper) OVER (ORDER BY upper) AS before FROM egdb_partitions(?)) p WHERE lower <> before",
                         (parent,))
        assert gaps == 0
        wanted = pg.scalar("SELECT count(*) FROM pg_index WHERE indrelid = ?::regclass", (parent,))
        found = pg.query("SELECT (SELECT count(*) FROM pg_index x JOIN pg_inherits j ON j.inhrelid = x.indexrelid WHERE x.indrelid = i.inhrelid)"
                         " FROM pg_inherits i WHERE inhparent = ?::regclass", (parent,))
        assert {n for (n,) in found} == {wanted}
    assert pg.scalar("SELECT count(*) FROM pg_constraint WHERE conname = 'egdb_span'") == 0
    assert pg.scalar("SELECT count(*) FROM pg_trigger WHERE tgname = 'egdb_merge'") == 0
    assert pg.scalar("SELECT (SELECT count(*) FROM partition_changes) + (SELECT count(*) FROM partition_merges)") == 0
    assert not pg.query("SELECT FROM pg_proc WHERE proname = 'egdb_merge_write'")


def test_rows_stay_what_they_are(pg):
    """Inserts come along, whether their partition is copied already or not; after any other change the merge is begun anew."""
    first, last = pg.query("SELECT lower, upper FROM egdb_partitions('events') WHERE lower IS NOT NULL ORDER BY lower LIMIT 2")
    assert step(pg) == "begun" and step(pg, slice_ms=0) == "copied"
    names, ends = pg.query("SELECT names, upper FROM partition_merges")[0]
    assert len(names) > 1 and ends > last[1]
    pg.script(EVENT.format(id="early", ts=first[0]))
    pg.script(EVENT.format(id="late", ts=pg.scalar("SELECT upper - interval '1 us' FROM partition_merges")))
    with contextlib.closing(pg.connect()) as writer, writer.cursor() as cursor:
        cursor.execute("BEGIN; " + EVENT.format(id="open", ts=first[0]))
        assert until(pg, "waits") == "waits", "a writer that hangs is waited for, but not long"
        pg.script(EVENT.format(id="beside", ts="now"))
        cursor.execute("COMMIT")
    before = rows(pg)
    with contextlib.closing(pg.connect()) as reader, reader.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        pg.script(EVENT.format(id="after", ts=first[0]))
        assert until(pg, "merged") == "merged", "all was copied when its snapshot was taken"
        cursor.execute(ROWS["events"])
        assert cursor.fetchall() == before["events"], "as they were when it was taken"
    assert {"early", "late", "open", "after"} <= {id for (id,) in pg.query("SELECT id FROM events WHERE ts_utc < ?", (ends,))}
    while step(pg) != "begun" or pg.scalar("SELECT parent FROM partition_merges") != "delta_tokens":
        pass
    assert until(pg, "copied") == "copied"
    pg.script("UPDATE delta_tokens SET weight = 0 WHERE created_utc < (SELECT upper FROM partition_merges) AND weight > 200;"
              " DELETE FROM delta_tokens WHERE created_utc < (SELECT upper - interval '1 day' FROM partition_merges)")
    before = rows(pg)
    assert until(pg, "dropped") == "dropped" and until(pg, "none") == "none", "not again at once"
    assert "changed or deleted" in given_up(pg)
    assert until(pg, "none") == "none"
    assert rows(pg) == before
    assert_few(pg)
    assert pg.scalar("SELECT egdb_partitions_ahead(7)") > 0 and step(pg) == "none"


def test_a_row_at_a_time(pg):
    """A slice ends with the row that reaches its end: rows may be large."""
    assert step(pg) == "begun"
    n = pg.scalar("SELECT count(*) FROM events WHERE ts_utc >= (SELECT lower FROM partition_merges) AND ts_utc < (SELECT upper FROM partition_merges)")
    copied = 0
    while not pg.scalar("SELECT analyzed FROM partition_merges"):
        assert step(pg, slice_ms=0) == "copied"
        before, copied = copied, pg.scalar("SELECT copied FROM partition_merges")
        assert copied - before <= 1
    assert copied == n > 100


def test_whoever_sees_the_rows_before_sees_them_after(pg):
    """A snapshot from before the copying keeps the exchange off, whoever has it, and however he came by it; what has none does not. All is
    the owner's, whoever begins."""
    with owned(pg) as own, contextlib.ExitStack() as stack:
        reads, imports, idle = (stack.enter_context(contextlib.closing(pg.connect())).cursor() for _ in range(3))
        assert step(pg) == "begun"
        idle.execute("BEGIN; SELECT count(*) FROM event_ids")
        reads.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot()")
        snapshot = reads.fetchone()[0]
        pg.script(EVENT.format(id="after", ts=pg.scalar("SELECT lower FROM partition_merges")))
        assert own("waits") == "waits"
        imports.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '{snapshot}'")
        reads.execute("COMMIT")
        assert own("waits", "merged") == "waits"
        imports.execute(ROWS["events"])
        assert len(imports.fetchall()) == 250
        imports.execute("COMMIT")
        assert own("waits", "merged") == "merged"
        assert len(rows(pg)["events"]) == 251
        idle.execute("COMMIT")
        own("none")
        assert pg.query("SELECT DISTINCT tableowner = (SELECT tableowner FROM pg_tables WHERE tablename = 'events') FROM pg_tables"
                        " WHERE tablename LIKE 'events!_%' ESCAPE '!' OR tablename LIKE 'delta_tokens!_%' ESCAPE '!'") == [(True,)]


def test_what_is_written_comes_along_whoever_writes_it(pg):
    before = rows(pg)
    assert until(pg, "copied") == "copied"
    ts, wide = pg.query("SELECT lower, wide FROM partition_merges")[0]
    pg.script(f"CREATE TEMP TABLE {wide} (LIKE events); " + EVENT.format(id="beside_a_temporary_table", ts=ts))
    pg.script("SET session_replication_role = replica; " + EVENT.format(id="replicated", ts=ts))
    with role(pg) as name:
        pg.script(f"GRANT INSERT ON events TO {name}; SET ROLE {name}; " + EVENT.format(id="by_another", ts=ts))
        for table in ("TEMP TABLE mine", "TABLE mine"):
            with pytest.raises(Exception, match="permission denied for (function egdb_merge_write|schema public)"):
                pg.script(f"SET ROLE {name}; CREATE {table} (id text); CREATE TRIGGER egdb_merge AFTER INSERT ON mine"
                          " FOR EACH ROW EXECUTE FUNCTION egdb_merge_write()")
    assert until(pg, "merged") == "merged"
    added = {"beside_a_temporary_table", "replicated", "by_another"}
    assert {id for (id,) in pg.query("SELECT id FROM events WHERE topic = 't@v1'")} >= added
    assert len(rows(pg)["events"]) == len(before["events"]) + len(added)


def test_whoever_dies_the_next_goes_on(pg):
    before = rows(pg)
    assert until(pg, "merged", "copied") == "copied"
    while not pg.scalar("SELECT analyzed FROM partition_merges"):
        assert step(pg) == "copied"
    with contextlib.closing(pg.connect()) as dies, dies.cursor() as cursor:
        cursor.execute("BEGIN; SELECT did FROM egdb_partitions_merge(1)")
        assert cursor.fetchone()[0] == "merged"
        assert step(pg) == "busy", "two never do it at once"
    assert rows(pg) == before and pg.scalar("SELECT count(*) FROM partition_merges") == 1
    assert step(pg, days=0) == "dropped" and step(pg, days=0) == "none", "0 days: what is half-way is given up"
    assert pg.scalar("SELECT count(*) FROM pg_trigger WHERE tgname = 'egdb_merge'") == 0
    assert step(pg) == "begun" and step(pg, slice_ms=0) == "copied"
    names = pg.scalar("SELECT names FROM partition_merges")
    for change, why in (
            (f"TRUNCATE {names[0]}", "not those that it began with"), (f"ALTER TABLE {names[1]} DISABLE TRIGGER egdb_merge", "were disabled"),
            ("ALTER TABLE events ADD COLUMN more text", "were altered"), ("CREATE INDEX more ON events (more)", "were altered"),
            ("DROP INDEX more; CREATE INDEX more ON events (more, id)", "were altered"),
            ("ALTER TABLE events ADD CONSTRAINT not_x CHECK (more <> 'x')", "were altered"),
            ("ALTER TABLE events RENAME more TO less", "were altered"),
            ("ALTER TABLE events DROP COLUMN less; ALTER TABLE events ADD COLUMN less text DEFAULT 'x'", "were altered"),
            ("ALTER TABLE events DROP COLUMN less; " + EVENT.format(id="altered", ts=pg.scalar("SELECT lower FROM partition_merges")), "")):
        pg.script(change)
        before = rows(pg)
        assert step(pg) == "dropped", f"it does not begin where it was after {change}"
        assert why in given_up(pg)
        assert step(pg) == "begun"
    lower, upper = pg.query("SELECT lower, upper FROM egdb_partitions('events') WHERE name = ?", (names[0],))[0]
    pg.script(f"ALTER TABLE events DETACH PARTITION {names[0]}")
    assert step(pg) == "dropped" and given_up(pg) and step(pg, days=0) == "none"
    pg.script(f"ALTER TABLE events ATTACH PARTITION {names[0]} FOR VALUES FROM ('{lower}') TO ('{upper}')")
    assert "altered" in str(before), "what the wide table cannot take is no reason to refuse it"
    assert until(pg, "none") == "none"
    assert rows(pg) == before
    assert_few(pg)


def test_what_cannot_be_merged_keeps_nothing_else_off(pg):
    before = rows(pg)
    day = pg.scalar("SELECT name FROM egdb_partitions('events') WHERE lower IS NOT NULL ORDER BY lower LIMIT 1")
    pg.script(f"CREATE VIEW mine AS SELECT * FROM {day}")
    assert until(pg, "dropped") == "dropped"
    assert until(pg, "none") == "none" and counts(pg, "delta_tokens", "quarter", "3 months") == {1}
    wide, why = pg.query("SELECT parent, why FROM partition_merges_failed")[0]
    assert wide == "events" and "depend" in why
    pg.script("UPDATE partition_merges_failed SET due_utc = now()")
    assert until(pg, "dropped") == "dropped"
    assert pg.query("SELECT times, due_utc - at_utc FROM partition_merges_failed") == [(2, datetime.timedelta(hours=2))], "later and later"
    pg.script(f"DROP VIEW mine; DELETE FROM partition_merges_failed; ALTER TABLE events ADD CONSTRAINT some_check CHECK (id <> '') NOT VALID")
    pg.script(f"CREATE TABLE {pg.scalar('SELECT (egdb_merge_due(1)).wide')} ()")
    assert until(pg, "none") == "none" and rows(pg) == before
    assert_few(pg)


def test_what_is_no_plain_table_stays(pg):
    lower, upper, name = pg.query("SELECT lower, upper, name FROM egdb_partitions('events') WHERE lower IS NOT NULL ORDER BY lower LIMIT 1")[0]
    pg.script(f"DROP TABLE {name}; CREATE TABLE {name} PARTITION OF events FOR VALUES FROM ('{lower}') TO ('{upper}') PARTITION BY HASH (id);"
              f"CREATE TABLE hashed PARTITION OF {name} FOR VALUES WITH (MODULUS 1, REMAINDER 0);" + EVENT.format(id="hashed", ts=lower))
    before = rows(pg)
    assert until(pg, "none") == "none" and rows(pg) == before
    assert pg.scalar("SELECT count(*) FROM egdb_partitions('events') WHERE name = ?", (name,)) == 1


def test_a_step_is_a_transaction_of_its_own(pg):
    with contextlib.closing(pg.connect()) as connection, connection.cursor() as cursor:
        for begin, says in (("BEGIN; SELECT egdb_partitions_merge(1)", "a transaction of its own"), ("BEGIN ISOLATION LEVEL REPEATABLE READ", "READ COMMITTED")):
            cursor.execute(begin)
            with pytest.raises(Exception, match=says):
                cursor.execute("SELECT egdb_partitions_merge(1)")
            cursor.execute("ROLLBACK")


def test_months_become_years(store):
    """Of a year that is over since two more; what is wider than that stays."""
    year = datetime.datetime.now(datetime.timezone.utc).year - 4
    store.script("DO $do$ DECLARE n text; BEGIN FOR n IN SELECT name FROM egdb_partitions('events') LOOP EXECUTE format('DROP TABLE %I', n); END LOOP; END $do$")
    bounds = ["MINVALUE", *(f"'{year}-{month:02d}-01Z'" for month in range(8, 13)), f"'{year + 1}-01-01Z'", "'2999-01-01Z'"]
    for i, (lower, upper) in enumerate(zip(bounds, bounds[1:])):
        store.script(f"CREATE TABLE events_{'history' if i == 0 else i} PARTITION OF events FOR VALUES FROM ({lower}) TO ({upper})")
        store.script(EVENT.format(id=i, ts="{ts}").replace("'{ts}'", f"{upper}::timestamptz - interval '1 day'"))
    before = rows(store)
    assert until(store, "none") == "none"
    assert rows(store) == before and len(before["events"]) == len(bounds) - 1
    names = [name for (name,) in store.query("SELECT name FROM egdb_partitions('events') ORDER BY upper")]
    assert names == ["events_history", f"events_p{year}", f"events_{len(bounds) - 2}"]


def answers(client):
    found = client.get("/v1/events?correlation_id=c&limit=1000").json()["events"]
    return found, client.get("/v1/events/old200").json(), client.post("/v1/query", {"query": "SELECT delta_tokens(count(), sum(weight)) FROM all"}).json()["rows"]


def metric(client, name):
    return int(re.search(rf"^{name} (\d+)$", client.get("/metrics").text, re.M).group(1))


def test_a_server_merges_beside_its_clients(pg, start_server):
    config = {"store.partition_merge_days": 1, "store.tend_ms": 20}
    server = start_server(pg, config={"store.partition_merge_days": 0})
    with server.client() as client:
        before = answers(client)
        many = metric(client, "egdb_event_partitions")
    assert server.stop() == 0 and len(before[0]) == 250 and many > 50
    server = start_server(pg, config=config)
    reader = pg.connect()
    reader.cursor().execute("BEGIN; SELECT count(*) FROM events")
    wait.until(lambda: pg.scalar("SELECT analyzed FROM partition_merges"), "all is copied, and the exchange waits for the reader")
    with server.client() as client:
        assert client.post_event(events.label()).status == 201 and answers(client) == before
    server.kill()
    reader.close()
    server.start()
    months = [at for (at,) in pg.query("SELECT lower + interval '1 hour' FROM egdb_partitions('events') WHERE lower < now() - interval '1 day'")]
    sent, over = [], threading.Event()

    def write():
        with server.client() as client:
            while not over.is_set():
                batch = [events.label(ts_utc=events.utc(at.timestamp())) for at in months[::4]]
                assert client.post("/v1/events", batch).status == 200
                sent.extend(one["id"] for one in batch)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait.until(lambda: are_few(pg), "all is merged")
    finally:
        over.set()
        writer.join()
    with server.client() as client:
        assert answers(client) == before
        wait.until(lambda: metric(client, "egdb_event_partitions") < many - 5, "the metric follows")
        assert metric(client, "egdb_partition_merges_total") == server.log().count(" have become ") > 0
    stored = pg.query("SELECT id, count(*) FROM events WHERE topic = 'commit.labelled@v1' GROUP BY id")
    assert sent and {id for id, _ in stored} >= set(sent) and {n for _, n in stored} == {1}
    assert len(stored) == pg.scalar("SELECT count(*) FROM event_ids WHERE id NOT LIKE 'old%'")
    assert_few(pg)


def test_doctor_counts_partitions(store):
    assert "of delta_tokens" in binary.run("doctor", "--store", store.dsn, check=0).out
    store.script("DO $do$ BEGIN FOR i IN 2100..2250 LOOP EXECUTE format('CREATE TABLE delta_tokens_p%s PARTITION OF delta_tokens FOR VALUES"
                 " FROM (%L) TO (%L)', i, i || '-01-01', i || '-12-31'); END LOOP; END $do$")
    said = binary.run("doctor", "--store", store.dsn, check=1).out
    assert "WRONG partitions" in said and "store.partition_merge_days" in said
