-- What the panels read, so that each costs what it shows and not what else is stored: indexes by the times they look back to,
-- counts of tokens by file, and the scans that findings are closed by.

-- One row a scan: a finding that the last complete scan of its tool did not see any more is closed.
CREATE TABLE sast_scans (
  id          INTEGER  NOT NULL PRIMARY KEY,
  sha         TEXT     NOT NULL,
  tool        TEXT     NOT NULL,
  complete    BOOLEAN,
  position    BIGINT,
  created_utc UTC TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
  repo        TEXT     NOT NULL DEFAULT '',
  branch      TEXT,
  event_id    TEXT
);
CREATE INDEX ix_sast_scans_sha ON sast_scans (repo, tool, sha, position);
CREATE INDEX ix_sast_scans_complete ON sast_scans (repo, tool, position) WHERE complete;

-- A plain view here; the panel counts by the index instead.
CREATE VIEW vw_file_tokens AS
SELECT repo, file, count(*) AS tokens, sum(weight) AS weight
FROM delta_tokens GROUP BY repo, file;
INSERT INTO egdb_view_columns (view_name, column_name, type) VALUES
  ('vw_file_tokens', 'tokens', 'BIGINT'),
  ('vw_file_tokens', 'weight', 'DOUBLE PRECISION');

CREATE INDEX ix_modules_name ON modules (name);
CREATE INDEX ix_runs_started ON runs (started, id);
CREATE INDEX ix_invariants_violations ON invariants_results (created_utc, gate) WHERE action <> 'pass';
CREATE INDEX ix_invariants_gate_violations ON invariants_results (gate, created_utc, sha) WHERE action <> 'pass';
CREATE INDEX ix_commits_authored ON commits (authored_at, commit_sha);
CREATE INDEX ix_commits_branch ON commits (branch, authored_at, commit_sha);
CREATE INDEX ix_spec_thresholds_module ON spec_thresholds (module, created_utc);
CREATE INDEX ix_spec_drift_frozen ON spec_drift (created_utc) WHERE "freeze";
CREATE INDEX ix_sast_severity_created ON sast_findings (severity, created_utc, id);
CREATE INDEX ix_sast_fix_queue_status ON sast_fix_queue (status, created_utc, id);
CREATE INDEX ix_heal_candidates_created ON heal_candidates (created_utc);
CREATE INDEX ix_events_dlq_open ON events_dlq (id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_code ON events_dlq (code, id) WHERE redriven_utc IS NULL;
CREATE INDEX ix_events_dlq_open_seen ON events_dlq (last_seen_utc) WHERE redriven_utc IS NULL;
CREATE INDEX ix_dt_repo_file ON delta_tokens (repo, file);

INSERT INTO egdb_schema_version (version, comment) VALUES (5, '0005_panels');
