-- Takes back 0012_findings_repo. Findings of two repositories with one fingerprint have no place in the table of before: the database then
-- refuses, and all stays as it is. Whoever wants to go back all the same deletes one of them first.

DROP VIEW vw_sast_suppressed;
ALTER TABLE sast_findings
  DROP CONSTRAINT sast_findings_fingerprint_key,
  ADD CONSTRAINT sast_findings_fingerprint_key UNIQUE (fingerprint);

DELETE FROM egdb_schema_version WHERE version = 12;
