-- A report that quotes nothing of the code is recognized by the line in a checkout, and by its message elsewhere: what both have in common.

ALTER TABLE sast_findings ADD COLUMN alias TEXT;
CREATE INDEX ix_sast_alias ON sast_findings (repo, alias) WHERE alias IS NOT NULL;

INSERT INTO egdb_schema_version (version, comment) VALUES (14, '0014_twins');
