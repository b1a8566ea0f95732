/* The queue of reads: a list and three counters. */
#include "db/read_queue.h"

#include "base/err.h"

void eg_read_queue_init(struct eg_read_queue *queue, int n_connections) {
    *queue = (struct eg_read_queue){.n_connections = n_connections};
    eg_list_init(&queue->waiting);
}

void eg_read_queue_add(struct eg_read_queue *queue, struct eg_read_place *place) {
    eg_list_append(&queue->waiting, &place->link);
    queue->n_waiting++;
}

void eg_read_queue_leave(struct eg_read_queue *queue, struct eg_read_place *place) {
    EG_ASSERT(queue->n_waiting > 0);
    eg_list_remove(&place->link);
    queue->n_waiting--;
}

/* Who has but one connection gives it to all. */
static bool may_run(const struct eg_read_queue *queue, const struct eg_read_place *place) {
    return !place->lengthy || queue->n_connections == 1 || queue->n_lengthy < queue->n_connections - 1;
}

struct eg_read_place *eg_read_queue_take(struct eg_read_queue *queue) {
    for (struct eg_link *at = queue->waiting.next; at != &queue->waiting; at = at->next) {
        struct eg_read_place *place = EG_CONTAINER(at, struct eg_read_place, link);
        if (may_run(queue, place)) {
            eg_read_queue_leave(queue, place);
            queue->n_running++;
            queue->n_lengthy += place->lengthy;
            return place;
        }
    }
    return NULL;
}

void eg_read_queue_ended(struct eg_read_queue *queue, const struct eg_read_place *place) {
    queue->n_running--;
    queue->n_lengthy -= place->lengthy;
    EG_ASSERT(queue->n_running >= 0 && queue->n_lengthy >= 0);
}

struct eg_read_place *eg_read_queue_late(struct eg_read_queue *queue, int64_t now_us) {
    for (struct eg_link *at = queue->waiting.next; at != &queue->waiting; at = at->next) {
        struct eg_read_place *place = EG_CONTAINER(at, struct eg_read_place, link);
        if (place->until_us <= now_us) {
            eg_read_queue_leave(queue, place);
            return place;
        }
    }
    return NULL;
}
