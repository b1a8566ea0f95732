/* The PostgreSQL store: opens it, waits for a server that is still starting, and ties the writer, the readers and the
 * upkeep together; closing waits until each of them is quiet. */
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "db/db_pg_catalogue.h"
#include "db/db_pg_news.h"
#include "db/db_pg_read.h"
#include "db/db_pg_tend.h"
#include "db/db_pg_views.h"
#include "db/db_pg_write.h"
#include "db/migrate.h"

#define MAGIC 0x50474442u
#define MOST_CATALOGUE_B (64U << 20)
#define TRY_AGAIN_MS 200

struct pg_db {
    struct eg_db base;
    uint32_t magic;
    struct eg_pg_host host;
    struct eg_pg_write write;
    struct eg_pg_pool pool;
    struct eg_pg_tend tend;
    struct eg_pg_views views;
    struct eg_pg_news news;
    struct eg_arena *arena; /* the catalogue's */
    struct eg_catalogue catalogue;
    char *dsn;
    char *where;
    bool shut; /* all parts have been told to close */
    void (*closed)(void *ctx);
    void *closed_ctx;
};

static struct pg_db *of(const struct eg_db *db) {
    struct pg_db *p = EG_CONTAINER((struct eg_db *)(uintptr_t)db, struct pg_db, base);
    EG_ASSERT(p->magic == MAGIC);
    return p;
}

static struct pg_db *of_host(struct eg_pg_host *host) { return EG_CONTAINER(host, struct pg_db, host); }

static void db_free(struct pg_db *p) {
    eg_pg_write_free(&p->write);
    eg_pg_pool_free(&p->pool);
    eg_pg_tend_free(&p->tend);
    eg_arena_free(p->arena);
    if (p->host.stop_fd >= 0) {
        close(p->host.stop_fd);
    }
    free(p->dsn);
    free(p->where);
    p->magic = 0;
    free(p);
}

/* The last handle has been closed. */
static void on_idle(struct eg_pg_host *host) {
    struct pg_db *p = of_host(host);
    void (*closed)(void *ctx) = p->closed;
    void *ctx = p->closed_ctx;
    EG_ASSERT(p->shut);
    db_free(p);
    if (closed) {
        closed(ctx);
    }
}

static void on_finished(struct eg_pg_host *host) {
    struct pg_db *p = of_host(host);
    if (!host->closing || p->shut || p->write.running || p->tend.task != EG_PG_TASK_NONE ||
        !eg_pg_pool_quiet(&p->pool)) {
        return;
    }
    p->shut = true;
    eg_pg_write_close(&p->write);
    eg_pg_pool_close(&p->pool);
    eg_pg_tend_close(&p->tend);
    eg_pg_news_close(&p->news);
}

static void on_writer_up(struct eg_pg_host *host) {
    struct pg_db *p = of_host(host);
    eg_pg_pool_start(&p->pool);
    eg_pg_conn_start(&p->tend.conn);
    eg_pg_news_start(&p->news);
}

static void db_close(struct eg_db *db, void (*closed)(void *ctx), void *ctx) {
    struct pg_db *p = of(db);
    EG_ASSERT(!p->host.closing);
    p->host.closing = true;
    p->closed = closed;
    p->closed_ctx = ctx;
    EG_ASSERT(eventfd_write(p->host.stop_fd, 1) == 0);
    eg_pg_pool_stop(&p->pool);
    on_finished(&p->host);
}

/* The DSN by its parts, of which a password is none. */
static char *where_of(const PQconninfoOption *options) {
    struct eg_buf text;
    size_t len;
    eg_buf_init(&text, 4096);
    const char *user = "", *host = "", *port = "", *name = "";
    for (; options->keyword; options++) {
        const char *value = options->val ? options->val : "";
        user = strcmp(options->keyword, "user") == 0 ? value : user;
        host = strcmp(options->keyword, "host") == 0 ? value : host;
        port = strcmp(options->keyword, "port") == 0 ? value : port;
        name = strcmp(options->keyword, "dbname") == 0 ? value : name;
    }
    bool folder = *host == '/';
    eg_buf_printf(&text, "postgresql://%s%s", user, *user ? "@" : "");
    eg_buf_printf(&text, "%s%s%s/%s", folder ? "" : host, *port && !folder ? ":" : "", folder ? "" : port, name);
    if (folder) {
        eg_buf_printf(&text, "?host=%s%s%s", host, *port ? "&port=" : "", port);
    }
    return eg_buf_detach(&text, &len);
}

/* Until connect_timeout_ms a server that refuses, or is starting or recovering, is asked again. */
static eg_status first_dial(struct pg_db *p, PGconn **conn, struct eg_err *err) {
    const struct eg_db_config *config = &p->host.config;
    int64_t deadline_us = eg_clock_mono_us() + config->connect_timeout_ms * INT64_C(1000);
    struct eg_pg_dial dial = {.dsn = p->dsn,
                              .statement_timeout_ms = config->write_timeout_ms,
                              .lock_timeout_ms = config->lock_timeout_ms,
                              .idle_tx_timeout_ms = config->idle_tx_timeout_ms,
                              .stop_fd = -1};
    for (;;) {
        int64_t left_ms = (deadline_us - eg_clock_mono_us()) / 1000;
        dial.timeout_ms = left_ms > 1 ? (int)left_ms : 1;
        eg_err_clear(err);
        if (eg_pg_dial(&dial, conn, err) == EG_OK) {
            return EG_OK;
        }
        if (left_ms <= TRY_AGAIN_MS) {
            return EG_FAIL;
        }
        (void)poll(NULL, 0, TRY_AGAIN_MS);
    }
}

static eg_status read_schema(struct pg_db *p, PGconn *conn, struct eg_err *err) {
    int version;
    if (eg_pg_schema_version(conn, &version, err) != EG_OK || eg_migrate_judge(version, err) != EG_OK) {
        return EG_FAIL;
    }
    p->arena = eg_arena_new(MOST_CATALOGUE_B);
    if (!p->arena) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    }
    return eg_pg_views_read(conn, p->arena, &p->views, err) || eg_pg_catalogue(conn, p->arena, &p->catalogue, err) ? EG_FAIL
                                                                                                                  : EG_OK;
}

/* Partitions for today must exist before the first event; a failure is told, since those of yesterday may still do. */
static void prepare_days(struct pg_db *p, PGconn *conn) {
    struct eg_log log = {.object = "store"};
    struct eg_err err = {0};
    PGresult *result = NULL;
    char sql[80];
    (void)snprintf(sql, sizeof sql, "SELECT egdb_partitions_ahead(%d)", p->host.config.partition_days);
    if (eg_pg_ask(conn, sql, p->host.config.write_timeout_ms, &result, &err) != EG_OK) {
        eg_warn(&log, "partitions were not made ahead: %s", err.message);
    }
    PQclear(result);
    result = NULL;
    if (PQstatus(conn) == CONNECTION_OK && eg_pg_ask(conn, EG_PG_COUNT_SQL, p->host.config.write_timeout_ms, &result, &err) == EG_OK) {
        eg_pg_tend_counted(&p->tend, result);
    }
    PQclear(result);
    result = NULL;
    if (PQstatus(conn) == CONNECTION_OK && eg_pg_ask(conn, "SHOW fsync", 1000, &result, &err) == EG_OK &&
        strcmp(PQgetvalue(result, 0, 0), "off") == 0) {
        eg_warn(&log, "PostgreSQL runs with fsync off: what is acknowledged may be lost when its machine stops");
    }
    PQclear(result);
}

static void warn_exposed(PGconn *conn) {
    static const struct eg_log log = {.object = "store"};
    const char *address = PQhostaddr(conn), *sslmode = "prefer";
    PQconninfoOption *options = PQconninfo(conn); /* with what the environment and a service file say */
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, "sslmode") == 0 && o->val)
            sslmode = o->val;
    if (eg_pg_exposed(address ? address : "", sslmode))
        eg_warn(&log, "PostgreSQL at %s is reached with sslmode=%s, which does not prove that it is PostgreSQL: add "
                "sslmode=verify-full&channel_binding=require to the DSN", PQhost(conn), sslmode);
    PQconninfoFree(options);
}

static eg_status prepare(struct pg_db *p, PGconn **conn, struct eg_err *err) {
    char *why = NULL;
    PQconninfoOption *options = PQconninfoParse(p->dsn, &why);
    PQfreemem(why); /* it may quote the password */
    if (!options) {
        return eg_err_set(err, EG_E_CONFIG, "store",
                          "the DSN is no PostgreSQL URI: write postgresql://USER@HOST:PORT/DATABASE");
    }
    p->where = where_of(options);
    PQconninfoFree(options);
    p->host.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!p->where || p->host.stop_fd < 0) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory or file descriptors");
    }
    if (first_dial(p, conn, err) != EG_OK) {
        return EG_FAIL;
    }
    if (read_schema(p, *conn, err) != EG_OK) {
        PQfinish(*conn);
        return EG_FAIL;
    }
    prepare_days(p, *conn);
    warn_exposed(*conn);
    return EG_OK;
}

static eg_status db_open(uv_loop_t *loop, const struct eg_db_config *config, const char *dsn, struct eg_db **db,
                         struct eg_err *err) {
    PGconn *conn = NULL;
    struct pg_db *p = calloc(1, sizeof *p);
    if (!p) {
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    }
    p->base.store = &eg_store_pg;
    p->magic = MAGIC;
    p->dsn = strdup(dsn);
    p->host =
        (struct eg_pg_host){.loop = loop, .config = *config, .stop_fd = -1, .idle = on_idle, .first = &p->write.conn};
    p->host.config.dsn = p->dsn;
    if (!p->dsn || prepare(p, &conn, err) != EG_OK) {
        db_free(p);
        return EG_FAIL;
    }
    /* From here on the loop holds handles, and nothing fails. */
    if (eg_pg_pool_init(&p->pool, &p->host, config->read_connections) != EG_OK) {
        PQfinish(conn);
        db_free(p);
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    }
    eg_pg_write_init(&p->write, &p->host);
    eg_pg_tend_init(&p->tend, &p->host, &p->write);
    eg_pg_news_init(&p->news, &p->host);
    eg_pg_views_init(&p->views, &p->host);
    p->write.finished = p->pool.finished = p->tend.finished = on_finished;
    p->write.came_up = on_writer_up;
    eg_pg_conn_adopt(&p->write.conn, conn);
    *db = &p->base;
    return EG_OK;
}

static const struct eg_catalogue *db_catalogue(const struct eg_db *db) { return &of(db)->catalogue; }

static const char *db_where(const struct eg_db *db) { return of(db)->where; }

static bool db_ready(const struct eg_db *db, struct eg_err *err) {
    const struct pg_db *p = of(db);
    if (p->write.conn.state != EG_PG_UP) {
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "%s", p->write.conn.err.message);
        return false;
    }
    if (p->tend.frozen) {
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "PostgreSQL does not answer");
        return false;
    }
    if (p->write.no_partition) {
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "there is no partition for the events of this day");
        return false;
    }
    /* A newer schema is that of a newer server, which migrated under this one: as long as that works it may go on. */
    return p->tend.version >= eg_migrate_newest() || eg_migrate_judge(p->tend.version, err) == EG_OK;
}

static void db_round(struct eg_db *db, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                     eg_round_done done, void *ctx) {
    EG_ASSERT(!of(db)->host.closing);
    eg_pg_write_round(&of(db)->write, ops, n_ops, commit, arena, done, ctx);
}

static void db_rollback(struct eg_db *db, eg_round_done done, void *ctx) {
    eg_pg_write_rollback(&of(db)->write, done, ctx);
}

static struct eg_read_handle *db_read(struct eg_db *db, const struct eg_read *read) {
    return eg_pg_pool_read(&of(db)->pool, db->store, read);
}

static void db_watch(struct eg_db *db, void (*news)(void *ctx, int64_t position), void *ctx) {
    eg_pg_news_watch(&of(db)->news, news, ctx);
}

static void db_announce(struct eg_db *db, int64_t position) { eg_pg_news_announce(&of(db)->news, position); }

static void db_refresh(struct eg_db *db, const char *view, int timeout_ms, eg_refreshed done, void *ctx) {
    eg_pg_views_refresh(&of(db)->views, view, timeout_ms, done, ctx);
}

static size_t db_materialized(const struct eg_db *db, const char *const **names) {
    *names = of(db)->views.names;
    return of(db)->views.n;
}

static void db_stats(const struct eg_db *db, struct eg_db_stats *stats) {
    const struct pg_db *p = of(db);
    *stats = (struct eg_db_stats){.rounds = p->write.rounds,
                                  .commits = p->write.commits,
                                  .refused = p->write.refused,
                                  .retried = p->write.retried,
                                  .lost = p->write.lost,
                                  .reads = p->pool.reads,
                                  .reconnects = p->host.reconnects,
                                  .reads_waiting = p->pool.queue.n_waiting,
                                  .reads_running = p->pool.queue.n_running,
                                  .event_partitions = p->tend.event_partitions,
                                  .token_partitions = p->tend.token_partitions,
                                  .merges = p->tend.merges,
                                  .up = p->write.conn.state == EG_PG_UP && !p->tend.frozen};
}

const struct eg_store eg_store_pg = {
    .name = "postgresql",
    .open = db_open,
    .close = db_close,
    .catalogue = db_catalogue,
    .where = db_where,
    .ready = db_ready,
    .round = db_round,
    .rollback = db_rollback,
    .read = db_read,
    .read_cancel = eg_pg_pool_cancel,
    .read_pause = eg_pg_pool_pause,
    .watch = db_watch,
    .announce = db_announce,
    .refresh = db_refresh,
    .materialized = db_materialized,
    .stats = db_stats,
};
