/* What a read puts on the wire, and what its errors mean. */
#ifndef EG_DB_DB_PG_QUERY_H
#define EG_DB_DB_PG_QUERY_H

#include <libpq-fe.h>

#include "db/db_store.h"

/* 1 when queued, 0 as libpq's own functions. */
int eg_pg_send_prepare(PGconn *conn, const struct eg_read *read, const char *name);
int eg_pg_send_read(PGconn *conn, const struct eg_read *read, const char *name); /* name NULL: it is not prepared */

/* The cells of a result of one row, in the arena. err: internal, a column is not what was declared. */
EG_MUST_CHECK eg_status eg_pg_read_row(const PGresult *result, const struct eg_read *read, struct eg_arena *arena,
                                       struct eg_value **cells, size_t *n, struct eg_err *err);

/* err: timeout, store_unavailable, usage (a value that the statement cannot work with, a division by zero), internal.
 */
void eg_pg_read_fault(const PGresult *result, struct eg_err *err);

#endif
