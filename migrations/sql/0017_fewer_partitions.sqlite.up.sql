-- Partitions are PostgreSQL's alone: the number stands so that both stores have the same version.
INSERT INTO egdb_schema_version (version, comment) VALUES (17, '0017_fewer_partitions');
