/* The part of the plan that knows what deletes take away: rows that others need, and rows that wait. */
#include <string.h>

#include "server/event/plan_make.h"

const struct eg_gone *eg_plan_gone_of(struct eg_plan_maker *m, const struct eg_dml *dml) {
    size_t i = 0;
    for (; i < m->n_gone; i++) {
        const struct eg_gone *old = &m->gone[i];
        if (old->table == dml->table && old->n == dml->n_key && !memcmp(old->columns, dml->key, dml->n_key * sizeof *dml->key))
            return old;
    }
    enum eg_type *types = eg_arena_alloc(m->arena, (dml->n_key + 1) * sizeof *types);
    if (!types)
        return NULL;
    for (size_t j = 0; j < dml->n_key; j++)
        types[j] = dml->table->columns[dml->key[j]].type;
    m->gone[i] = (struct eg_gone){(int)m->n_gone++, dml->table, dml->n_key, dml->key, types};
    return &m->gone[i];
}

eg_status eg_plan_taken(struct eg_plan_maker *m, struct eg_rule_plan *plan) {
    const struct eg_rule *rule = plan->rule;
    for (size_t i = 0; eg_plan_makes_rows(&rule->dml) && rule->n_needs && i < m->n_gone; i++) {
        const struct eg_gone *gone = &m->gone[i];
        struct eg_params at;
        if (gone->table != rule->dml.table || !eg_plan_params(m, &rule->dml, gone->n, gone->columns, &at))
            continue;
        if (plan->gone)
            return eg_err_set(m->err, EG_E_CONFIG, rule->topic,
                              "rule %d of %s makes rows of %s that may wait for others, and rules delete from %s by two different keys: "
                              "let them delete by the same one",
                              rule->index, rule->topic, gone->table->name, gone->table->name);
        plan->gone = gone;
        plan->gone_at = at;
    }
    return EG_OK;
}

eg_status eg_plan_gone(struct eg_plan_maker *m, struct eg_need_shape *shape) {
    const struct eg_gone **of = eg_arena_alloc(m->arena, (m->n_gone + 1) * sizeof *of);
    const int **out_at = eg_arena_alloc(m->arena, (m->n_gone + 1) * sizeof *out_at);
    int *out = eg_arena_alloc(m->arena, (shape->need->table->n_columns + 1) * sizeof *out);
    if (!of || !out_at || !out)
        return EG_FAIL;
    shape->gone = of;
    shape->gone_out = out_at;
    out[0] = shape->need->where[0]; /* that it is there is all that is asked without deletes */
    shape->lookup.n_out = 1;
    shape->lookup.out = out;
    for (size_t i = 0; i < m->n_gone; i++) {
        const struct eg_gone *gone = &m->gone[i];
        int *at = gone->table == shape->need->table ? eg_arena_alloc(m->arena, (gone->n + 1) * sizeof *at) : NULL;
        if (!at)
            continue;
        for (size_t j = 0; j < gone->n; j++) {
            size_t k = 0;
            while (k < shape->lookup.n_out && out[k] != gone->columns[j])
                k++;
            at[j] = (int)k;
            if (k == shape->lookup.n_out)
                out[shape->lookup.n_out++] = gone->columns[j];
        }
        of[shape->n_gone] = gone;
        out_at[shape->n_gone++] = at;
    }
    return EG_OK;
}

eg_status eg_plan_gone_at(struct eg_plan_maker *m, const struct eg_dml *dml, struct eg_creates *made) {
    struct eg_params *at = eg_arena_zalloc(m->arena, (made->shape->n_gone + 1) * sizeof *at);
    made->gone_at = at;
    for (size_t i = 0; at && i < made->shape->n_gone; i++) {
        if (!eg_plan_params(m, dml, made->shape->gone[i]->n, made->shape->gone[i]->columns, &at[i]))
            at[i].n = 0;
    }
    return at ? EG_OK : EG_FAIL;
}
