/* Reads that wait for a connection of a store, first come, first served; but lengthy ones are given all connections but one, so that
 * short ones do not wait behind them. Counts what runs. Takes no locks: the store guards it. */
#ifndef EG_DB_READ_QUEUE_H
#define EG_DB_READ_QUEUE_H

#include <stdint.h>

#include "base/list.h"

#define EG_READ_WAITED "no connection of the store became free in the time of this read: store.read_connections sets how many there are"

struct eg_read_place { /* lives in the store's own read */
    struct eg_link link;
    bool lengthy;
    int64_t until_us; /* monotonic; then it has waited in vain */
};

struct eg_read_queue {
    struct eg_link waiting;
    int n_connections;
    int n_waiting, n_running, n_lengthy; /* n_lengthy: of those that run */
};

void eg_read_queue_init(struct eg_read_queue *queue, int n_connections);
void eg_read_queue_add(struct eg_read_queue *queue, struct eg_read_place *place);
/* The next that may run, which now counts as running, until eg_read_queue_ended. NULL: none. */
struct eg_read_place *eg_read_queue_take(struct eg_read_queue *queue);
void eg_read_queue_ended(struct eg_read_queue *queue, const struct eg_read_place *place);
void eg_read_queue_leave(struct eg_read_queue *queue, struct eg_read_place *place); /* it waits, and shall not any more */
/* One that has waited in vain, and waits no more. INT64_MAX: any. NULL: none. */
struct eg_read_place *eg_read_queue_late(struct eg_read_queue *queue, int64_t now_us);

#endif
