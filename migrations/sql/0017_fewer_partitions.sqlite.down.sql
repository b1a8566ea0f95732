DELETE FROM egdb_schema_version WHERE version = 17;
