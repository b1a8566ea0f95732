-- The event log and what the engine keeps beside it: positions, ids, idempotency keys, dead letters, rows that wait.
-- Text is COLLATE "C" everywhere: the same order as SQLite's, and cheaper indexes.

CREATE TABLE egdb_schema_version (
  version     integer     NOT NULL CONSTRAINT egdb_schema_version_pkey PRIMARY KEY,
  applied_utc timestamptz NOT NULL DEFAULT now(),
  comment     text        COLLATE "C"
);

-- One row, locked by the first statement of each batch: positions are gapless and in commit order. The page is left
-- nearly empty, so that its updates stay on it (HOT) and dead versions are pruned in passing.
CREATE TABLE event_position (
  id       integer NOT NULL CONSTRAINT event_position_pkey PRIMARY KEY CONSTRAINT event_position_one_row CHECK (id = 1),
  position bigint  NOT NULL
) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
INSERT INTO event_position (id, position) VALUES (1, 0);

-- The two tables that decide what is new. Not partitioned: an id is taken for ever, whatever its time.
CREATE TABLE event_ids (
  id           text        COLLATE "C" NOT NULL CONSTRAINT event_ids_pkey PRIMARY KEY,
  position     bigint      NOT NULL,
  ts_utc       timestamptz NOT NULL,
  received_utc timestamptz NOT NULL,
  content_hash bytea       NOT NULL
);

CREATE TABLE event_keys (
  scope           text   COLLATE "C" NOT NULL,
  idempotency_key text   COLLATE "C" NOT NULL,
  id              text   COLLATE "C" NOT NULL,
  position        bigint NOT NULL,
  content_hash    bytea  NOT NULL,
  CONSTRAINT event_keys_pkey PRIMARY KEY (scope, idempotency_key)
);

CREATE TABLE events (
  id              text        COLLATE "C" NOT NULL,
  topic           text        COLLATE "C" NOT NULL,
  ts_utc          timestamptz NOT NULL,
  source          text        COLLATE "C" NOT NULL,
  correlation_id  text        COLLATE "C" NOT NULL,
  causation_id    text        COLLATE "C",
  repo_sha        text        COLLATE "C" NOT NULL,
  repo_branch     text        COLLATE "C",
  env_json        jsonb,
  payload_json    jsonb       NOT NULL,
  artifacts_json  jsonb,
  idempotency_key text        COLLATE "C",
  trust           text        COLLATE "C" DEFAULT 'high',
  position        bigint      NOT NULL,
  received_utc    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT events_pkey PRIMARY KEY (id, ts_utc)
) PARTITION BY RANGE (ts_utc);
CREATE INDEX ix_events_topic_ts ON events (topic, ts_utc);
CREATE INDEX ix_events_sha ON events (repo_sha);
CREATE INDEX ix_events_corr ON events (correlation_id);
CREATE INDEX ix_events_position ON events (position);
-- The pending list may grow to 256 MB: the server empties it between batches, so that no insert has to (pauses of 100
-- ms). Every partition's index inherits the setting.
CREATE INDEX ix_events_payload_gin ON events USING gin (payload_json jsonb_path_ops)
  WITH (gin_pending_list_limit = 262144);

-- The foreign key goes to event_ids: one into a partitioned table would stop its partitions from being detached.
CREATE TABLE artifacts (
  id       bigserial NOT NULL,
  event_id text      COLLATE "C" NOT NULL
           CONSTRAINT artifacts_event_id_fkey REFERENCES event_ids (id) ON DELETE CASCADE,
  kind     text      COLLATE "C" NOT NULL,
  path     text      COLLATE "C" NOT NULL,
  size_b   bigint,
  sha256   text      COLLATE "C",
  CONSTRAINT artifacts_pkey PRIMARY KEY (id, event_id)
);
CREATE INDEX ix_artifacts_event ON artifacts (event_id);

-- Refused events with their original bytes, once for each distinct original.
CREATE TABLE events_dlq (
  id            text        COLLATE "C" NOT NULL CONSTRAINT events_dlq_pkey PRIMARY KEY, -- a ULID
  original_hash bytea       NOT NULL CONSTRAINT events_dlq_original_hash_key UNIQUE,
  original      bytea       NOT NULL,
  code          text        COLLATE "C" NOT NULL,
  errors_json   jsonb       NOT NULL,
  topic         text        COLLATE "C",
  event_id      text        COLLATE "C",
  scope         text        COLLATE "C" NOT NULL DEFAULT '',
  source        text        COLLATE "C",
  received_utc  timestamptz NOT NULL,
  last_seen_utc timestamptz NOT NULL,
  seen          integer     NOT NULL DEFAULT 1,
  redriven_utc  timestamptz,
  redriven_id   text        COLLATE "C"
);

-- Derived rows whose parent has not come yet: made when it does.
CREATE TABLE pending_rows (
  id           bigserial   NOT NULL CONSTRAINT pending_rows_pkey PRIMARY KEY,
  need_table   text        COLLATE "C" NOT NULL,
  need_key     text        COLLATE "C" NOT NULL,
  topic        text        COLLATE "C" NOT NULL,
  rule         integer     NOT NULL,
  event_id     text        COLLATE "C" NOT NULL,
  params_json  jsonb       NOT NULL,
  created_utc  timestamptz NOT NULL,
  received_utc timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX ix_pending_rows_need ON pending_rows (need_table, need_key);

-- Makes the partitions of events (a day each) and delta_tokens (a week each, from Monday) up to `days` days ahead, and
-- answers how many it made. A new table gets its history partition (all before the last seven days) first. It continues
-- from the last bound that exists, so a server that was away for weeks leaves no gap; one that was away for more than a
-- quarter gets one wide partition for the time before the last seven days. Idempotent; an advisory lock lets several
-- servers call it at once. A partition is made apart and then attached: that takes SHARE UPDATE EXCLUSIVE, which stops
-- neither readers nor writers.
CREATE FUNCTION egdb_partitions_ahead(days integer) RETURNS integer
LANGUAGE plpgsql
SET timezone = 'UTC'
SET search_path FROM CURRENT
AS $body$
DECLARE
  parent record;
  recent timestamptz;
  bound  timestamptz;
  upper  timestamptz;
  made   integer := 0;
BEGIN
  IF days IS NULL OR days < 2 OR days > 366 THEN
    RAISE EXCEPTION 'egdb_partitions_ahead: days must be from 2 to 366, not %', days USING ERRCODE = '22023';
  END IF;
  PERFORM pg_advisory_xact_lock(5207130421);
  FOR parent IN
    SELECT p.name, p.key, p.unit, to_regclass(quote_ident(p.name)) AS oid
    FROM (VALUES ('events', 'ts_utc', 'day'), ('delta_tokens', 'created_utc', 'week')) AS p(name, key, unit)
    WHERE to_regclass(quote_ident(p.name)) IS NOT NULL
  LOOP
    recent := date_trunc(parent.unit, clock_timestamp() - interval '7 days');
    SELECT max((regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \(''([^'']+)''\)'))[1]::timestamptz) INTO bound
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = parent.oid;
    IF bound IS NULL THEN
      EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING ALL EXCLUDING INDEXES)', parent.name || '_history',
                     parent.oid);
      EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)', parent.oid,
                     parent.name || '_history', recent);
      made := made + 1;
      bound := recent;
    END IF;
    WHILE bound <= clock_timestamp() + make_interval(days => days) LOOP
      upper := bound + ('1 ' || parent.unit)::interval;
      IF bound < recent - interval '92 days' THEN
        upper := recent;
      END IF;
      EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING ALL EXCLUDING INDEXES)',
                     parent.name || to_char(bound, '"_p"YYYYMMDD'), parent.oid);
      EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent.oid,
                     parent.name || to_char(bound, '"_p"YYYYMMDD'), bound, upper);
      made := made + 1;
      bound := upper;
    END LOOP;
  END LOOP;
  RETURN made;
END
$body$;

SELECT egdb_partitions_ahead(7);

INSERT INTO egdb_schema_version (version, comment) VALUES (1, '0001_log');
