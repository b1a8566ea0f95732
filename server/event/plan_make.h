/* The inside of plan.c and plan_gone.c: what is known while the plan is made. */
#ifndef EG_EVENT_PLAN_MAKE_H
#define EG_EVENT_PLAN_MAKE_H

#include "server/event/plan.h"

struct eg_plan_maker {
    struct eg_arena *arena;
    const struct eg_catalogue *catalogue;
    const struct eg_registry *registry;
    struct eg_plan *plan;
    struct eg_err *err;
    struct eg_need_shape *shapes; /* being collected */
    size_t cap_shapes;
    struct eg_plan_keyset *keysets;
    size_t n_keysets;
    struct eg_gone *gone;
    size_t n_gone;
};

struct eg_plan_keyset {
    const struct eg_table *table;
    size_t n;
    const int *columns;
};

static inline bool eg_plan_makes_rows(const struct eg_dml *dml) { return dml->kind <= EG_DML_REPLACE; }
/* False when one of the columns is not said by the rule's rows. */
bool eg_plan_params(struct eg_plan_maker *m, const struct eg_dml *dml, size_t n, const int *columns, struct eg_params *out);

/* plan_gone.c */

/* The way in which dml deletes, a new one when no rule before deleted so. NULL: memory is out. */
const struct eg_gone *eg_plan_gone_of(struct eg_plan_maker *m, const struct eg_dml *dml);
/* The deletes that may take rows of the shape away, and their columns into its lookup. */
EG_MUST_CHECK eg_status eg_plan_gone(struct eg_plan_maker *m, struct eg_need_shape *shape);
/* Where a row that makes the shape's says their columns. */
EG_MUST_CHECK eg_status eg_plan_gone_at(struct eg_plan_maker *m, const struct eg_dml *dml, struct eg_creates *made);
/* What takes a row of the rule away while it waits. It is found by one key in pending_rows, so there may be one kind of delete only. */
EG_MUST_CHECK eg_status eg_plan_taken(struct eg_plan_maker *m, struct eg_rule_plan *plan);

#endif
