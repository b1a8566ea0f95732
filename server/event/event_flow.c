/* The way of an event, as two tables. A request goes receive → prepare → gather → store → acknowledge; inside prepare each of its
 * items goes parse → authenticate → secrets → validate → key, alone, so that a bad one never takes its neighbours with it. Each step
 * stands in the file of its name. What happens to a batch of items between gather and acknowledge is in store.c. */
#include <string.h>

#include "base/clock.h"
#include "server/event/room.h"

struct item_step {
    const char *name;
    eg_status (*run)(struct eg_item *item);
};

static const struct item_step item_way[] = {
    {"parse", eg_item_parse},
    {"authenticate", eg_item_authenticate},
    {"secrets", eg_item_secrets},
    {"validate", eg_item_validate},
    {"key", eg_item_key},
};

static const struct eg_step request_way[] = {
    {"receive", eg_event_receive}, {"prepare", eg_event_prepare},         {"gather", eg_event_gather},
    {"store", eg_event_store},     {"acknowledge", eg_event_acknowledge},
};

#define SLICE_US 500 /* a large body must not keep the loop from the database's answers for longer */
#define SLICE_CHECK 8                    /* events between two looks at the clock, or so many bytes */
#define SLICE_CHECK_B ((size_t)4 << 10)

/* What was made of it is of no use any more, and its neighbours need the room. */
static void let_go(struct eg_item *item, const struct eg_arena_mark *mark) {
    struct eg_err err = item->failure->err;
    struct eg_envelope env = {0};
    char id[EG_ID_MOST_B];
    struct eg_arena *arena = item->of->arena;
    env.id.n = item->env.id.p && item->env.id.n <= sizeof id ? item->env.id.n : 0;
    if (env.id.n)
        memcpy(id, item->env.id.p, env.id.n);
    eg_arena_rewind(arena, mark);
    env.id.p = env.id.n ? eg_arena_dup(arena, id, env.id.n) : NULL;
    item->env = env;
    item->receipt_id = (struct eg_str){NULL, 0};
    item->rows = NULL;
    item->n_rows = item->n_artifacts = 0;
    item->artifacts = NULL;
    item->failure = NULL;
    (void)eg_item_reject_with(item, &err, NULL);
}

void eg_item_prepare(struct eg_item *item) {
    struct eg_arena_mark mark = eg_arena_mark(item->of->arena);
    for (size_t i = 0; i < sizeof item_way / sizeof item_way[0]; i++) {
        if (item_way[i].run(item) == EG_OK)
            continue;
        eg_item_drop_docs(item);
        eg_secrets_tell(item);
        eg_debug(&item->of->req->log, "item %zu rejected at %s: %s", item->index, item_way[i].name, item->failure->err.message);
        enum eg_code code = item->failure->err.code;
        if (code == EG_E_OVERLOADED || (code == EG_E_BODY_TOO_LARGE && !item->dead_letter))
            let_go(item, &mark);
        if (item->dead_letter && !item->of->atomic && eg_dead_letter_prepare(item) != EG_OK)
            item->dead_letter = false;
        return;
    }
    if (item->letter && eg_letter_name(item) != EG_OK)
        (void)eg_item_full(item);
    eg_item_drop_docs(item); /* many times as large as its text: one at a time is enough */
}

/* All or none, and one finds no room: none. What the others hold goes at once, or requests that each hold a part would all be refused. */
static bool is_over(const struct eg_submission *sub, const struct eg_item *last) {
    return sub->atomic && last->result == EG_RESULT_REJECTED && last->failure->err.code == EG_E_OVERLOADED;
}

static void prepare_rest(struct eg_submission *sub) {
    while (sub->next < sub->n_items) {
        struct eg_item *item = &sub->items[sub->next++];
        eg_item_prepare(item);
        if (is_over(sub, item))
            sub->next = sub->n_items;
    }
}

enum eg_step_result eg_event_prepare(struct eg_request *req) {
    struct eg_submission *sub = req->state;
    int64_t start_us = sub->n_items > 1 ? eg_clock_mono_us() : 0;
    size_t unseen_b = 0;
    if (sub->aside)
        return EG_WAIT;
    while (sub->next < sub->n_items) {
        struct eg_item *item = &sub->items[sub->next];
        if (item->bytes.n > EG_ASIDE_EVENT_B && eg_submission_aside(sub, prepare_rest))
            return EG_WAIT;
        eg_item_prepare(item);
        if (is_over(sub, item)) {
            sub->next = sub->n_items;
            return EG_MORE;
        }
        unseen_b += item->bytes.n;
        if (++sub->next == sub->n_items || (sub->next % SLICE_CHECK != 0 && unseen_b < SLICE_CHECK_B))
            continue;
        unseen_b = 0;
        if (eg_clock_mono_us() - start_us > SLICE_US) {
            eg_request_wake(req);
            return EG_WAIT;
        }
    }
    return EG_MORE;
}

void eg_submission_drop(struct eg_request *req) {
    struct eg_submission *sub = req->state;
    if (!sub)
        return;
    EG_ASSERT(sub->magic == EG_SUBMISSION_MAGIC && sub->n_open == 0 && !sub->aside);
    eg_gather_release(sub->event, sub);
    req->state = NULL;
    sub->magic = 0;
    eg_arena_free(sub->arena);
}

bool eg_submission_held(const struct eg_request *req) {
    const struct eg_submission *sub = req->state;
    return sub && sub->magic == EG_SUBMISSION_MAGIC && (sub->n_open > 0 || sub->aside);
}

const struct eg_flow eg_flow_events_post = {
    .name = "events_post",
    .n_steps = sizeof request_way / sizeof request_way[0],
    .steps = request_way,
    .drop = eg_submission_drop,
    .held = eg_submission_held,
};
