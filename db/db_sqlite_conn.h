/* One connection to the SQLite file, used by one thread at a time: settings, prepared statements, and what an error
 * code means. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_CONN_H
#define EG_DB_DB_SQLITE_CONN_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/map.h"
#include "db/db_store.h"

struct eg_sqlite_stmt {
    sqlite3_stmt *stmt;
    size_t n_params;
    const enum eg_type *params;
    size_t n_columns; /* 0: gives no rows */
    const enum eg_type *columns;
    char *times; /* where the parameters that are times are written */
    bool writes;
};

struct eg_sqlite_conn {
    sqlite3 *db; /* NULL: closed */
    const char *path;
    struct eg_arena *arena; /* of the statements */
    struct eg_map *shapes;  /* by the shape's address */
    struct eg_sqlite_stmt *fixed[EG_SQL_COUNT];
    dev_t dev; /* the file that was opened */
    ino_t ino;
    int64_t deadline_us;          /* monotonic; 0: none. What runs past it is interrupted */
    const atomic_bool *cancelled; /* may be NULL. When true, what runs is interrupted */
};

/* Opens an existing file. A writer gets cache and busy time of config, WAL, synchronous=FULL and no checkpoints of
 * SQLite's own; a reader can only read. err: store_unavailable, config_invalid (WAL is refused). */
EG_MUST_CHECK eg_status eg_sqlite_conn_open(struct eg_sqlite_conn *conn, const char *path,
                                            const struct eg_db_config *config, bool writer, struct eg_err *err);
void eg_sqlite_conn_close(struct eg_sqlite_conn *conn); /* also when it is not open */
/* Whether the path no longer leads to the file that is open. */
bool eg_sqlite_conn_moved(const struct eg_sqlite_conn *conn);
bool eg_sqlite_moved(const char *path, dev_t dev, ino_t ino);

/* Prepared at first use, kept until close. NULL: *rc is SQLite's code and sqlite3_errmsg tells. */
struct eg_sqlite_stmt *eg_sqlite_conn_shape(struct eg_sqlite_conn *conn, const struct eg_dml *dml, int *rc);
struct eg_sqlite_stmt *eg_sqlite_conn_fixed(struct eg_sqlite_conn *conn, enum eg_sql sql, int *rc);
/* A text that is used once; the caller finalizes *stmt. More than one statement is an error. */
int eg_sqlite_conn_text(struct eg_sqlite_conn *conn, const char *text, sqlite3_stmt **stmt);

/* Our own, beside SQLite's codes: a result does not fit into the arena that it was to be put into. */
#define EG_SQLITE_NO_ROOM (SQLITE_NOMEM | (64 << 8))

/* What the last failure, SQLite's code rc, means to a writer; fills err. place may be NULL. Call it before anything
 * else uses conn. */
enum eg_fault eg_sqlite_fault(const struct eg_sqlite_conn *conn, int rc, const char *place, struct eg_err *err);
/* Whether a connection that met rc must be closed: its file or its own state can no longer be trusted. */
bool eg_sqlite_fatal(int rc);

#endif
