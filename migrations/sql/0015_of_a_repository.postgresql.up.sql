-- Panels are asked for one repository, newest first: its rows alone are read, however many the others have.

CREATE INDEX ix_runs_repo ON runs (repo, started, id);
CREATE INDEX ix_commits_repo ON commits (repo, authored_at, commit_sha);
CREATE INDEX ix_invariants_repo_violations ON invariants_results (repo, created_utc, gate, sha) WHERE action <> 'pass';
CREATE INDEX ix_heal_candidates_repo ON heal_candidates (repo, created_utc, id);
CREATE INDEX ix_sast_repo_severity ON sast_findings (repo, severity, created_utc, id);
CREATE INDEX ix_sast_fix_queue_repo ON sast_fix_queue (repo, status, created_utc, id);
CREATE INDEX ix_spec_drift_repo_frozen ON spec_drift (repo, created_utc, id) WHERE "freeze";
CREATE INDEX ix_spec_thresholds_repo ON spec_thresholds (repo, created_utc, id);

INSERT INTO egdb_schema_version (version, comment) VALUES (15, '0015_of_a_repository');
