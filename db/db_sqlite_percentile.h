/* The SQL functions egdb_percentile(value, fraction), an aggregate: continuous, as PostgreSQL's percentile_cont;
 * egdb_time_us(time): µs since 1970 of a time as it is stored; and egdb_bucket(time, seconds): the begin of the span of so many
 * seconds that it is in. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_PERCENTILE_H
#define EG_DB_DB_SQLITE_PERCENTILE_H

#include <sqlite3.h>

#include "base/err.h"

EG_MUST_CHECK eg_status eg_sqlite_add_percentile(sqlite3 *db, struct eg_err *err);

#endif
