/* What a failed statement means: by SQLSTATE, for the event path and for people. */
#ifndef EG_DB_DB_PG_FAULT_H
#define EG_DB_DB_PG_FAULT_H

#include <libpq-fe.h>

#include "db/db.h"

/* result is an error. err (the first cause wins): the database's message, detail and constraint, place is the table. */
enum eg_fault eg_pg_fault(const PGresult *result, struct eg_err *err);

/* Statements prepared earlier no longer do (a table was changed, or a pooler gave another session): prepare them anew.
 */
bool eg_pg_stale(const PGresult *result);

/* The session can write no more (it runs on a standby now): connect anew. */
bool eg_pg_demoted(const PGresult *result);

/* An event's day has no partition: the same again may work when the upkeep has made it. */
bool eg_pg_no_partition(const PGresult *result);

#endif
