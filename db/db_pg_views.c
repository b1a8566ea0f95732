/* REFRESH MATERIALIZED VIEW CONCURRENTLY compares the new rows with the old and changes what differs: readers see the old ones
 * meanwhile. A view that was never filled cannot be refreshed so; it is filled plainly, which nobody could read before. */
#include "db/db_pg_views.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/db_pg_fault.h"

struct refresh {
    struct eg_link link;
    struct eg_pg_views *views;
    uv_work_t work;
    const char *view; /* of views->names */
    struct eg_pg_dial dial;
    int timeout_ms;
    eg_refreshed done;
    void *ctx;
    struct eg_err err;
    int64_t rows, took_ms;
};

eg_status eg_pg_views_read(PGconn *conn, struct eg_arena *arena, struct eg_pg_views *views, struct eg_err *err) {
    PGresult *result = NULL;
    if (eg_pg_ask(conn, "SELECT matviewname FROM pg_matviews WHERE schemaname = current_schema() ORDER BY matviewname", 10000,
                  &result, err) != EG_OK) {
        return EG_FAIL;
    }
    size_t n = (size_t)PQntuples(result);
    const char **names = eg_arena_alloc(arena, (n + 1) * sizeof *names);
    for (size_t i = 0; names && i < n; i++) {
        const char *name = PQgetvalue(result, (int)i, 0);
        names[i] = eg_arena_dup(arena, name, strlen(name));
    }
    PQclear(result);
    views->names = names;
    views->n = n;
    return eg_arena_failed(arena) ? eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory") : EG_OK;
}

void eg_pg_views_init(struct eg_pg_views *views, struct eg_pg_host *host) {
    views->host = host;
    eg_list_init(&views->queue);
}

/* The planner is left free, unlike in the sessions that write. */
static eg_status refresh_once(struct refresh *r, PGconn *conn, bool concurrently, struct eg_err *err) {
    struct eg_buf sql;
    PGresult *result = NULL;
    char *view = PQescapeIdentifier(conn, r->view, strlen(r->view));
    eg_buf_init(&sql, 4096);
    eg_buf_printf(&sql,
                  "BEGIN; SET LOCAL statement_timeout TO %d; SET LOCAL lock_timeout TO %d; SET LOCAL enable_seqscan TO on;"
                  " SET LOCAL enable_hashjoin TO on; SET LOCAL enable_mergejoin TO on;"
                  " SELECT pg_advisory_xact_lock(5207130423); REFRESH MATERIALIZED VIEW %s%s;",
                  r->timeout_ms, r->timeout_ms, concurrently ? "CONCURRENTLY " : "", view ? view : "");
    eg_status status = !view || sql.failed ? eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory")
                                           : eg_pg_ask_until(conn, eg_buf_text(&sql), r->dial.stop_fd, r->timeout_ms, &result, err);
    PQclear(result);
    result = NULL;
    eg_buf_free(&sql);
    eg_buf_init(&sql, 4096);
    eg_buf_printf(&sql, "SELECT count(*) FROM %s", view ? view : "");
    if (status == EG_OK) {
        status = eg_pg_ask_until(conn, eg_buf_text(&sql), r->dial.stop_fd, r->timeout_ms, &result, err);
    }
    if (status == EG_OK) {
        r->rows = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
        PQclear(result);
        result = NULL;
        status = eg_pg_ask_until(conn, "COMMIT", r->dial.stop_fd, r->timeout_ms, &result, err);
    }
    PQclear(result);
    PQfreemem(view);
    eg_buf_free(&sql);
    return status;
}

static bool is_filled(struct refresh *r, PGconn *conn) {
    PGresult *result = NULL;
    struct eg_err ignored = {0};
    char *view = PQescapeLiteral(conn, r->view, strlen(r->view));
    struct eg_buf sql;
    eg_buf_init(&sql, 1024);
    eg_buf_printf(&sql, "SELECT ispopulated FROM pg_matviews WHERE schemaname = current_schema() AND matviewname = %s",
                  view ? view : "''");
    bool filled = eg_pg_ask_until(conn, eg_buf_text(&sql), r->dial.stop_fd, r->timeout_ms, &result, &ignored) == EG_OK &&
                  PQntuples(result) == 1 && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    PQfreemem(view);
    eg_buf_free(&sql);
    return filled;
}

/* On a thread of the pool. */
static void refresh_run(uv_work_t *work) {
    struct refresh *r = work->data;
    PGconn *conn = NULL;
    int64_t from_us = eg_clock_mono_us();
    if (eg_pg_dial(&r->dial, &conn, &r->err) == EG_OK) {
        (void)refresh_once(r, conn, is_filled(r, conn), &r->err);
        PQfinish(conn);
    }
    r->took_ms = (eg_clock_mono_us() - from_us) / 1000;
}

static void start_next(struct eg_pg_views *views);

static void refresh_done(uv_work_t *work, int status) {
    struct refresh *r = work->data;
    struct eg_pg_views *views = r->views;
    struct eg_pg_host *host = views->host;
    views->running = false;
    if (status) {
        (void)eg_err_set(&r->err, EG_E_STOPPING, NULL, "the store is being closed");
    }
    r->done(r->ctx, r->err.code != EG_E_NONE ? &r->err : NULL, r->rows, r->took_ms);
    free(r);
    start_next(views);
    eg_pg_host_release(host);
}

static void start_next(struct eg_pg_views *views) {
    while (!views->running && !eg_list_empty(&views->queue)) {
        struct refresh *r = EG_CONTAINER(views->queue.next, struct refresh, link);
        eg_list_remove(&r->link);
        /* A store that closes ends the dialling at once, by its stop_fd: what waits is told so in its turn. */
        views->running = uv_queue_work(views->host->loop, &r->work, refresh_run, refresh_done) == 0;
        EG_ASSERT(views->running);
        eg_pg_host_hold(views->host);
    }
}

void eg_pg_views_refresh(struct eg_pg_views *views, const char *view, int timeout_ms, eg_refreshed done, void *ctx) {
    struct refresh *r = calloc(1, sizeof *r);
    const struct eg_db_config *config = &views->host->config;
    EG_ASSERT(r);
    *r = (struct refresh){.views = views, .view = view, .timeout_ms = timeout_ms, .done = done, .ctx = ctx};
    r->work.data = r;
    r->dial = (struct eg_pg_dial){.dsn = config->dsn,
                                  .timeout_ms = config->connect_timeout_ms,
                                  .statement_timeout_ms = timeout_ms,
                                  .lock_timeout_ms = timeout_ms,
                                  .idle_tx_timeout_ms = config->idle_tx_timeout_ms,
                                  .stop_fd = views->host->stop_fd};
    eg_list_append(&views->queue, &r->link);
    start_next(views);
}
