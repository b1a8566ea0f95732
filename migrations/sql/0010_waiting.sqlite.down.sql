-- Takes back 0010_waiting.

DROP INDEX ix_pending_rows_row;
ALTER TABLE pending_rows DROP COLUMN row_key;
ALTER TABLE pending_rows DROP COLUMN row_table;

DELETE FROM egdb_schema_version WHERE version = 10;
