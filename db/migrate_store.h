/* What the migrator needs of a store: a connection, a transaction under the migrators' lock, texts to run and one value
 * to ask. For db/migrate.c and its two back ends. All calls are synchronous. */
#ifndef EG_DB_MIGRATE_STORE_H
#define EG_DB_MIGRATE_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define EG_MIGRATE_WAIT_S 60 /* for another migrator, and for locks of tables */

struct eg_migrate_store {
    const char *dialect; /* as in the files' names */
    /* make: false leaves *conn NULL when there is no database file yet. */
    eg_status (*open)(const char *dsn, bool make, void **conn, struct eg_err *err);
    void (*close)(void *conn);
    eg_status (*begin)(void *conn, struct eg_err *err); /* waits for the lock */
    eg_status (*commit)(void *conn, struct eg_err *err);
    void (*rollback)(void *conn);
    /* Before anything is changed: refused while a server has the database. *fd is closed when the step is over. NULL: none is needed. */
    eg_status (*claim)(void *conn, int *fd, struct eg_err *err);
    /* Runs the statements of sql; err's place is `name` and the line of the statement that failed. */
    eg_status (*run)(void *conn, const char *sql, const char *name, struct eg_err *err);
    /* The first cell of the answer as text, cut to size_b; "" for null or no row. */
    eg_status (*ask)(void *conn, const char *sql, char *out, size_t size_b, struct eg_err *err);
    const char *has_table_sql;   /* a format with one %s, a table's name; answers 1 or 0 */
    const char *applied_utc_sql; /* a format with one %d, a version */
};

extern const struct eg_migrate_store eg_migrate_pg;
extern const struct eg_migrate_store eg_migrate_sqlite;

#endif
