-- What a dead letter needs beside its bytes to be sent again: the headers that were part of the event (of a binary
-- CloudEvent, and Idempotency-Key), and whether its sender's token marked it as of low trust.
ALTER TABLE events_dlq ADD COLUMN headers_json jsonb;
ALTER TABLE events_dlq ADD COLUMN trust text COLLATE "C";

INSERT INTO egdb_schema_version (version, comment) VALUES (4, '0004_dead_letters');
