-- Takes back 0001_log, with every event.

DROP TABLE pending_rows;
DROP TABLE events_dlq;
DROP TABLE artifacts;
DROP TABLE events;
DROP TABLE event_keys;
DROP TABLE event_ids;
DROP TABLE event_position;
DROP TABLE egdb_schema_version;
