/* What EGQL may select, as spec/sources/ declares it. */
#ifndef EGQL_SOURCE_H
#define EGQL_SOURCE_H

#include "egql/egql.h"

struct egql_cond;

/* What a field's value is made of. */
enum egql_field_kind {
    EGQL_F_COLUMN, /* the column */
    EGQL_F_MEMBER, /* a member of the JSON column, as `type`: null when it is missing or of another type */
    EGQL_F_GIVEN,  /* EG_BOOL: whether the column is not null */
    EGQL_F_DEPTH   /* EG_INT8: of graph with start=, the least depth at which the edge was met; there is no column */
};

/* Where a name of a query is in SQL. A column of the source's own table, or of its event's row (joined by event_id
 * when one is used). */
struct egql_field {
    const char *name;   /* as queries say it */
    const char *title;  /* a phrase for people */
    const char *column; /* of the table; differs from name when the declaration renames it */
    enum egql_field_kind kind;
    const char *member; /* of EGQL_F_MEMBER */
    enum eg_type
        type;       /* EG_JSON fields take a path behind them: meta.a.b. Whole numbers are EG_INT8, also of an int4 */
    bool of_event;  /* the column is one of `events` */
    bool surrogate; /* a number that means nothing outside this database: stores are compared without it */
    bool hidden;    /* not among the columns of a SELECT without items */
};

struct egql_source {
    const char *name;
    const char *title;
    const char *table; /* or view */
    size_t n_fields;
    const struct egql_field *fields;
    /* Fields by what scopes and windows need; −1 without. Those that are missing are reached through the row's event
     * when `event` is there. */
    int time, sha, branch, correlation, event; /* event: the field that holds the event's id (events: its own id) */
    size_t n_tie;                              /* the last of every order, ascending: fields that are unique together */
    const int *tie;
    bool graph;                    /* sha and branch mean the indexed commit; start, depth, direction are known */
    bool newest_first;             /* without ORDER BY: by time, descending, then by tie; else by tie alone */
    enum eg_scope scope;           /* needed beside the right to ask; EG_SCOPE_NONE: none */
    const struct egql_cond *where; /* of every row (checked): egql_check joins it to WHERE. NULL: all rows */
};

struct egql_sources {
    struct eg_arena *arena;
    size_t n;
    const struct egql_source *all; /* sorted by name */
};

/* The row's event as JSON: what the roots payload and env are in every source that has an event. Of `events` they are
 * fields of its own. */
extern const struct egql_field egql_field_payload, egql_field_env;

const struct egql_source *egql_source_find(const struct egql_sources *sources, const char *name, size_t len);
int egql_source_field(const struct egql_source *source, const char *name, size_t len); /* −1 when absent */

#endif
