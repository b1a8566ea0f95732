/* Rows that waited in the database for parents that are there now. However many they are, a batch takes a bounded share: their parents are
 * marked in pending_parents, in the transaction that makes them, and stand there until all their rows were looked at. Until
 * then nothing else is stored, by any server, so that the rows come out as if all had been made at once; and a server that ends meanwhile
 * loses nothing, since the marks are found again by whichever batch comes next. */
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define MARKS_MOST_B ((size_t)128 << 20)
#define ALONE_MOST 3 /* failures of a row that is alone, say by its own time */

enum { CELL_ID, CELL_TABLE, CELL_KEY, CELL_TOPIC, CELL_RULE, CELL_EVENT, CELL_PARAMS, CELL_CREATED, CELL_RECEIVED, CELL_SIZE };

static struct eg_value *add(struct eg_batch *batch, enum eg_sql sql, size_t n_params) {
    struct eg_value *params = eg_arena_alloc(batch->arena, n_params * sizeof *params);
    struct eg_op *op = params ? eg_batch_op(batch, NULL, 1, params) : NULL;
    batch->failed |= !op;
    if (!op)
        return NULL;
    op->sql = sql;
    return params;
}

/* [[table, key], …] of what may come. */
static void mark(struct eg_batch *batch) {
    struct eg_buf list;
    eg_buf_init(&list, MARKS_MOST_B);
    for (; batch->coming; batch->coming = batch->coming->next_coming) {
        const struct eg_need_shape *shape = batch->coming->shape;
        struct eg_str key = eg_params_encode(batch->arena, shape->types, batch->coming->key, shape->need->n_where);
        const char *table = shape->need->table->name;
        batch->failed |= !key.p;
        eg_buf_str(&list, list.len ? ",[" : "[[");
        eg_buf_json_string(&list, table, strlen(table));
        eg_buf_char(&list, ',');
        eg_buf_json_string(&list, key.p, key.n);
        eg_buf_char(&list, ']');
    }
    eg_buf_char(&list, ']');
    char *text = list.failed ? NULL : eg_arena_dup(batch->arena, list.data, list.len);
    struct eg_value *params = text ? add(batch, EG_SQL_FILL_MARK, 1) : NULL;
    batch->failed |= !text;
    if (params)
        params[0] = eg_text(text, list.len);
    eg_buf_free(&list);
}

void eg_batch_end_fill(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_filling *fill = &batch->fill;
    if (!fill->answered)
        return;
    struct eg_value *done = add(batch, EG_SQL_FILL_DONE, 2), *reached = fill->cut ? add(batch, EG_SQL_FILL_REACHED, 3) : NULL;
    fill->answered = false;
    if (batch->failed)
        return;
    done[0] = fill->cut ? fill->reached[CELL_TABLE] : eg_null();
    done[1] = fill->cut ? fill->reached[CELL_KEY] : eg_null();
    if (reached)
        memcpy(reached, (struct eg_value[]){done[0], done[1], fill->reached[CELL_ID]}, 3 * sizeof *reached);
}

bool eg_batch_ask_waiting(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_filling *fill = &batch->fill;
    bool more = batch->coming || (fill->only && !fill->n && !fill->rest && !fill->answered);
    if (!more)
        return false;
    bool whole = !fill->cut;
    eg_batch_end_fill(event);
    if (batch->coming)
        mark(batch);
    if (!whole || fill->n >= fill->most || fill->most_b <= 0) {
        fill->rest = true;
        return true;
    }
    struct eg_value *most = add(batch, EG_SQL_FILL_ROWS, 2);
    if (most) {
        most[0] = eg_int((int64_t)(fill->most - fill->n));
        most[1] = eg_int(fill->most_b);
    }
    return true;
}

static void take_row(struct eg_event *event, const struct eg_value *cells) {
    struct eg_batch *batch = &event->batch;
    struct eg_str topic = cells[CELL_TOPIC].s;
    const struct eg_rule *rule = eg_registry_rule(event->registry, topic.p, topic.n, (int)cells[CELL_RULE].i);
    if (!rule) /* its declaration has gone: it stays listed */
        return;
    struct eg_waiter *waiter = eg_arena_alloc(batch->arena, sizeof *waiter);
    struct eg_value *params = eg_arena_alloc(batch->arena, (rule->n_params + 1) * sizeof *params);
    if (!waiter || !params) {
        batch->failed = true;
        return;
    }
    if (!eg_params_decode(batch->arena, cells[CELL_PARAMS].s, rule->types, params, rule->n_params)) {
        eg_warn(&event->log, "pending row %lld does not fit rule %d of %.*s any more; it stays", (long long)cells[CELL_ID].i, rule->index,
                (int)topic.n, topic.p);
        return;
    }
    *waiter = (struct eg_waiter){.order = cells[CELL_ID].i, .plan = eg_plan_rule(&event->plan, rule), .params = params,
                                 .event_id = cells[CELL_EVENT].s, .created_us = cells[CELL_CREATED].i,
                                 .received_us = cells[CELL_RECEIVED].i, .pending_id = cells[CELL_ID].i,
                                 .stored_table = cells[CELL_TABLE].s, .stored_key = cells[CELL_KEY].s};
    eg_batch_add_waiter(batch, waiter);
    eg_batch_note_needs(event, waiter->plan, params);
    eg_batch_note_creates(event, waiter->plan, params);
}

static void skip_row(struct eg_event *event, const struct eg_value *cells) {
    eg_warn(&event->log, "pending row %lld of event %.*s is refused, and stays: %s", (long long)cells[CELL_ID].i,
            (int)cells[CELL_EVENT].s.n, cells[CELL_EVENT].s.p, event->fill_err.message);
}

void eg_batch_take_waiting(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_filling *fill = &batch->fill;
    for (size_t i = 0; i < batch->n_ops && !batch->failed; i++) {
        const struct eg_op *op = &batch->ops[i];
        if (op->dml || op->sql != EG_SQL_FILL_ROWS)
            continue;
        const struct eg_rows *rows = &op->result;
        fill->answered = true;
        fill->cut = fill->n + rows->n_rows >= fill->most;
        fill->n += rows->n_rows;
        for (size_t r = 0; r < rows->n_rows && !batch->failed; r++) {
            const struct eg_value *cells = rows->cells + r * rows->n_columns;
            fill->reached = cells;
            fill->most_b -= cells[CELL_SIZE].i;
            if (event->fill_skip)
                skip_row(event, cells);
            else
                take_row(event, cells);
        }
        fill->cut |= fill->most_b <= 0;
        fill->rest |= fill->cut;
    }
}

bool eg_fill_failed(struct eg_event *event, bool refused, const struct eg_err *err) {
    const struct eg_filling *fill = &event->batch.fill;
    if (!fill->n)
        return false;
    event->fill_limit = fill->only ? (fill->n + 1) / 2 : 0; /* their faults are none of what brings their parent */
    event->fill_alone = fill->only && fill->n == 1 ? event->fill_alone + 1 : 0;
    event->fill_skip = event->fill_alone && (refused || event->fill_alone >= ALONE_MOST);
    eg_err_clear(&event->fill_err);
    eg_err_set(&event->fill_err, err->code, NULL, "%s", err->message);
    return true;
}

void eg_fill_committed(struct eg_event *event) {
    event->filling = event->batch.fill.rest;
    event->fill_skip = false;
    event->fill_alone = 0;
    event->fill_limit = event->fill_limit * 2 + 1 < EG_FILL_MOST_ROWS ? event->fill_limit * 2 + 1 : EG_FILL_MOST_ROWS;
}
