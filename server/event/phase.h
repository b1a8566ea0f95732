/* The derived rows of one batch, grouped into as few statements as keep their order. Events are taken in order; a phase holds one
 * group a shape, executed deletes first, then inserts (parents before children), then updates, then fills. A row that would
 * have to come after something that its phase executes later opens the next phase. Rows of one key in one group are folded. */
#ifndef EG_EVENT_PHASE_H
#define EG_EVENT_PHASE_H

#include "base/arena.h"
#include "db/db.h"
#include "server/event/plan.h"

struct eg_phase;

struct eg_phases {
    struct eg_arena *arena;
    struct eg_phase *first, *last;
    size_t n_ops; /* that eg_phases_ops will write */
    uint64_t n_rows;
    bool failed;  /* the arena is full */
};

void eg_phases_init(struct eg_phases *phases, struct eg_arena *arena);
/* params live until the batch is over. */
void eg_phases_add(struct eg_phases *phases, const struct eg_rule_plan *plan, const struct eg_value *params);
/* Writes n_ops operations in the order of their execution. */
void eg_phases_ops(struct eg_phases *phases, struct eg_op *ops);

#endif
