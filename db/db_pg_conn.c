/* The life of a connection: down → dialling → up → down … Dialling is done by a thread of libuv's pool, because
 * resolving a name and PQconnectPoll between hosts block or change the socket under a poll handle. */
#include "db/db_pg_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define MAGIC 0x50474333u

void eg_pg_host_hold(struct eg_pg_host *host) { host->handles++; }

void eg_pg_host_release(struct eg_pg_host *host) {
    EG_ASSERT(host->handles > 0);
    if (--host->handles == 0) {
        host->idle(host);
    }
}

void eg_pg_host_released(uv_handle_t *handle) { eg_pg_host_release(handle->data); }

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_poll_closed(uv_handle_t *handle) {
    uv_poll_t *poll = (uv_poll_t *)handle;
    struct eg_pg_host *host = handle->data;
    free(poll);
    eg_pg_host_release(host);
}

static void poll_close(struct eg_pg_conn *conn) {
    if (conn->poll) {
        conn->poll->data = conn->host;
        uv_close((uv_handle_t *)conn->poll, on_poll_closed);
        conn->poll = NULL;
    }
}

static eg_status poll_open(struct eg_pg_conn *conn) {
    uv_poll_t *poll = calloc(1, sizeof *poll);
    if (!poll || uv_poll_init(conn->host->loop, poll, PQsocket(conn->pq)) != 0) {
        free(poll);
        return eg_err_set(&conn->err, EG_E_STORE_UNAVAILABLE, NULL, "libuv does not take the connection's socket");
    }
    eg_pg_host_hold(conn->host);
    conn->poll = poll;
    poll->data = conn;
    conn->events = UV_READABLE;
    EG_ASSERT(uv_poll_start(poll, conn->events, on_poll) == 0);
    return EG_OK;
}

struct eg_pg_dial eg_pg_conn_dial(const struct eg_pg_conn *conn) {
    const struct eg_db_config *config = &conn->host->config;
    bool reads = conn->role->read_only;
    return (struct eg_pg_dial){.dsn = config->dsn,
                               .read_only = reads,
                               .timeout_ms = config->connect_timeout_ms,
                               .statement_timeout_ms = reads ? config->read_timeout_ms : config->write_timeout_ms,
                               .lock_timeout_ms = config->lock_timeout_ms,
                               .idle_tx_timeout_ms = config->idle_tx_timeout_ms,
                               .stop_fd = conn->host->stop_fd};
}

static void dial_run(uv_work_t *work) {
    struct eg_pg_conn *conn = work->data;
    int64_t start_us = eg_clock_mono_us();
    if (eg_pg_dial(&conn->dial, &conn->dialled, &conn->dial_err) != EG_OK) {
        conn->dialled = NULL;
    }
    conn->dial_silent = !conn->dialled && eg_clock_mono_us() - start_us >= conn->dial.timeout_ms * INT64_C(1000);
}

/* Half of the wait is certain, half is chance, so that servers do not come back in step. */
static void wait_to_dial(struct eg_pg_conn *conn);

static void dial_done(uv_work_t *work, int status) {
    struct eg_pg_conn *conn = work->data;
    (void)status;
    conn->state = EG_PG_DOWN;
    if (conn->closed) {
        PQfinish(conn->dialled);
    } else if (conn->dialled) {
        eg_pg_conn_adopt(conn, conn->dialled);
    } else {
        if (conn->err.code != conn->dial_err.code) {
            eg_warn(&conn->log, "cannot connect: %s", conn->dial_err.message);
        }
        conn->err = conn->dial_err;
        wait_to_dial(conn);
        if (conn->role->undialled) {
            conn->role->undialled(conn, conn->dial_silent);
        }
    }
    conn->dialled = NULL;
    eg_pg_host_release(conn->host);
}

static void on_back_off(uv_timer_t *timer) {
    struct eg_pg_conn *conn = timer->data;
    if (conn->role->follows && conn->host->first->state != EG_PG_UP) {
        wait_to_dial(conn);
        return;
    }
    eg_pg_conn_start(conn);
}

static void wait_to_dial(struct eg_pg_conn *conn) {
    int least = conn->host->config.reconnect_least_ms, most = conn->host->config.reconnect_most_ms;
    int wait_ms = conn->wait_ms < least ? least : conn->wait_ms;
    conn->wait_ms = wait_ms * 2 > most ? most : wait_ms * 2;
    int jittered_ms = wait_ms / 2 + (int)((uint64_t)eg_clock_mono_us() * 2654435761u % (uint64_t)(wait_ms / 2 + 1));
    uv_timer_start(&conn->back_off, on_back_off, (uint64_t)jittered_ms, 0);
}

void eg_pg_conn_init(struct eg_pg_conn *conn, struct eg_pg_host *host, const struct eg_pg_role *role, int number) {
    *conn = (struct eg_pg_conn){.magic = MAGIC, .host = host, .role = role, .log = {.object = "connection"}};
    (void)snprintf(conn->log.id, sizeof conn->log.id, "%s-%d", role->name, number);
    EG_ASSERT(uv_timer_init(host->loop, &conn->back_off) == 0);
    conn->back_off.data = conn;
    eg_pg_host_hold(host);
    (void)eg_err_set(&conn->err, EG_E_STORE_UNAVAILABLE, NULL, "not connected to PostgreSQL yet");
}

void eg_pg_conn_start(struct eg_pg_conn *conn) {
    EG_ASSERT(conn->magic == MAGIC);
    if (conn->closed || conn->state != EG_PG_DOWN) {
        return;
    }
    uv_timer_stop(&conn->back_off);
    eg_err_clear(&conn->dial_err);
    conn->dial = eg_pg_conn_dial(conn);
    conn->work.data = conn;
    if (uv_queue_work(conn->host->loop, &conn->work, dial_run, dial_done) != 0) {
        wait_to_dial(conn);
        return;
    }
    conn->state = EG_PG_DIALLING;
    eg_pg_host_hold(conn->host);
}

void eg_pg_conn_adopt(struct eg_pg_conn *conn, PGconn *pq) {
    EG_ASSERT(conn->state == EG_PG_DOWN && !conn->pq);
    conn->pq = pq;
    eg_err_clear(&conn->err);
    if ((conn->role->pipeline && !PQenterPipelineMode(pq)) || poll_open(conn) != EG_OK) {
        PQfinish(pq);
        conn->pq = NULL;
        wait_to_dial(conn);
        return;
    }
    if (conn->generation++) {
        conn->host->reconnects++;
        eg_info(&conn->log, "connected again");
    }
    memset(conn->prepared, 0, sizeof conn->prepared);
    conn->held = false;
    conn->state = EG_PG_UP;
    conn->wait_ms = 0;
    conn->role->up(conn);
}

static void watch(struct eg_pg_conn *conn, int events) {
    if (conn->events != events) {
        conn->events = events;
        EG_ASSERT(uv_poll_start(conn->poll, events, on_poll) == 0);
    }
}

void eg_pg_conn_flush(struct eg_pg_conn *conn) {
    int left = PQflush(conn->pq);
    /* A failure is left for on_poll, since a submitting call must not complete anything: a dead socket polls as
     * writable. */
    watch(conn, (conn->held ? 0 : UV_READABLE) | (left != 0 ? UV_WRITABLE : 0));
}

void eg_pg_conn_hold(struct eg_pg_conn *conn, bool held) {
    if (conn->held != held) {
        conn->held = held;
        if (conn->state == EG_PG_UP) {
            eg_pg_conn_flush(conn);
        }
    }
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct eg_pg_conn *conn = poll->data;
    uint32_t generation = conn->generation;
    if (status < 0 || ((events & UV_READABLE) && !PQconsumeInput(conn->pq))) {
        /* What came before the end (a FATAL with its reason) is still to be read. */
        conn->role->input(conn);
        if (conn->state == EG_PG_UP && conn->generation == generation) {
            eg_pg_conn_drop(conn, NULL);
        }
        return;
    }
    if ((events & UV_WRITABLE) && PQflush(conn->pq) < 0) {
        eg_pg_conn_drop(conn, NULL);
        return;
    }
    if (!conn->held) {
        conn->role->input(conn);
    }
    if (conn->state != EG_PG_UP || conn->generation != generation) {
        return;
    }
    if (PQstatus(conn->pq) == CONNECTION_BAD) {
        eg_pg_conn_drop(conn, NULL);
        return;
    }
    eg_pg_conn_flush(conn);
}

void eg_pg_conn_drop(struct eg_pg_conn *conn, const struct eg_err *err) {
    if (conn->state != EG_PG_UP) {
        return;
    }
    eg_err_clear(&conn->err);
    if (err) {
        conn->err = *err;
    } else {
        eg_pg_say(conn->pq, &conn->err, EG_E_STORE_UNAVAILABLE);
    }
    struct eg_err why = conn->err;
    eg_warn(&conn->log, "connection lost: %s", why.message);
    poll_close(conn);
    PQfinish(conn->pq);
    conn->pq = NULL;
    conn->state = EG_PG_DOWN;
    if (!conn->closed) {
        wait_to_dial(conn);
    }
    conn->role->down(conn, &why);
}

void eg_pg_conn_close(struct eg_pg_conn *conn) {
    EG_ASSERT(conn->magic == MAGIC);
    if (conn->closed) {
        return;
    }
    conn->closed = true;
    poll_close(conn);
    if (conn->pq) {
        PQfinish(conn->pq);
        conn->pq = NULL;
        conn->state = EG_PG_DOWN;
    }
    conn->back_off.data = conn->host;
    uv_close((uv_handle_t *)&conn->back_off, eg_pg_host_released);
}
