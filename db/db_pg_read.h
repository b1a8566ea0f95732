/* Reads: a pool of read-only connections behind one bounded queue. */
#ifndef EG_DB_DB_PG_READ_H
#define EG_DB_DB_PG_READ_H

#include "base/list.h"
#include "db/db_pg_conn.h"
#include "db/db_pg_text.h"
#include "db/read_queue.h"

struct eg_pg_pool;

struct eg_pg_read { /* what an eg_read_handle of this store is */
    struct eg_read_handle base;
    uint32_t magic;
    struct eg_read_place place; /* in the queue, running, or its link in ended */
    struct eg_pg_pool *pool;
    struct eg_pg_reader *reader; /* NULL: not running */
    struct eg_read what;
    int timeout_ms;
    int64_t deadline_us; /* while it runs */
    size_t rows;
    bool stopped; /* its reader has had enough: the rest is dropped */
    bool paused;
    int64_t paused_at_us;
    bool retried;
    bool over; /* in the list `ended` */
    struct eg_err err;
};

struct eg_pg_reader {
    struct eg_pg_conn conn;
    struct eg_pg_pool *pool;
    struct eg_pg_read *read; /* NULL: idle */
    struct eg_pg_texts texts;
    struct eg_pg_text *text; /* of the read; NULL: a fixed statement, or one that is not kept */
    enum { EG_PG_READ_SET, EG_PG_READ_FORGET, EG_PG_READ_DROP, EG_PG_READ_PREPARE, EG_PG_READ_RUN } step;
    int timeout_ms; /* the session's statement_timeout */
    bool resumed;   /* its input is to be looked at, from the loop */
    bool stale;     /* its prepared statements must be made anew */
    bool cancel_wanted;
    bool cancelling;        /* a thread is sending the cancel request: what runs next must not meet it */
    struct eg_arena *arena; /* of one row */
};

struct eg_pg_pool {
    struct eg_pg_host *host;
    struct eg_pg_reader *readers;
    int n_readers;
    struct eg_read_queue queue;
    struct eg_link ended; /* refused or cancelled before they ran: told from the loop */
    bool stopping;
    uv_timer_t sweep; /* looks for reads past their time, while there are reads */
    uv_timer_t soon;
    uv_work_t cancel_work; /* PQcancel blocks: one at a time, so that a frozen server can hold but one thread */
    struct eg_pg_reader *cancel_of;
    PGcancel *cancel;
    uint64_t reads;
    void (*finished)(struct eg_pg_host *host);
};

EG_MUST_CHECK eg_status eg_pg_pool_init(struct eg_pg_pool *pool, struct eg_pg_host *host, int n_readers);
void eg_pg_pool_start(struct eg_pg_pool *pool); /* dials what is not up */
struct eg_read_handle *eg_pg_pool_read(struct eg_pg_pool *pool, const struct eg_store *store,
                                       const struct eg_read *read);
void eg_pg_pool_cancel(struct eg_read_handle *handle);
void eg_pg_pool_pause(struct eg_read_handle *handle, bool pause);
void eg_pg_pool_stop(struct eg_pg_pool *pool); /* refuses what waits, ends what is paused */
bool eg_pg_pool_quiet(const struct eg_pg_pool *pool);
void eg_pg_pool_give(struct eg_pg_pool *pool); /* gives what waits to readers that are idle */
/* Sends a request for each reader that has cancel_wanted, one after another. */
void eg_pg_cancel_next(struct eg_pg_pool *pool);
void eg_pg_pool_close(struct eg_pg_pool *pool); /* when quiet */
void eg_pg_pool_free(struct eg_pg_pool *pool);

#endif
