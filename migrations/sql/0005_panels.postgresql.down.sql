-- Takes back 0005_panels. The scans are derived from the log: they come again with it.

DROP INDEX ix_events_dlq_open_seen;
DROP INDEX ix_events_dlq_open_code;
DROP INDEX ix_events_dlq_open;
DROP INDEX ix_heal_candidates_created;
DROP INDEX ix_sast_fix_queue_status;
DROP INDEX ix_sast_severity_created;
DROP INDEX ix_spec_drift_frozen;
DROP INDEX ix_spec_thresholds_module;
DROP INDEX ix_commits_branch;
DROP INDEX ix_commits_authored;
DROP INDEX ix_invariants_gate_violations;
DROP INDEX ix_invariants_violations;
DROP INDEX ix_runs_started;
DROP INDEX ix_modules_name;
DROP MATERIALIZED VIEW vw_file_tokens;
DROP TABLE sast_scans;

DELETE FROM egdb_schema_version WHERE version = 5;
