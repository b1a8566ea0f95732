-- Partitions of time that is over become fewer. Whoever plans a query without a window looks at every partition, and locks it with each of its
-- indexes: after a year of days that took 50 times what a small read takes. So the days of a month that is over become one partition, the weeks of
-- a quarter, and what is left of a year after two more years.
--
-- A wide table is filled apart, in slices, each a transaction of its own; then one short transaction drops the narrow partitions and attaches it.
-- What anybody inserts into the narrow ones meanwhile, a trigger inserts into the wide one too, in the same transaction: it is there for exactly
-- those who see the row. After any other change the merge is given up, and begun anew later. All of it is in tables: whoever is killed, the next
-- goes on.

-- The merge that is half-way: one at most.
CREATE TABLE partition_merges (
  wide     text        COLLATE "C" NOT NULL CONSTRAINT partition_merges_pkey PRIMARY KEY,
  parent   text        COLLATE "C" NOT NULL,
  key      text        COLLATE "C" NOT NULL,
  lower    timestamptz NOT NULL,
  upper    timestamptz NOT NULL,
  places   text[]      COLLATE "C",          -- the parent's columns with their numbers
  names    text[]      COLLATE "C" NOT NULL, -- the narrow partitions, oldest first …
  files    oid[]       NOT NULL,             -- … with the files they had: other files have other rows
  at       integer     NOT NULL DEFAULT 1,   -- copied up to here: which of them …
  block    bigint      NOT NULL DEFAULT 0,   -- … which block of it …
  item     integer     NOT NULL DEFAULT 0,   -- … and which row of that
  copied   bigint      NOT NULL DEFAULT 0,
  failures integer     NOT NULL DEFAULT 0,   -- steps that took too long, one after the other
  last_xid xid8,                             -- whose step was the last: a snapshot from before may not see all that was copied
  analyzed boolean     NOT NULL DEFAULT false
);

-- Merges that were given up, until they are due again.
CREATE TABLE partition_merges_failed (
  parent  text        COLLATE "C" NOT NULL,
  lower   timestamptz NOT NULL,
  upper   timestamptz NOT NULL,
  at_utc  timestamptz NOT NULL,
  times   integer     NOT NULL, -- one after the other
  due_utc timestamptz NOT NULL, -- an hour later, then two, four …
  why     text        COLLATE "C" NOT NULL,
  CONSTRAINT partition_merges_failed_pkey PRIMARY KEY (parent, lower, upper)
);

-- A row: partitions that are being merged were changed in another way than by inserts.
CREATE TABLE partition_changes (
  at_utc timestamptz NOT NULL
);

-- The partitions of a table with their bounds; lower is null for the history partition, file for what is no plain table.
CREATE FUNCTION egdb_partitions(parent text)
RETURNS TABLE (name text, lower timestamptz, upper timestamptz, file oid)
LANGUAGE sql STABLE
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET search_path FROM CURRENT
AS $body$
  SELECT c.relname::text, (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz,
         (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz,
         CASE WHEN c.relkind = 'r' AND c.relam = (SELECT a.oid FROM pg_am a WHERE a.amname = 'heap') THEN pg_relation_filenode(c.oid) END
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid)) AS b(bound)
  WHERE i.inhparent = to_regclass(quote_ident($1))
$body$;

-- What a table must have in common with another, so that either may be a partition in the other's place: columns, checks, indexes.
CREATE FUNCTION egdb_shape(table_name text) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $body$
  SELECT string_agg(part, E'\n' ORDER BY part COLLATE "C") FROM (
    SELECT format('%I %s %s', attname, format_type(atttypid, atttypmod), attnotnull) FROM pg_attribute
    WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT conname || ' ' || regexp_replace(pg_get_constraintdef(oid), ' NOT VALID$', '') FROM pg_constraint
    WHERE conrelid = to_regclass(quote_ident($1)) AND contype = 'c' AND conname <> 'egdb_span'
    UNION ALL
    SELECT regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .*? USING ', ' ') FROM pg_index WHERE indrelid = to_regclass(quote_ident($1))
  ) AS parts(part)
$body$;

-- The columns of a table as a list, each behind `before`.
CREATE FUNCTION egdb_columns(table_name text, before text DEFAULT '') RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $body$
  SELECT string_agg($2 || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped
$body$;

-- The columns of a table with their numbers: names may be given to others.
CREATE FUNCTION egdb_places(table_name text) RETURNS text[]
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $body$
  SELECT array_agg(attnum || ' ' || attname ORDER BY attnum) FROM pg_attribute
  WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped
$body$;

-- Bounds the locks that are asked for one after the other: all must be there at `until`. Whoever comes later waits behind the first.
CREATE FUNCTION egdb_locks_until(until timestamptz) RETURNS void
LANGUAGE sql
SET search_path FROM CURRENT
AS $body$
  SELECT set_config('lock_timeout', greatest(1, ceil(1000 * extract(epoch FROM $1 - clock_timestamp())))::text, true)
$body$;

-- Why the merge cannot go on; null when it can.
CREATE FUNCTION egdb_merge_broken(m partition_merges) RETURNS text
LANGUAGE sql
SET search_path FROM CURRENT
AS $body$
  SELECT CASE
    WHEN EXISTS (SELECT 1 FROM partition_changes) THEN 'rows of its partitions were changed or deleted'
    WHEN egdb_places(m.parent) IS DISTINCT FROM m.places OR egdb_shape(m.wide) IS DISTINCT FROM egdb_shape(m.parent) THEN format('columns, checks or indexes of %s were altered', m.parent)
    WHEN (SELECT array_agg(p.name COLLATE "C" ORDER BY p.lower) = m.names AND array_agg(p.file ORDER BY p.lower) = m.files
          FROM egdb_partitions(m.parent) p WHERE p.lower >= m.lower AND p.upper <= m.upper) IS NOT TRUE THEN 'its partitions are not those that it began with'
    WHEN (SELECT count(*) FROM pg_trigger t JOIN unnest(m.names) n ON t.tgrelid = to_regclass(quote_ident(n))
          WHERE t.tgfoid = to_regprocedure('egdb_merge_write()') AND t.tgenabled = 'A') < cardinality(m.names) THEN 'triggers of its partitions were disabled'
  END
$body$;

-- The merge that is due next: of what is over since `days` days, the oldest. wide is null: none is.
CREATE FUNCTION egdb_merge_due(days integer) RETURNS partition_merges
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  m partition_merges;
  n integer := 1;
BEGIN
  SELECT g.wide, g.parent, g.key, g.lower, g.upper, g.names, g.files INTO m.wide, m.parent, m.key, m.lower, m.upper, m.names, m.files FROM (
    SELECT l.level, l.parent, l.key, l.parent || '_p' || to_char(date_trunc(l.unit, p.lower), l.form) AS wide, min(p.lower) AS lower,
           max(p.upper) AS upper, array_agg(p.name ORDER BY p.lower) AS names, array_agg(p.file ORDER BY p.lower) AS files,
           greatest(max(p.upper), date_trunc(l.unit, min(p.lower)) + l.span) + make_interval(days => l.later) AS over_utc
    FROM (VALUES (1, 'events', 'ts_utc', 'month', interval '1 month', 'YYYYMM', 0),
                 (2, 'delta_tokens', 'created_utc', 'quarter', interval '3 months', 'YYYY"q"Q', 0),
                 (3, 'events', 'ts_utc', 'year', interval '1 year', 'YYYY', 730),
                 (4, 'delta_tokens', 'created_utc', 'year', interval '1 year', 'YYYY', 730)) AS l(level, parent, key, unit, span, form, later)
    CROSS JOIN LATERAL egdb_partitions(l.parent) AS p
    WHERE p.upper <= date_trunc(l.unit, p.lower) + l.span + interval '6 days' -- a week ends in the next month
    GROUP BY l.level, l.parent, l.key, l.unit, l.span, l.form, l.later, date_trunc(l.unit, p.lower)
    HAVING count(*) > 1 AND count(p.file) = count(*) AND max(p.upper) - min(p.lower) = sum(p.upper - p.lower) -- without a gap
  ) AS g
  WHERE g.over_utc <= clock_timestamp() - make_interval(days => days)
    AND NOT EXISTS (SELECT 1 FROM partition_merges_failed f WHERE (f.parent, f.lower, f.upper) = (g.parent, g.lower, g.upper)
                    AND f.due_utc > clock_timestamp())
  ORDER BY g.level, g.lower LIMIT 1;
  WHILE to_regclass(quote_ident(m.wide || CASE WHEN n > 1 THEN '_' || n ELSE '' END)) IS NOT NULL LOOP
    n := n + 1; -- a part of that month was merged before, say
  END LOOP;
  m.wide := m.wide || CASE WHEN n > 1 THEN '_' || n ELSE '' END;
  RETURN m;
END
$body$;

-- The trigger's function is made for each merge: its statement is planned once a session, and it names all with their schema. SECURITY DEFINER:
-- whoever may write rows need not be allowed to write these; and nobody else may hang it onto a table of his own. Both are the parent's owner's,
-- whoever calls.
CREATE FUNCTION egdb_merge_begin(m partition_merges) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  owner text := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass(quote_ident(m.parent)));
  until timestamptz := clock_timestamp() + interval '250 ms';
  name  text;
BEGIN
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', m.wide, m.parent);
  -- What attaching then need not look for in the rows.
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT egdb_span CHECK (%I >= %L AND %I < %L)', m.wide, m.key, m.lower, m.key, m.upper);
  EXECUTE format($made$
    CREATE FUNCTION %1$I.egdb_merge_write() RETURNS trigger
    LANGUAGE plpgsql
    SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS $write$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        BEGIN
          INSERT INTO %1$I.%2$I (%3$s) VALUES (%4$s) ON CONFLICT DO NOTHING;
          RETURN NULL;
        EXCEPTION WHEN OTHERS THEN
          NULL; -- a column has gone, say: that is no reason to refuse the row
        END;
      END IF;
      INSERT INTO %1$I.partition_changes (at_utc) SELECT clock_timestamp() WHERE NOT EXISTS (SELECT 1 FROM %1$I.partition_changes);
      RETURN NULL;
    END
    $write$ $made$, current_schema(), m.wide, egdb_columns(m.wide), egdb_columns(m.wide, 'NEW.'));
  REVOKE ALL ON FUNCTION egdb_merge_write() FROM PUBLIC;
  EXECUTE format('ALTER FUNCTION egdb_merge_write() OWNER TO %I', owner);
  EXECUTE format('ALTER TABLE %I OWNER TO %I', m.wide, owner);
  FOREACH name IN ARRAY m.names LOOP
    PERFORM egdb_locks_until(until);
    EXECUTE format('CREATE TRIGGER egdb_merge AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION egdb_merge_write()', name);
    EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER egdb_merge', name); -- for what a replication applies, too
  END LOOP;
  INSERT INTO partition_merges (wide, parent, key, lower, upper, places, names, files, last_xid)
  VALUES (m.wide, m.parent, m.key, m.lower, m.upper, egdb_places(m.parent), m.names, m.files, pg_current_xact_id());
END
$body$;

-- Copies for about slice_ms: rows as they lie, from one at a time on, since a row may be large, to a block of them.
CREATE FUNCTION egdb_merge_copy(m partition_merges, slice_ms integer) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  list   text := egdb_columns(m.parent);
  most   integer := current_setting('block_size')::integer / 28; -- rows of a block: each has a pointer of 4 bytes and a header of 24
  since  timestamptz := clock_timestamp();
  now_at timestamptz := since;
  before timestamptz;
  blocks bigint;
  many   integer := 1; -- rows, if they lie close
  reach  integer := 1;
  n      bigint := 1;
  gin    regclass;
BEGIN
  WHILE m.at <= cardinality(m.names) LOOP
    blocks := pg_relation_size(quote_ident(m.names[m.at])::regclass) / current_setting('block_size')::integer;
    IF m.block >= blocks THEN
      m.at := m.at + 1;
      m.block := 0;
      CONTINUE;
    END IF;
    reach := CASE WHEN n = 0 AND m.item > 0 THEN least(2 * reach, most) ELSE many END; -- the end of a block may be empty
    EXECUTE format('INSERT INTO %I (%s) SELECT %2$s FROM %I WHERE ctid > $1 AND ctid <= $2 ON CONFLICT DO NOTHING', m.wide, list, m.names[m.at])
      USING format('(%s,%s)', m.block, m.item)::tid, format('(%s,%s)', m.block, m.item + reach)::tid;
    GET DIAGNOSTICS n = ROW_COUNT;
    m.copied := m.copied + n;
    m.item := m.item + reach;
    IF m.item >= most THEN
      m.block := m.block + 1;
      m.item := 0;
    END IF;
    before := now_at;
    now_at := clock_timestamp();
    EXIT WHEN now_at >= since + make_interval(secs => slice_ms / 1000.0) AND (n > 0 OR m.item = 0);
    IF n > 0 THEN
      many := CASE WHEN now_at - before < interval '5 ms' THEN least(2 * many, most) ELSE greatest(many / 2, 1) END;
    END IF;
  END LOOP;
  FOR gin IN SELECT c.oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
             WHERE i.indrelid = to_regclass(quote_ident(m.wide)) AND a.amname = 'gin' LOOP
    PERFORM gin_clean_pending_list(gin);
  END LOOP;
  UPDATE partition_merges SET at = m.at, block = m.block, item = m.item, copied = m.copied, failures = 0, last_xid = pg_current_xact_id();
END
$body$;

-- The exchange, in the caller's transaction. Readers and writers wait for it, and it for them, a quarter of a second at most. False: not now.
CREATE FUNCTION egdb_merge_exchange(m partition_merges) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  name  text;
  until timestamptz;
BEGIN
  -- A snapshot from before the last copy (REPEATABLE READ, a dump, a standby's) would find the wide table without those rows.
  IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname IS NULL OR datname = current_database())
             AND usesysid IS NOT NULL AND age(backend_xmin) >= age(m.last_xid::xid)) THEN
    RETURN false;
  END IF;
  EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', m.wide); -- autovacuum is waited for while nobody waits for us
  until := clock_timestamp() + interval '250 ms';
  FOREACH name IN ARRAY m.parent || m.names LOOP
    PERFORM egdb_locks_until(until);
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', name);
  END LOOP;
  IF egdb_merge_broken(m) IS NOT NULL THEN
    RETURN false; -- the next step sees to it
  END IF;
  FOREACH name IN ARRAY m.names LOOP
    EXECUTE format('DROP TABLE %I', name);
  END LOOP;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', m.parent, m.wide, m.lower, m.upper);
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT egdb_span', m.wide);
  DROP FUNCTION egdb_merge_write();
  DELETE FROM partition_merges;
  DELETE FROM partition_merges_failed f WHERE (f.parent, f.lower, f.upper) = (m.parent, m.lower, m.upper);
  RETURN true;
END
$body$;

-- Gives the merge up: as if it had not begun.
CREATE FUNCTION egdb_merge_drop() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  until timestamptz := clock_timestamp() + interval '250 ms';
  name  text;
BEGIN
  FOR name IN SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = to_regprocedure('egdb_merge_write()') LOOP
    PERFORM egdb_locks_until(until);
    EXECUTE format('DROP TRIGGER egdb_merge ON %s', name);
  END LOOP;
  DROP FUNCTION IF EXISTS egdb_merge_write();
  FOR name IN SELECT quote_ident(m.wide) FROM partition_merges m JOIN pg_class c ON c.oid = to_regclass(quote_ident(m.wide))
              WHERE NOT c.relispartition LOOP
    EXECUTE format('DROP TABLE %s', name);
  END LOOP;
  DELETE FROM partition_merges;
  DELETE FROM partition_changes;
END
$body$;

-- One step of merging what is over since `days` days, of about slice_ms; 0 days: none is merged, and one that is half-way is given up. did:
-- `none` there is nothing to do, `busy` another session is at it, `waits` a lock, an old snapshot or the time that a statement has stands in the
-- way, `begun`, `copied` a slice, `merged`, `dropped` it was given up: why tells, and it is due again in an hour or more. wide, n_partitions and n_rows
-- tell of which merge. Each step is a transaction of its own. The server calls it beside egdb_partitions_ahead().
CREATE FUNCTION egdb_partitions_merge(days integer, slice_ms integer DEFAULT 50,
                                      OUT did text, OUT wide text, OUT n_partitions integer, OUT n_rows bigint, OUT why text)
LANGUAGE plpgsql
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET lock_timeout = '250ms'
SET jit = off
SET search_path FROM CURRENT
AS $body$
DECLARE
  m     partition_merges;
  begun boolean;
BEGIN
  IF days IS NULL OR days < 0 OR days > 36500 THEN
    RAISE EXCEPTION 'egdb_partitions_merge: days must be from 0 to 36500, not %', days USING ERRCODE = '22023';
  END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'egdb_partitions_merge: the transaction must be READ COMMITTED, not %', upper(current_setting('transaction_isolation'))
      USING ERRCODE = '25001';
  END IF;
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') THEN
    did := 'none'; -- partitions are spread over the nodes
    RETURN;
  END IF;
  IF NOT pg_try_advisory_xact_lock(5207130424) THEN
    did := 'busy';
    RETURN;
  END IF;
  PERFORM set_config('synchronous_commit', 'off', true); -- a slice that is lost is copied again; dropping flushes all the same
  SELECT * INTO m FROM partition_merges LIMIT 1;
  begun := m.wide IS NOT NULL;
  IF m.last_xid = pg_current_xact_id_if_assigned() THEN
    RAISE EXCEPTION 'egdb_partitions_merge: each step must be a transaction of its own' USING ERRCODE = '25001';
  END IF;
  BEGIN
    IF NOT begun THEN
      did := 'none';
      m := egdb_merge_due(days);
      IF days > 0 AND m.wide IS NOT NULL THEN
        PERFORM egdb_merge_begin(m);
        did := 'begun';
      END IF;
    ELSIF days = 0 OR egdb_merge_broken(m) IS NOT NULL THEN
      did := 'dropped';
      why := CASE WHEN days = 0 THEN 'nothing is to be merged' ELSE egdb_merge_broken(m) END;
    ELSIF m.at <= cardinality(m.names) THEN
      PERFORM egdb_merge_copy(m, slice_ms);
      did := 'copied';
    ELSIF NOT m.analyzed THEN
      UPDATE partition_merges SET analyzed = true, last_xid = pg_current_xact_id();
      did := 'copied';
      BEGIN
        EXECUTE format('ANALYZE %I', m.wide);
      EXCEPTION WHEN query_canceled THEN
        NULL; -- out of time: autovacuum comes by in its own
      END;
    ELSE
      did := CASE WHEN egdb_merge_exchange(m) THEN 'merged' ELSE 'waits' END;
    END IF;
  EXCEPTION
    WHEN lock_not_available OR deadlock_detected THEN
      did := 'waits';
    WHEN query_canceled THEN
      UPDATE partition_merges SET failures = failures + 1;
      did := CASE WHEN begun AND m.failures < 5 THEN 'waits' ELSE 'dropped' END;
      why := SQLERRM;
    WHEN OTHERS THEN
      did := 'dropped';
      why := SQLERRM;
  END;
  IF did = 'dropped' THEN
    BEGIN
      IF begun THEN
        PERFORM egdb_merge_drop();
      END IF;
      IF days > 0 AND m.wide IS NOT NULL THEN
        INSERT INTO partition_merges_failed AS f (parent, lower, upper, at_utc, times, due_utc, why)
        VALUES (m.parent, m.lower, m.upper, clock_timestamp(), 1, clock_timestamp() + interval '1 hour', why)
        ON CONFLICT ON CONSTRAINT partition_merges_failed_pkey DO UPDATE SET at_utc = EXCLUDED.at_utc, times = f.times + 1,
          due_utc = EXCLUDED.at_utc + interval '1 hour' * 2 ^ least(f.times, 9), why = EXCLUDED.why; -- three weeks at most
      END IF;
    EXCEPTION
      WHEN lock_not_available OR deadlock_detected THEN
        did := 'waits';
      WHEN OTHERS THEN
        did := 'waits';
        why := SQLERRM;
    END;
  END IF;
  wide := m.wide;
  n_partitions := cardinality(m.names);
  n_rows := m.copied;
END
$body$;

INSERT INTO egdb_schema_version (version, comment) VALUES (17, '0017_fewer_partitions');
