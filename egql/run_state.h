/* A run's own state, shared by run.c (the order of statements), run_bind.c (slots become values) and run_walk.c (the
 * graph). */
#ifndef EGQL_RUN_STATE_H
#define EGQL_RUN_STATE_H

#include "egql/plan.h"

#define EGQL_MOST_SETS_B (16U << 20) /* of a JSON parameter that a lookup makes */

struct egql_indexed { /* a repository and the commit whose graph it has; sha NULL: no event says which */
    struct eg_str repo, sha;
    struct eg_str branch, recorded; /* of the event, and that the commit was recorded with; p NULL: none */
    bool known;
};

struct egql_run {
    const struct egql_compiled *compiled;
    const struct egql_plan *plan;
    const struct eg_value *values;
    struct egql_limits limits;
    int64_t now_us;
    struct eg_arena *arena;

    size_t step;  /* of the statement that was given out last, and … */
    bool started; /* … whether one was */
    bool over, truncated, full;
    const char *note; /* NULL: none */
    int64_t rows;  /* of the statement that runs */
    int64_t asked; /* rows of the answer at most */
    bool exact;    /* that many were asked for: no row more is fetched, nothing is cut */

    struct eg_str sha[2];
    struct eg_str matches[EGQL_MOST_MATCHES + 1];
    size_t n_matches;

    bool in_series; /* the correlation id is known */

    struct eg_str *chain;
    size_t n_chain, cap_chain;

    struct egql_indexed *indexed;
    size_t n_indexed, cap_indexed;

    int64_t *nodes; /* in the order of their discovery */
    size_t n_nodes, cap_nodes;
    uint32_t *seen; /* places in nodes by id, open addressing; from 1, 0 is free */
    size_t cap_seen;
    size_t *levels; /* where each level begins in nodes */
    size_t n_levels, cap_levels;
    size_t part, part_end; /* the nodes that the statement of a level asks about */
    size_t part_size;
    int64_t edges; /* rows of all levels */
};

/* An array of `size` bytes each with room for one more than n; false: the arena is full. */
bool egql_room(struct egql_run *run, void **array, size_t *cap, size_t n, size_t size);
struct eg_str egql_keep(struct egql_run *run, struct eg_str text);

/* run_bind.c. False: diag is set. */
bool egql_bind(struct egql_run *run, const struct egql_step *step, struct eg_value *out, struct egql_diag *diag);
struct eg_str egql_argument(const struct egql_run *run, int which); /* of the scope; p NULL when null */
struct eg_str egql_start(const struct egql_run *run);

/* run_walk.c */
bool egql_indexed_row(struct egql_run *run, const struct eg_value *cells);
eg_status egql_indexed_settle(struct egql_run *run, struct egql_diag *diag);
bool egql_start_row(struct egql_run *run, const struct eg_value *cells);
bool egql_level_row(struct egql_run *run, const struct eg_value *cells);
bool egql_walk_goes_on(struct egql_run *run); /* after the start or a part of a level: one more is to be asked for */
int64_t egql_level_most(const struct egql_run *run); /* rows that it is to give */

#endif
