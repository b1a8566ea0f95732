/* The readers: what waits is given to whoever is idle; a read is a few steps on its connection (set its timeout,
 * forget stale statements, drop one, prepare, run); rows are handed on one by one. */
#include "db/db_pg_read.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "db/db_pg_fault.h"
#include "db/db_pg_query.h"
#include "db/db_pg_type.h"

#define MAGIC 0x50475244u
#define MOST_WAITING 512
#define MOST_ROW_B (64U << 20)
#define SWEEP_MS 200
#define MOST_PAUSE_MS 660000 /* whoever pauses has let the read go before: query.client_wait_s is 600 s at most */
#define GRACE_US INT64_C(1000000) /* for the request to cancel; then the server is taken for frozen */
#define TIMEOUT_STEP_MS 10000

static void next_step(struct eg_pg_reader *reader);

static struct eg_pg_reader *reader_of(struct eg_pg_conn *conn) { return EG_CONTAINER(conn, struct eg_pg_reader, conn); }

static void read_free(struct eg_pg_read *read) {
    read->magic = 0;
    free(read);
}

/* Tells the caller; the read is in no list and on no connection any more. */
static void read_done(struct eg_pg_read *read) {
    struct eg_err err = read->err;
    struct eg_read what = read->what;
    read_free(read);
    what.done(what.ctx, err.code == EG_E_NONE ? NULL : &err);
}

static void on_input(struct eg_pg_conn *conn);

static void on_soon(uv_timer_t *timer) {
    struct eg_pg_pool *pool = timer->data;
    struct eg_link ended;
    for (int i = 0; i < pool->n_readers; i++) {
        if (pool->readers[i].resumed) { /* what libpq holds already is announced by no socket */
            pool->readers[i].resumed = false;
            on_input(&pool->readers[i].conn);
        }
    }
    eg_list_init(&ended);
    while (!eg_list_empty(&pool->ended)) {
        struct eg_link *link = pool->ended.next;
        eg_list_remove(link);
        eg_list_append(&ended, link);
    }
    while (!eg_list_empty(&ended)) { /* only those of now: a done that reads again is answered the next time round */
        struct eg_pg_read *read = EG_CONTAINER(ended.next, struct eg_pg_read, place.link);
        eg_list_remove(&read->place.link);
        read_done(read);
    }
    pool->finished(pool->host);
}

static void soon(struct eg_pg_pool *pool) { uv_timer_start(&pool->soon, on_soon, 0, 0); }

static void end_later(struct eg_pg_read *read) {
    read->over = true;
    eg_list_append(&read->pool->ended, &read->place.link);
    soon(read->pool);
}

/* Those that have waited until then; the rest is what to tell them. */
static void refuse_waiting(struct eg_pg_pool *pool, int64_t until_us, enum eg_code code, const char *says) {
    struct eg_read_place *place;
    while ((place = eg_read_queue_late(&pool->queue, until_us))) {
        struct eg_pg_read *read = EG_CONTAINER(place, struct eg_pg_read, place);
        (void)eg_err_set(&read->err, code, NULL, "%s", says);
        end_later(read);
    }
}

static bool any_up(const struct eg_pg_pool *pool) {
    bool up = pool->host->first->state == EG_PG_UP;
    for (int i = 0; i < pool->n_readers; i++) {
        up |= pool->readers[i].conn.state == EG_PG_UP;
    }
    return up;
}

/* A read's time is counted here: the server's clock would go on while a read is paused. */
static void sweep_running(struct eg_pg_reader *reader, int64_t now_us) {
    struct eg_pg_read *read = reader->read;
    struct eg_err err = {0};
    if (read->paused) {
        return;
    }
    if (read->deadline_us + GRACE_US < now_us) {
        (void)eg_err_set(&err, EG_E_STORE_UNAVAILABLE, NULL, "PostgreSQL did not answer a read in its time");
        eg_pg_conn_drop(&reader->conn, &err);
    } else if (read->deadline_us < now_us && !read->stopped && read->err.code == EG_E_NONE) {
        (void)eg_err_set(&read->err, EG_E_TIMEOUT, NULL, "the read took longer than its time, %d ms", read->timeout_ms);
        reader->cancel_wanted = true;
        eg_pg_cancel_next(reader->pool);
    }
}

static void on_sweep(uv_timer_t *timer) {
    struct eg_pg_pool *pool = timer->data;
    int64_t now_us = eg_clock_mono_us();
    if (any_up(pool)) {
        refuse_waiting(pool, now_us, EG_E_OVERLOADED, EG_READ_WAITED);
    } else {
        refuse_waiting(pool, INT64_MAX, EG_E_STORE_UNAVAILABLE, pool->host->first->err.message);
    }
    for (int i = 0; i < pool->n_readers; i++) {
        if (pool->readers[i].read) {
            sweep_running(&pool->readers[i], now_us);
        }
    }
    if (pool->queue.n_waiting == 0 && pool->queue.n_running == 0) {
        uv_timer_stop(&pool->sweep);
    }
}

/* While a read is paused its socket is not read: the kernel's buffers fill and the server waits in its send. */
static void set_paused(struct eg_pg_read *read, bool paused) {
    int64_t now_us = eg_clock_mono_us();
    if (read->paused == paused) {
        return;
    }
    read->paused = paused;
    if (paused) {
        read->paused_at_us = now_us;
    } else {
        read->deadline_us += now_us - read->paused_at_us;
    }
    if (read->reader) {
        eg_pg_conn_hold(&read->reader->conn, paused);
        read->reader->resumed = !paused;
        soon(read->pool);
    }
}

static void stop(struct eg_pg_read *read) {
    if (!read->stopped) {
        set_paused(read, false); /* the server sees the request to cancel only when it can send */
        read->stopped = true;
        int64_t soon_us = eg_clock_mono_us() + GRACE_US;
        read->deadline_us = read->deadline_us < soon_us ? read->deadline_us : soon_us;
        if (read->reader) {
            read->reader->cancel_wanted = true;
            eg_pg_cancel_next(read->pool);
        }
    }
}

/* Running */

static void end(struct eg_pg_reader *reader) {
    struct eg_pg_pool *pool = reader->pool;
    struct eg_pg_read *read = reader->read;
    eg_pg_conn_hold(&reader->conn, false);
    reader->read = NULL;
    reader->cancel_wanted = false;
    reader->resumed = false;
    eg_read_queue_ended(&pool->queue, &read->place);
    read_done(read);
    eg_pg_pool_give(pool);
    pool->finished(pool->host);
}

/* A read ends by its own clock; the server's is the last resort when this program is frozen. In large steps, so that a
 * session's need not be set anew for each read: that would be a round trip more. */
static int server_timeout_ms(const struct eg_pg_read *read) {
    return (read->timeout_ms / TIMEOUT_STEP_MS + 1) * TIMEOUT_STEP_MS + MOST_PAUSE_MS;
}

/* NULL: it runs unnamed. A text is worth preparing when it comes again. */
static const char *statement_name(const struct eg_pg_reader *reader) {
    enum eg_sql sql = reader->read->what.sql;
    if (sql != EG_SQL_COUNT) {
        return eg_statement(sql)->name;
    }
    return reader->text && reader->text->again ? reader->text->name : NULL;
}

static bool *prepared(struct eg_pg_reader *reader) {
    enum eg_sql sql = reader->read->what.sql;
    return sql != EG_SQL_COUNT ? &reader->conn.prepared[sql] : &reader->text->prepared;
}

/* Sends one step; a failure is left to the poll handle, which finds the connection dead. */
static void send_step(struct eg_pg_reader *reader, int step) {
    struct eg_pg_read *read = reader->read;
    PGconn *pq = reader->conn.pq;
    char text[64];
    int ok = 0;
    reader->step = step;
    switch (reader->step) {
    case EG_PG_READ_SET:
        (void)snprintf(text, sizeof text, "SET statement_timeout TO %d", server_timeout_ms(read));
        ok = PQsendQuery(pq, text);
        break;
    case EG_PG_READ_FORGET:
        ok = PQsendQuery(pq, "DEALLOCATE ALL");
        break;
    case EG_PG_READ_DROP:
        (void)snprintf(text, sizeof text, "DEALLOCATE %s", reader->texts.drop);
        ok = PQsendQuery(pq, text);
        break;
    case EG_PG_READ_PREPARE:
        ok = eg_pg_send_prepare(pq, &read->what, statement_name(reader));
        break;
    case EG_PG_READ_RUN:
        ok = eg_pg_send_read(pq, &read->what, statement_name(reader)) && PQsetSingleRowMode(pq);
        break;
    }
    if (!ok) {
        eg_pg_say(pq, &read->err, EG_E_STORE_UNAVAILABLE);
        read->deadline_us = 0; /* the sweep drops the connection: this may be inside the submitting call */
    }
    eg_pg_conn_flush(&reader->conn);
}

static void next_step(struct eg_pg_reader *reader) {
    struct eg_pg_read *read = reader->read;
    if (reader->timeout_ms != server_timeout_ms(read)) {
        send_step(reader, EG_PG_READ_SET);
    } else if (reader->texts.drop[0]) {
        send_step(reader, EG_PG_READ_DROP);
    } else if (statement_name(reader) && !*prepared(reader)) {
        send_step(reader, EG_PG_READ_PREPARE);
    } else {
        send_step(reader, EG_PG_READ_RUN);
    }
}

static void step_done(struct eg_pg_reader *reader) {
    struct eg_pg_read *read = reader->read;
    bool failed = read->err.code != EG_E_NONE || read->stopped, stale = reader->stale;
    reader->stale = false;
    switch (reader->step) {
    case EG_PG_READ_SET:
        reader->timeout_ms = failed ? 0 : server_timeout_ms(read);
        break;
    case EG_PG_READ_FORGET:
        memset(reader->conn.prepared, 0, sizeof reader->conn.prepared);
        eg_pg_texts_forget(&reader->texts);
        reader->text = eg_pg_texts_see(&reader->texts, &read->what);
        break;
    case EG_PG_READ_DROP:
        reader->texts.drop[0] = '\0';
        break;
    case EG_PG_READ_PREPARE:
        *prepared(reader) = !stale && read->err.code == EG_E_NONE;
        break;
    case EG_PG_READ_RUN:
        failed |= !stale;
        break;
    }
    if (failed) {
        end(reader);
    } else if (stale) {
        read->retried = true;
        send_step(reader, EG_PG_READ_FORGET);
    } else {
        next_step(reader);
    }
}

static void take_row(struct eg_pg_reader *reader, const PGresult *result) {
    struct eg_pg_read *read = reader->read;
    struct eg_value *cells;
    size_t n;
    eg_arena_reset(reader->arena);
    if (eg_pg_read_row(result, &read->what, reader->arena, &cells, &n, &read->err) != EG_OK) {
        return;
    }
    read->rows++;
    if (!read->what.row(read->what.ctx, cells, n)) {
        stop(read);
    }
}

static void take_result(struct eg_pg_reader *reader, const PGresult *result) {
    struct eg_pg_read *read = reader->read;
    switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE:
        if (!read->stopped && read->err.code == EG_E_NONE) {
            take_row(reader, result);
            if (read->err.code != EG_E_NONE) { /* the rest is not wanted */
                reader->cancel_wanted = true;
                eg_pg_cancel_next(reader->pool);
            }
        }
        break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        break;
    default:
        if (reader->step >= EG_PG_READ_PREPARE && eg_pg_stale(result) && !read->rows && !read->retried) {
            reader->stale = true;
        } else if (!read->stopped && reader->step != EG_PG_READ_DROP) { /* no answer to cancelling */
            eg_pg_read_fault(result, &read->err);
        }
        break;
    }
}

static void on_input(struct eg_pg_conn *conn) {
    struct eg_pg_reader *reader = reader_of(conn);
    while (reader->read && !reader->read->paused && conn->state == EG_PG_UP && !PQisBusy(conn->pq)) {
        PGresult *result = PQgetResult(conn->pq);
        if (result) {
            take_result(reader, result);
            PQclear(result);
        } else if (PQstatus(conn->pq) == CONNECTION_BAD) {
            return;
        } else {
            step_done(reader);
        }
    }
    if (conn->state == EG_PG_UP && !reader->read) {
        (void)PQisBusy(conn->pq); /* parses notices, and a FATAL that ends the session */
    }
}

static void on_up(struct eg_pg_conn *conn) {
    struct eg_pg_reader *reader = reader_of(conn);
    reader->timeout_ms = conn->host->config.read_timeout_ms;
    reader->stale = false;
    eg_pg_texts_forget(&reader->texts);
    eg_pg_pool_give(reader->pool);
}

static void on_down(struct eg_pg_conn *conn, const struct eg_err *err) {
    struct eg_pg_reader *reader = reader_of(conn);
    if (reader->read) {
        if (!reader->read->stopped) {
            (void)eg_err_set(&reader->read->err, err->code, NULL, "%s", err->message);
        }
        end(reader);
    }
}

void eg_pg_pool_give(struct eg_pg_pool *pool) {
    for (int i = 0; i < pool->n_readers; i++) {
        struct eg_pg_reader *reader = &pool->readers[i];
        if (reader->conn.state != EG_PG_UP || reader->read || reader->cancelling) {
            continue;
        }
        struct eg_read_place *place = eg_read_queue_take(&pool->queue);
        if (!place) {
            return;
        }
        struct eg_pg_read *read = EG_CONTAINER(place, struct eg_pg_read, place);
        read->reader = reader;
        read->deadline_us = eg_clock_mono_us() + read->timeout_ms * INT64_C(1000);
        reader->read = read;
        reader->text = eg_pg_texts_see(&reader->texts, &read->what);
        if (read->paused) {
            read->paused_at_us = eg_clock_mono_us();
            eg_pg_conn_hold(&reader->conn, true);
        }
        next_step(reader);
    }
}

/* The pool's door */

eg_status eg_pg_pool_init(struct eg_pg_pool *pool, struct eg_pg_host *host, int n_readers) {
    static const struct eg_pg_role role = {
        .name = "reader", .read_only = true, .follows = true, .up = on_up, .input = on_input, .down = on_down};
    pool->host = host;
    eg_read_queue_init(&pool->queue, n_readers);
    eg_list_init(&pool->ended);
    pool->readers = calloc((size_t)n_readers, sizeof *pool->readers);
    if (!pool->readers) {
        return EG_FAIL;
    }
    for (; pool->n_readers < n_readers; pool->n_readers++) {
        struct eg_pg_reader *reader = &pool->readers[pool->n_readers];
        reader->arena = eg_arena_new(MOST_ROW_B);
        if (!reader->arena) {
            return EG_FAIL;
        }
        reader->pool = pool;
    }
    for (int i = 0; i < n_readers; i++) {
        eg_pg_conn_init(&pool->readers[i].conn, host, &role, i + 1);
    }
    EG_ASSERT(uv_timer_init(host->loop, &pool->sweep) == 0 && uv_timer_init(host->loop, &pool->soon) == 0);
    pool->sweep.data = pool->soon.data = pool;
    eg_pg_host_hold(host);
    eg_pg_host_hold(host);
    return EG_OK;
}

void eg_pg_pool_start(struct eg_pg_pool *pool) {
    for (int i = 0; i < pool->n_readers; i++) {
        eg_pg_conn_start(&pool->readers[i].conn);
    }
}

struct eg_read_handle *eg_pg_pool_read(struct eg_pg_pool *pool, const struct eg_store *store,
                                       const struct eg_read *what) {
    struct eg_pg_read *read = calloc(1, sizeof *read);
    EG_ASSERT(read); /* a handle must be given: a server that cannot have these bytes cannot go on */
    read->base.store = store;
    read->magic = MAGIC;
    read->pool = pool;
    read->what = *what;
    read->timeout_ms = what->timeout_ms > 0 ? what->timeout_ms : pool->host->config.read_timeout_ms;
    read->place.lengthy = what->lengthy;
    read->place.until_us = eg_clock_mono_us() + read->timeout_ms * INT64_C(1000);
    pool->reads++;
    if (pool->stopping) {
        (void)eg_err_set(&read->err, EG_E_STOPPING, NULL, "the server is stopping");
    } else if (pool->queue.n_waiting >= MOST_WAITING) {
        (void)eg_err_set(&read->err, EG_E_OVERLOADED, NULL, "%d reads wait already", MOST_WAITING);
    } else if (!any_up(pool)) {
        (void)eg_err_set(&read->err, EG_E_STORE_UNAVAILABLE, NULL, "%s", pool->host->first->err.message);
    }
    if (read->err.code != EG_E_NONE) {
        end_later(read);
        return &read->base;
    }
    eg_read_queue_add(&pool->queue, &read->place);
    if (!uv_is_active((uv_handle_t *)&pool->sweep)) {
        uv_timer_start(&pool->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    }
    eg_pg_pool_give(pool);
    return &read->base;
}

void eg_pg_pool_cancel(struct eg_read_handle *handle) {
    struct eg_pg_read *read = EG_CONTAINER(handle, struct eg_pg_read, base);
    struct eg_pg_pool *pool = read->pool;
    EG_ASSERT(read->magic == MAGIC);
    bool waits = !read->reader && !read->over;
    stop(read);
    if (waits) {
        eg_read_queue_leave(&pool->queue, &read->place);
        end_later(read);
    }
}

void eg_pg_pool_pause(struct eg_read_handle *handle, bool pause) {
    struct eg_pg_read *read = EG_CONTAINER(handle, struct eg_pg_read, base);
    EG_ASSERT(read->magic == MAGIC && read->what.pausable);
    if (!read->stopped && !read->over) {
        set_paused(read, pause);
    }
}

void eg_pg_pool_stop(struct eg_pg_pool *pool) {
    pool->stopping = true;
    refuse_waiting(pool, INT64_MAX, EG_E_STOPPING, "the server is stopping");
    for (int i = 0; i < pool->n_readers; i++) {
        struct eg_pg_read *read = pool->readers[i].read;
        if (read && read->paused) { /* nobody may come to resume it */
            (void)eg_err_set(&read->err, EG_E_STOPPING, NULL, "the server is stopping");
            stop(read);
        }
    }
}

bool eg_pg_pool_quiet(const struct eg_pg_pool *pool) {
    return pool->queue.n_waiting == 0 && pool->queue.n_running == 0 && eg_list_empty(&pool->ended) && !pool->cancel_of;
}

void eg_pg_pool_close(struct eg_pg_pool *pool) {
    EG_ASSERT(eg_pg_pool_quiet(pool));
    pool->sweep.data = pool->soon.data = pool->host;
    uv_close((uv_handle_t *)&pool->sweep, eg_pg_host_released);
    uv_close((uv_handle_t *)&pool->soon, eg_pg_host_released);
    for (int i = 0; i < pool->n_readers; i++) {
        eg_pg_conn_close(&pool->readers[i].conn);
    }
}

void eg_pg_pool_free(struct eg_pg_pool *pool) {
    for (int i = 0; i < pool->n_readers; i++) {
        eg_pg_texts_forget(&pool->readers[i].texts);
        eg_arena_free(pool->readers[i].arena);
    }
    free(pool->readers);
}
