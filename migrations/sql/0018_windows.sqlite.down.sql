-- Takes back 0018_windows.

DROP INDEX ix_events_dlq_received;
DROP INDEX ix_test_reports_newest;
DROP INDEX ix_commit_labels_newest;
DROP INDEX ix_spec_drift_newest;
DROP INDEX ix_heal_verification_newest;
DROP INDEX ix_sast_scans_newest;
DROP INDEX ix_sast_fix_verification_newest;
DROP INDEX ix_sast_fix_queue_newest;
DROP INDEX ix_sast_findings_newest;
DROP INDEX ix_delta_fingerprints_newest;
DROP INDEX ix_mosaic_deltas_newest;

DELETE FROM egdb_schema_version WHERE version = 18;
