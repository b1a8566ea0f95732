/* The door of db/: picks the store by DSN and passes every call on to it. */
#include "db/db.h"

#include <string.h>

#include "db/db_store.h"

/* The store of a DSN and the part of the DSN that it gets; NULL when the scheme is neither. */
static const struct eg_store *store_of(const char **dsn) {
    if (strncmp(*dsn, "sqlite:", 7) == 0 && (*dsn)[7]) {
        *dsn += 7;
        return &eg_store_sqlite;
    }
    if (strncmp(*dsn, "postgresql://", 13) == 0 || strncmp(*dsn, "postgres://", 11) == 0) {
        return &eg_store_pg;
    }
    return NULL;
}

eg_status eg_db_open(uv_loop_t *loop, const struct eg_db_config *config, struct eg_db **db, struct eg_err *err) {
    const char *dsn = config->dsn ? config->dsn : "";
    const struct eg_store *store = store_of(&dsn);
    if (!store) {
        /* The text itself may hold a password, so it is not repeated. */
        return eg_err_set(err, EG_E_CONFIG, "store",
                          "the store's DSN is neither sqlite:PATH nor postgresql://USER@HOST/DATABASE");
    }
    eg_statements_init();
    return store->open(loop, config, dsn, db, err);
}

bool eg_db_is_private(const char *dsn) { return store_of(&dsn) == &eg_store_sqlite; }

void eg_db_close(struct eg_db *db, void (*closed)(void *ctx), void *ctx) { db->store->close(db, closed, ctx); }

const struct eg_catalogue *eg_db_catalogue(const struct eg_db *db) { return db->store->catalogue(db); }

const char *eg_db_name(const struct eg_db *db) { return db->store->name; }

const char *eg_db_where(const struct eg_db *db) { return db->store->where(db); }

bool eg_db_ready(const struct eg_db *db, struct eg_err *err) { return db->store->ready(db, err); }

void eg_db_round(struct eg_db *db, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                 eg_round_done done, void *ctx) {
    db->store->round(db, ops, n_ops, commit, arena, done, ctx);
}

void eg_db_rollback(struct eg_db *db, eg_round_done done, void *ctx) { db->store->rollback(db, done, ctx); }

struct eg_read_handle *eg_db_read(struct eg_db *db, const struct eg_read *read) {
    return db->store->read(db, read);
}

void eg_db_read_cancel(struct eg_read_handle *handle) { handle->store->read_cancel(handle); }

void eg_db_read_pause(struct eg_read_handle *handle) { handle->store->read_pause(handle, true); }

void eg_db_read_resume(struct eg_read_handle *handle) { handle->store->read_pause(handle, false); }

void eg_db_watch(struct eg_db *db, void (*news)(void *ctx, int64_t position), void *ctx) {
    db->store->watch(db, news, ctx);
}

void eg_db_announce(struct eg_db *db, int64_t position) { db->store->announce(db, position); }

void eg_db_stats(const struct eg_db *db, struct eg_db_stats *stats) { db->store->stats(db, stats); }
