-- What a refused event pays for its indexes. Originals are told apart by their hash behind the id that the sender gave: the same bytes have
-- the same id, so nothing changes but the order of the index, in which letters of one time now lie together (a random hash alone
-- touched a page a row). And one index of the open letters in place of three: by when they were last seen, as people look at them.

ALTER TABLE events_dlq ADD COLUMN own_id text COLLATE "C" NOT NULL DEFAULT ''; -- event_id, when the sender gave it
UPDATE events_dlq SET own_id = event_id
  WHERE position(convert_to(event_id, 'UTF8') IN original) > 0 OR strpos(headers_json::text, event_id) > 0;
ALTER TABLE events_dlq DROP CONSTRAINT events_dlq_original_hash_key;
ALTER TABLE events_dlq ADD CONSTRAINT events_dlq_original_key UNIQUE (own_id, original_hash);
DROP INDEX ix_events_dlq_open;
DROP INDEX ix_events_dlq_open_code;
DROP INDEX ix_events_dlq_open_seen;
CREATE INDEX ix_events_dlq_open ON events_dlq (last_seen_utc, id, code) WHERE redriven_utc IS NULL;

INSERT INTO egdb_schema_version (version, comment) VALUES (9, '0009_open_letters');
