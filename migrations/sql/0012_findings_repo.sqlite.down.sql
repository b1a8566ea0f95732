-- Takes back 0012_findings_repo. Findings of two repositories with one fingerprint have no place in the table of before: the database then
-- refuses, and all stays as it is. Whoever wants to go back all the same deletes one of them first.

DROP VIEW vw_sast_suppressed;
DELETE FROM egdb_view_columns WHERE view_name = 'vw_sast_suppressed';
CREATE TABLE sast_findings_before AS SELECT * FROM sast_findings;
DROP TABLE sast_findings;
CREATE TABLE sast_findings (
  id          TEXT             NOT NULL CONSTRAINT sast_findings_pkey PRIMARY KEY,
  sha         TEXT             NOT NULL,
  tool        TEXT             NOT NULL,
  rule_id     TEXT             NOT NULL,
  cwe         TEXT,
  severity    TEXT             NOT NULL
              CONSTRAINT sast_findings_severity_check CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  confidence  DOUBLE PRECISION NOT NULL,
  category    TEXT,
  message     TEXT,
  location    JSON TEXT        NOT NULL,
  ast_ref     TEXT,
  mosaic_cell TEXT,
  delta_bind  TEXT
              CONSTRAINT sast_findings_delta_bind_check CHECK (delta_bind IN ('added', 'modified', 'unchanged')),
  evidence    JSON TEXT,
  suppression JSON TEXT,
  fingerprint TEXT             NOT NULL CONSTRAINT sast_findings_fingerprint_key UNIQUE,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  last_sha    TEXT,
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
ALTER TABLE sast_findings ADD COLUMN risk DOUBLE PRECISION;
ALTER TABLE sast_findings ADD COLUMN queue TEXT
  CONSTRAINT sast_findings_queue_check CHECK (queue IN ('block', 'review', 'fixable', 'triage'));
ALTER TABLE sast_findings ADD COLUMN silenced JSON TEXT;
ALTER TABLE sast_findings ADD COLUMN last_position BIGINT;
ALTER TABLE sast_findings ADD COLUMN last_seen_utc UTC TEXT;
INSERT INTO sast_findings
  (id, sha, tool, rule_id, cwe, severity, confidence, category, message, location, ast_ref, mosaic_cell, delta_bind, evidence, suppression,
  fingerprint, created_utc, last_sha, repo, branch, event_id, risk, queue, silenced, last_position, last_seen_utc)
  SELECT
  id, sha, tool, rule_id, cwe, severity, confidence, category, message, location, ast_ref, mosaic_cell, delta_bind, evidence, suppression,
  fingerprint, created_utc, last_sha, repo, branch, event_id, risk, queue, silenced, last_position, last_seen_utc
  FROM sast_findings_before;
DROP TABLE sast_findings_before;
CREATE INDEX ix_sast_sha_sev ON sast_findings (sha, severity);
CREATE INDEX ix_sast_severity_created ON sast_findings (severity, created_utc, id);
CREATE INDEX ix_sast_risk ON sast_findings (risk, id);
CREATE INDEX ix_sast_repo_tool ON sast_findings (repo, tool, last_position);
CREATE INDEX ix_sast_severity_newest ON sast_findings (severity, created_utc DESC, id);

DELETE FROM egdb_schema_version WHERE version = 12;
