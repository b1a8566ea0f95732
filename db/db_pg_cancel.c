/* Asking PostgreSQL to cancel a read: PQcancel blocks, so a thread does it, one at a time, so that a frozen server can hold
 * but one thread. */
#include "db/db_pg_read.h"

static void cancel_run(uv_work_t *work) {
    struct eg_pg_pool *pool = work->data;
    char text[256];
    (void)PQcancel(pool->cancel, text, sizeof text); /* when it fails the statement's timeout ends the read */
}

static void cancel_done(uv_work_t *work, int status) {
    struct eg_pg_pool *pool = work->data;
    (void)status;
    PQfreeCancel(pool->cancel);
    pool->cancel = NULL;
    pool->cancel_of->cancelling = false;
    pool->cancel_of = NULL;
    eg_pg_cancel_next(pool);
    eg_pg_pool_give(pool);
    pool->finished(pool->host);
    eg_pg_host_release(pool->host);
}

void eg_pg_cancel_next(struct eg_pg_pool *pool) {
    for (int i = 0; i < pool->n_readers && !pool->cancel_of; i++) {
        struct eg_pg_reader *reader = &pool->readers[i];
        if (!reader->cancel_wanted || reader->conn.state != EG_PG_UP) {
            continue;
        }
        reader->cancel_wanted = false;
        pool->cancel = PQgetCancel(reader->conn.pq);
        pool->cancel_work.data = pool;
        if (!pool->cancel || uv_queue_work(pool->host->loop, &pool->cancel_work, cancel_run, cancel_done) != 0) {
            PQfreeCancel(pool->cancel);
            pool->cancel = NULL;
            continue;
        }
        reader->cancelling = true;
        pool->cancel_of = reader;
        eg_pg_host_hold(pool->host);
    }
}
