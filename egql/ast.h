/* A query as it was written: what the parser makes, the checker completes (the members marked so), and the planner
 * reads. Spans are byte offsets into the text; every part has one, so that whatever is found wrong later can be
 * shown at its place. All of it lives in the arena of the compile. Lists are arrays with a count. */
#ifndef EGQL_AST_H
#define EGQL_AST_H

#include "egql/source.h"

struct egql_span {
    size_t offset, length;
};

#define EGQL_A_DURATION "a duration such as 15m, 1h, 7d or 2w"

/* How long, or a parameter that says it when the query runs. */
struct egql_duration {
    struct egql_span span;
    int64_t us;
    int param; /* −1: us */
};

/* payload."x-y".z: parts are unquoted. Three shapes: a field; a field of type EG_JSON with a path behind it; and
 * the roots payload and env, which are the row's event's (payload_json, env_json), whatever the source. */
struct egql_key {
    struct egql_span span;
    size_t n_parts;
    const struct eg_str *parts;
    const struct egql_span *part_spans;
    const struct egql_duration *bucket; /* bucket(key, 1h): the begin of the span of time that the key's time is in; or NULL */
    /* checked */
    const struct egql_field *field; /* the field that parts[0] means (for payload and env: of the event) */
    size_t n_path; /* the rest: names and array indexes ("0", "12": an index when the value there is an array) */
    const struct eg_str *path;
    enum eg_type type; /* EG_JSON with a path: a value of any JSON type */
};

enum egql_value_kind {
    EGQL_V_STRING,
    EGQL_V_WORD,
    EGQL_V_NUMBER,
    EGQL_V_TRUE,
    EGQL_V_FALSE,
    EGQL_V_NULL,
    EGQL_V_PARAM
};

struct egql_value {
    struct egql_span span;
    enum egql_value_kind kind;
    struct eg_str
        text; /* unquoted: doubled quotes are single; a number as it was written; a parameter's name without $ */
    /* checked: the value as the key's type wants it. A word that is no JSON literal is text. For a parameter only
     * `type` is set: EG_TIME when it is compared with a time, although its value comes as text: whoever runs the query
     * reads it by egql_time_parse. A regular expression is translated already, but for a parameter's, which
     * egql_regex_check checks and translates. */
    struct eg_value as;
    enum eg_type type; /* EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL, EG_TIME */
    bool null;         /* null itself, or a parameter that is null */
    int param;         /* index among the query's params; −1 */
};

enum egql_cond_kind { EGQL_AND, EGQL_OR, EGQL_NOT, EGQL_COMPARE, EGQL_IN, EGQL_MATCH, EGQL_EXISTS };
enum egql_op { EGQL_EQ, EGQL_NE, EGQL_LT, EGQL_LE, EGQL_GT, EGQL_GE };

struct egql_cond {
    enum egql_cond_kind kind;
    struct egql_span span;
    size_t n_children; /* AND and OR: two or more; NOT: one */
    const struct egql_cond *const *children;
    struct egql_key *key; /* of predicates */
    enum egql_op op;      /* COMPARE */
    bool negated;         /* MATCH: !~ */
    size_t n_values;      /* COMPARE and MATCH: one; IN: one or more; EXISTS: none */
    struct egql_value *values;
    int open; /* checked: how much stands open in SQL at its deepest place */
};

enum egql_agg {
    EGQL_A_NONE, /* the item is a key */
    EGQL_A_COUNT,
    EGQL_A_COUNT_DISTINCT,
    EGQL_A_SUM,
    EGQL_A_AVG,
    EGQL_A_MIN,
    EGQL_A_MAX,
    EGQL_A_P50,
    EGQL_A_P90,
    EGQL_A_P95,
    EGQL_A_P99
};

struct egql_item {
    struct egql_span span;
    enum egql_agg agg;
    struct egql_key *key; /* NULL: count() */
    struct eg_str alias;  /* p NULL without AS */
    /* checked */
    const char *name; /* of the column in the answer: the alias, else the key or the aggregate as text ("count",
                         "sum(weight)"), unique */
    enum eg_type type;
    int group; /* a key in a grouped query: its index in group_by; −1 */
};

struct egql_order {
    struct egql_span span;
    enum egql_agg agg;    /* ORDER BY sum(weight): the item that is written so */
    struct egql_key *key; /* a key … (of the aggregate; NULL: count()) */
    bool descending;
    /* checked */
    int item; /* … or, when not −1, an item of the answer: an alias, "count", or a key that is an item */
};

enum egql_scope_kind {
    EGQL_S_ALL,
    EGQL_S_SHA,
    EGQL_S_RANGE,
    EGQL_S_BRANCH,
    EGQL_S_RUN,
    EGQL_S_CORRELATION,
    EGQL_S_CAUSES,
    EGQL_S_EFFECTS
};

struct egql_scope {
    struct egql_span span, arg_span;
    enum egql_scope_kind kind;
    struct eg_str arg, arg2; /* raw or unquoted; arg2: the end of a range. A lone "$name" is a parameter: */
    int param, param2;       /* −1, or the index among the query's params (checked) */
};

struct egql_window {
    struct egql_span span;
    bool since, until, last;
    struct egql_moment {
        struct egql_span span;
        int64_t us;
        int param; /* −1: us */
    } from, to;                  /* SINCE, UNTIL */
    struct egql_duration length; /* LAST: so long back from the run's now */
};

/* "1h": µs; false when it is none, or not between 1m and 200 years. */
bool egql_duration_parse(const char *text, size_t len, int64_t *us);

/* graph with start=: taken out of the conditions that stand beside each other (AND) at the top of WHERE. */
struct egql_walk {
    bool on;
    struct egql_value *start; /* "module:function", or a uid; a string, a word or a parameter */
    int depth;                /* 1 without depth; depth<3 is 2 */
    enum { EGQL_OUT, EGQL_IN_, EGQL_BOTH } direction;
    bool etypes[3]; /* call, import, contain: call without etype */
};

struct egql_query {
    struct egql_span source_span;
    struct eg_str source_name;
    size_t n_items;
    struct egql_item *items; /* checked: all columns, or keys and count, when none were written */
    struct egql_scope scope;
    struct egql_cond *where; /* NULL without; the walk's own predicates are taken out */
    size_t n_group;
    struct egql_key *const *group_by;
    size_t n_order;
    struct egql_order *order_by;
    struct egql_window window;
    bool limited;
    int64_t limit;
    struct egql_span limit_span;
    /* checked */
    const struct egql_source *source;
    bool grouped; /* GROUP BY, or an aggregate among the items */
    struct egql_walk walk;
};

struct egql_path_step {
    struct egql_span span;
    struct eg_str topic;
};

struct egql_path {
    size_t n_steps;
    const struct egql_path_step *steps;
    struct egql_scope scope;
    bool bounded;
    int64_t window_ms; /* from the first event to the last */
    size_t n_without;
    const struct egql_path_step *without; /* NOT EXISTS */
    struct egql_window window;
    bool limited;
    int64_t limit;
    struct egql_span limit_span;
    const struct egql_source *events; /* checked */
};

struct egql_ast {
    const char *text;
    size_t len;
    bool is_path;
    struct egql_query query; /* SELECT and FIND */
    struct egql_path path;
    size_t n_params; /* the query's $names, in the order of their first use */
    struct egql_param *params;
};

/* parse.c: syntax alone. check.c: names, types, defaults; completes the AST in place. Both leave diag at the first
 * thing that is wrong. */
EG_MUST_CHECK eg_status egql_parse(const char *text, size_t len, struct eg_arena *arena, struct egql_ast **ast,
                                   struct egql_diag *diag);
EG_MUST_CHECK eg_status egql_check(struct egql_ast *ast, const struct egql_sources *sources,
                                   const struct egql_param *params, size_t n_params, struct eg_arena *arena,
                                   struct egql_diag *diag);
/* RFC 3339, seconds may be left out; or a date alone, its midnight UTC. µs since 1970. */
bool egql_time_parse(const char *text, size_t len, int64_t *us);
/* A sha or the first digits of one: 4 to 64 hexadecimal digits. What a parameter of a scope gives is to be checked when
 * the query runs. */
bool egql_sha_check(const char *text, size_t len);
/* diag.c: how many bytes of a text a message quotes: at most 60, and whole characters. */
int egql_shown(struct eg_str text);
/* diag.c: sets diag from a span; the message is printed into the arena. Always EG_FAIL. */
eg_status egql_fail(struct egql_diag *diag, const struct egql_ast *ast, struct eg_arena *arena, struct egql_span span,
                    enum eg_code code, const char *format, ...) EG_PRINTF(6, 7);

#endif
