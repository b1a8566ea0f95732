/* The SQL function regexp(pattern, text), which stands behind `text REGEXP pattern`. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_REGEXP_H
#define EG_DB_DB_SQLITE_REGEXP_H

#include <sqlite3.h>

#include "base/err.h"

/* Registers it: PCRE2's syntax, UTF-8, a search anywhere in the text; NULL when either is. A pattern that is wrong, or
 * needs more than 2 ms (and 0.1 ms a KiB) on one text, fails the statement with a message. */
/* What a statement ends with whose pattern is wrong, or needs too much work on a text; the message says which. */
#define EG_SQLITE_PATTERN (SQLITE_ERROR | (99 << 8))

EG_MUST_CHECK eg_status eg_sqlite_add_regexp(sqlite3 *db, struct eg_err *err);

#endif
