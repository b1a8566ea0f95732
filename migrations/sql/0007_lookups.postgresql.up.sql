-- What EGQL looks up: the events that an event led to, the commit whose graph a repository has, the files of a
-- module, the edges at a node.

-- Both are partial: other events cost nothing.
CREATE INDEX ix_events_causation ON events (causation_id) WHERE causation_id IS NOT NULL;
CREATE INDEX ix_events_graph ON events ((coalesce(payload_json ->> 'repo', '')) COLLATE "C", ts_utc, position)
  WHERE topic = 'code.graph.indexed@v1';

-- A walk reads its levels from these alone, and a hub's edges in the order of the answer, as many as it has rows.
DROP INDEX ix_ast_edges_src;
DROP INDEX ix_ast_edges_dst;
CREATE INDEX ix_ast_edges_src ON ast_edges (src_id, etype, dst_uid, dst_id);
CREATE INDEX ix_ast_edges_dst ON ast_edges (dst_id, etype, src_uid, src_id);
-- The files that a module's name may mean.
CREATE INDEX ix_files_dotted ON files (repo, (replace(path, '/', '.')));

INSERT INTO egdb_schema_version (version, comment) VALUES (7, '0007_lookups');
