-- Most edges of a file lead to names that are no nodes and never will be: they need no place among those that lead to one, nor among those
-- that wait for one. dst_node is dst_uid where that is the uid of a node, there or not.

ALTER TABLE ast_edges ADD COLUMN dst_node text COLLATE "C";
UPDATE ast_edges SET dst_node = dst_uid WHERE dst_uid >= 'AST::' AND dst_uid < 'AST:;';
DROP INDEX ix_ast_edges_unresolved;
CREATE INDEX ix_ast_edges_unresolved ON ast_edges (repo, dst_node) WHERE dst_id IS NULL AND dst_node IS NOT NULL;

-- Who asks by dst_id asks for a node, so that this serves all that the whole index did: walks inwards, and the foreign key when a node goes.
DROP INDEX ix_ast_edges_dst;
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id, etype, src_uid, src_id) WHERE dst_id IS NOT NULL;

INSERT INTO egdb_schema_version (version, comment) VALUES (16, '0016_known_ends');
