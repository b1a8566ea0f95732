-- Takes back 0006_findings. What the columns held is derived from the log.

DROP VIEW vw_sast_open;
DROP INDEX ix_sast_repo_tool;
DROP INDEX ix_sast_risk;
ALTER TABLE sast_findings DROP COLUMN last_seen_utc, DROP COLUMN last_position, DROP COLUMN silenced, DROP COLUMN queue, DROP COLUMN risk;

DELETE FROM egdb_schema_version WHERE version = 6;
