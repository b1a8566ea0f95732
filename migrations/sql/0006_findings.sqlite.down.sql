-- Takes back 0006_findings. What the columns held is derived from the log.

DROP VIEW vw_sast_open;
DROP INDEX ix_sast_repo_tool;
DROP INDEX ix_sast_risk;
ALTER TABLE sast_findings DROP COLUMN last_seen_utc;
ALTER TABLE sast_findings DROP COLUMN last_position;
ALTER TABLE sast_findings DROP COLUMN silenced;
ALTER TABLE sast_findings DROP COLUMN queue;
ALTER TABLE sast_findings DROP COLUMN risk;

DELETE FROM egdb_schema_version WHERE version = 6;
