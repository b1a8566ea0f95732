/* The checker's inside, shared by check*.c. All functions that give bool are false when diag was set. */
#ifndef EGQL_CHECK_H
#define EGQL_CHECK_H

#include "egql/ast.h"

struct egql_checker {
    struct egql_ast *ast;
    const struct egql_sources *sources;
    const struct egql_source *source;
    struct eg_arena *arena;
    struct egql_diag *diag;
    bool given[EGQL_MOST_PARAMS]; /* whether the ast's parameter has a value */
    bool walk;                    /* start= was found */
};

bool egql_c_fail(struct egql_checker *c, struct egql_span span, const char *format, ...) EG_PRINTF(3, 4);
void *egql_c_alloc(struct egql_checker *c, size_t size_b); /* zeroed; NULL with diag */
/* A $name as the query uses it at span: has it a value? */
bool egql_c_param(struct egql_checker *c, struct egql_span span, int param);

/* A parameter (or −1) in the place of a time or duration. */
bool egql_c_when(struct egql_checker *c, struct egql_span span, int param, const char *what);

/* check_key.c */
bool egql_c_key(struct egql_checker *c, struct egql_key *key);
bool egql_c_scalar(struct egql_checker *c, const struct egql_key *key,
                   const char *what); /* not a whole document, not bytes */
bool egql_c_same_key(const struct egql_key *a, const struct egql_key *b);
const char *egql_c_key_text(struct egql_checker *c,
                            const struct egql_key *key); /* as a query writes it; NULL with diag */

/* check_cond.c */
bool egql_c_cond(struct egql_checker *c, struct egql_cond *cond);
bool egql_c_value(struct egql_checker *c, const struct egql_key *key, struct egql_value *value);
bool egql_c_text(struct egql_checker *c, struct egql_value *value, const char *what); /* a value that must be text */

/* check_item.c */
bool egql_c_items(struct egql_checker *c, struct egql_query *q);
bool egql_c_order(struct egql_checker *c, struct egql_query *q);

/* check_walk.c: takes start, depth, direction and etype out of WHERE */
bool egql_c_walk(struct egql_checker *c, struct egql_query *q);

#endif
