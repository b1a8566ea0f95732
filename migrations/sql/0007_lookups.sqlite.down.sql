-- Takes back 0007_lookups.
DROP INDEX ix_files_dotted;
DROP INDEX ix_ast_edges_dst;
DROP INDEX ix_ast_edges_src;
CREATE INDEX ix_ast_edges_src ON ast_edges (src_id);
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id);
DROP INDEX ix_events_graph;
DROP INDEX ix_events_causation;

DELETE FROM egdb_schema_version WHERE version = 7;
