-- Takes back 0011_fill. Rows of parents that stand in pending_parents go on waiting until an event
-- tells of the parent again.

DROP INDEX ix_pending_rows_need;
CREATE INDEX ix_pending_rows_need ON pending_rows (need_table, need_key);
ALTER TABLE pending_rows DROP COLUMN size_b;
DROP TABLE pending_parents;

DELETE FROM egdb_schema_version WHERE version = 11;
