/* What a store must give to stand behind db.h: one const struct of functions. For db/ alone; db.c picks the store by
 * DSN and passes calls on. A store's own struct begins with struct eg_db, its read handle with struct eg_read_handle.
 */
#ifndef EG_DB_DB_STORE_H
#define EG_DB_DB_STORE_H

#include "db/db.h"

/* Of a read: what a sum, say, makes of values that each are in range. One text, whichever store. */
#define EG_READ_OUT_OF_RANGE "a number that the statement makes, a sum for instance, is out of range: let it take in fewer rows"

struct eg_store {
    const char *name; /* eg_db_name() */
    /* dsn: behind "sqlite:" for SQLite; the whole URI for PostgreSQL. Sets (*db)->store. The statements are parsed
     * already. */
    eg_status (*open)(uv_loop_t *loop, const struct eg_db_config *config, const char *dsn, struct eg_db **db,
                      struct eg_err *err);
    void (*close)(struct eg_db *db, void (*closed)(void *ctx), void *ctx); /* frees db before it calls closed */
    const struct eg_catalogue *(*catalogue)(const struct eg_db *db);
    const char *(*where)(const struct eg_db *db);
    bool (*ready)(const struct eg_db *db, struct eg_err *err);
    void (*round)(struct eg_db *db, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                  eg_round_done done, void *ctx);
    void (*rollback)(struct eg_db *db, eg_round_done done, void *ctx);
    struct eg_read_handle *(*read)(struct eg_db *db, const struct eg_read *read);
    void (*read_cancel)(struct eg_read_handle *handle);
    void (*read_pause)(struct eg_read_handle *handle, bool pause); /* false: resume */
    void (*watch)(struct eg_db *db, void (*news)(void *ctx, int64_t position), void *ctx);
    void (*announce)(struct eg_db *db, int64_t position);
    /* NULL both where all views are plain. refresh: view is one of the names. */
    void (*refresh)(struct eg_db *db, const char *view, int timeout_ms,
                    void (*done)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms), void *ctx);
    size_t (*materialized)(const struct eg_db *db, const char *const **names);
    void (*stats)(const struct eg_db *db, struct eg_db_stats *stats);
};

struct eg_db {
    const struct eg_store *store;
};

struct eg_read_handle {
    const struct eg_store *store;
};

extern const struct eg_store eg_store_pg;
extern const struct eg_store eg_store_sqlite;

#define EG_SQL_MOST_PARAMS 24
#define EG_SQL_MOST_COLUMNS 32

struct eg_statement { /* a row of statements.def, its types read */
    const char *name;
    const char *postgresql;
    const char *sqlite;
    size_t n_params;
    enum eg_type params[EG_SQL_MOST_PARAMS];
    size_t n_columns;
    enum eg_type columns[EG_SQL_MOST_COLUMNS];
};

/* Reads the types of statements.def, once; a letter that is no type is a bug and aborts. Before any thread starts. */
void eg_statements_init(void);
const struct eg_statement *eg_statement(enum eg_sql sql);

#endif
