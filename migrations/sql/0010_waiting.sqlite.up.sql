-- A row that waits for its parent says what it will be, and by what key it would be deleted if it were there: a delete that comes later takes
-- it away too. Rows that wait already do not say it: they are made when their parent comes, whatever was deleted meanwhile.

ALTER TABLE pending_rows ADD COLUMN row_table TEXT;
ALTER TABLE pending_rows ADD COLUMN row_key TEXT; -- null: no rule deletes such rows
CREATE INDEX ix_pending_rows_row ON pending_rows (row_table, row_key) WHERE row_key IS NOT NULL;

INSERT INTO egdb_schema_version (version, comment) VALUES (10, '0010_waiting');
