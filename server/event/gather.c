/* The queue between requests and the store. What arrives while a batch is being committed forms the next one: no lingering, and
 * never more than the bounds. Failed batches come back to the front, in their order; what waits too long is answered 503. */
#include <string.h>

#include "base/clock.h"
#include "findings/findings.h"
#include "findings/secrets.h"
#include "server/event/room.h"

#define RETRY_LEAST_MS 10
#define RETRY_MOST_MS 1000

static void start_if_due(struct eg_event *event) {
    uv_idle_stop(&event->kick);
    if (event->batch.busy || (eg_list_empty(&event->queue) && (!event->filling || event->draining)))
        return;
    if (event->retry_at_us && eg_clock_mono_us() < event->retry_at_us)
        return;
    event->retry_at_us = 0;
    eg_store_start(event);
}

static void on_kick(uv_idle_t *handle) { (void)handle; }

static void kick(struct eg_event *event) { uv_idle_start(&event->kick, on_kick); }

static void on_prepare(uv_prepare_t *handle) {
    struct eg_event *event = handle->data;
    if (uv_is_active((uv_handle_t *)&event->kick))
        start_if_due(event);
}

static void expire(struct eg_event *event, struct eg_item *item) {
    struct eg_err err = event->store_err;
    if (err.code == EG_E_NONE)
        eg_err_set(&err, EG_E_STORE_UNAVAILABLE, NULL, "the database did not take the event within %d ms",
                   event->config.store_wait_ms);
    eg_list_remove(&item->link);
    item->failure = NULL; /* its dead letter was not kept either: the sender must come again */
    item->dead_letter = false;
    (void)eg_item_reject_with(item, &err, NULL);
    eg_gather_done(event, item);
}

/* The queue is in the order of arrival, so what waits longest stands in front. */
static void expire_late(struct eg_event *event) {
    int64_t now_us = eg_clock_mono_us();
    while (!eg_list_empty(&event->queue)) {
        struct eg_item *item = EG_CONTAINER(event->queue.next, struct eg_item, link);
        if (item->of->deadline_us > now_us)
            break;
        expire(event, item);
    }
}

static void on_timer(uv_timer_t *timer);

static void arm_timer(struct eg_event *event) {
    int64_t now_us = eg_clock_mono_us(), at_us = event->fill_look_us;
    if (!eg_list_empty(&event->queue))
        at_us = EG_CONTAINER(event->queue.next, struct eg_item, link)->of->deadline_us;
    if (!event->batch.busy && event->retry_at_us && event->retry_at_us < at_us)
        at_us = event->retry_at_us;
    /* Never 0: libuv would run it in the same pass again, and hear nothing else meanwhile. */
    uv_timer_start(&event->timer, on_timer, at_us > now_us ? (uint64_t)(at_us - now_us) / 1000 + 1 : 1, 0);
}

static void on_timer(uv_timer_t *timer) {
    struct eg_event *event = timer->data;
    expire_late(event);
    if (event->retry_at_us && eg_clock_mono_us() >= event->retry_at_us)
        event->retry_at_us = 0;
    if (eg_clock_mono_us() >= event->fill_look_us) {
        event->filling = true;
        event->fill_look_us = eg_clock_mono_us() + EG_FILL_LOOK_MS * INT64_C(1000);
    }
    kick(event);
    arm_timer(event);
}

eg_status eg_gather_open(struct eg_event *event, struct eg_err *err) {
    eg_list_init(&event->queue);
    event->batch_limit = event->config.batch_most_events;
    event->position = -1;
    if (uv_idle_init(event->loop, &event->kick) || uv_prepare_init(event->loop, &event->starter) ||
        uv_timer_init(event->loop, &event->timer))
        return eg_err_set(err, EG_E_INTERNAL, NULL, "libuv refused a handle");
    event->kick.data = event->starter.data = event->timer.data = event;
    event->open_handles = 3;
    uv_prepare_start(&event->starter, on_prepare);
    event->filling = true; /* the last server may have left some */
    event->fill_limit = EG_FILL_MOST_ROWS;
    kick(event);
    return EG_OK;
}

void eg_gather_let_go(struct eg_event *event) {
    if (--event->open_handles == 0) {
        eg_arena_free(event->batch.arena);
        eg_findings_policy_free(event->findings_policy);
        eg_secrets_free(event->secrets);
        eg_arena_free(event->arena);
    }
}

static void on_handle_closed(uv_handle_t *handle) { eg_gather_let_go(handle->data); }

void eg_gather_close(struct eg_event *event) {
    uv_close((uv_handle_t *)&event->kick, on_handle_closed);
    uv_close((uv_handle_t *)&event->starter, on_handle_closed);
    uv_close((uv_handle_t *)&event->timer, on_handle_closed);
}

eg_status eg_gather_reserve(struct eg_event *event, struct eg_submission *sub, size_t size_b, struct eg_err *err) {
    const struct eg_event_config *config = &event->config;
    if (event->stats.queue_events && (event->stats.queue_events + sub->n_items > config->queue_most_events ||
                                      event->stats.queue_b + size_b > config->queue_most_b)) {
        event->stats.overloaded += sub->n_items;
        return eg_err_set(err, EG_E_OVERLOADED, NULL, "%zu events (%zu bytes) wait already; nothing of this request was taken",
                          event->stats.queue_events, event->stats.queue_b);
    }
    if (eg_sender_take(event, sub, err) != EG_OK) {
        event->stats.overloaded += sub->n_items;
        return EG_FAIL;
    }
    event->stats.queue_events += sub->n_items;
    event->stats.queue_b += size_b;
    sub->reserved_b = size_b;
    sub->reserved = true;
    return EG_OK;
}

void eg_gather_release(struct eg_event *event, struct eg_submission *sub) {
    if (!sub->reserved)
        return;
    event->stats.queue_events -= sub->n_items;
    event->stats.queue_b -= sub->reserved_b;
    sub->reserved = false;
    eg_sender_give_back(event, sub);
}

void eg_gather_push(struct eg_event *event, struct eg_item *item) {
    bool was_empty = eg_list_empty(&event->queue);
    eg_list_append(&event->queue, &item->link);
    if (item->of->n_open++ == 0)
        item->of->deadline_us = eg_clock_mono_us() + (int64_t)event->config.store_wait_ms * 1000;
    if (was_empty)
        arm_timer(event);
    if (!event->batch.busy && !event->retry_at_us)
        kick(event);
}

void eg_gather_put_back(struct eg_event *event, struct eg_link *items, bool pause) {
    while (!eg_list_empty(items)) {
        struct eg_link *last = items->prev;
        eg_list_remove(last);
        eg_list_prepend(&event->queue, last);
    }
    if (!pause) {
        event->retry_at_us = 0;
        return;
    }
    event->stats.retries++;
    int wait_ms = event->retry_wait_ms ? event->retry_wait_ms * 2 : RETRY_LEAST_MS;
    event->retry_wait_ms = wait_ms > RETRY_MOST_MS ? RETRY_MOST_MS : wait_ms;
    event->retry_at_us = eg_clock_mono_us() + (int64_t)event->retry_wait_ms * 1000;
}

static size_t unit_size(const struct eg_event *event, struct eg_link *link) {
    const struct eg_item *item = EG_CONTAINER(link, struct eg_item, link);
    if (!item->of->atomic)
        return 1;
    size_t n = 0;
    for (struct eg_link *at = link; at != &event->queue; at = at->next, n++) {
        if (EG_CONTAINER(at, struct eg_item, link)->of != item->of)
            break;
    }
    return n;
}

size_t eg_gather_take(struct eg_event *event, struct eg_link *into, size_t *n_units) {
    size_t most = event->config.group_commit ? event->batch_limit : 1, n = 0, size_b = 0;
    *n_units = 0;
    while (!eg_list_empty(&event->queue)) {
        size_t unit = unit_size(event, event->queue.next);
        if (n && (n + unit > most || size_b > event->config.batch_most_b))
            break;
        for (size_t i = 0; i < unit; i++) {
            struct eg_link *link = event->queue.next;
            size_b += EG_CONTAINER(link, struct eg_item, link)->bytes.n;
            eg_list_remove(link);
            eg_list_append(into, link);
        }
        n += unit;
        ++*n_units;
        if (size_b > event->config.batch_most_b)
            break;
    }
    return n;
}

void eg_gather_done(struct eg_event *event, struct eg_item *item) {
    struct eg_submission *sub = item->of;
    EG_ASSERT(sub->magic == EG_SUBMISSION_MAGIC && sub->n_open > 0);
    (void)event;
    if (--sub->n_open == 0)
        eg_request_wake(sub->req);
}

void eg_gather_next(struct eg_event *event) { start_if_due(event); }

void eg_gather_batch_over(struct eg_event *event) {
    expire_late(event);
    arm_timer(event);
    if (event->draining && event->drained && !event->batch.busy && eg_list_empty(&event->queue)) {
        void (*drained)(void *) = event->drained;
        event->drained = NULL;
        drained(event->drained_ctx);
    }
}

/* All or none: where one finds no memory, all are turned away. */
static bool any_failed(const struct eg_submission *sub) {
    size_t failed = 0, without_memory = 0;
    for (size_t i = 0; i < sub->n_items; i++) {
        const struct eg_item *item = &sub->items[i];
        failed += item->result == EG_RESULT_REJECTED;
        without_memory += item->result == EG_RESULT_REJECTED && item->failure->err.code == EG_E_OVERLOADED;
    }
    if (without_memory)
        sub->event->stats.overloaded += sub->n_items;
    return failed > 0;
}

/* Two events of one atomic batch that cannot both be stored: found here, so that the store sees each batch as one thing. Without memory to
 * look, the batch is refused. */
static void reject_clashes(struct eg_submission *sub) {
    struct eg_map *ids = eg_map_new(sub->arena, sub->n_items), *keys = eg_map_new(sub->arena, sub->n_items);
    for (size_t i = 0; i < sub->n_items; i++) {
        struct eg_item *item = &sub->items[i];
        struct eg_str id = item->env.id, key = item->env.idempotency_key;
        if (item->result != EG_RESULT_OPEN)
            continue;
        if (!ids || !keys) {
            (void)eg_item_full(item);
            return;
        }
        const struct eg_item *same_id = eg_map_get(ids, id.p, id.n), *same_key = key.p ? eg_map_get(keys, key.p, key.n) : NULL;
        if (same_key && memcmp(same_key->key_hash, item->key_hash, EG_HASH_B) != 0)
            (void)eg_item_reject(item, EG_E_KEY_CONFLICT, "/idempotency_key", "item %zu has the same key and other content",
                                 same_key->index);
        else if (!same_key && same_id && memcmp(same_id->content_hash, item->content_hash, EG_HASH_B) != 0)
            (void)eg_item_reject(item, EG_E_ID_CONFLICT, "/id", "item %zu has the same id and other content", same_id->index);
        if (!eg_map_put(ids, id.p, id.n, item) || (key.p && !eg_map_put(keys, key.p, key.n, item))) {
            (void)eg_item_full(item);
            return;
        }
    }
}

enum eg_step_result eg_event_gather(struct eg_request *req) {
    struct eg_submission *sub = req->state;
    if (sub->atomic)
        reject_clashes(sub);
    if (sub->atomic && any_failed(sub))
        return EG_MORE; /* all or none: none */
    for (size_t i = 0; i < sub->n_items; i++) {
        struct eg_item *item = &sub->items[i];
        if (item->result == EG_RESULT_OPEN || item->dead_letter)
            eg_gather_push(sub->event, item);
        else if (item->failure->err.code == EG_E_OVERLOADED) /* there was no memory for it */
            sub->event->stats.overloaded++;
    }
    return EG_MORE;
}
