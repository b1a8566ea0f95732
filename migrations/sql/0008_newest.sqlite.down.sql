-- Takes back 0008_newest.

DROP INDEX ix_sast_severity_newest;
DROP INDEX ix_invariants_gate;
DROP INDEX ix_runs_newest;
DROP INDEX ix_dt_file;
DROP INDEX ix_dt_newest;
DROP INDEX ix_events_newest;

DELETE FROM egdb_schema_version WHERE version = 8;
