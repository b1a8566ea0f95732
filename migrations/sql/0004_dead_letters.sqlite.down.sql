ALTER TABLE events_dlq DROP COLUMN trust;
ALTER TABLE events_dlq DROP COLUMN headers_json;

DELETE FROM egdb_schema_version WHERE version = 4;
