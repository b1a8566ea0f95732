-- Takes back 0015_of_a_repository.

DROP INDEX ix_runs_repo;
DROP INDEX ix_commits_repo;
DROP INDEX ix_invariants_repo_violations;
DROP INDEX ix_heal_candidates_repo;
DROP INDEX ix_sast_repo_severity;
DROP INDEX ix_sast_fix_queue_repo;
DROP INDEX ix_spec_drift_repo_frozen;
DROP INDEX ix_spec_thresholds_repo;

DELETE FROM egdb_schema_version WHERE version = 15;
