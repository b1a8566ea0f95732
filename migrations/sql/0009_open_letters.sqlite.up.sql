-- What a refused event pays for its indexes. Originals are told apart by their hash behind the id that the sender gave: the same bytes have
-- the same id, so nothing changes but the order of the index, in which letters of one time now lie together (a random hash alone
-- touched a page a row). And one index of the open letters in place of three: by when they were last seen, as people look at them.

ALTER TABLE events_dlq RENAME TO events_dlq_before;
CREATE TABLE events_dlq (
  id            TEXT      NOT NULL PRIMARY KEY, -- a ULID
  original_hash BLOB      NOT NULL,
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
  redriven_id   TEXT,
  headers_json  JSON TEXT,
  trust         TEXT,
  own_id        TEXT      NOT NULL DEFAULT '', -- event_id, when the sender gave it
  CONSTRAINT events_dlq_original_key UNIQUE (own_id, original_hash)
);
INSERT INTO events_dlq
  SELECT id, original_hash, original, code, errors_json, topic, event_id, scope, source, received_utc, last_seen_utc, seen, redriven_utc, redriven_id, headers_json, trust,
    CASE WHEN instr(original, CAST(event_id AS BLOB)) > 0 OR instr(headers_json, event_id) > 0 THEN event_id ELSE '' END
  FROM events_dlq_before;
DROP TABLE events_dlq_before;
CREATE INDEX ix_events_dlq_open ON events_dlq (last_seen_utc, id, code) WHERE redriven_utc IS NULL;

INSERT INTO egdb_schema_version (version, comment) VALUES (9, '0009_open_letters');
