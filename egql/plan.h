/* A compiled query inside the library: a series of statements whose parameters are slots. A slot says where a value
 * comes from; the run fills it. Made by plan.c and the emit_*.c files, immutable afterwards, read by run*.c. */
#ifndef EGQL_PLAN_H
#define EGQL_PLAN_H

#include "egql/ast.h"
#include "egql/dialect.h"

enum egql_slot_kind {
    EGQL_SLOT_CONST,    /* value */
    EGQL_SLOT_PARAM,    /* the query's parameter, as `type` */
    EGQL_SLOT_REGEX,    /* a parameter that is a pattern: checked and translated first */
    EGQL_SLOT_MOMENT,   /* a parameter that is a time, and must be given */
    EGQL_SLOT_AGO,      /* now less us, or less the parameter's duration */
    EGQL_SLOT_WIDTH,    /* us, or the parameter's duration, in seconds */
    EGQL_SLOT_JSON,     /* a document: the value (constant or parameter), at the end of objects named by path */
    EGQL_SLOT_SHA,      /* the commit that a scope's argument `which` turned out to be */
    EGQL_SLOT_LOW,      /* of the argument `which`: the least text that begins like it … */
    EGQL_SLOT_HIGH,     /* … and one that is behind all such */
    EGQL_SLOT_SET,      /* JSON: what the lookup before this statement has collected (event ids, nodes, a level) */
    EGQL_SLOT_REPOS,    /* JSON: the repositories whose graph is meant */
    EGQL_SLOT_MODULE,   /* of a walk's start: before the last colon … */
    EGQL_SLOT_NAME,     /* … and behind it */
    EGQL_SLOT_START,    /* the whole start */
    EGQL_SLOT_LIMIT,    /* rows to ask for */
    EGQL_SLOT_BUDGET    /* rows that a level or a chain gives at most: so many show that it was too many */
};

struct egql_slot {
    enum egql_slot_kind kind;
    enum eg_type type; /* of the SQL parameter */
    struct eg_value value;
    enum eg_type value_type; /* of value or parameter of a document */
    int param;               /* −1: value */
    struct egql_span span;   /* of the value in the text */
    int64_t us;
    int which;
    size_t n_path;
    const struct eg_str *path;
    bool shared; /* may stand at several places: PostgreSQL takes two parameters for two expressions */
};

enum egql_step_kind {
    EGQL_STEP_SHA,
    EGQL_STEP_SERIES, /* whether anything has the correlation id */
    EGQL_STEP_CHAIN,
    EGQL_STEP_INDEXED,
    EGQL_STEP_START,
    EGQL_STEP_LEVEL,
    EGQL_STEP_ANSWER
};

struct egql_step {
    enum egql_step_kind kind;
    int which; /* SHA: the argument */
    const char *sql;
    size_t n_slots;
    const struct egql_slot *slots;
    const enum eg_type *types; /* of the slots */
    size_t n_columns;
    const enum eg_type *column_types;
    bool by_key; /* its rows are found by keys: any values want the same plan */
};

#define EGQL_MOST_STEPS 5
#define EGQL_MOST_INDEXED 1000 /* repositories with a graph; one more is seen as a cut */
#define EGQL_MOST_MATCHES 10 /* of an ambiguous commit that are listed */

struct egql_plan {
    const struct egql_ast *ast;
    const struct egql_dialect *dialect;
    const struct egql_scope *scope;
    const struct egql_walk *walk; /* NULL: none */
    bool plain_walk; /* its rows come in order of depth, unfiltered: levels beyond the limit are not needed */
    bool tallied;    /* a walk whose edges are only counted, by depth at most */
    bool limited;
    int64_t limit;
    size_t n_steps;
    struct egql_step steps[EGQL_MOST_STEPS];
};

/* From a checked query. EG_FAIL: the arena is full. */
EG_MUST_CHECK eg_status egql_plan(const struct egql_ast *ast, const struct egql_dialect *dialect,
                                  struct eg_arena *arena, const struct egql_compiled **compiled);

/* print.c: each statement on a line, and under it where its parameters come from, a line each: for people and for tests. */
void egql_compiled_print(const struct egql_compiled *compiled, struct eg_buf *out);

#endif
