/* An answer that streams holds one of the store's few connections, however slowly its client takes it: a pager, say, that waits for a
 * key. That is well while nobody else needs it. When reads wait, and slow answers hold more than half of the connections in use, the one
 * that has waited longest for its client ends as an incomplete one. And whoever waits: on
 * SQLite an open read also keeps the log from beginning anew, on PostgreSQL dead rows from being cleared away, so that there is a bound to
 * it (query.client_wait_s). */
#include <stdlib.h>

#include "base/clock.h"
#include "server/query/room.h"

#define LOOK_MS 200
#define PATIENCE_US 2000000

static int64_t waited_us(const struct eg_ask *ask, int64_t now_us) {
    return ask->paused_us + (ask->paused ? now_us - ask->paused_at_us : 0);
}

/* NULL: there are not too many. */
static struct eg_ask *one_too_many(const struct eg_query *query, int reads_running, int64_t now_us) {
    struct eg_ask *slowest = NULL;
    int n_slow = 0;
    for (struct eg_link *at = query->streaming.next; at != &query->streaming; at = at->next) {
        struct eg_ask *ask = EG_CONTAINER(at, struct eg_ask, link);
        int64_t us = waited_us(ask, now_us);
        n_slow += us >= PATIENCE_US;
        slowest = us >= PATIENCE_US && (!slowest || us > waited_us(slowest, now_us)) ? ask : slowest;
    }
    return n_slow * 2 > reads_running ? slowest : NULL;
}

static void end_ask(struct eg_ask *ask) {
    eg_ask_rests(ask);
    eg_db_read_cancel(ask->handle);
}

static void end_late(struct eg_query *query, int64_t now_us) {
    for (struct eg_link *at = query->streaming.next, *next; at != &query->streaming; at = next) {
        struct eg_ask *ask = EG_CONTAINER(at, struct eg_ask, link);
        next = at->next;
        if (waited_us(ask, now_us) < query->config.client_wait_s * INT64_C(1000000)) {
            continue;
        }
        (void)eg_err_set(&ask->err, EG_E_TIMEOUT, NULL, "this answer has waited %d s for its client, as long as one may"
                         " (query.client_wait_s): take it faster, or ask for less at once", query->config.client_wait_s);
        end_ask(ask);
    }
}

static void on_look(uv_timer_t *timer) {
    struct eg_query *query = timer->data;
    struct eg_db_stats stats;
    int64_t now_us = eg_clock_mono_us();
    end_late(query, now_us);
    eg_db_stats(query->db, &stats);
    bool still = query->others_wait && stats.reads_waiting > 0;
    query->others_wait = stats.reads_waiting > 0;
    struct eg_ask *ask = still ? one_too_many(query, stats.reads_running, now_us) : NULL;
    if (ask) {
        (void)eg_err_set(&ask->err, EG_E_OVERLOADED, NULL, "others waited for a connection of the store, and this answer has waited"
                         " %lld s for its client: take it faster, or ask for less at once", (long long)(waited_us(ask, now_us) / 1000000));
        end_ask(ask); /* one a look: what it frees may be enough */
    }
}

void eg_ask_streams(struct eg_ask *ask) {
    struct eg_query *query = ask->query;
    if (eg_list_empty(&query->streaming)) {
        query->others_wait = false;
        uv_timer_start(query->look, on_look, LOOK_MS, LOOK_MS);
    }
    eg_list_append(&query->streaming, &ask->link);
}

void eg_ask_rests(struct eg_ask *ask) {
    eg_list_remove(&ask->link);
    if (eg_list_empty(&ask->query->streaming)) {
        uv_timer_stop(ask->query->look);
    }
}

eg_status eg_patience_open(struct eg_query *query) {
    eg_list_init(&query->streaming);
    query->look = malloc(sizeof *query->look);
    if (!query->look) {
        return EG_FAIL;
    }
    EG_ASSERT(uv_timer_init(query->config.loop, query->look) == 0);
    query->look->data = query;
    return EG_OK;
}

static void on_closed(uv_handle_t *handle) { free(handle); }

void eg_patience_close(struct eg_query *query) {
    if (query->look) {
        uv_close((uv_handle_t *)query->look, on_closed);
    }
}
