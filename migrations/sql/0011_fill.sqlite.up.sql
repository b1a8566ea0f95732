-- A parent may be waited for by more rows than one batch may make. It stands here until all of them were looked at, batch by batch, before
-- anything else is stored. size_b says what a row that waits costs, without reading it.

CREATE TABLE pending_parents (
  need_table TEXT   NOT NULL,
  need_key   TEXT   NOT NULL,
  after_id   BIGINT NOT NULL, -- of pending_rows: up to here they were looked at
  CONSTRAINT pending_parents_pkey PRIMARY KEY (need_table, need_key)
);
ALTER TABLE pending_rows ADD COLUMN size_b BIGINT NOT NULL DEFAULT 0;
UPDATE pending_rows SET size_b = length(CAST(params_json AS BLOB));
DROP INDEX ix_pending_rows_need;
CREATE INDEX ix_pending_rows_need ON pending_rows (need_table, need_key, id, size_b);

INSERT INTO egdb_schema_version (version, comment) VALUES (11, '0011_fill');
