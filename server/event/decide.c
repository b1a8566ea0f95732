/* What each item of the batch is, by what the database knows: new, a duplicate, a conflict, or a dead letter seen before; and what is
 * written for it. Items are taken in order, so of two equal ones in one batch the first is stored and the second a duplicate. */
#include <string.h>

#include "server/event/room.h"

/* scope NUL key, as the map has it */
static struct eg_str key_name(struct eg_batch *batch, const struct eg_item *item) {
    const struct eg_str *key = &item->env.idempotency_key;
    size_t scope = strlen(eg_item_scope(item)) + 1;
    char *name = eg_arena_alloc(batch->arena, scope + key->n);
    if (!name) {
        batch->failed = true;
        return (struct eg_str){NULL, 0};
    }
    memcpy(name, eg_item_scope(item), scope);
    memcpy(name + scope, key->p, key->n);
    return (struct eg_str){name, scope + key->n};
}

/* A dead letter is found by its hash alone; the id before it puts letters that came together side by side in the index, where random
 * hashes would touch a page a row. */
static struct eg_value own_id(const struct eg_item *item) {
    return item->id_made || !item->env.id.p ? eg_cstr("") : eg_text(item->env.id.p, item->env.id.n);
}

void eg_batch_ask(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    struct eg_plan *plan = &event->plan;
    struct eg_params_buf keys = {.dml = &plan->key_lookup, .width = 2}, ids = {.dml = &plan->id_lookup, .width = 1},
                         seen = {.dml = &plan->dlq_lookup, .width = 2}, letters = {.dml = &plan->letter_lookup, .width = 1};
    for (struct eg_link *at = batch->items.next; at != &batch->items && !batch->failed; at = at->next) {
        struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        struct eg_value *row = item->letter ? eg_batch_row(batch, &letters) : NULL;
        if (row)
            row[0] = eg_cstr(item->letter->id);
        if (item->letter && item->letter->remove)
            continue;
        row = eg_batch_row(batch, item->dead_letter ? &seen : &ids);
        if (!row)
            return;
        if (item->dead_letter) {
            row[0] = own_id(item);
            row[1] = eg_text((const char *)item->original_hash, EG_HASH_B);
            continue;
        }
        row[0] = eg_text(item->env.id.p, item->env.id.n);
        if (item->env.idempotency_key.p && (row = eg_batch_row(batch, &keys))) {
            row[0] = eg_cstr(eg_item_scope(item));
            row[1] = eg_text(item->env.idempotency_key.p, item->env.idempotency_key.n);
        }
        eg_batch_note_rows(event, item->rows, item->n_rows);
    }
    struct eg_params_buf *asked[] = {&keys, &ids, &seen, &letters};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        if (asked[i]->n_rows)
            eg_batch_op(batch, asked[i]->dml, asked[i]->n_rows, asked[i]->values);
    }
}

bool eg_batch_may_guess(const struct eg_event *event) {
    const struct eg_batch *batch = &event->batch;
    for (struct eg_link *at = batch->items.next; at != &batch->items; at = at->next) {
        const struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        if (item->letter)
            return false;
        for (size_t i = 0; i < item->n_rows; i++) {
            const struct eg_rule *rule = item->rows[i].rule;
            if (rule->dml.kind > EG_DML_REPLACE || eg_plan_rule(&event->plan, rule)->n_creates)
                return false;
        }
    }
    return true;
}

void eg_batch_guess(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    for (struct eg_link *at = batch->items.next; at != &batch->items && !batch->failed; at = at->next) {
        const struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        eg_batch_note_rows(event, item->rows, item->n_rows);
    }
}

static void know(struct eg_batch *batch, struct eg_map *map, struct eg_str name, struct eg_str id, int64_t position,
                 const uint8_t *hash) {
    struct eg_known_id *known = eg_arena_alloc(batch->arena, sizeof *known);
    if (known)
        *known = (struct eg_known_id){id, position, hash};
    if (!known || !name.p || !eg_map_put(map, name.p, name.n, known))
        batch->failed = true;
}

static void know_keys(struct eg_batch *batch, const struct eg_op *op) {
    for (size_t r = 0; r < op->result.n_rows; r++) { /* index, id, position, content_hash */
        const struct eg_value *cells = op->result.cells + r * op->result.n_columns, *asked = op->params + 2 * cells[0].i;
        char *name = eg_arena_alloc(batch->arena, asked[0].s.n + 1 + asked[1].s.n);
        if (name) {
            memcpy(name, asked[0].s.p, asked[0].s.n);
            name[asked[0].s.n] = '\0';
            memcpy(name + asked[0].s.n + 1, asked[1].s.p, asked[1].s.n);
        }
        know(batch, batch->keys, (struct eg_str){name, asked[0].s.n + 1 + asked[1].s.n}, cells[1].s, cells[2].i,
             (const uint8_t *)cells[3].s.p);
    }
}

static void know_ids(struct eg_batch *batch, const struct eg_op *op) {
    for (size_t r = 0; r < op->result.n_rows; r++) { /* index, position, content_hash */
        const struct eg_value *cells = op->result.cells + r * op->result.n_columns, *asked = op->params + cells[0].i;
        know(batch, batch->ids, asked->s, asked->s, cells[1].i, (const uint8_t *)cells[2].s.p);
    }
}

static void know_seen(struct eg_batch *batch, const struct eg_op *op) {
    for (size_t r = 0; r < op->result.n_rows; r++) { /* index, seen */
        const struct eg_value *cells = op->result.cells + r * op->result.n_columns, *asked = op->params + 2 * cells[0].i;
        struct eg_known_letter *letter = eg_arena_zalloc(batch->arena, sizeof *letter);
        if (letter)
            letter->seen = cells[1].i;
        if (!letter || !eg_map_put(batch->dlq, asked[1].s.p, asked[1].s.n, letter))
            batch->failed = true;
    }
}

void eg_batch_take(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    for (size_t i = 0; i < batch->n_ops; i++) {
        const struct eg_op *op = &batch->ops[i];
        if (op->dml == &event->plan.key_lookup)
            know_keys(batch, op);
        else if (op->dml == &event->plan.id_lookup)
            know_ids(batch, op);
        else if (op->dml == &event->plan.dlq_lookup)
            know_seen(batch, op);
        else if (op->dml == &event->plan.letter_lookup)
            eg_batch_know_letters(batch, op);
    }
}

static bool same_hash(const struct eg_known_id *known, const uint8_t *hash) {
    return memcmp(known->content_hash, hash, EG_HASH_B) == 0;
}

static struct eg_value opt(struct eg_str s) { return s.p ? eg_text(s.p, s.n) : eg_null(); }

void eg_batch_put_event(struct eg_batch *batch, const struct eg_item *item, int64_t position) {
    const struct eg_envelope *env = &item->env;
    struct eg_value *id = eg_batch_row(batch, &batch->id_rows), *row = eg_batch_row(batch, &batch->event_rows);
    if (!id || !row)
        return;
    id[0] = opt(env->id);
    id[1] = eg_int(position);
    id[2] = eg_int(env->ts_us);
    id[3] = eg_int(batch->received_us);
    id[4] = eg_text((const char *)item->content_hash, EG_HASH_B);
    const struct eg_value made[] = {opt(env->id), opt(env->topic), eg_int(env->ts_us), opt(env->source),
                                    opt(env->correlation_id), opt(env->causation_id), opt(env->repo_sha), opt(env->repo_branch),
                                    opt(env->env_text), opt(env->payload_text), opt(env->artifacts_text),
                                    opt(env->idempotency_key), opt(env->trust), eg_int(position), eg_int(batch->received_us)};
    memcpy(row, made, sizeof made);
    for (size_t i = 0; i < item->n_artifacts; i++) {
        struct eg_value *artifact = eg_batch_row(batch, &batch->artifact_rows);
        if (!artifact)
            return;
        artifact[0] = opt(env->id);
        memcpy(artifact + 1, item->artifacts + 4 * i, 4 * sizeof *artifact);
    }
}

static void put_key(struct eg_batch *batch, const struct eg_item *item, struct eg_str id, int64_t position) {
    struct eg_value *row = eg_batch_row(batch, &batch->key_rows);
    if (!row)
        return;
    row[0] = eg_cstr(eg_item_scope(item));
    row[1] = opt(item->env.idempotency_key);
    row[2] = opt(id);
    row[3] = eg_int(position);
    row[4] = eg_text((const char *)item->key_hash, EG_HASH_B);
    know(batch, batch->keys, key_name(batch, item), id, position, item->key_hash);
}

/* id may live in the batch's memory or in another request's, and the answer is written when both may be gone. */
void eg_batch_is_duplicate(struct eg_item *item, struct eg_str id, int64_t position) {
    size_t n = id.n < EG_ID_MOST_B ? id.n : EG_ID_MOST_B; /* no event has a longer one */
    memcpy(item->duplicate_of, id.p, n);
    item->result = EG_RESULT_DUPLICATE;
    item->receipt_id = (struct eg_str){item->duplicate_of, n};
    item->position = position;
}

/* By key, then by id: true when the item is not new. dry: nothing is written for it. */
static bool decide_known(struct eg_batch *batch, struct eg_item *item, bool dry) {
    const struct eg_envelope *env = &item->env;
    if (env->idempotency_key.p) {
        struct eg_str name = key_name(batch, item);
        const struct eg_known_id *known = name.p ? eg_map_get(batch->keys, name.p, name.n) : NULL;
        if (known && same_hash(known, item->key_hash)) {
            eg_batch_is_duplicate(item, known->id, known->position);
            return true;
        }
        const struct eg_item *first = &item->of->items[0];
        if (!known && item->of->key_hash && item != first && first->result == EG_RESULT_DUPLICATE) {
            eg_batch_is_duplicate(item, first->receipt_id, first->position);
            return true;
        }
        if (known) {
            (void)eg_item_reject(item, EG_E_KEY_CONFLICT, "/idempotency_key",
                                 "the key was used for event %.*s (position %lld), which has other content", (int)known->id.n,
                                 known->id.p, (long long)known->position);
            return true;
        }
    }
    const struct eg_known_id *known = eg_map_get(batch->ids, env->id.p, env->id.n);
    if (!known)
        return false;
    if (!same_hash(known, item->content_hash)) {
        (void)eg_item_reject(item, EG_E_ID_CONFLICT, "/id", "event %.*s (position %lld) is stored with other content",
                             (int)env->id.n, env->id.p, (long long)known->position);
        return true;
    }
    if (env->idempotency_key.p && !dry) /* the key is new for a stored event: from now on it stands for it */
        put_key(batch, item, env->id, known->position);
    eg_batch_is_duplicate(item, env->id, known->position);
    return true;
}

static void decide_new(struct eg_event *event, struct eg_item *item) {
    struct eg_batch *batch = &event->batch;
    int64_t position = ++batch->position;
    item->result = EG_RESULT_STORED;
    item->position = position;
    eg_batch_put_event(batch, item, position);
    know(batch, batch->ids, item->env.id, item->env.id, position, item->content_hash);
    if (item->env.idempotency_key.p)
        put_key(batch, item, item->env.id, position);
    for (size_t i = 0; i < item->n_rows && !batch->failed; i++) {
        const struct eg_row *row = &item->rows[i];
        if (row->rule->position_param >= 0)
            row->params[row->rule->position_param] = eg_int(position);
        eg_batch_make_row(event, eg_plan_rule(&event->plan, row->rule), row->params, item->env.id, item->env.ts_us);
    }
}

static void put_letter(struct eg_batch *batch, struct eg_item *item, struct eg_known_letter *letter) {
    const struct eg_failure *failure = item->failure;
    const struct eg_envelope *env = &item->env;
    struct eg_value *row = eg_batch_row(batch, &batch->dlq_rows);
    if (!row)
        return;
    const struct eg_value made[] = {
        eg_cstr(item->dlq_id), own_id(item), eg_text((const char *)item->original_hash, EG_HASH_B), eg_text(item->bytes.p, item->bytes.n),
        eg_cstr(eg_code_name(failure->err.code)), eg_cstr(failure->errors_json), opt(env->topic), opt(env->id),
        eg_cstr(eg_item_scope(item)), opt(env->source), eg_int(batch->received_us), eg_int(batch->received_us), eg_int(1),
        eg_cstr(item->headers_json), item->of->req->who->low_trust ? eg_cstr("low") : eg_null()};
    memcpy(row, made, sizeof made);
    letter->first = item;
    if (!item->notice)
        return;
    int64_t position = ++batch->position;
    eg_batch_put_event(batch, item->notice, position);
}

/* Once per distinct original: seen again, only its counter goes up. */
static void decide_letter(struct eg_batch *batch, struct eg_item *item) {
    struct eg_known_letter *letter = eg_map_get(batch->dlq, item->original_hash, EG_HASH_B);
    if (!letter || letter->gone) {
        letter = eg_arena_zalloc(batch->arena, sizeof *letter);
        if (!letter || !eg_map_put(batch->dlq, item->original_hash, EG_HASH_B, letter)) {
            batch->failed = true;
            return;
        }
        letter->seen = 1;
        put_letter(batch, item, letter);
        return;
    }
    letter->seen++;
    item->dlq_id = letter->first ? letter->first->dlq_id : NULL;
    letter->again = letter->again ? letter->again : item;
}

/* seen, last_seen_utc by the original: after all items, since rows are only counted then. */
static void put_seen(struct eg_batch *batch, struct eg_item *item) {
    struct eg_known_letter *letter = eg_map_get(batch->dlq, item->original_hash, EG_HASH_B);
    if (!letter || letter->again != item)
        return;
    struct eg_value *row = eg_batch_row(batch, &batch->dlq_seen_rows);
    if (!row)
        return;
    row[0] = eg_int(letter->seen);
    row[1] = eg_int(batch->received_us);
    row[2] = own_id(item);
    row[3] = eg_text((const char *)item->original_hash, EG_HASH_B);
}

/* What an administrator does to a dead letter. */
static void decide_acted(struct eg_event *event, struct eg_item *item) {
    struct eg_batch *batch = &event->batch;
    if (!eg_batch_letter_stands(batch, item))
        return;
    if (item->letter->remove) {
        eg_batch_remove_letter(event, item);
        return;
    }
    if (!decide_known(batch, item, false))
        decide_new(event, item);
    if (item->result != EG_RESULT_REJECTED)
        eg_batch_put_redriven(event, item);
}

static struct eg_link *unit_end(const struct eg_batch *batch, struct eg_link *at) {
    const struct eg_submission *of = EG_CONTAINER(at, struct eg_item, link)->of;
    struct eg_link *end = at->next;
    while (of->atomic && end != &batch->items && EG_CONTAINER(end, struct eg_item, link)->of == of)
        end = end->next;
    return end;
}

/* Whether any event of an atomic batch is refused; those inside one batch that clash were found before (gather.c). */
static bool any_conflict(struct eg_batch *batch, struct eg_link *at, const struct eg_link *end) {
    bool conflict = false;
    for (; at != end; at = at->next) {
        struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        decide_known(batch, item, true);
        conflict |= item->result == EG_RESULT_REJECTED;
    }
    return conflict;
}

void eg_batch_decide(struct eg_event *event) {
    struct eg_batch *batch = &event->batch;
    for (struct eg_link *at = batch->items.next, *end; at != &batch->items && !batch->failed; at = end) {
        end = unit_end(batch, at);
        if (EG_CONTAINER(at, struct eg_item, link)->of->atomic && any_conflict(batch, at, end))
            continue;
        for (; at != end && !batch->failed; at = at->next) {
            struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
            if (item->dead_letter)
                decide_letter(batch, item);
            else if (item->letter)
                decide_acted(event, item);
            else if (!decide_known(batch, item, false))
                decide_new(event, item);
        }
    }
    for (struct eg_link *at = batch->items.next; at != &batch->items && !batch->failed; at = at->next) {
        struct eg_item *item = EG_CONTAINER(at, struct eg_item, link);
        if (item->dead_letter)
            put_seen(batch, item);
    }
}
