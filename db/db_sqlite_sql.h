/* SQL texts of the SQLite store. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_SQL_H
#define EG_DB_DB_SQLITE_SQL_H

#include <stddef.h>

#include "base/buf.h"
#include "base/dml.h"

/* Appends the statement of a shape for one row: placeholders ?1 … ?n in the order of eg_dml_param_types, identifiers
 * quoted. */
void eg_sqlite_sql_shape(struct eg_buf *sql, const struct eg_dml *dml);
/* Appends text with its $n written as ?n: SQLite numbers $n by first appearance, so that $2 before $1 would swap them.
 * Strings, quoted names and comments are left alone. */
void eg_sqlite_sql_text(struct eg_buf *sql, const char *text);

#endif
