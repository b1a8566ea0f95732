-- Takes back 0013_returns. What the columns held is derived from the log.

-- A word of a person (suppression) stands before the scanner's (silenced), until it expires.
CREATE OR REPLACE VIEW vw_sast_open AS
SELECT f.id, f.sha, f.last_sha, f.tool, f.rule_id, f.cwe, f.severity, f.confidence, f.category, f.message, f.location,
       f.ast_ref, f.mosaic_cell, f.delta_bind, f.evidence, f.suppression, f.silenced, f.fingerprint, f.risk, f.queue, f.created_utc,
       f.last_seen_utc, f.repo, f.branch, f.event_id
FROM sast_findings f
WHERE coalesce(f.last_position >= (SELECT max(c.position) FROM sast_scans c WHERE c.repo = f.repo AND c.tool = f.tool AND c.complete), TRUE)
  AND NOT CASE
        WHEN f.suppression->>'state' = 'none' THEN FALSE
        WHEN f.suppression->>'state' IN ('local', 'policy') AND coalesce((f.suppression->>'until')::timestamptz > now(), TRUE) THEN TRUE
        ELSE coalesce(f.silenced->>'state' IN ('local', 'policy'), FALSE)
      END;
DROP VIEW vw_sast_complete;

DROP INDEX ix_sast_scans_scan;
ALTER TABLE sast_scans DROP COLUMN scan;

CREATE INDEX ix_events_graph ON events ((coalesce(payload_json ->> 'repo', '')) COLLATE "C", ts_utc, position)
  WHERE topic = 'code.graph.indexed@v1';
DROP INDEX ix_files_newest;
ALTER TABLE files DROP COLUMN after_position;
ALTER TABLE files DROP COLUMN position;
ALTER TABLE files DROP COLUMN sha;

DELETE FROM egdb_schema_version WHERE version = 13;
