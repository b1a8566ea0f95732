-- Partitions of time that is over become fewer. Whoever plans a query without a window looks at every partition, and locks it with each of its
-- indexes: after a year of days that took 50 times what a small read takes. So the days of a month that is over become one partition, the weeks of
-- a quarter, and what is left of a year after two more years.
--
-- A wide table is filled apart, in slices, each a transaction of its own; then one short transaction drops the narrow partitions and attaches it.
-- What anybody inserts into the narrow ones meanwhile, a trigger inserts into the wide one too, in the same transaction: it is there for exactly
-- those who see the row. After any other change the merge is given up and begun anew. All of it is in tables: whoever is killed, the next goes on.

-- The merge that is half-way: one at most.
CREATE TABLE partition_merges (
  wide       text        COLLATE "C" NOT NULL CONSTRAINT partition_merges_pkey PRIMARY KEY,
  parent     text        COLLATE "C" NOT NULL,
  key        text        COLLATE "C" NOT NULL,
  lower      timestamptz NOT NULL,
  upper      timestamptz NOT NULL,
  names      text[]      COLLATE "C" NOT NULL, -- the narrow partitions, oldest first …
  files      oid[]       NOT NULL,             -- … with the files they had: other files have other blocks
  at         integer     NOT NULL DEFAULT 1,   -- copied up to here: which of them …
  block      bigint      NOT NULL DEFAULT 0,   -- … and which block of it
  copied     bigint      NOT NULL DEFAULT 0,
  last_xid   xid,                              -- who copied last: a snapshot from before does not see it …
  copied_utc timestamptz                     -- … and a time after that, once the wide table is analyzed
);

-- A row: partitions that are being merged were changed in another way than by inserts.
CREATE TABLE partition_changes (
  at_utc timestamptz NOT NULL
);

-- Arguments: the wide table, and its columns as a list. SECURITY DEFINER: whoever may write rows need not be allowed to write these.
CREATE FUNCTION egdb_partition_write() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $body$
BEGIN
  IF TG_OP = 'INSERT' THEN
    BEGIN
      EXECUTE format('INSERT INTO %I (%s) SELECT %2$s FROM (SELECT ($1).*) AS n ON CONFLICT DO NOTHING', TG_ARGV[0], TG_ARGV[1]) USING NEW;
      RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
      NULL; -- the table was altered, say: that is no reason to refuse the row
    END;
  END IF;
  INSERT INTO partition_changes (at_utc) SELECT clock_timestamp() WHERE NOT EXISTS (SELECT 1 FROM partition_changes);
  RETURN NULL;
END
$body$;

-- The partitions of a table with their bounds; lower is null for the history partition.
CREATE FUNCTION egdb_partitions(parent text)
RETURNS TABLE (name text, lower timestamptz, upper timestamptz, file oid)
LANGUAGE sql STABLE
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET search_path FROM CURRENT
AS $body$
  SELECT c.relname::text, (regexp_match(b.bound, 'FROM \(''([^'']+)''\)'))[1]::timestamptz,
         (regexp_match(b.bound, 'TO \(''([^'']+)''\)'))[1]::timestamptz, pg_relation_filenode(c.oid)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  CROSS JOIN LATERAL (SELECT pg_get_expr(c.relpartbound, c.oid)) AS b(bound)
  WHERE i.inhparent = to_regclass(quote_ident($1))
$body$;

-- The columns of a table, as a list in the order of their names.
CREATE FUNCTION egdb_columns(table_name text) RETURNS text
LANGUAGE sql STABLE
SET search_path FROM CURRENT
AS $body$
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
  WHERE attrelid = to_regclass(quote_ident($1)) AND attnum > 0 AND NOT attisdropped
$body$;

-- Whether the merge may go on: its partitions are those that it began with, its table has the columns and indexes of the parent (a migration may
-- have come in between), and nothing was changed but by inserts.
CREATE FUNCTION egdb_merge_holds(m partition_merges) RETURNS boolean
LANGUAGE sql
SET search_path FROM CURRENT
AS $body$
  SELECT NOT EXISTS (SELECT 1 FROM partition_changes)
     AND egdb_columns(m.wide) IS NOT DISTINCT FROM egdb_columns(m.parent)
     AND (SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(quote_ident(m.wide)))
       = (SELECT count(*) FROM pg_index WHERE indrelid = to_regclass(quote_ident(m.parent)))
     AND (SELECT array_agg(p.name COLLATE "C" ORDER BY p.lower) = m.names AND array_agg(p.file ORDER BY p.lower) = m.files
          FROM egdb_partitions(m.parent) p WHERE p.lower >= m.lower AND p.upper <= m.upper) IS TRUE
$body$;

-- Begins the merge that is due next, if one is: of what is over since `days` days, the oldest. True: it has begun.
CREATE FUNCTION egdb_merge_begin(days integer) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  due  record;
  name text;
  made text;
BEGIN
  SELECT l.parent, l.key, l.level, l.form, date_trunc(l.unit, p.lower) AS start, min(p.lower) AS lower, max(p.upper) AS upper,
         array_agg(p.name ORDER BY p.lower) AS names, array_agg(p.file ORDER BY p.lower) AS files
  INTO due
  FROM (VALUES (1, 'events', 'ts_utc', 'month', interval '1 month', 'YYYYMM', 0),
               (2, 'delta_tokens', 'created_utc', 'quarter', interval '3 months', 'YYYY"q"Q', 0),
               (3, 'events', 'ts_utc', 'year', interval '1 year', 'YYYY', 730),
               (4, 'delta_tokens', 'created_utc', 'year', interval '1 year', 'YYYY', 730)) AS l(level, parent, key, unit, span, form, later)
  CROSS JOIN LATERAL egdb_partitions(l.parent) AS p
  WHERE p.upper <= date_trunc(l.unit, p.lower) + l.span + interval '6 days' -- a week ends in the next month
  GROUP BY l.level, l.parent, l.key, l.unit, l.span, l.form, l.later, start
  HAVING count(*) > 1 AND greatest(max(p.upper), date_trunc(l.unit, min(p.lower)) + l.span) <= clock_timestamp() - make_interval(days => days + l.later)
  ORDER BY l.level, start LIMIT 1;
  IF due.parent IS NULL THEN
    RETURN false;
  END IF;
  made := due.parent || '_p' || to_char(due.start, due.form);
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', made, due.parent);
  -- What attaching then need not look for in the rows.
  EXECUTE format('ALTER TABLE %I ADD CONSTRAINT egdb_span CHECK (%I >= %L AND %I < %L)', made, due.key, due.lower, due.key, due.upper);
  FOREACH name IN ARRAY due.names LOOP
    EXECUTE format('CREATE TRIGGER egdb_merge AFTER INSERT OR UPDATE OR DELETE ON %I FOR EACH ROW EXECUTE FUNCTION egdb_partition_write(%L, %L)',
                   name, made, egdb_columns(due.parent));
  END LOOP;
  INSERT INTO partition_merges (wide, parent, key, lower, upper, names, files)
  VALUES (made, due.parent, due.key, due.lower, due.upper, due.names, due.files);
  RETURN true;
END
$body$;

-- Copies for about slice_ms: blocks as they lie.
CREATE FUNCTION egdb_merge_copy(m partition_merges, slice_ms integer) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  list   text := egdb_columns(m.parent);
  until  timestamptz := clock_timestamp() + make_interval(secs => slice_ms / 1000.0);
  blocks bigint;
  n      bigint := 0;
  gin    regclass;
BEGIN
  WHILE m.at <= cardinality(m.names) LOOP
    blocks := pg_relation_size(quote_ident(m.names[m.at])::regclass) / current_setting('block_size')::integer;
    IF m.block >= blocks THEN
      m.at := m.at + 1;
      m.block := 0;
      CONTINUE;
    END IF;
    EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM %I WHERE ctid >= $1 AND ctid < $2 ON CONFLICT DO NOTHING', m.wide, list, list,
                   m.names[m.at]) USING format('(%s,0)', m.block)::tid, format('(%s,0)', m.block + 1)::tid;
    GET DIAGNOSTICS n = ROW_COUNT;
    m.copied := m.copied + n;
    m.block := m.block + 1;
    EXIT WHEN clock_timestamp() >= until;
  END LOOP;
  FOR gin IN SELECT c.oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
             WHERE i.indrelid = to_regclass(quote_ident(m.wide)) AND a.amname = 'gin' LOOP
    PERFORM gin_clean_pending_list(gin);
  END LOOP;
  UPDATE partition_merges SET at = m.at, block = m.block, copied = m.copied, last_xid = pg_current_xact_id()::xid;
END
$body$;

-- The exchange, in the caller's transaction. Readers and writers wait for it, and it for them: lock_timeout bounds that. False: not now.
CREATE FUNCTION egdb_merge_exchange(m partition_merges) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  name text;
BEGIN
  -- A snapshot from before the last copy (REPEATABLE READ, a dump) would find the wide table without those rows.
  IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
             AND pid <> pg_backend_pid() AND age(backend_xmin) >= age(m.last_xid) AND xact_start <= m.copied_utc) THEN
    RETURN false;
  END IF;
  EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', m.wide); -- autovacuum is waited for while nobody waits for us
  EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', m.parent);
  FOREACH name IN ARRAY m.names LOOP
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', name);
  END LOOP;
  IF NOT egdb_merge_holds(m) THEN
    RETURN false; -- the next step sees to it
  END IF;
  FOREACH name IN ARRAY m.names LOOP
    EXECUTE format('DROP TABLE %I', name);
  END LOOP;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', m.parent, m.wide, m.lower, m.upper);
  EXECUTE format('ALTER TABLE %I DROP CONSTRAINT egdb_span', m.wide);
  DELETE FROM partition_merges;
  RETURN true;
END
$body$;

-- Gives the merge up: as if it had not begun.
CREATE FUNCTION egdb_merge_drop() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $body$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'egdb_partition_write'::regproc LOOP
    EXECUTE format('DROP TRIGGER egdb_merge ON %s', name);
  END LOOP;
  FOR name IN SELECT quote_ident(m.wide) FROM partition_merges m JOIN pg_class c ON c.oid = to_regclass(quote_ident(m.wide))
              WHERE NOT c.relispartition LOOP
    EXECUTE format('DROP TABLE %s', name);
  END LOOP;
  DELETE FROM partition_merges;
  DELETE FROM partition_changes;
END
$body$;

-- One step of merging what is over since `days` days, of about slice_ms; 0 days: none is merged, and one that is half-way is given up. did:
-- `none` there is nothing to do, `busy` another session is at it, `waits` a lock or an old snapshot stands in the way, `begun`, `copied` a slice,
-- `merged`, `dropped` it was given up. wide, n_partitions and n_rows tell of which merge. The server calls it beside egdb_partitions_ahead().
CREATE FUNCTION egdb_partitions_merge(days integer, slice_ms integer DEFAULT 50,
                                      OUT did text, OUT wide text, OUT n_partitions integer, OUT n_rows bigint)
LANGUAGE plpgsql
SET timezone = 'UTC'
SET datestyle = 'ISO'
SET lock_timeout = '250ms'
SET jit = off
SET search_path FROM CURRENT
AS $body$
DECLARE
  m partition_merges;
BEGIN
  IF days IS NULL OR days < 0 OR days > 36500 THEN
    RAISE EXCEPTION 'egdb_partitions_merge: days must be from 0 to 36500, not %', days USING ERRCODE = '22023';
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
  BEGIN
    IF m.wide IS NULL THEN
      did := CASE WHEN days > 0 AND egdb_merge_begin(days) THEN 'begun' ELSE 'none' END;
      SELECT * INTO m FROM partition_merges LIMIT 1;
    ELSIF days = 0 OR NOT egdb_merge_holds(m) THEN
      PERFORM egdb_merge_drop();
      did := 'dropped';
    ELSIF m.at <= cardinality(m.names) THEN
      PERFORM egdb_merge_copy(m, slice_ms);
      did := 'copied';
    ELSIF m.copied_utc IS NULL THEN
      UPDATE partition_merges SET copied_utc = clock_timestamp();
      did := 'copied';
      BEGIN
        EXECUTE format('ANALYZE %I', m.wide);
      EXCEPTION WHEN query_canceled THEN
        NULL; -- out of time: autovacuum comes by in its own
      END;
    ELSE
      did := CASE WHEN egdb_merge_exchange(m) THEN 'merged' ELSE 'waits' END;
    END IF;
  EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    did := 'waits';
  END;
  wide := m.wide;
  n_partitions := cardinality(m.names);
  n_rows := m.copied;
END
$body$;

INSERT INTO egdb_schema_version (version, comment) VALUES (17, '0017_fewer_partitions');
