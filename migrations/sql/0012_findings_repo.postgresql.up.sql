-- One database holds many repositories, and their scanners may say the same fingerprint: a finding is told by its repository too, so that
-- none takes the row, the id and the suppression of another's.
-- And which findings a person silences, for the rule that makes them block: until_utc is never when no end was said.

ALTER TABLE sast_findings
  DROP CONSTRAINT sast_findings_fingerprint_key,
  ADD CONSTRAINT sast_findings_fingerprint_key UNIQUE (fingerprint, repo);

CREATE VIEW vw_sast_suppressed AS
SELECT f.repo, f.fingerprint, coalesce((f.suppression->>'until')::timestamptz, 'infinity') AS until_utc
FROM sast_findings f
WHERE f.suppression->>'state' IN ('local', 'policy');

INSERT INTO egdb_schema_version (version, comment) VALUES (12, '0012_findings_repo');
