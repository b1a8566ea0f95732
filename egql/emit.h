/* The emitter: writes SQL from a checked query. Expressions are texts in the arena; values become slots, never text. */
#ifndef EGQL_EMIT_H
#define EGQL_EMIT_H

#include "egql/plan.h"

#define EGQL_MOST_SQL_B (4U << 20)

struct egql_emit {
    struct eg_arena *arena;
    const struct egql_dialect *dialect;
    const struct egql_ast *ast;
    const struct egql_source *source;
    struct egql_plan *plan;
    bool with_event; /* e, the row's event, is joined */
    bool walking;    /* w, the nodes of a walk, is joined: it has the depth */
    struct egql_slot *slots;
    size_t n_slots, cap_slots;
    size_t probes; /* conditions and values of IN that the payload's index is to find */
    bool full; /* the arena, or a bound */
};

/* A pattern of the dialect with its expressions put in. second may be NULL. "" when the arena is full. */
const char *egql_put(struct egql_emit *e, const char *pattern, const char *first, const char *second);
const char *egql_slot(struct egql_emit *e, struct egql_slot slot);                 /* "$3" */
const char *egql_slot_text(struct egql_emit *e, const char *p, size_t n);          /* a constant, shared */
const char *egql_slot_value(struct egql_emit *e, const struct egql_value *value);  /* constant or parameter */
const char *egql_slot_regex(struct egql_emit *e, const struct egql_value *value);  /* a pattern */
const char *egql_quoted(struct egql_emit *e, const char *name);                    /* an identifier */
const char *egql_column(struct egql_emit *e, const char *alias, const char *name); /* s."name" */
/* Ends a statement: takes the slots; the emitter is ready for the next. */
void egql_step(struct egql_emit *e, enum egql_step_kind kind, int which, struct eg_buf *sql, size_t n_columns,
               const enum eg_type *column_types);

/* emit_key.c */
const char *egql_field_sql(struct egql_emit *e, const struct egql_field *field);
/* The time that rows are ordered by. Where the scope leads to few events, these are to be sorted: SQLite would rather
 * walk all events in their order than sort. */
const char *egql_newest_sql(struct egql_emit *e, const char *time);
bool egql_field_present(const struct egql_source *source, const struct egql_field *field); /* never null */
bool egql_key_is_json(const struct egql_key *key);
const char *egql_key_sql(struct egql_emit *e,
                         const struct egql_key *key); /* a column's value, or JSON's: NULL when null */
const char *egql_key_group(struct egql_emit *e, const struct egql_key *key); /* equal exactly when the values are */
const char *egql_key_text(struct egql_emit *e, const struct egql_key *key);  /* NULL when JSON of another type */
const char *egql_key_number(struct egql_emit *e, const struct egql_key *key);
const char *egql_item_sql(struct egql_emit *e, const struct egql_query *query, const struct egql_item *item);
void egql_order_key(struct egql_emit *e, struct eg_buf *sql, const struct egql_key *key, bool descending);
void egql_order_item(struct egql_emit *e, struct eg_buf *sql, const struct egql_item *item, bool descending);
/* One expression, after a comma when something stands before it. */
void egql_order_sql(struct egql_emit *e, struct eg_buf *sql, const char *expression, bool descending, bool never_null);

/* emit_cond.c */
void egql_cond_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond);
const char *egql_json_key(struct egql_emit *e, const struct egql_key *key, const char *pattern);

/* emit_scope.c: the lookups that a scope needs, and its condition */
void egql_scope_steps(struct egql_emit *e, const struct egql_scope *scope);
void egql_scope_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_scope *scope);
void egql_window_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_window *window);
void egql_and(struct eg_buf *sql); /* " WHERE " or " AND ": sql holds the conditions alone */

/* emit_graph.c */
void egql_graph_steps(struct egql_emit *e);
void egql_graph_from(struct egql_emit *e, struct eg_buf *sql);
/* Of a walk whose edges are only counted: what stands behind its table (and the event's), where the count has begun. Takes the conditions
 * out of where, and leaves what is to be one of the answer's rows. */
void egql_graph_tally(struct egql_emit *e, struct eg_buf *sql, struct eg_buf *where);
void egql_graph_order(struct egql_emit *e, struct eg_buf *sql); /* of a walk, the tie included */

/* emit_path.c */
void egql_path_sql(struct egql_emit *e, const struct egql_path *path, struct egql_compiled *compiled);

#endif
