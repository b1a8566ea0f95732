-- What the HUD and CI look at. SQLite has no materialized views: all are plain, and always current.

CREATE VIEW vw_last_run_by_sha AS
SELECT sha, max(finished) AS last_finished, count(*) AS runs
FROM runs GROUP BY sha;

CREATE VIEW vw_invariants_heatmap AS
SELECT gate, substr(created_utc, 1, 10) || 'T00:00:00.000000Z' AS day, count(*) AS cnt
FROM invariants_results GROUP BY gate, substr(created_utc, 1, 10);

CREATE VIEW vw_sast_backlog AS
SELECT f.sha, f.severity, count(*) AS cnt
FROM sast_findings f
LEFT JOIN sast_fix_queue q ON q.nf_id = f.id
WHERE q.id IS NULL
GROUP BY f.sha, f.severity;

CREATE VIEW vw_heal_success_by_kind AS
SELECT c.kind, avg(o.result = 'applied') AS success_rate, count(*) AS n
FROM heal_candidates c
JOIN heal_outcomes o ON o.candidate_id = c.id
GROUP BY c.kind;

CREATE VIEW vw_delta_density_by_module AS
SELECT m.name AS module, count(*) AS tokens, m.repo
FROM delta_tokens dt
JOIN files f ON f.repo = dt.repo AND f.path = dt.file
JOIN modules m ON m.id = f.module_id
GROUP BY m.repo, m.name;

-- The playbooks' views. commit_ts: Unix seconds, of the commit when it was recorded, else of its first token's event.
-- The CAST gives the column INTEGER affinity: strftime('%s', …), which is text, is then compared with it as a number.
CREATE VIEW vw_commit_deltas AS
SELECT dt.sha AS commit_sha,
       CAST(strftime('%s', coalesce(c.authored_at, min(dt.created_utc))) AS INTEGER) AS commit_ts,
       dt.file, sum(dt.weight) AS delta_z, count(*) AS tokens, dt.repo
FROM delta_tokens dt
LEFT JOIN commits c ON c.commit_sha = dt.sha
GROUP BY dt.sha, c.authored_at, dt.file, dt.repo;

CREATE VIEW vw_invariants_violations AS
SELECT sha AS commit_sha, gate AS kind, action, score, threshold, module, details, created_utc, repo, branch,
       event_id, id
FROM invariants_results
WHERE action <> 'pass';

CREATE VIEW vw_delta_tokens AS
SELECT sha AS commit_sha, token AS kind, file, weight, meta, created_utc, repo, branch, event_id, id
FROM delta_tokens;

-- SQLite knows no type for a view's column that is an expression: here it is written down for the catalogue reader.
CREATE TABLE egdb_view_columns (
  view_name   TEXT NOT NULL,
  column_name TEXT NOT NULL,
  type        TEXT NOT NULL,
  PRIMARY KEY (view_name, column_name)
) WITHOUT ROWID;
INSERT INTO egdb_view_columns (view_name, column_name, type) VALUES
  ('vw_last_run_by_sha', 'last_finished', 'UTC TEXT'),
  ('vw_last_run_by_sha', 'runs', 'BIGINT'),
  ('vw_invariants_heatmap', 'day', 'UTC TEXT'),
  ('vw_invariants_heatmap', 'cnt', 'BIGINT'),
  ('vw_sast_backlog', 'cnt', 'BIGINT'),
  ('vw_heal_success_by_kind', 'success_rate', 'DOUBLE PRECISION'),
  ('vw_heal_success_by_kind', 'n', 'BIGINT'),
  ('vw_delta_density_by_module', 'tokens', 'BIGINT'),
  ('vw_commit_deltas', 'commit_ts', 'BIGINT'),
  ('vw_commit_deltas', 'delta_z', 'DOUBLE PRECISION'),
  ('vw_commit_deltas', 'tokens', 'BIGINT');

INSERT INTO egdb_schema_version (version, comment) VALUES (3, '0003_views');
