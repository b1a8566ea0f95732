-- Takes back 0009_open_letters.

DROP INDEX ix_events_dlq_open;
ALTER TABLE events_dlq DROP CONSTRAINT events_dlq_original_key;
ALTER TABLE events_dlq ADD CONSTRAINT events_dlq_original_hash_key UNIQUE (original_hash);
ALTER TABLE events_dlq DROP COLUMN own_id;
CREATE INDEX ix_events_dlq_open ON events_dlq (id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_code ON events_dlq (code, id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_seen ON events_dlq (last_seen_utc) WHERE redriven_utc IS NULL;

DELETE FROM egdb_schema_version WHERE version = 9;
