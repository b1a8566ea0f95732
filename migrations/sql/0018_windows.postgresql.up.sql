-- A window (SINCE, LAST) reads its own rows, in every source that grows and says a time.

CREATE INDEX ix_mosaic_deltas_newest ON mosaic_deltas (created_utc);
CREATE INDEX ix_delta_fingerprints_newest ON delta_fingerprints (created_utc);
CREATE INDEX ix_sast_findings_newest ON sast_findings (created_utc);
CREATE INDEX ix_sast_fix_queue_newest ON sast_fix_queue (created_utc);
CREATE INDEX ix_sast_fix_verification_newest ON sast_fix_verification (ended_utc);
CREATE INDEX ix_sast_scans_newest ON sast_scans (created_utc);
CREATE INDEX ix_heal_verification_newest ON heal_verification (ended_ts);
CREATE INDEX ix_spec_drift_newest ON spec_drift (created_utc);
CREATE INDEX ix_commit_labels_newest ON commit_labels (created_utc);
CREATE INDEX ix_test_reports_newest ON test_reports (created_utc);
CREATE INDEX ix_events_dlq_received ON events_dlq (received_utc);

INSERT INTO egdb_schema_version (version, comment) VALUES (18, '0018_windows');
