/* The SQLite store: opens the file, starts the writer and the readers, and gives what they have done to the loop. All
 * of it meets in one uv_async_t, whose calls may melt into one: so each call takes whatever is there. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "base/log.h"
#include "db/db_sqlite_catalogue.h"
#include "db/db_sqlite_lock.h"
#include "db/db_sqlite_reader.h"
#include "db/db_sqlite_writer.h"
#include "db/migrate.h"

#define MAGIC 0x53514c54u
#define MOST_CATALOGUE_B (64U << 20)
#define WANTED_VERSION 3038000
#define SWEEP_MS 100

struct sqlite_db {
    struct eg_db base;
    uint32_t magic;
    struct eg_db_config config;
    char *path;
    char *where;
    int lock; /* of the served file; −1: none */
    struct eg_arena *arena; /* the catalogue's */
    struct eg_catalogue catalogue;
    uv_async_t async;
    uv_timer_t sweep; /* looks for reads that wait past their time, while some wait */
    int n_handles;
    struct eg_sqlite_writer *writer;
    struct eg_sqlite_pool *pool;
    void (*news)(void *ctx, int64_t position);
    void *news_ctx;
    int64_t position, told; /* announced; told to the watcher */
    bool closing;
    bool writer_stopping;
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static struct sqlite_db *of(const struct eg_db *db) {
    struct sqlite_db *s = EG_CONTAINER((struct eg_db *)(uintptr_t)db, struct sqlite_db, base);
    EG_ASSERT(s->magic == MAGIC);
    return s;
}

static void db_free(struct sqlite_db *s) {
    if (s->writer)
        eg_sqlite_writer_free(s->writer);
    if (s->pool)
        eg_sqlite_pool_free(s->pool);
    if (s->lock >= 0)
        (void)close(s->lock);
    eg_arena_free(s->arena);
    free(s->path);
    free(s->where);
    free(s);
}

static void on_closed(uv_handle_t *handle) {
    struct sqlite_db *s = handle->data;
    void (*closed)(void *ctx) = s->closed;
    void *ctx = s->closed_ctx;
    if (--s->n_handles > 0)
        return;
    db_free(s);
    if (closed)
        closed(ctx);
}

static void close_handles(struct sqlite_db *s) {
    uv_close((uv_handle_t *)&s->sweep, on_closed);
    uv_close((uv_handle_t *)&s->async, on_closed);
}

/* Readers end first: the last connection that closes makes a checkpoint, and that is the writer's to do. */
static void close_on(struct sqlite_db *s) {
    if (s->writer_stopping) {
        if (eg_sqlite_writer_stopped(s->writer) && !uv_is_closing((uv_handle_t *)&s->async))
            close_handles(s);
    } else if (eg_sqlite_pool_stopped(s->pool)) {
        s->writer_stopping = true;
        eg_sqlite_writer_stop(s->writer);
    }
}

static void on_async(uv_async_t *async) {
    struct sqlite_db *s = async->data;
    eg_sqlite_writer_deliver(s->writer);
    eg_sqlite_pool_deliver(s->pool);
    if (s->news && s->told != s->position && !s->closing) {
        s->told = s->position;
        s->news(s->news_ctx, s->position);
    }
    if (s->closing)
        close_on(s);
}

static void db_close(struct eg_db *db, void (*closed)(void *ctx), void *ctx) {
    struct sqlite_db *s = of(db);
    EG_ASSERT(!s->closing);
    s->closing = true;
    s->closed = closed;
    s->closed_ctx = ctx;
    eg_sqlite_pool_stop(s->pool);
}

static eg_status read_schema(struct sqlite_db *s, struct eg_err *err) {
    sqlite3 *handle = eg_sqlite_writer_handle(s->writer);
    int version;
    if (eg_sqlite_schema_version(handle, &version, err) != EG_OK || eg_migrate_judge(version, err) != EG_OK)
        return EG_FAIL;
    s->arena = eg_arena_new(MOST_CATALOGUE_B);
    if (!s->arena)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    return eg_sqlite_catalogue(handle, s->arena, &s->catalogue, err);
}

static eg_status start(struct sqlite_db *s, struct eg_err *err) {
    if (!s->path || !s->where)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    if (access(s->path, F_OK) != 0)
        return eg_err_set(err, EG_E_SCHEMA_OLD, s->path, "there is no such database: `egdb init --store %s` makes it",
                          s->where);
    if (s->config.exclusive && eg_sqlite_lock(s->path, &s->lock, err) != EG_OK)
        return EG_FAIL;
    if (eg_sqlite_writer_new(s->path, &s->config, &s->async, &s->writer, err) != EG_OK || read_schema(s, err) != EG_OK)
        return EG_FAIL;
    return EG_OK;
}

/* Once the loop has the handle, a failure must leave by the loop too: on_closed frees the rest. */
static eg_status start_threads(struct sqlite_db *s, uv_loop_t *loop, struct eg_err *err) {
    int rc = uv_async_init(loop, &s->async, on_async);
    if (rc != 0) {
        db_free(s);
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "libuv: %s", uv_strerror(rc));
    }
    s->async.data = s->sweep.data = s;
    EG_ASSERT(uv_timer_init(loop, &s->sweep) == 0);
    s->n_handles = 2;
    if (eg_sqlite_writer_start(s->writer, err) == EG_OK &&
        eg_sqlite_pool_new(s->base.store, s->path, &s->config, &s->async, &s->pool, err) == EG_OK)
        return EG_OK;
    eg_sqlite_writer_free(s->writer);
    s->writer = NULL;
    close_handles(s);
    return EG_FAIL;
}

static eg_status db_open(uv_loop_t *loop, const struct eg_db_config *config, const char *dsn, struct eg_db **db,
                         struct eg_err *err) {
    /* Nobody asks SQLite how much memory it has, and counting takes a lock for each piece. Only the first call of a process counts, before
     * SQLite is used at all; any other answers SQLITE_MISUSE and changes nothing. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite_db *s = calloc(1, sizeof *s);
    if (!s)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    s->base.store = &eg_store_sqlite;
    s->magic = MAGIC;
    s->lock = -1;
    s->config = *config;
    s->path = strdup(dsn);
    s->where = strdup(config->dsn);
    s->config.dsn = s->where;
    if (sqlite3_libversion_number() < WANTED_VERSION)
        eg_warn(NULL, "SQLite %s is older than 3.38: it works, but was not tested", sqlite3_libversion());
    if (start(s, err) != EG_OK) {
        db_free(s);
        return EG_FAIL;
    }
    if (start_threads(s, loop, err) != EG_OK)
        return EG_FAIL;
    *db = &s->base;
    return EG_OK;
}

static const struct eg_catalogue *db_catalogue(const struct eg_db *db) { return &of(db)->catalogue; }

static const char *db_where(const struct eg_db *db) { return of(db)->where; }

static bool db_ready(const struct eg_db *db, struct eg_err *err) { return eg_sqlite_writer_ready(of(db)->writer, err); }

static void db_round(struct eg_db *db, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                     eg_round_done done, void *ctx) {
    eg_sqlite_writer_round(of(db)->writer, ops, n_ops, commit, arena, done, ctx);
}

static void db_rollback(struct eg_db *db, eg_round_done done, void *ctx) {
    eg_sqlite_writer_rollback(of(db)->writer, done, ctx);
}

static void on_sweep(uv_timer_t *timer) {
    struct sqlite_db *s = timer->data;
    if (!eg_sqlite_pool_sweep(s->pool))
        uv_timer_stop(timer);
}

static struct eg_read_handle *db_read(struct eg_db *db, const struct eg_read *read) {
    struct sqlite_db *s = of(db);
    if (!uv_is_active((uv_handle_t *)&s->sweep) && !uv_is_closing((uv_handle_t *)&s->sweep))
        uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    return eg_sqlite_pool_read(s->pool, read);
}

static void db_watch(struct eg_db *db, void (*news)(void *ctx, int64_t position), void *ctx) {
    struct sqlite_db *s = of(db);
    s->news = news;
    s->news_ctx = ctx;
}

/* The file is this server's alone: there is nobody else to tell. */
static void db_announce(struct eg_db *db, int64_t position) {
    struct sqlite_db *s = of(db);
    if (!s->news || position <= s->position)
        return;
    s->position = position;
    uv_async_send(&s->async);
}

static void db_stats(const struct eg_db *db, struct eg_db_stats *stats) {
    struct sqlite_db *s = of(db);
    *stats = (struct eg_db_stats){0};
    eg_sqlite_writer_stats(s->writer, stats);
    eg_sqlite_pool_stats(s->pool, stats);
}

const struct eg_store eg_store_sqlite = {
    .name = "sqlite",
    .open = db_open,
    .close = db_close,
    .catalogue = db_catalogue,
    .where = db_where,
    .ready = db_ready,
    .round = db_round,
    .rollback = db_rollback,
    .read = db_read,
    .read_cancel = eg_sqlite_pool_cancel,
    .read_pause = eg_sqlite_pool_pause,
    .watch = db_watch,
    .announce = db_announce,
    .stats = db_stats,
};
