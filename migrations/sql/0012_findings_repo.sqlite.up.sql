-- One database holds many repositories, and their scanners may say the same fingerprint: a finding is told by its repository too, so that
-- none takes the row, the id and the suppression of another's.
-- And which findings a person silences, for the rule that makes them block: until_utc is never when no end was said.

CREATE TABLE sast_findings_before AS SELECT * FROM sast_findings;
DROP TABLE sast_findings; -- the migrator has no foreign keys on: what refers to it stays
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
  fingerprint TEXT             NOT NULL,
  created_utc UTC TEXT         NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  last_sha    TEXT,
  repo        TEXT             NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT,
  risk        DOUBLE PRECISION,
  queue       TEXT
              CONSTRAINT sast_findings_queue_check CHECK (queue IN ('block', 'review', 'fixable', 'triage')),
  silenced    JSON TEXT,
  last_position BIGINT,
  last_seen_utc UTC TEXT,
  CONSTRAINT sast_findings_fingerprint_key UNIQUE (fingerprint, repo)
);
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

CREATE VIEW vw_sast_suppressed AS
SELECT f.repo, f.fingerprint,
       coalesce(strftime('%Y-%m-%dT%H:%M:%f000Z', upper(f.suppression->>'until')), '9999-12-31T23:59:59.999999Z') AS until_utc
FROM sast_findings f
WHERE f.suppression->>'state' IN ('local', 'policy');
INSERT INTO egdb_view_columns (view_name, column_name, type) VALUES ('vw_sast_suppressed', 'until_utc', 'UTC TEXT');

INSERT INTO egdb_schema_version (version, comment) VALUES (12, '0012_findings_repo');
