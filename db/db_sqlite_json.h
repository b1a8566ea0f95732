/* SQL functions that read JSON as PostgreSQL's jsonb does. The first argument is a document, the others a path: names,
 * and indexes where the value is an array (a negative one counts from the end). All give NULL for what is missing and
 * for JSON's null.
 *
 *     egdb_json(d, …)         the value, written as jsonb would
 *     egdb_json_text(d, …)    a string's text; egdb_json_number, egdb_json_integer, egdb_json_bool: likewise, NULL for
 * other types egdb_json_sort(d, …)    a blob that sorts numbers, strings, booleans, the rest, and is equal for equal
 * values egdb_json_unsort(blob)  the value of such a blob */
#ifndef EG_DB_DB_SQLITE_JSON_H
#define EG_DB_DB_SQLITE_JSON_H

#include <sqlite3.h>

#include "base/err.h"

EG_MUST_CHECK eg_status eg_sqlite_add_json(sqlite3 *db, struct eg_err *err);

#endif
