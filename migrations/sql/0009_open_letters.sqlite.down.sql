-- Takes back 0009_open_letters.

ALTER TABLE events_dlq RENAME TO events_dlq_before;
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
ALTER TABLE events_dlq ADD COLUMN headers_json JSON TEXT;
ALTER TABLE events_dlq ADD COLUMN trust TEXT;
INSERT INTO events_dlq SELECT id, original_hash, original, code, errors_json, topic, event_id, scope, source, received_utc, last_seen_utc, seen, redriven_utc, redriven_id, headers_json, trust FROM events_dlq_before;
DROP TABLE events_dlq_before;
CREATE INDEX ix_events_dlq_open ON events_dlq (id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_code ON events_dlq (code, id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_seen ON events_dlq (last_seen_utc) WHERE redriven_utc IS NULL;

DELETE FROM egdb_schema_version WHERE version = 9;
