-- What the HUD and CI look at. The materialized ones have a unique index, so that REFRESH … CONCURRENTLY stops no
-- reader.

CREATE MATERIALIZED VIEW vw_last_run_by_sha AS
SELECT sha, max(finished) AS last_finished, count(*) AS runs
FROM runs GROUP BY sha;
CREATE UNIQUE INDEX ux_vw_last_run_by_sha ON vw_last_run_by_sha (sha);

-- Days are UTC's, whatever the zone of the session that refreshes.
CREATE MATERIALIZED VIEW vw_invariants_heatmap AS
SELECT gate, date_trunc('day', created_utc, 'UTC') AS day, count(*) AS cnt
FROM invariants_results GROUP BY gate, date_trunc('day', created_utc, 'UTC');
CREATE UNIQUE INDEX ux_vw_invariants_heatmap ON vw_invariants_heatmap (gate, day);

CREATE VIEW vw_sast_backlog AS
SELECT f.sha, f.severity, count(*) AS cnt
FROM sast_findings f
LEFT JOIN sast_fix_queue q ON q.nf_id = f.id
WHERE q.id IS NULL
GROUP BY f.sha, f.severity;

-- A double, as SQLite's avg gives: the average of an int would be numeric.
CREATE VIEW vw_heal_success_by_kind AS
SELECT c.kind, avg((o.result = 'applied')::int)::double precision AS success_rate, count(*) AS n
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
CREATE VIEW vw_commit_deltas AS
SELECT dt.sha AS commit_sha,
       floor(extract(epoch FROM coalesce(c.authored_at, min(dt.created_utc))))::bigint AS commit_ts,
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

INSERT INTO egdb_schema_version (version, comment) VALUES (3, '0003_views');
