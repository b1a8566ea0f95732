/* Reads what PostgreSQL holds: the schema's version, and the catalogue of tables that declarations are checked against.
 * Both calls are synchronous: for start-up, on a connection that is in no pipeline and in no transaction of another's.
 * */
#ifndef EG_DB_DB_PG_CATALOGUE_H
#define EG_DB_DB_PG_CATALOGUE_H

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/err.h"

/* The highest version in egdb_schema_version of the current schema; 0 when the table does not exist or is empty.
 * eg_migrate_judge() of db/migrate.h says whether that will do. err: store_unavailable. */
EG_MUST_CHECK eg_status eg_pg_schema_version(PGconn *conn, int *version, struct eg_err *err);

/* Tables (partitioned ones, but not their partitions), views and materialized views of the current schema, sorted by
 * name. Everything in *out lives in arena. A column of a type that enum eg_type does not know is left out with the keys
 * that hold it. err: store_unavailable, internal (arena full). */
EG_MUST_CHECK eg_status eg_pg_catalogue(PGconn *conn, struct eg_arena *arena, struct eg_catalogue *out,
                                        struct eg_err *err);

#endif
