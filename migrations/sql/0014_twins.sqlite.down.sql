-- Takes back 0014_twins. What the column held is derived from the log.

DROP INDEX ix_sast_alias;
ALTER TABLE sast_findings DROP COLUMN alias;

DELETE FROM egdb_schema_version WHERE version = 14;
