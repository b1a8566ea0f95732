-- A parent may be waited for by more rows than one batch may make. It stands here until all of them were looked at, batch by batch, before
-- anything else is stored. size_b says what a row that waits costs, without reading it.

CREATE TABLE pending_parents (
  need_table text   COLLATE "C" NOT NULL,
  need_key   text   COLLATE "C" NOT NULL,
  after_id   bigint NOT NULL, -- of pending_rows: up to here they were looked at
  CONSTRAINT pending_parents_pkey PRIMARY KEY (need_table, need_key)
);
ALTER TABLE pending_rows ADD COLUMN size_b bigint NOT NULL DEFAULT 0;
UPDATE pending_rows SET size_b = octet_length(params_json::text);
DROP INDEX ix_pending_rows_need;
CREATE INDEX ix_pending_rows_need ON pending_rows (need_table, need_key, id, size_b);

INSERT INTO egdb_schema_version (version, comment) VALUES (11, '0011_fill');
