/* One connection that keeps itself alive: dials on a thread of the pool, waits with back-off and jitter after a
 * failure, and gives input to its role. All calls and hooks on the loop's thread. */
#ifndef EG_DB_DB_PG_CONN_H
#define EG_DB_DB_PG_CONN_H

#include <libpq-fe.h>
#include <uv.h>

#include "base/log.h"
#include "db/db_pg_dial.h"
#include "db/db_store.h"

struct eg_pg_conn;

struct eg_pg_role {
    const char *name;
    bool read_only;
    bool pipeline; /* the connection is put into pipeline mode */
    bool follows;  /* dials only while the host's first connection is up: a dead server is probed once */
    void (*up)(struct eg_pg_conn *conn);
    void (*input)(struct eg_pg_conn *conn); /* bytes have come: take results while PQisBusy() is false */
    void (*down)(struct eg_pg_conn *conn, const struct eg_err *err); /* it was up and is lost; pq is gone */
    void (*undialled)(struct eg_pg_conn *conn, bool silent); /* may be NULL. silent: no answer in time, not a refusal */
};

/* What the connections of one store share. */
struct eg_pg_host {
    uv_loop_t *loop;
    struct eg_db_config config; /* strings are copies */
    int stop_fd;                /* eventfd: ends dialling when closing */
    bool closing;
    int handles;                           /* open uv handles and works; */
    void (*idle)(struct eg_pg_host *host); /* … called when the last has gone */
    struct eg_pg_conn *first;
    uint64_t reconnects;
};

enum eg_pg_state { EG_PG_DOWN, EG_PG_DIALLING, EG_PG_UP };

struct eg_pg_conn {
    uint32_t magic;
    struct eg_pg_host *host;
    const struct eg_pg_role *role;
    struct eg_log log;
    enum eg_pg_state state;
    PGconn *pq;          /* not NULL when UP */
    uint32_t generation; /* counts connections: what was prepared on an older one is gone */
    struct eg_err err;   /* why it is down */
    uv_poll_t *poll;
    int events;
    bool held; /* its socket is not read */
    uv_timer_t back_off;
    int wait_ms; /* the next back-off */
    bool closed;
    uv_work_t work;
    struct eg_pg_dial dial;
    PGconn *dialled;
    struct eg_err dial_err;
    bool dial_silent;
    bool prepared[EG_SQL_COUNT]; /* fixed statements, on this connection */
};

/* Every uv handle of the store is counted in and out, so that closing knows when the loop is free. */
void eg_pg_host_hold(struct eg_pg_host *host);
void eg_pg_host_release(struct eg_pg_host *host);
void eg_pg_host_released(uv_handle_t *handle); /* a uv_close_cb; handle->data is the host */

void eg_pg_conn_init(struct eg_pg_conn *conn, struct eg_pg_host *host, const struct eg_pg_role *role, int number);
struct eg_pg_dial eg_pg_conn_dial(const struct eg_pg_conn *conn);
void eg_pg_conn_adopt(struct eg_pg_conn *conn, PGconn *pq); /* takes a dialled connection: it is up, or waits to dial */
void eg_pg_conn_start(struct eg_pg_conn *conn);             /* dials, unless up or at it */
/* Sends what is queued, and watches for writability while some is left. Loses the connection on failure: but later,
 * from the loop. */
void eg_pg_conn_flush(struct eg_pg_conn *conn);
/* While held, nothing is read from the socket, and input is not called: the server waits when its buffers are full. */
void eg_pg_conn_hold(struct eg_pg_conn *conn, bool held);
/* The connection is no good: drop it, tell the role, dial again. err may be NULL: libpq's own message. */
void eg_pg_conn_drop(struct eg_pg_conn *conn, const struct eg_err *err);
void eg_pg_conn_close(struct eg_pg_conn *conn); /* for good; nothing of it runs */

#endif
