-- States that return. A file of the graph says which commit told of it last, and where in the log, so that whoever indexes can see what is here;
-- a scan that comes in several events closes by its last one, what was seen before its first.

ALTER TABLE files
  ADD COLUMN sha            text COLLATE "C",
  ADD COLUMN position       bigint,
  ADD COLUMN after_position bigint;
UPDATE files SET sha = e.repo_sha, position = e.position FROM event_ids i JOIN events e ON e.id = i.id AND e.ts_utc = i.ts_utc
WHERE i.id = files.event_id;
CREATE INDEX ix_files_newest ON files (repo, position);
DROP INDEX ix_events_graph;

ALTER TABLE sast_scans ADD COLUMN scan text COLLATE "C";
CREATE INDEX ix_sast_scans_scan ON sast_scans (repo, tool, scan, position) WHERE scan IS NOT NULL;

-- since: where the scan begins, of which `position` is the event that says it is complete.
CREATE VIEW vw_sast_complete AS
SELECT c.repo, c.tool, c.position,
       coalesce((SELECT min(p.position) FROM sast_scans p WHERE p.repo = c.repo AND p.tool = c.tool AND p.scan = c.scan), c.position) AS since
FROM sast_scans c WHERE c.complete;

-- An end that no timestamptz can hold (offset above 15:59, year 0) was taken before, and every question to the views failed of it.
UPDATE sast_findings SET suppression = suppression - 'until'
WHERE suppression->>'until' !~
      '^(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-](0[0-9]|1[0-4]):[0-5][0-9])$';

-- A word of a person (suppression) stands before the scanner's (silenced), until it expires.
CREATE OR REPLACE VIEW vw_sast_open AS
SELECT f.id, f.sha, f.last_sha, f.tool, f.rule_id, f.cwe, f.severity, f.confidence, f.category, f.message, f.location,
       f.ast_ref, f.mosaic_cell, f.delta_bind, f.evidence, f.suppression, f.silenced, f.fingerprint, f.risk, f.queue, f.created_utc,
       f.last_seen_utc, f.repo, f.branch, f.event_id
FROM sast_findings f
WHERE coalesce(f.last_position >= (SELECT c.since FROM vw_sast_complete c WHERE c.repo = f.repo AND c.tool = f.tool
                                   ORDER BY c.position DESC LIMIT 1), TRUE)
  AND NOT CASE
        WHEN f.suppression->>'state' = 'none' THEN FALSE
        WHEN f.suppression->>'state' IN ('local', 'policy') AND coalesce((f.suppression->>'until')::timestamptz > now(), TRUE) THEN TRUE
        ELSE coalesce(f.silenced->>'state' IN ('local', 'policy'), FALSE)
      END;

INSERT INTO egdb_schema_version (version, comment) VALUES (13, '0013_returns');
