/* What a read puts on the wire, and what its errors mean. */
#ifndef EG_DB_DB_PG_QUERY_H
#define EG_DB_DB_PG_QUERY_H

#include <libpq-fe.h>

#include "db/db_store.h"

/* 1 when queued, 0 as libpq's own functions. */
int eg_pg_send_prepare(PGconn *conn, enum eg_sql sql);
int eg_pg_send_read(PGconn *conn, const struct eg_read *read); /* a fixed statement must have been prepared */

/* How many columns a read gives, and their types. */
size_t eg_pg_read_columns(const struct eg_read *read, const enum eg_type **types);

/* err: timeout, store_unavailable, usage (a value that the statement cannot work with, a division by zero), internal.
 */
void eg_pg_read_fault(const PGresult *result, struct eg_err *err);

#endif
