/* Reads what a SQLite file holds: the schema's version, and the catalogue of tables that declarations are checked
 * against; and gives the SQL function now() to a connection. For start-up, on a connection that no other thread uses.
 * */
#ifndef EG_DB_DB_SQLITE_CATALOGUE_H
#define EG_DB_DB_SQLITE_CATALOGUE_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/err.h"

/* The highest version in egdb_schema_version; 0 when the table does not exist or is empty. eg_migrate_judge() of
 * db/migrate.h says whether that will do. err: store_unavailable. */
EG_MUST_CHECK eg_status eg_sqlite_schema_version(sqlite3 *db, int *version, struct eg_err *err);

/* Tables and views, sorted by name, without SQLite's own. Everything in *out lives in arena. Types follow the declared
 * names TEXT, JSON TEXT, UTC TEXT, BOOLEAN, INT4, INTEGER, BIGINT, DOUBLE PRECISION, BLOB; a view's expression has
 * none, and its type stands in the table egdb_view_columns (which is left out), else it is EG_TEXT. err:
 * store_unavailable, internal (arena full). */
EG_MUST_CHECK eg_status eg_sqlite_catalogue(sqlite3 *db, struct eg_arena *arena, struct eg_catalogue *out,
                                            struct eg_err *err);

/* Registers now(): the moment of the call in UTC text with six decimals (PostgreSQL's is the start of the transaction).
 * What the seed's own INSERTs need. err: internal. */
EG_MUST_CHECK eg_status eg_sqlite_add_now(sqlite3 *db, struct eg_err *err);

#endif
