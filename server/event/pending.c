/* Late parents: a row whose parent does not exist waits, in this batch and then in pending_rows, and is made
 * when the parent is. Whatever a batch makes may wake rows, which may wake others. They are made in the order of their events, those
 * from earlier batches first, so that the rows come out the same however the events were cut into batches. */
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define KEY_MOST_B 16384
#define ORDER_NEW (INT64_C(1) << 62) /* behind every row that waited in the database: those have their ids */

/* The key's values; false when one is null: a null refers to nothing, so nothing is needed. */
static bool key_values(const struct eg_value *params, const int *at, size_t n, struct eg_value *key) {
    for (size_t i = 0; i < n; i++) {
        key[i] = params[at[i]];
        if (key[i].null)
            return false;
    }
    return true;
}

void eg_batch_key_value(struct eg_buf *bytes, enum eg_type type, const struct eg_value *value) {
    uint64_t n = eg_type_is_str(type) ? value->s.n : sizeof value->i;
    eg_buf_add(bytes, &n, sizeof n);
    if (eg_type_is_str(type))
        eg_buf_add(bytes, value->s.p, value->s.n);
    else
        eg_buf_add(bytes, type == EG_BOOL ? &(int64_t){value->b} : &value->i, sizeof value->i);
}

static bool key_bytes(const struct eg_need_shape *shape, const struct eg_value *key, struct eg_buf *buf) {
    buf->len = 0;
    buf->failed = false;
    eg_buf_add(buf, &shape->id, sizeof shape->id);
    for (size_t i = 0; i < shape->need->n_where; i++) {
        eg_batch_key_value(buf, shape->types[i], &key[i]);
    }
    return !buf->failed;
}

static struct eg_need_state *add_state(struct eg_batch *batch, const struct eg_need_shape *shape, const struct eg_value *key,
                                       const struct eg_buf *bytes) {
    size_t n = shape->need->n_where;
    struct eg_need_state *state = eg_arena_zalloc(batch->arena, sizeof *state);
    char *name = eg_arena_dup(batch->arena, bytes->data, bytes->len);
    struct eg_value *copy = eg_arena_alloc(batch->arena, n * sizeof *copy);
    if (!state || !name || !copy || !eg_map_put(batch->needs, name, bytes->len, state)) {
        batch->failed = true;
        return NULL;
    }
    memcpy(copy, key, n * sizeof *copy);
    *state = (struct eg_need_state){.shape = shape, .key = copy};
    return state;
}

/* The next lookup round asks for it. */
static void want(struct eg_batch *batch, struct eg_need_state *state) {
    if (!state || state->wanted)
        return;
    if (batch->n_needs == batch->cap_needs) {
        size_t cap = batch->cap_needs ? 2 * batch->cap_needs : 256;
        struct eg_need_state **list = eg_arena_alloc(batch->arena, cap * sizeof *list);
        if (!list) {
            batch->failed = true;
            return;
        }
        if (batch->n_needs)
            memcpy(list, batch->need_list, batch->n_needs * sizeof *list);
        batch->need_list = list;
        batch->cap_needs = cap;
    }
    state->wanted = true;
    batch->need_list[batch->n_needs++] = state;
}

static struct eg_need_state *state_of(struct eg_batch *batch, const struct eg_need_shape *shape, const struct eg_value *params,
                                      const int *at) {
    static struct eg_buf bytes; /* kept: one thread */
    struct eg_value key[16];
    EG_ASSERT(shape->need->n_where <= sizeof key / sizeof key[0]);
    if (!bytes.max)
        eg_buf_init(&bytes, KEY_MOST_B);
    if (!key_values(params, at, shape->need->n_where, key))
        return NULL;
    if (!key_bytes(shape, key, &bytes)) { /* longer than any index entry may be: no such row can exist */
        batch->failed = true;
        return NULL;
    }
    struct eg_need_state *state = eg_map_get(batch->needs, bytes.data, bytes.len);
    return state ? state : add_state(batch, shape, key, &bytes);
}

/* False: a parent is not sure to be made by rows noted since the mark. */
static bool note_needs(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params, unsigned mark) {
    bool sure = true;
    for (size_t i = 0; i < plan->rule->n_needs; i++) {
        struct eg_need_state *state = state_of(batch, plan->needs[i], params, plan->rule->needs[i].params);
        if (!state || (mark && state->sure == mark))
            continue;
        want(batch, state);
        sure = false;
    }
    for (size_t i = 0; i < plan->n_creates && plan->creates[i].unless; i++)
        want(batch, state_of(batch, plan->creates[i].unless, params, plan->creates[i].unless_at.at));
    return sure;
}

void eg_batch_note_needs(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params) {
    (void)note_needs(&event->batch, plan, params, 0);
}

/* A parent that an event makes for its own rows need not be asked for: when the event is new, the parent is there before them, and when it
 * is not, nobody asks. A delete may take it away between. */
void eg_batch_note_rows(struct eg_event *event, const struct eg_row *rows, size_t n_rows) {
    struct eg_batch *batch = &event->batch;
    unsigned mark = ++batch->mark;
    for (size_t i = 0; i < n_rows && !batch->failed; i++) {
        const struct eg_rule_plan *plan = eg_plan_rule(&event->plan, rows[i].rule);
        bool sure = note_needs(batch, plan, rows[i].params, mark);
        if (plan->rule->dml.kind == EG_DML_DELETE)
            mark = ++batch->mark;
        for (size_t j = 0; sure && j < plan->n_creates; j++) {
            const struct eg_creates *creates = &plan->creates[j];
            struct eg_need_state *state = creates->unless ? NULL : state_of(batch, creates->shape, rows[i].params, creates->at.at);
            if (state)
                state->sure = mark;
        }
    }
}

/* The first parent that is missing, NULL when all are there. */
static struct eg_need_state *missing_need(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params) {
    for (size_t i = 0; i < plan->rule->n_needs; i++) {
        struct eg_need_state *state = state_of(batch, plan->needs[i], params, plan->rule->needs[i].params);
        if (state && !state->exists && !state->created)
            return state;
    }
    return NULL;
}

static void insert(struct eg_wait_list *list, struct eg_waiter *waiter) {
    struct eg_waiter **at = &list->first;
    if (list->first && list->last->order < waiter->order)
        at = &list->last->next;
    while (*at && (*at)->order < waiter->order)
        at = &(*at)->next;
    waiter->next = *at;
    *at = waiter;
    if (!waiter->next)
        list->last = waiter;
}

static void merge(struct eg_wait_list *into, struct eg_wait_list *from) {
    struct eg_waiter **at = &into->first, *more = from->first;
    if (!more)
        return;
    struct eg_waiter *last = into->first && into->last->order > from->last->order ? into->last : from->last;
    while (more) {
        while (*at && (*at)->order < more->order)
            at = &(*at)->next;
        struct eg_waiter *rest = *at;
        *at = more;
        more = rest;
    }
    into->last = last;
    *from = (struct eg_wait_list){NULL, NULL};
}

/* What the row makes possible; woken gets the rows that waited for it. */
static void note_created(struct eg_batch *batch, const struct eg_rule_plan *plan, const struct eg_value *params,
                         struct eg_wait_list *woken) {
    for (size_t i = 0; i < plan->n_creates; i++) {
        const struct eg_creates *creates = &plan->creates[i];
        const struct eg_need_state *stands = creates->unless ? state_of(batch, creates->unless, params, creates->unless_at.at) : NULL;
        struct eg_need_state *state = state_of(batch, creates->shape, params, creates->at.at);
        if (!state || (stands && (stands->exists || stands->created)))
            continue;
        state->created = true;
        eg_gone_note_made(batch, state, creates, params);
        merge(woken, &state->waiters);
    }
}

static void wait_for(struct eg_waiter *waiter, struct eg_need_state *state) {
    waiter->waits_for = state;
    insert(&state->waiters, waiter);
}

/* Makes the rows of the list that can be made, and all that these wake. */
static void try_rows(struct eg_event *event, struct eg_wait_list *list) {
    struct eg_batch *batch = &event->batch;
    while (list->first && !batch->failed) {
        struct eg_waiter *waiter = list->first;
        list->first = waiter->next;
        if (waiter->settled) /* deleted meanwhile */
            continue;
        struct eg_need_state *missing = missing_need(batch, waiter->plan, waiter->params);
        if (missing) {
            wait_for(waiter, missing);
            continue;
        }
        waiter->settled = true;
        eg_phases_add(&batch->phases, waiter->plan, waiter->params);
        note_created(batch, waiter->plan, waiter->params, list);
    }
}

void eg_batch_add_waiter(struct eg_batch *batch, struct eg_waiter *waiter) {
    waiter->next_made = batch->waiters;
    batch->waiters = waiter;
    batch->n_waiters++;
    eg_gone_note_waits(batch, waiter);
}

void eg_batch_make_row(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params, struct eg_str event_id,
                       int64_t created_us) {
    struct eg_batch *batch = &event->batch;
    struct eg_need_state *missing = missing_need(batch, plan, params);
    if (!missing) {
        struct eg_wait_list woken = {NULL, NULL};
        eg_phases_add(&batch->phases, plan, params);
        if (plan->rule->dml.kind == EG_DML_DELETE)
            eg_gone_delete(batch, plan, params);
        note_created(batch, plan, params, &woken);
        try_rows(event, &woken);
        return;
    }
    if (plan->rule->skip_without_parent) {
        eg_info(&event->log, "event %.*s makes no row of %s: what it refers to in %s is not there", (int)event_id.n, event_id.p,
                plan->rule->dml.table->name, missing->shape->need->table->name);
        return;
    }
    struct eg_waiter *waiter = eg_arena_alloc(batch->arena, sizeof *waiter);
    if (!waiter) {
        batch->failed = true;
        return;
    }
    *waiter = (struct eg_waiter){.order = ORDER_NEW + (int64_t)batch->n_waiters, .plan = plan, .params = params,
                                 .event_id = event_id, .created_us = created_us, .received_us = batch->received_us};
    eg_batch_add_waiter(batch, waiter);
    wait_for(waiter, missing);
}

/* One lookup a shape: the parameters of its states that were not asked. */
bool eg_batch_ask_needs(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    size_t n = batch->n_needs - batch->needs_asked, at = 0;
    if (!n)
        return false;
    if (!(batch->asked = eg_arena_alloc(batch->arena, n * sizeof *batch->asked))) {
        batch->failed = true;
        return false;
    }
    for (size_t s = 0; s < event->plan.n_shapes; s++) {
        const struct eg_need_shape *shape = &event->plan.shapes[s];
        struct eg_params_buf rows = {.dml = batch->guessed ? &shape->demand : &shape->lookup, .width = shape->need->n_where};
        for (size_t i = batch->needs_asked; i < batch->n_needs; i++) {
            struct eg_need_state *state = batch->need_list[i];
            if (state->shape != shape || state->created)
                continue;
            struct eg_value *row = eg_batch_row(batch, &rows);
            if (!row)
                return false;
            memcpy(row, state->key, rows.width * sizeof *row);
            state->exists = batch->guessed;
            batch->asked[at++] = state;
        }
        if (rows.n_rows)
            eg_batch_op(batch, rows.dml, rows.n_rows, rows.values);
    }
    batch->needs_asked = batch->n_needs;
    return at > 0;
}

void eg_batch_take_needs(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_need_state **states = batch->asked;
    const struct eg_need_shape *shapes = event->plan.shapes;
    for (size_t i = 0; i < batch->n_ops; i++) {
        const struct eg_op *op = &batch->ops[i];
        size_t s = 0;
        while (s < event->plan.n_shapes && op->dml != &shapes[s].lookup)
            s++;
        if (s == event->plan.n_shapes)
            continue;
        for (size_t r = 0; r < op->result.n_rows; r++) {
            const struct eg_value *cells = op->result.cells + r * op->result.n_columns;
            EG_ASSERT(cells[0].i >= 0 && (size_t)cells[0].i < op->n_rows);
            states[cells[0].i]->exists = true;
            eg_gone_note_found(batch, states[cells[0].i], cells + 1);
        }
        states += op->n_rows;
    }
}

void eg_batch_note_creates(struct eg_event *event, const struct eg_rule_plan *plan, const struct eg_value *params) {
    struct eg_batch *batch = &event->batch;
    for (size_t i = 0; i < plan->n_creates; i++) {
        struct eg_need_state *state = state_of(batch, plan->creates[i].shape, params, plan->creates[i].at.at);
        if (!state || state->may_come)
            continue;
        state->may_come = true;
        state->next_coming = batch->coming;
        batch->coming = state;
    }
}

/* Newest first, oldest first. */
static void turn_round(struct eg_batch *batch) {
    struct eg_waiter *turned = NULL;
    while (batch->waiters) {
        struct eg_waiter *waiter = batch->waiters;
        batch->waiters = waiter->next_made;
        waiter->next_made = turned;
        turned = waiter;
    }
    batch->waiters = turned;
}

/* A row whose parent is there by now, put there by hand, say, is made at once. */
void eg_batch_join_waiting(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_wait_list ready = {NULL, NULL};
    turn_round(batch);
    for (struct eg_waiter *waiter = batch->waiters; waiter; waiter = waiter->next_made) {
        struct eg_need_state *missing = missing_need(batch, waiter->plan, waiter->params);
        if (missing)
            wait_for(waiter, missing);
        else
            insert(&ready, waiter);
    }
    turn_round(batch);
    try_rows(event, &ready);
}

static void need_into(struct eg_batch *batch, const struct eg_waiter *waiter, struct eg_value row[2]) {
    const struct eg_need_shape *shape = waiter->waits_for->shape;
    struct eg_str key = eg_params_encode(batch->arena, shape->types, waiter->waits_for->key, shape->need->n_where);
    batch->failed |= !key.p;
    row[0] = eg_cstr(shape->need->table->name);
    row[1] = eg_text(key.p, key.n);
}

static void keep(struct eg_batch *batch, const struct eg_waiter *waiter) {
    const struct eg_rule *rule = waiter->plan->rule;
    struct eg_value *row = eg_batch_row(batch, &batch->pending_rows);
    struct eg_str params = eg_params_encode(batch->arena, rule->types, waiter->params, rule->n_params);
    if (!row || !params.p) {
        batch->failed = true;
        return;
    }
    need_into(batch, waiter, row);
    row[2] = eg_cstr(rule->topic);
    row[3] = eg_int(rule->index);
    row[4] = eg_text(waiter->event_id.p, waiter->event_id.n);
    row[5] = eg_text(params.p, params.n);
    row[6] = eg_int(waiter->created_us);
    row[7] = eg_int(waiter->received_us);
    eg_gone_key(batch, waiter->plan, waiter->params, row + 8);
    row[10] = eg_int((int64_t)params.n);
}

static bool same(struct eg_str a, struct eg_str b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }

/* Its id stays, which is its place among the rows that wait. */
static void keep_stored(struct eg_batch *batch, const struct eg_waiter *waiter) {
    struct eg_value need[2];
    if (!waiter->settled)
        need_into(batch, waiter, need);
    if (batch->failed || (!waiter->settled && same(need[0].s, waiter->stored_table) && same(need[1].s, waiter->stored_key)))
        return;
    struct eg_value *row = eg_batch_row(batch, waiter->settled ? &batch->pending_gone : &batch->pending_moved);
    if (!row)
        return;
    if (!waiter->settled)
        memcpy(row, need, sizeof need);
    row[waiter->settled ? 0 : 2] = eg_int(waiter->pending_id);
}

void eg_batch_keep_waiting(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    turn_round(batch);
    for (struct eg_waiter *waiter = batch->waiters; waiter && !batch->failed; waiter = waiter->next_made) {
        if (waiter->pending_id)
            keep_stored(batch, waiter);
        else if (!waiter->settled)
            keep(batch, waiter);
    }
}
