/* The emitter's ground: patterns, identifiers, slots, and the end of a statement. */
#include "egql/emit.h"

#include <stdio.h>
#include <string.h>

static char *alloc(struct egql_emit *e, size_t size) {
    char *at = eg_arena_alloc(e->arena, size);
    if (!at)
        e->full = true;
    return at;
}

const char *egql_put(struct egql_emit *e, const char *pattern, const char *first, const char *second) {
    size_t size = 1, n_first = strlen(first), n_second = second ? strlen(second) : 0;
    for (const char *at = pattern; *at; at++)
        size += *at == '%' ? n_first : *at == '^' ? n_second : 1;
    char *out = size <= EGQL_MOST_SQL_B ? alloc(e, size) : NULL;
    if (!out) {
        e->full = true;
        return "";
    }
    char *to = out;
    for (const char *at = pattern; *at; at++) {
        if (*at == '%') {
            memcpy(to, first, n_first);
            to += n_first;
        } else if (*at == '^') {
            if (n_second)
                memcpy(to, second, n_second);
            to += n_second;
        } else {
            *to++ = *at;
        }
    }
    *to = 0;
    return out;
}

static bool same(const struct egql_slot *a, const struct egql_slot *b) {
    if (!a->shared || a->kind != b->kind)
        return false;
    if (a->kind == EGQL_SLOT_WIDTH)
        return a->param == b->param && a->us == b->us;
    return a->value.s.n == b->value.s.n && memcmp(a->value.s.p, b->value.s.p, a->value.s.n) == 0;
}

static const char *number(struct egql_emit *e, size_t at) {
    char *out = alloc(e, 24);
    if (!out)
        return "";
    snprintf(out, 24, "%c%zu", e->dialect->mark, at + 1);
    return out;
}

const char *egql_slot(struct egql_emit *e, struct egql_slot slot) {
    for (size_t i = 0; slot.shared && i < e->n_slots; i++)
        if (same(&e->slots[i], &slot))
            return number(e, i);
    if (e->n_slots == e->cap_slots) {
        size_t cap = e->cap_slots ? e->cap_slots * 2 : 16;
        struct egql_slot *more = eg_arena_alloc(e->arena, cap * sizeof *more);
        if (!more) {
            e->full = true;
            return "";
        }
        if (e->n_slots)
            memcpy(more, e->slots, e->n_slots * sizeof *more);
        e->slots = more;
        e->cap_slots = cap;
    }
    e->slots[e->n_slots] = slot;
    return number(e, e->n_slots++);
}

const char *egql_slot_text(struct egql_emit *e, const char *p, size_t n) {
    return egql_slot(
        e, (struct egql_slot){
               .kind = EGQL_SLOT_CONST, .type = EG_TEXT, .value = eg_text(p, n), .param = -1, .shared = true});
}

const char *egql_slot_regex(struct egql_emit *e, const struct egql_value *value) {
    bool param = value->kind == EGQL_V_PARAM;
    return egql_slot(e, (struct egql_slot){.kind = param ? EGQL_SLOT_REGEX : EGQL_SLOT_CONST,
                                           .type = EG_TEXT,
                                           .value = value->as,
                                           .param = param ? value->param : -1,
                                           .span = value->span});
}

const char *egql_slot_value(struct egql_emit *e, const struct egql_value *value) {
    bool param = value->kind == EGQL_V_PARAM;
    return egql_slot(e, (struct egql_slot){.kind = param ? EGQL_SLOT_PARAM : EGQL_SLOT_CONST,
                                           .type = value->type,
                                           .value = value->as,
                                           .param = param ? value->param : -1,
                                           .span = value->span});
}

const char *egql_quoted(struct egql_emit *e, const char *name) {
    size_t n = strlen(name);
    char *out = alloc(e, 2 * n + 3), *to = out;
    if (!out)
        return "";
    *to++ = '"';
    for (size_t i = 0; i < n; i++) {
        if (name[i] == '"')
            *to++ = '"';
        *to++ = name[i];
    }
    *to++ = '"';
    *to = 0;
    return out;
}

const char *egql_column(struct egql_emit *e, const char *alias, const char *name) {
    return egql_put(e, "%.^", alias, egql_quoted(e, name));
}

/* Lookups and levels always are; an answer is when its scope leads to few rows. */
static bool by_key(const struct egql_emit *e, enum egql_step_kind kind) {
    if (kind != EGQL_STEP_ANSWER)
        return true;
    switch (e->plan->scope->kind) {
    case EGQL_S_SHA:
        return !e->source->graph; /* all the edges of the graph */
    case EGQL_S_RUN:
    case EGQL_S_CORRELATION:
    case EGQL_S_CAUSES:
    case EGQL_S_EFFECTS:
        return true;
    case EGQL_S_ALL:
    case EGQL_S_RANGE:
    case EGQL_S_BRANCH:
        return false;
    }
    return false;
}

void egql_step(struct egql_emit *e, enum egql_step_kind kind, int which, struct eg_buf *sql, size_t n_columns,
               const enum eg_type *column_types) {
    struct egql_plan *plan = e->plan;
    EG_ASSERT(plan->n_steps < EGQL_MOST_STEPS);
    struct egql_step *step = &plan->steps[plan->n_steps++];
    enum eg_type *types = eg_arena_alloc(e->arena, (e->n_slots + 1) * sizeof *types);
    if (sql->failed || !types) {
        e->full = true;
        return;
    }
    for (size_t i = 0; i < e->n_slots; i++)
        types[i] = e->slots[i].type;
    *step = (struct egql_step){.kind = kind,
                               .which = which,
                               .sql = eg_arena_dup(e->arena, sql->data, sql->len),
                               .n_slots = e->n_slots,
                               .slots = e->slots,
                               .types = types,
                               .n_columns = n_columns,
                               .column_types = column_types,
                               .by_key = by_key(e, kind)};
    if (!step->sql)
        e->full = true;
    e->slots = NULL;
    e->n_slots = e->cap_slots = 0;
}
