-- What a scan says of a finding beyond the seed's columns, and which findings are open: those that the last complete scan of
-- their tool still saw, and that neither a person nor the scanner silences.

ALTER TABLE sast_findings
  ADD COLUMN risk          double precision,
  ADD COLUMN queue         text        COLLATE "C"
                           CONSTRAINT sast_findings_queue_check CHECK (queue IN ('block', 'review', 'fixable', 'triage')),
  ADD COLUMN silenced      jsonb,
  ADD COLUMN last_position bigint,
  ADD COLUMN last_seen_utc timestamptz;
CREATE INDEX ix_sast_risk ON sast_findings (risk, id);
CREATE INDEX ix_sast_repo_tool ON sast_findings (repo, tool, last_position);

-- Findings of before: last seen by the last scan of the commit that they were last seen at.
UPDATE sast_findings SET last_position = (
  SELECT max(s.position) FROM sast_scans s
  WHERE s.repo = sast_findings.repo AND s.tool = sast_findings.tool AND s.sha = coalesce(sast_findings.last_sha, sast_findings.sha));

-- A word of a person (suppression) stands before the scanner's (silenced), until it expires.
CREATE VIEW vw_sast_open AS
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

INSERT INTO egdb_schema_version (version, comment) VALUES (6, '0006_findings');
