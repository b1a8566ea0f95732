/* The SQL of a shape (base/dml.h) for PostgreSQL: one statement whatever the number of rows, which come as one binary
 * array a parameter through unnest. Only catalogue identifiers, quoted, and placeholders are written. */
#ifndef EG_DB_DB_PG_SQL_H
#define EG_DB_DB_PG_SQL_H

#include "base/buf.h"
#include "base/dml.h"

/* Appends the statement. A failure (memory) is kept in the buffer. */
void eg_pg_sql_write(struct eg_buf *sql, const struct eg_dml *dml);

#endif
