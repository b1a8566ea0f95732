/* What EGQL may select, as spec/sources/ declares it. */
#ifndef EGQL_SOURCE_H
#define EGQL_SOURCE_H

#include "egql/egql.h"

/* Where a name of a query is in SQL. A column of the source's own table, or of its event's row (joined by event_id
 * when one is used). */
struct egql_field {
    const char *name;   /* as queries say it */
    const char *title;  /* a phrase for people */
    const char *column; /* of the table; differs from name when the declaration renames it */
    enum eg_type type;  /* EG_JSON fields take a path behind them: meta.a.b */
    bool of_event;      /* the column is one of `events` */
    bool surrogate;     /* a number that means nothing outside this database: stores are compared without it */
    bool hidden;        /* not among the columns of a SELECT without items */
};

struct egql_source {
    const char *name;
    const char *title;
    const char *table; /* or view */
    size_t n_fields;
    const struct egql_field *fields;
    /* Fields by what scopes and windows need; −1 without. Those that are missing are reached through the row's event
     * when `event` is there. */
    int time, sha, branch, correlation, event, /* event: the field that holds the event's id (events: its own id) */
        tie;                                   /* the last of every order: a field that is unique */
    bool graph;                                /* FROM sha and branch mean the indexed commit; start, depth and direction are known */
    bool newest_first;                         /* by time; else by tie */
};

struct egql_sources {
    struct eg_arena *arena;
    size_t n;
    const struct egql_source *all; /* sorted by name */
};

const struct egql_source *egql_source_find(const struct egql_sources *sources, const char *name, size_t len);
int egql_source_field(const struct egql_source *source, const char *name, size_t len); /* −1 when absent */

#endif
