/* One batch, one transaction: ask what is known (locking the position counter, so that one batch is in flight whatever the number
 * of servers), decide, wake what waited, write, commit. A batch that the database refuses is halved until the culprit is
 * alone; one whose outcome is unknown is simply run again, for its ids tell what happened. */
#include <string.h>

#include "base/clock.h"
#include "server/event/room.h"

static void on_asked(void *ctx, enum eg_fault fault, const struct eg_err *err);
static void on_looked(void *ctx, enum eg_fault fault, const struct eg_err *err);
static void on_committed(void *ctx, enum eg_fault fault, const struct eg_err *err);
static void on_given_up(void *ctx, enum eg_fault fault, const struct eg_err *err);

#define GUESS_WAIT_MOST 255
#define LATE_MOST 3

static void round_of(struct eg_event *event, bool commit, eg_round_done done) {
    struct eg_batch *batch = &event->batch;
    eg_db_round(event->db, batch->ops, batch->n_ops, commit, batch->arena, done, event);
}

static void reset(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_plan *plan = &event->plan;
    struct eg_arena *arena = batch->arena;
    eg_arena_reset(arena);
    *batch = (struct eg_batch){.busy = true, .arena = arena, .started_us = eg_clock_mono_us(), .received_us = eg_clock_now_us()};
    eg_list_init(&batch->items);
    batch->id_rows.dml = &plan->id_insert;
    batch->key_rows.dml = &plan->key_insert;
    batch->event_rows.dml = &plan->event_insert;
    batch->artifact_rows.dml = &plan->artifact_insert;
    batch->dlq_rows.dml = &plan->dlq_insert;
    batch->dlq_seen_rows.dml = &plan->dlq_seen;
    batch->dlq_redriven_rows.dml = &plan->dlq_redriven;
    batch->dlq_gone_rows.dml = &plan->dlq_delete;
    batch->pending_rows.dml = &plan->pending_insert;
    batch->pending_moved.dml = &plan->pending_move;
    batch->pending_gone.dml = &plan->pending_delete;
    batch->pending_dropped.dml = &plan->pending_drop;
    eg_phases_init(&batch->phases, arena);
}

static void reset_item(struct eg_item *item) {
    item->position = 0;
    item->receipt_id = item->env.id;
    if (item->dead_letter)
        return;
    item->result = EG_RESULT_OPEN;
    item->failure = NULL;
    if (item->letter)
        item->letter->already = false;
}

static void write_all(struct eg_event *event);

static bool may_guess(struct eg_event *event) {
    if (event->guess_pause) {
        event->guess_pause--;
        return false;
    }
    return event->position >= 0 && !event->filling && eg_batch_may_guess(event);
}

/* The usual batch holds nothing but new events, and nobody else has moved the counter since our last commit. So all is written in
 * one round, in a way that the database refuses when any of this is not so: the counter must stand where we left it, ids and keys are
 * unique, and parents are demanded. Then the batch comes back and is asked for first. */
static void guess(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_value *move = eg_arena_alloc(batch->arena, 2 * sizeof *move);
    struct eg_op *next = move ? eg_batch_op(batch, NULL, 1, move) : NULL;
    batch->guessed = true;
    event->stats.guesses++;
    batch->failed |= !next;
    batch->position = batch->first_position = event->position;
    eg_batch_guess(event);
    eg_batch_ask_needs(event);
    eg_batch_decide(event);
    if (!batch->failed) {
        batch->ops[0].sql = EG_SQL_POSITION_NEXT;
        move[0] = eg_int(batch->first_position);
        move[1] = eg_int(batch->position);
    }
    write_all(event);
}

void eg_store_start(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    reset(event);
    if (event->filling)
        event->fill_look_us = eg_clock_mono_us() + EG_FILL_LOOK_MS * INT64_C(1000);
    batch->fill = (struct eg_filling){.only = event->filling, .most = event->fill_limit, .most_b = EG_FILL_MOST_B};
    if (event->filling && !batch->fill.most)
        batch->fill.most = 1;
    if (event->fill_skip)
        batch->fill.most = 1;
    if (!event->filling)
        batch->n_items = eg_gather_take(event, &batch->items, &batch->n_units);
    size_t expected = 2 * batch->n_items;
    batch->keys = eg_map_new(batch->arena, expected);
    batch->ids = eg_map_new(batch->arena, expected);
    batch->dlq = eg_map_new(batch->arena, 16);
    batch->letters = eg_map_new(batch->arena, 16);
    batch->gone = eg_map_new(batch->arena, 64);
    batch->needs = eg_map_new(batch->arena, expected);
    if (!batch->keys || !batch->ids || !batch->dlq || !batch->letters || !batch->gone || !batch->needs) {
        eg_gather_put_back(event, &batch->items, true);
        batch->busy = false;
        eg_gather_batch_over(event);
        return;
    }
    for (struct eg_link *at = batch->items.next; at != &batch->items; at = at->next)
        reset_item(EG_CONTAINER(at, struct eg_item, link));
    if (may_guess(event)) {
        guess(event);
        return;
    }
    struct eg_op *lock = eg_batch_op(batch, NULL, 1, NULL);
    if (lock)
        lock->sql = EG_SQL_POSITION_LOCK;
    eg_batch_ask(event);
    eg_batch_ask_needs(event);
    round_of(event, false, on_asked);
}

static void give_up(struct eg_event *event) { eg_db_rollback(event->db, on_given_up, event); }

static void put(struct eg_batch *batch, const struct eg_params_buf *rows) {
    if (rows->n_rows)
        eg_batch_op(batch, rows->dml, rows->n_rows, rows->values);
}

static void write_all(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    eg_batch_end_fill(event);
    eg_batch_keep_waiting(event);
    put(batch, &batch->pending_gone);
    put(batch, &batch->pending_dropped);
    put(batch, &batch->pending_moved);
    put(batch, &batch->id_rows);
    put(batch, &batch->key_rows);
    put(batch, &batch->event_rows);
    put(batch, &batch->artifact_rows);
    put(batch, &batch->dlq_gone_rows);
    put(batch, &batch->dlq_redriven_rows);
    put(batch, &batch->dlq_rows);
    put(batch, &batch->dlq_seen_rows);
    size_t derived = batch->n_ops;
    for (size_t i = 0; i < batch->phases.n_ops; i++)
        eg_batch_op(batch, NULL, 0, NULL);
    if (!batch->failed)
        eg_phases_ops(&batch->phases, batch->ops + derived);
    put(batch, &batch->pending_rows);
    if (batch->position != batch->first_position && !batch->guessed) {
        struct eg_value *position = eg_arena_alloc(batch->arena, sizeof *position);
        struct eg_op *op = position ? eg_batch_op(batch, NULL, 1, position) : NULL;
        batch->failed |= !op;
        if (op) {
            *position = eg_int(batch->position);
            op->sql = EG_SQL_POSITION_SET;
        }
    }
    if (batch->failed || batch->phases.failed)
        give_up(event);
    else
        round_of(event, true, on_committed);
}

/* Rows that wait in the database for what this batch may make, whose making may make others' parents: asked until nothing is left. */
static void look_further(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    eg_batch_ops_begin(batch);
    bool more = eg_batch_ask_waiting(event);
    more |= eg_batch_ask_needs(event);
    if (more && !batch->failed) {
        round_of(event, false, on_looked);
        return;
    }
    if (batch->fill.rest && batch->n_units > 1) {
        batch->crowded = true;
        give_up(event);
        return;
    }
    if (!batch->failed)
        eg_batch_join_waiting(event);
    eg_batch_decide(event);
    eg_batch_ops_begin(batch);
    write_all(event);
}

static void note_creates(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    for (struct eg_link *at = batch->items.next; at != &batch->items; at = at->next) {
        const struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        for (size_t i = 0; i < item->n_rows && !item->dead_letter; i++)
            eg_batch_note_creates(event, eg_plan_rule(&event->plan, item->rows[i].rule), item->rows[i].params);
    }
}

static void fault_of(struct eg_event *event, enum eg_fault fault, const struct eg_err *err);

static void on_asked(void *ctx, enum eg_fault fault, const struct eg_err *err) {
    struct eg_event *event = ctx;
    struct eg_batch *batch = &event->batch;
    if (fault != EG_FAULT_NONE) {
        fault_of(event, fault, err);
        return;
    }
    const struct eg_rows *lock = &batch->ops[0].result;
    if (lock->n_rows != 1) {
        batch->position_lost = true;
        give_up(event);
        return;
    }
    batch->position = batch->first_position = lock->cells[0].i;
    eg_batch_take(event);
    eg_batch_take_needs(event);
    batch->some_wait = lock->cells[1].b;
    if (lock->cells[2].b && !batch->fill.only) {
        event->filling = true;
        event->retry_at_us = 0;
        eg_gather_put_back(event, &batch->items, false);
        batch->n_items = batch->n_units = 0;
    }
    batch->fill.only = lock->cells[2].b;
    if (!batch->fill.only && !batch->n_items) {
        batch->idle = true;
        give_up(event);
        return;
    }
    if (batch->some_wait)
        note_creates(event);
    look_further(event);
}

static void on_looked(void *ctx, enum eg_fault fault, const struct eg_err *err) {
    struct eg_event *event = ctx;
    if (fault != EG_FAULT_NONE) {
        fault_of(event, fault, err);
        return;
    }
    eg_batch_take_needs(event);
    eg_batch_take_waiting(event);
    look_further(event);
}

static void count(struct eg_event *event, const struct eg_item *item) {
    struct eg_event_stats *stats = &event->stats;
    if (item->letter && item->letter->remove)
        return;
    stats->stored += item->result == EG_RESULT_STORED;
    const struct eg_str *topic = &item->env.topic;
    const char *series = event->config.series_topic;
    if (item->result == EG_RESULT_STORED && series && topic->n == strlen(series) && memcmp(topic->p, series, topic->n) == 0)
        event->config.series_ended(event->config.series_ctx);
    stats->duplicates += item->result == EG_RESULT_DUPLICATE;
    stats->rejected += item->result == EG_RESULT_REJECTED;
    stats->dead_letters += item->dead_letter;
    enum eg_code code = item->failure ? item->failure->err.code : EG_E_NONE;
    stats->conflicts += code == EG_E_ID_CONFLICT || code == EG_E_KEY_CONFLICT;
}

static void count_commit(struct eg_event *event) {
    static const int64_t most_ms[12] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
    struct eg_event_stats *stats = &event->stats;
    const struct eg_batch *batch = &event->batch;
    stats->rows += batch->phases.n_rows;
    if (!batch->n_items)
        return;
    int64_t took_us = eg_clock_mono_us() - batch->started_us;
    stats->batches++;
    stats->batch_events += batch->n_items;
    stats->rows_waiting += batch->pending_rows.n_rows;
    stats->commit_us_sum += (uint64_t)took_us;
    for (size_t i = 0; i < 12; i++)
        stats->commit_buckets[i] += took_us <= most_ms[i] * 1000;
    if (batch->position > stats->position)
        stats->position = batch->position;
}

/* The next batch is on its way before the items of this one are answered: the database works meanwhile. */
static void over(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_link done;
    eg_list_init(&done);
    while (!eg_list_empty(&batch->items)) {
        struct eg_link *link = batch->items.next;
        eg_list_remove(link);
        eg_list_append(&done, link);
    }
    batch->busy = false;
    eg_gather_next(event);
    while (!eg_list_empty(&done)) {
        struct eg_item *item = EG_CONTAINER(done.next, struct eg_item, link);
        eg_list_remove(&item->link);
        count(event, item);
        eg_gather_done(event, item);
    }
    eg_gather_batch_over(event);
}

static void on_committed(void *ctx, enum eg_fault fault, const struct eg_err *err) {
    struct eg_event *event = ctx;
    if (fault != EG_FAULT_NONE) {
        fault_of(event, fault, err);
        return;
    }
    const struct eg_batch *batch = &event->batch;
    bool counted = !batch->guessed || batch->ops[0].affected == 1; /* else its row is gone, which the next round will say */
    event->position = counted ? batch->position : -1;
    event->guess_wait -= batch->guessed && event->guess_wait;
    count_commit(event);
    eg_fill_committed(event);
    eg_db_announce(event->db, event->batch.position);
    event->retry_wait_ms = 0;
    eg_err_clear(&event->store_err);
    size_t most = event->config.batch_most_events;
    if (batch->n_items)
        event->batch_limit = event->batch_limit * 2 < most ? event->batch_limit * 2 : most;
    over(event);
}

/* The batch did not fit into memory: half of it may. */
static void on_given_up(void *ctx, enum eg_fault fault, const struct eg_err *err) {
    struct eg_event *event = ctx;
    struct eg_err why = {0};
    (void)err;
    if (event->batch.idle) {
        event->position = fault == EG_FAULT_NONE ? event->batch.position : -1;
        event->filling = false;
        event->retry_wait_ms = 0;
        over(event);
        return;
    }
    if (event->batch.crowded) {
        event->batch_limit = 1;
        eg_gather_put_back(event, &event->batch.items, false);
        over(event);
        return;
    }
    if (event->batch.position_lost) {
        eg_err_set(&why, EG_E_INTERNAL, "event_position", "table event_position has lost its row; restore it with the highest position");
        fault_of(ctx, EG_FAULT_BROKEN, &why);
        return;
    }
    eg_err_set(&why, EG_E_STORE_REFUSED, NULL, "the rows of this event do not fit into one transaction");
    fault_of(ctx, EG_FAULT_REFUSED, &why);
}

static void reject_all(struct eg_event *event, enum eg_code code, const struct eg_err *err) {
    struct eg_batch *batch = &event->batch;
    struct eg_err named = {0};
    eg_err_set(&named, code, err->place, "%s", err->message);
    for (struct eg_link *at = batch->items.next; at != &batch->items; at = at->next) {
        struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        item->failure = NULL;
        item->dead_letter = false;
        (void)eg_item_reject_with(item, &named, NULL);
        item->dead_letter = false;
    }
}

/* The culprit is alone: it becomes a dead letter, which is written by the next batch. */
static void refuse_alone(struct eg_event *event, const struct eg_err *err) {
    struct eg_item *item = EG_CONTAINER(event->batch.items.next, struct eg_item, link);
    struct eg_err refused = {0};
    if (item->dead_letter || item->of->atomic || item->letter) {
        reject_all(event, item->dead_letter ? EG_E_INTERNAL : EG_E_STORE_REFUSED, err);
        return;
    }
    eg_err_set(&refused, EG_E_STORE_REFUSED, err->place, "%s", err->message);
    item->failure = NULL;
    (void)eg_item_reject_with(item, &refused, NULL);
    if (item->dead_letter && eg_dead_letter_prepare(item) == EG_OK) {
        eg_gather_put_back(event, &event->batch.items, false);
        return;
    }
    item->dead_letter = false;
}

/* Half of it may be taken, or the culprit is alone. */
static void split_or_refuse(struct eg_event *event, enum eg_fault fault, const struct eg_err *err) {
    struct eg_batch *batch = &event->batch;
    if (err->code == EG_E_SCHEMA_OLD) {
        eg_error(&event->log, "%s", err->message);
        reject_all(event, EG_E_SCHEMA_OLD, err);
    } else if (batch->n_units > 1) {
        event->stats.splits++;
        event->batch_limit = batch->n_items > 1 ? batch->n_items / 2 : 1;
        eg_gather_put_back(event, &batch->items, false);
    } else if (fault == EG_FAULT_REFUSED) {
        refuse_alone(event, err);
    } else {
        eg_error(&event->log, "the database refuses the server's own statement: %s", err->message);
        reject_all(event, EG_E_INTERNAL, err);
    }
}

/* Whether the item in front is alone, and has taken all the time of a write, again. */
static bool late_alone(const struct eg_batch *batch, const struct eg_err *err) {
    if (batch->n_units != 1 || err->code != EG_E_TIMEOUT)
        return false;
    return ++EG_CONTAINER(batch->items.next, struct eg_item, link)->n_late >= LATE_MOST;
}

static void try_again(struct eg_event *event, enum eg_fault fault, const struct eg_err *err) {
    struct eg_batch *batch = &event->batch;
    if (late_alone(batch, err)) {
        reject_all(event, EG_E_TIMEOUT, err);
        return;
    }
    if (batch->n_units > 1 && (fault == EG_FAULT_LOST || err->code == EG_E_TIMEOUT)) /* it may be too much at once */
        event->batch_limit = batch->n_items > 1 ? batch->n_items / 2 : 1;
    eg_err_clear(&event->store_err);
    eg_err_set(&event->store_err, EG_E_STORE_UNAVAILABLE, NULL, "%s", err->message);
    eg_gather_put_back(event, &batch->items, true);
}

static void fault_of(struct eg_event *event, enum eg_fault fault, const struct eg_err *err) {
    struct eg_batch *batch = &event->batch;
    bool refused = fault == EG_FAULT_REFUSED || fault == EG_FAULT_BROKEN;
    eg_debug(&event->log, "batch of %zu: %s", batch->n_items, err->message);
    event->position = -1;
    if (batch->guessed && fault == EG_FAULT_REFUSED) {
        event->stats.guesses_wrong++;
        event->guess_wait = event->guess_wait * 2 < GUESS_WAIT_MOST ? event->guess_wait * 2 + 1 : GUESS_WAIT_MOST;
        event->guess_pause = event->guess_wait;
        eg_gather_put_back(event, &batch->items, false);
    } else if (fault != EG_FAULT_FULL && eg_fill_failed(event, refused, err)) {
        eg_gather_put_back(event, &batch->items, !refused);
    } else if (fault == EG_FAULT_FULL) {
        eg_warn(&event->log, "the disk is full: %s", err->message);
        reject_all(event, EG_E_STORE_FULL, err);
        if (!batch->n_items)
            eg_gather_put_back(event, &batch->items, true);
    } else if (refused && batch->n_items) {
        split_or_refuse(event, fault, err);
    } else if (refused) { /* nothing was asked but whether there is anything to fill: the next batch asks too */
        event->filling = false;
    } else {
        try_again(event, fault, err);
    }
    over(event);
}

enum eg_step_result eg_event_store(struct eg_request *req) {
    const struct eg_submission *sub = req->state;
    return sub->n_open ? EG_WAIT : EG_MORE;
}
