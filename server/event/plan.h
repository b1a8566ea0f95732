/* What is known at start about the statements of the event path: shapes for the log's own tables, and for each rule how its rows
 * meet other rules' rows. Made once from registry and catalogue. */
#ifndef EG_EVENT_PLAN_H
#define EG_EVENT_PLAN_H

#include "base/map.h"
#include "db/db.h"
#include "server/registry/registry.h"

/* A way in which rows of a table are deleted: by these columns; distinct over all rules. */
struct eg_gone {
    int id;
    const struct eg_table *table;
    size_t n;
    const int *columns;
    const enum eg_type *types;
};

/* A way in which rows of a table are needed by other rows: table and columns, distinct over all rules. */
struct eg_need_shape {
    int id;
    const struct eg_need *need;    /* the first of them: table and where */
    struct eg_dml lookup, demand;
    const enum eg_type *types;     /* n_where */
    size_t n_gone;                 /* deletes that may take such a row away */
    const struct eg_gone *const *gone;
    const int *const *gone_out;    /* for each: which columns of the lookup's `out` are its own */
};

struct eg_params { /* indexes into a row's parameters */
    size_t n;
    const int *at;
};

struct eg_keyset_use {
    int id;              /* of the (table, columns) */
    const struct eg_table *table;
    struct eg_params at; /* n = 0: the rule's rows do not say these columns */
};

struct eg_creates {
    const struct eg_need_shape *shape;
    struct eg_params at;
    const struct eg_need_shape *unless; /* not when this row stands already: it keeps its own columns. NULL: in any case */
    struct eg_params unless_at;
    const struct eg_params *gone_at; /* shape->n_gone: where the row says their columns; n = 0: it does not */
};

struct eg_fill_use {
    const struct eg_dml *fill;
    struct eg_params at;
};

struct eg_rule_plan {
    const struct eg_rule *rule;
    const struct eg_need_shape *const *needs; /* rule->n_needs */
    size_t n_creates;                          /* need shapes that a row of this rule satisfies, those with `unless` first */
    const struct eg_creates *creates;
    size_t n_keysets;                          /* key column sets in use on its table, and of what it looks for: a newest row, its guard */
    const struct eg_keyset_use *keysets;
    struct eg_params key;                      /* of dml.key, for folding */
    size_t n_fills;
    const struct eg_fill_use *fills;
    const struct eg_gone *gone; /* of a delete: what it takes away; of a rule whose rows may wait: what takes them away, NULL: nothing */
    struct eg_params gone_at;   /* of a rule whose rows may wait: gone's columns in them */
    bool *replaced; /* n_params: whether a later row's value wins when two are folded */
    bool moves_key; /* an update that changes a column of its key: what it changed is not found by the same key again */
};

struct eg_plan {
    struct eg_dml key_lookup, id_lookup, dlq_lookup, letter_lookup;
    struct eg_dml id_insert, key_insert, event_insert, artifact_insert, dlq_insert, dlq_seen, dlq_redriven, dlq_delete;
    struct eg_dml pending_insert, pending_move, pending_delete, pending_drop;
    size_t n_shapes;
    const struct eg_need_shape *shapes;
    struct eg_map *rules; /* &rule → struct eg_rule_plan */
};

EG_MUST_CHECK eg_status eg_plan_make(struct eg_plan *plan, const struct eg_registry *registry, const struct eg_catalogue *catalogue,
                                     struct eg_arena *arena, struct eg_err *err);
const struct eg_rule_plan *eg_plan_rule(const struct eg_plan *plan, const struct eg_rule *rule);

#endif
