-- Takes back 0016_known_ends.
DROP INDEX ix_ast_edges_dst;
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id, etype, src_uid, src_id);
DROP INDEX ix_ast_edges_unresolved;
ALTER TABLE ast_edges DROP COLUMN dst_node;
CREATE INDEX ix_ast_edges_unresolved ON ast_edges (repo, dst_uid) WHERE dst_id IS NULL;

DELETE FROM egdb_schema_version WHERE version = 16;
