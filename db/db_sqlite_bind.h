/* Values in and out of SQLite statements, by declared type. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_BIND_H
#define EG_DB_DB_SQLITE_BIND_H

#include <sqlite3.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/value.h"

/* Binds n values by reference: they must stay until the statement is reset. times has room for EG_TIME_TEXT_B bytes a
 * value of type EG_TIME. Returns SQLite's code. */
int eg_sqlite_bind(sqlite3_stmt *stmt, const enum eg_type *types, const struct eg_value *values, size_t n, char *times);
/* Copies the statement's current row into cells[n], bytes into arena. False when the arena is full. A time that is none
 * (a row that was written by other hands) reads as null. */
bool eg_sqlite_cells(sqlite3_stmt *stmt, const enum eg_type *types, struct eg_value *cells, size_t n,
                     struct eg_arena *arena);

#endif
