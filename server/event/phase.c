/* Groups rows into statements. A group's place in its phase is its order: (stage, depth, age), stages being deletes, inserts, updates;
 * fills come after all. For each key that a row touches, the phase remembers the highest order that touched it: a row whose
 * group is executed before that would act too early, and so opens the next phase. */
#include "server/event/phase.h"

#include <string.h>

#include "base/map.h"

struct group {
    struct group *next; /* in the order of execution */
    const struct eg_dml *dml;
    const struct eg_rule_plan *plan; /* NULL for fills */
    uint64_t order;
    size_t width;
    size_t n_rows, cap;
    struct eg_value *rows;
};

struct touch { /* one key of one key set */
    uint64_t hash; /* 0: the slot is free */
    uint64_t order;
    struct group *group;
    size_t row;
};

struct table_touch { /* what rows of a table did as a whole: for rows that do not say the columns of some key set */
    const struct eg_table *table;
    uint64_t most_order;
    uint64_t most_blind_order;
};

struct eg_phase {
    struct eg_phase *next;
    struct group *groups; /* deletes, inserts, updates, in order */
    struct group *fills;
    uint32_t n_groups;
    struct touch *touches; /* open addressing, a power of two */
    size_t n_touches, cap_touches;
    struct table_touch tables[64];
    size_t n_tables;
};

#define TOUCHES_LEAST 256

void eg_phases_init(struct eg_phases *phases, struct eg_arena *arena) { *phases = (struct eg_phases){.arena = arena}; }

static struct eg_phase *open_phase(struct eg_phases *phases) {
    struct eg_phase *phase = eg_arena_zalloc(phases->arena, sizeof *phase);
    if (phase) {
        phase->cap_touches = TOUCHES_LEAST;
        phase->touches = eg_arena_zalloc(phases->arena, phase->cap_touches * sizeof *phase->touches);
    }
    if (!phase || !phase->touches) {
        phases->failed = true;
        return NULL;
    }
    *(phases->last ? &phases->last->next : &phases->first) = phase;
    phases->last = phase;
    return phase;
}

static uint64_t hash_value(const struct eg_value *value, enum eg_type type, uint64_t seed) {
    if (value->null)
        return eg_hash64("", 0, seed + 1);
    if (eg_type_is_str(type))
        return eg_hash64(value->s.p, value->s.n, seed);
    return type == EG_BOOL ? eg_hash64(&value->b, sizeof value->b, seed) : eg_hash64(&value->i, sizeof value->i, seed);
}

static bool same_value(const struct eg_value *a, const struct eg_value *b, enum eg_type type) {
    if (a->null || b->null)
        return a->null && b->null;
    if (eg_type_is_str(type))
        return a->s.n == b->s.n && memcmp(a->s.p, b->s.p, a->s.n) == 0;
    return type == EG_BOOL ? a->b == b->b : a->i == b->i;
}

static uint64_t hash_key(const struct eg_rule_plan *plan, const struct eg_keyset_use *use, const struct eg_value *params) {
    uint64_t hash = 0x9e3779b97f4a7c15u * (uint64_t)(use->id + 1);
    for (size_t i = 0; i < use->at.n; i++)
        hash = hash_value(&params[use->at.at[i]], plan->rule->types[use->at.at[i]], hash);
    return hash ? hash : 1;
}

static struct touch *find_touch(const struct eg_phase *phase, uint64_t hash) {
    size_t at = hash & (phase->cap_touches - 1);
    while (phase->touches[at].hash && phase->touches[at].hash != hash)
        at = (at + 1) & (phase->cap_touches - 1);
    return &phase->touches[at];
}

static bool grow_touches(struct eg_phases *phases, struct eg_phase *phase) {
    if ((phase->n_touches + 1) * 2 <= phase->cap_touches)
        return true;
    struct touch *old = phase->touches;
    size_t n = phase->cap_touches;
    struct touch *made = eg_arena_zalloc(phases->arena, 2 * n * sizeof *made);
    if (!made) {
        phases->failed = true;
        return false;
    }
    phase->touches = made;
    phase->cap_touches = 2 * n;
    for (size_t i = 0; i < n; i++) {
        if (old[i].hash)
            *find_touch(phase, old[i].hash) = old[i];
    }
    return true;
}

/* NULL: the phase has as many as it may. */
static struct table_touch *table_touch(struct eg_phase *phase, const struct eg_table *table) {
    for (size_t i = 0; i < phase->n_tables; i++) {
        if (phase->tables[i].table == table)
            return &phase->tables[i];
    }
    if (phase->n_tables == sizeof phase->tables / sizeof phase->tables[0])
        return NULL;
    phase->tables[phase->n_tables] = (struct table_touch){.table = table};
    return &phase->tables[phase->n_tables++];
}

/* Deletes take children first, inserts parents first, so that foreign keys hold in between. */
static uint64_t order_of(const struct eg_dml *dml, uint32_t age) {
    uint64_t stage = dml->kind == EG_DML_DELETE ? 1 : dml->kind == EG_DML_UPDATE ? 3 : 2;
    uint64_t depth = (uint64_t)dml->table->depth & 0xffff;
    return stage << 56 | (stage == 1 ? 0xffff - depth : depth) << 32 | age;
}

static struct group *find_group(struct group *list, const struct eg_dml *dml) {
    while (list && list->dml != dml)
        list = list->next;
    return list;
}

static struct group *add_group(struct eg_phases *phases, struct eg_phase *phase, const struct eg_dml *dml,
                               const struct eg_rule_plan *plan) {
    struct group *group = eg_arena_zalloc(phases->arena, sizeof *group);
    if (!group) {
        phases->failed = true;
        return NULL;
    }
    *group = (struct group){.dml = dml, .plan = plan, .width = eg_dml_n_params(dml)};
    group->order = order_of(dml, ++phase->n_groups);
    struct group **at = plan ? &phase->groups : &phase->fills;
    while (*at && (*at)->order < group->order)
        at = &(*at)->next;
    group->next = *at;
    *at = group;
    phases->n_ops++;
    return group;
}

static struct eg_value *add_row(struct eg_phases *phases, struct group *group) {
    if (group->n_rows == group->cap) {
        size_t cap = group->cap ? 2 * group->cap : 16;
        struct eg_value *rows = eg_arena_alloc(phases->arena, cap * group->width * sizeof *rows);
        if (!rows) {
            phases->failed = true;
            return NULL;
        }
        if (group->n_rows)
            memcpy(rows, group->rows, group->n_rows * group->width * sizeof *rows);
        group->rows = rows;
        group->cap = cap;
    }
    return group->rows + group->width * group->n_rows++;
}

/* Whether the row may be executed in this phase at this order. */
static bool fits(struct eg_phase *phase, const struct eg_rule_plan *plan, const struct eg_value *params, uint64_t order) {
    for (size_t i = 0; i < plan->n_keysets; i++) {
        const struct eg_keyset_use *use = &plan->keysets[i];
        const struct table_touch *table = table_touch(phase, use->table);
        if (!table || table->most_blind_order > order)
            return false;
        if (use->at.n == 0) {
            if (table->most_order > order)
                return false;
            continue;
        }
        const struct touch *touch = find_touch(phase, hash_key(plan, use, params));
        if (touch->hash && touch->order > order)
            return false;
    }
    return true;
}

static void note(struct eg_phases *phases, struct eg_phase *phase, const struct eg_rule_plan *plan,
                 const struct eg_value *params, struct group *group, size_t row) {
    for (size_t i = 0; i < plan->n_keysets; i++) {
        const struct eg_keyset_use *use = &plan->keysets[i];
        struct table_touch *table = table_touch(phase, use->table);
        EG_ASSERT(table); /* fits() has made it, or the phase is new */
        if (group->order > table->most_order)
            table->most_order = group->order;
        if (use->at.n == 0) {
            if (group->order > table->most_blind_order)
                table->most_blind_order = group->order;
            continue;
        }
        if (!grow_touches(phases, phase))
            return;
        uint64_t hash = hash_key(plan, use, params);
        struct touch *touch = find_touch(phase, hash);
        phase->n_touches += !touch->hash;
        if (!touch->hash || group->order >= touch->order)
            *touch = (struct touch){hash, group->order, group, row};
    }
}

static bool foldable(enum eg_dml_kind kind) { return kind != EG_DML_INSERT && kind <= EG_DML_DELETE; }

/* The row of the same key in the same group, which this one is folded into; NULL without. */
static struct eg_value *fold_target(const struct eg_phase *phase, const struct eg_rule_plan *plan,
                                    const struct eg_value *params, const struct group *group, bool *clash) {
    *clash = false;
    if (!foldable(plan->rule->dml.kind) || !plan->key.n)
        return NULL;
    for (size_t i = 0; i < plan->n_keysets; i++) {
        const struct eg_keyset_use *use = &plan->keysets[i];
        if (use->at.n != plan->key.n || memcmp(use->at.at, plan->key.at, use->at.n * sizeof *use->at.at) != 0)
            continue;
        const struct touch *touch = find_touch(phase, hash_key(plan, use, params));
        if (!touch->hash || touch->group != group)
            return NULL;
        struct eg_value *row = group->rows + group->width * touch->row;
        *clash = plan->moves_key;
        for (size_t j = 0; j < plan->key.n; j++) {
            int at = plan->key.at[j];
            *clash |= !same_value(&row[at], &params[at], plan->rule->types[at]);
        }
        return *clash ? NULL : row;
    }
    return NULL;
}

static void fold(const struct eg_rule_plan *plan, struct eg_value *into, const struct eg_value *params) {
    for (size_t i = 0; i < plan->rule->n_params; i++) {
        if (plan->replaced[i])
            into[i] = params[i];
    }
}

static void add_fills(struct eg_phases *phases, struct eg_phase *phase, const struct eg_rule_plan *plan,
                      const struct eg_value *params) {
    for (size_t i = 0; i < plan->n_fills; i++) {
        const struct eg_fill_use *use = &plan->fills[i];
        bool known = true;
        for (size_t j = 0; j < use->at.n; j++)
            known &= !params[use->at.at[j]].null;
        if (!known)
            continue;
        struct group *group = find_group(phase->fills, use->fill);
        if (!group && !(group = add_group(phases, phase, use->fill, NULL)))
            return;
        struct eg_value *row = add_row(phases, group);
        for (size_t j = 0; row && j < use->at.n; j++)
            row[j] = params[use->at.at[j]];
    }
}

void eg_phases_add(struct eg_phases *phases, const struct eg_rule_plan *plan, const struct eg_value *params) {
    const struct eg_dml *dml = &plan->rule->dml;
    struct eg_phase *phase = phases->last ? phases->last : open_phase(phases);
    if (!phase)
        return;
    struct group *group = find_group(phase->groups, dml);
    bool clash = false;
    uint64_t order = group ? group->order : order_of(dml, phase->n_groups + 1);
    struct eg_value *same = group ? fold_target(phase, plan, params, group, &clash) : NULL;
    if (clash || !fits(phase, plan, params, order)) {
        if (!(phase = open_phase(phases)))
            return;
        group = NULL;
        same = NULL;
    }
    phases->n_rows++;
    if (same) {
        fold(plan, same, params);
        return;
    }
    if (!group && !(group = add_group(phases, phase, dml, plan)))
        return;
    struct eg_value *row = add_row(phases, group);
    if (!row)
        return;
    memcpy(row, params, group->width * sizeof *row);
    note(phases, phase, plan, params, group, group->n_rows - 1);
    add_fills(phases, phase, plan, params);
}

static struct eg_op *put_ops(const struct group *group, struct eg_op *ops) {
    for (; group; group = group->next)
        *ops++ = (struct eg_op){.dml = group->dml, .n_rows = group->n_rows, .params = group->rows};
    return ops;
}

void eg_phases_ops(struct eg_phases *phases, struct eg_op *ops) {
    for (const struct eg_phase *phase = phases->first; phase; phase = phase->next)
        ops = put_ops(phase->fills, put_ops(phase->groups, ops));
}
