-- Indexes for what queries ask most, in the order in which answers come: newest first, so that a LIMIT reads its rows and no more.

CREATE INDEX ix_events_newest ON events (ts_utc DESC, id);

CREATE INDEX ix_dt_newest ON delta_tokens (created_utc DESC);
CREATE INDEX ix_dt_file ON delta_tokens (file, created_utc DESC);
CREATE INDEX ix_runs_newest ON runs (started DESC, id);
CREATE INDEX ix_invariants_gate ON invariants_results (gate, created_utc DESC);
CREATE INDEX ix_sast_severity_newest ON sast_findings (severity, created_utc DESC, id);

INSERT INTO egdb_schema_version (version, comment) VALUES (8, '0008_newest');
