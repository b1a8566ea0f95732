-- The optional last step: spreads the large tables over the nodes of a Citus cluster (Citus 11 or later on PostgreSQL 15).
--
-- When: one PostgreSQL no longer carries the load, and read replicas and archives do not help. It is no migration: nothing records it, and a
-- database without Citus never needs it.
-- How: after `egdb migrate up`, with every server stopped, on the coordinator, which holds the local tables:
--
--   psql -v ON_ERROR_STOP=1 --single-transaction -d glitchlab_egdb -f migrations/citus.sql
--
-- What is there is moved to the shards; that takes as long as copying it. Take a backup first. Later migrations run unchanged.
--
-- What could not be tested where this was written: Citus itself. Tested is that every table and column here exists, that each primary key and
-- unique index of a distributed table contains its distribution column (Citus demands it), that foreign keys go from a distributed table
-- to its own group or to a reference table only, and that the server works with the changed key. Try it on a copy first, and look there at:
-- a batch that writes to several nodes commits in two phases (max_prepared_transactions), materialized views refresh through
-- the coordinator, and egdb_partitions_ahead() attaches partitions, which Citus distributes as it does so.
--
-- What stays local to the coordinator, because every batch locks or asks it, or because it is small: event_position, event_keys,
-- events_dlq, pending_rows, pending_parents, egdb_schema_version, and the tables that are not named below.

CREATE EXTENSION IF NOT EXISTS citus;

-- The log, by the event's id: an event, its id and its artefacts lie on one node. A partitioned table takes its partitions along.
SELECT create_distributed_table('event_ids', 'id', colocate_with => 'none');
SELECT create_distributed_table('events', 'id', colocate_with => 'event_ids');
SELECT create_distributed_table('artifacts', 'event_id', colocate_with => 'event_ids');

-- Runs with their steps.
SELECT create_distributed_table('runs', 'id', colocate_with => 'none');
SELECT create_distributed_table('steps', 'run_id', colocate_with => 'runs');

-- Deltas, by commit. The key of mosaic_deltas is its id alone everywhere else; nothing refers to it.
ALTER TABLE mosaic_deltas DROP CONSTRAINT mosaic_deltas_pkey, ADD CONSTRAINT mosaic_deltas_pkey PRIMARY KEY (id, sha);
SELECT create_distributed_table('delta_fingerprints', 'sha', colocate_with => 'none');
SELECT create_distributed_table('delta_tokens', 'sha', colocate_with => 'delta_fingerprints');
SELECT create_distributed_table('mosaic_deltas', 'sha', colocate_with => 'delta_fingerprints');

-- The graph. Its edges, the bulk of it, by repository. Modules, files and nodes have keys (and foreign keys to them) of an id without the
-- repository, which a distributed table cannot have: they become reference tables, a copy on each node, which the edges may
-- refer to. To distribute them too, their keys and all references to them would have to become (repo, id).
SELECT create_reference_table('modules');
SELECT create_reference_table('files');
SELECT create_reference_table('ast_nodes');
SELECT create_distributed_table('ast_edges', 'repo', colocate_with => 'none');
SELECT create_distributed_table('phi_links', 'repo', colocate_with => 'ast_edges');
