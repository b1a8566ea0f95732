/* What the deletes of a batch take away from the rows that others need. A delete finds its rows by other columns than
 * those by which they are needed (a node by its file, but needed by its uid); so a row that is there says those columns
 * too, when it is looked up or made, and stands in a list under them until a delete of the batch empties it. So does a row that waits:
 * a delete that comes later takes it away before it was ever made. */
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define KEY_MOST_B 16384

struct entry { /* a row that is there */
    struct entry *next;
    struct eg_need_state *state;
    unsigned since; /* of the state: when it says another, the row has moved since */
};

struct list {
    struct entry *first;
    struct eg_waiter *waiters; /* rows that are not there yet, and would be deleted too */
};

/* The list under the values, a null matching nothing; make: one is made when there is none. */
static struct list *list_of(struct eg_batch *batch, const struct eg_gone *gone, const struct eg_value *values, const int *at, bool make) {
    static struct eg_buf bytes; /* kept: one thread */
    if (!bytes.max)
        eg_buf_init(&bytes, KEY_MOST_B);
    bytes.len = 0;
    bytes.failed = false;
    eg_buf_add(&bytes, &gone->id, sizeof gone->id);
    for (size_t i = 0; i < gone->n; i++) {
        const struct eg_value *value = &values[at[i]];
        if (value->null)
            return NULL;
        eg_batch_key_value(&bytes, gone->table->columns[gone->columns[i]].type, value);
    }
    struct list *list = bytes.failed ? NULL : eg_map_get(batch->gone, bytes.data, bytes.len);
    if (list || !make || bytes.failed)
        return list;
    list = eg_arena_zalloc(batch->arena, sizeof *list);
    char *name = eg_arena_dup(batch->arena, bytes.data, bytes.len);
    if (!list || !name || !eg_map_put(batch->gone, name, bytes.len, list))
        batch->failed = true;
    return batch->failed ? NULL : list;
}

static void enter(struct eg_batch *batch, struct eg_need_state *state, const struct eg_gone *gone, const struct eg_value *values,
                  const int *at) {
    struct list *list = list_of(batch, gone, values, at, true);
    struct entry *entry = list ? eg_arena_alloc(batch->arena, sizeof *entry) : NULL;
    if (!list)
        return;
    if (!entry) {
        batch->failed = true;
        return;
    }
    *entry = (struct entry){list->first, state, state->since};
    list->first = entry;
}

void eg_gone_note_found(struct eg_batch *batch, struct eg_need_state *state, const struct eg_value *cells) {
    const struct eg_need_shape *shape = state->shape;
    state->since++;
    for (size_t i = 0; i < shape->n_gone; i++)
        enter(batch, state, shape->gone[i], cells, shape->gone_out[i]);
}

void eg_gone_note_made(struct eg_batch *batch, struct eg_need_state *state, const struct eg_creates *creates,
                       const struct eg_value *params) {
    const struct eg_need_shape *shape = state->shape;
    state->since++;
    for (size_t i = 0; i < shape->n_gone; i++) {
        if (creates->gone_at[i].n)
            enter(batch, state, shape->gone[i], params, creates->gone_at[i].at);
    }
}

void eg_gone_note_waits(struct eg_batch *batch, struct eg_waiter *waiter) {
    const struct eg_rule_plan *plan = waiter->plan;
    struct list *list = plan->gone ? list_of(batch, plan->gone, waiter->params, plan->gone_at.at, true) : NULL;
    if (list) {
        waiter->next_gone = list->waiters;
        list->waiters = waiter;
    }
}

static void key_of(struct eg_batch *batch, const struct eg_gone *gone, const struct eg_value *params, const int *at, struct eg_value *key) {
    struct eg_value *values = eg_arena_alloc(batch->arena, (gone->n + 1) * sizeof *values);
    *key = eg_null();
    for (size_t i = 0; values && i < gone->n; i++) {
        values[i] = params[at[i]];
        if (values[i].null) /* a null in a delete's key matches nothing */
            return;
    }
    struct eg_str text = values ? eg_params_encode(batch->arena, gone->types, values, gone->n) : (struct eg_str){NULL, 0};
    batch->failed |= !text.p;
    *key = eg_text(text.p, text.n);
}

void eg_gone_key(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params, struct eg_value row[2]) {
    row[0] = eg_cstr(plan->rule->dml.table->name);
    row[1] = eg_null();
    if (plan->gone)
        key_of(batch, plan->gone, params, plan->gone_at.at, &row[1]);
}

/* Whatever waits in the database came before this batch. */
static void drop_waiting(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params) {
    struct eg_value key;
    key_of(batch, plan->gone, params, plan->key.at, &key);
    struct eg_value *row = key.null || batch->failed ? NULL : eg_batch_row(batch, &batch->pending_dropped);
    if (row) {
        row[0] = eg_cstr(plan->rule->dml.table->name);
        row[1] = key;
    }
}

void eg_gone_delete(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params) {
    struct list *list = plan->gone && plan->key.n ? list_of(batch, plan->gone, params, plan->key.at, false) : NULL;
    for (; list && list->first; list->first = list->first->next) {
        struct eg_need_state *state = list->first->state;
        if (state->since == list->first->since)
            state->exists = state->created = false;
    }
    for (; list && list->waiters; list->waiters = list->waiters->next_gone)
        list->waiters->settled = true;
    if (batch->some_wait && plan->gone && plan->key.n)
        drop_waiting(batch, plan, params);
}
