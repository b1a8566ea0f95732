-- The event log and what the engine keeps beside it: positions, ids, idempotency keys, dead letters, rows that wait.
-- Declared types are those that the catalogue reader knows: TEXT, JSON TEXT, UTC TEXT (UTC with six decimals, so that
-- it sorts), BOOLEAN, INT4, BIGINT, INTEGER for a rowid, DOUBLE PRECISION, BLOB.

CREATE TABLE egdb_schema_version (
  version     INTEGER  NOT NULL PRIMARY KEY,
  applied_utc UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  comment     TEXT
);

CREATE TABLE event_position (
  id       INTEGER NOT NULL PRIMARY KEY CONSTRAINT event_position_one_row CHECK (id = 1),
  position BIGINT  NOT NULL
);
INSERT INTO event_position (id, position) VALUES (1, 0);

CREATE TABLE event_ids (
  id           TEXT     NOT NULL PRIMARY KEY,
  position     BIGINT   NOT NULL,
  ts_utc       UTC TEXT NOT NULL,
  received_utc UTC TEXT NOT NULL,
  content_hash BLOB     NOT NULL
) WITHOUT ROWID;

CREATE TABLE event_keys (
  scope           TEXT   NOT NULL,
  idempotency_key TEXT   NOT NULL,
  id              TEXT   NOT NULL,
  position        BIGINT NOT NULL,
  content_hash    BLOB   NOT NULL,
  PRIMARY KEY (scope, idempotency_key)
) WITHOUT ROWID;

-- The position is the rowid: the log lies on disk in its own order, and needs no index for it.
CREATE TABLE events (
  id              TEXT     NOT NULL CONSTRAINT events_id_key UNIQUE,
  topic           TEXT     NOT NULL,
  ts_utc          UTC TEXT NOT NULL,
  source          TEXT     NOT NULL,
  correlation_id  TEXT     NOT NULL,
  causation_id    TEXT,
  repo_sha        TEXT     NOT NULL,
  repo_branch     TEXT,
  env_json        JSON TEXT,
  payload_json    JSON TEXT NOT NULL,
  artifacts_json  JSON TEXT,
  idempotency_key TEXT,
  trust           TEXT     DEFAULT 'high',
  position        INTEGER  NOT NULL PRIMARY KEY,
  received_utc    UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
);
CREATE INDEX ix_events_topic_ts ON events (topic, ts_utc);
CREATE INDEX ix_events_sha ON events (repo_sha);
CREATE INDEX ix_events_corr ON events (correlation_id);

CREATE TABLE artifacts (
  id       INTEGER NOT NULL PRIMARY KEY,
  event_id TEXT    NOT NULL CONSTRAINT artifacts_event_id_fkey REFERENCES event_ids (id) ON DELETE CASCADE,
  kind     TEXT    NOT NULL,
  path     TEXT    NOT NULL,
  size_b   BIGINT,
  sha256   TEXT
);
CREATE INDEX ix_artifacts_event ON artifacts (event_id);

CREATE TABLE events_dlq (
  id            TEXT      NOT NULL PRIMARY KEY, -- a ULID
  original_hash BLOB      NOT NULL CONSTRAINT events_dlq_original_hash_key UNIQUE,
  original      BLOB      NOT NULL,
  code          TEXT      NOT NULL,
  errors_json   JSON TEXT NOT NULL,
  topic         TEXT,
  event_id      TEXT,
  scope         TEXT      NOT NULL DEFAULT '',
  source        TEXT,
  received_utc  UTC TEXT  NOT NULL,
  last_seen_utc UTC TEXT  NOT NULL,
  seen          INT4      NOT NULL DEFAULT 1,
  redriven_utc  UTC TEXT,
  redriven_id   TEXT
);

CREATE TABLE pending_rows (
  id           INTEGER   NOT NULL PRIMARY KEY,
  need_table   TEXT      NOT NULL,
  need_key     TEXT      NOT NULL,
  topic        TEXT      NOT NULL,
  rule         INT4      NOT NULL,
  event_id     TEXT      NOT NULL,
  params_json  JSON TEXT NOT NULL,
  created_utc  UTC TEXT  NOT NULL,
  received_utc UTC TEXT  NOT NULL
);
CREATE INDEX ix_pending_rows_need ON pending_rows (need_table, need_key);

INSERT INTO egdb_schema_version (version, comment) VALUES (1, '0001_log');
