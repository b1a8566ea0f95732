-- Takes back 0002_glitchlab: every derived row goes; the log that can make them anew stays.

DROP TABLE test_reports;
DROP TABLE commit_labels;
DROP TABLE commit_files;
DROP TABLE commits;
DROP TABLE phi_links;
DROP TABLE ast_edges;
DROP TABLE ast_nodes;
DROP TABLE files;
DROP TABLE modules;
DROP TABLE heal_outcomes;
DROP TABLE heal_verification;
DROP TABLE heal_candidates;
DROP TABLE sast_fix_verification;
DROP TABLE sast_fix_queue;
DROP TABLE sast_findings;
DROP TABLE spec_drift;
DROP TABLE spec_thresholds;
DROP TABLE mosaic_deltas;
DROP TABLE delta_fingerprints;
DROP TABLE delta_tokens;
DROP TABLE invariants_results;
DROP TABLE steps;
DROP TABLE runs;

DELETE FROM egdb_schema_version WHERE version = 2;
