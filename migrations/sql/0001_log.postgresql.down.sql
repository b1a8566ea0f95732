-- Takes back 0001_log, with every event. Partitions go with their table; days that an archive detached stay.

DROP FUNCTION egdb_partitions_ahead(integer);
DROP TABLE pending_rows;
DROP TABLE events_dlq;
DROP TABLE artifacts;
DROP TABLE events;
DROP TABLE event_keys;
DROP TABLE event_ids;
DROP TABLE event_position;
DROP TABLE egdb_schema_version;
