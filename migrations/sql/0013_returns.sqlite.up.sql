-- States that return. A file of the graph says which commit told of it last, and where in the log, so that whoever indexes can see what is here;
-- a scan that comes in several events closes by its last one, what was seen before its first.

ALTER TABLE files ADD COLUMN sha TEXT;
ALTER TABLE files ADD COLUMN position BIGINT;
ALTER TABLE files ADD COLUMN after_position BIGINT;
UPDATE files SET sha = (SELECT e.repo_sha FROM events e WHERE e.id = files.event_id),
                 position = (SELECT e.position FROM events e WHERE e.id = files.event_id);
CREATE INDEX ix_files_newest ON files (repo, position);
DROP INDEX ix_events_graph;

ALTER TABLE sast_scans ADD COLUMN scan TEXT;
CREATE INDEX ix_sast_scans_scan ON sast_scans (repo, tool, scan, position) WHERE scan IS NOT NULL;

-- since: where the scan begins, of which `position` is the event that says it is complete.
CREATE VIEW vw_sast_complete AS
SELECT c.repo, c.tool, c.position,
       coalesce((SELECT min(p.position) FROM sast_scans p WHERE p.repo = c.repo AND p.tool = c.tool AND p.scan = c.scan), c.position) AS since
FROM sast_scans c WHERE c.complete;
INSERT INTO egdb_view_columns (view_name, column_name, type) VALUES ('vw_sast_complete', 'since', 'BIGINT');

-- A word of a person (suppression) stands before the scanner's (silenced), until it expires.
DROP VIEW vw_sast_open;
CREATE VIEW vw_sast_open AS
SELECT f.id, f.sha, f.last_sha, f.tool, f.rule_id, f.cwe, f.severity, f.confidence, f.category, f.message, f.location,
       f.ast_ref, f.mosaic_cell, f.delta_bind, f.evidence, f.suppression, f.silenced, f.fingerprint, f.risk, f.queue, f.created_utc,
       f.last_seen_utc, f.repo, f.branch, f.event_id
FROM sast_findings f
WHERE coalesce(f.last_position >= (SELECT c.since FROM vw_sast_complete c WHERE c.repo = f.repo AND c.tool = f.tool
                                   ORDER BY c.position DESC LIMIT 1), TRUE)
  AND NOT CASE
        WHEN f.suppression->>'state' = 'none' THEN FALSE
        WHEN f.suppression->>'state' IN ('local', 'policy') AND coalesce(strftime('%Y-%m-%dT%H:%M:%f000Z', upper(f.suppression->>'until')) > strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), TRUE) THEN TRUE
        ELSE coalesce(f.silenced->>'state' IN ('local', 'policy'), FALSE)
      END;

INSERT INTO egdb_schema_version (version, comment) VALUES (13, '0013_returns');
