-- Takes back 0003_views. Nothing is lost: views hold no facts.

DROP TABLE egdb_view_columns;
DROP VIEW vw_delta_tokens;
DROP VIEW vw_invariants_violations;
DROP VIEW vw_commit_deltas;
DROP VIEW vw_delta_density_by_module;
DROP VIEW vw_heal_success_by_kind;
DROP VIEW vw_sast_backlog;
DROP VIEW vw_invariants_heatmap;
DROP VIEW vw_last_run_by_sha;

DELETE FROM egdb_schema_version WHERE version = 3;
