/* EGQL as a library: from the text of a query to statements that a store can run. It knows no database and no
 * server: it is given the sources (spec/sources/), a dialect, and the text, and gives SQL with typed parameters.
 * The language's home is egql/GRAMMAR.md.
 *
 *     egql_parse → egql_check → egql_compile      (egql_compile does all three)
 *     egql_run_new, then egql_run_next … until the answer's rows have come
 *
 * Everything that a call makes lives in the arena it was given. Sources and compiled queries are immutable:
 * compiled once, a query may be run many times, at once and with other values. */
#ifndef EGQL_EGQL_H
#define EGQL_EGQL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/catalogue.h"
#include "base/err.h"
#include "base/scope.h"
#include "base/value.h"

/* Bounds of a query; reaching one is a query_invalid that names it. */
#define EGQL_MOST_B 65536     /* bytes of text */
#define EGQL_MOST_DEPTH 32    /* parentheses and NOTs within each other */
#define EGQL_MOST_NODES 2000  /* predicates, values, items: parts of one query */
#define EGQL_MOST_PARTS 64      /* of one key: JSON is at most 64 deep */
#define EGQL_MOST_PARAMS 64   /* distinct $names */
#define EGQL_MOST_CONDITIONS 50  /* a store plans each for each partition */
#define EGQL_MOST_GROUPS 64   /* keys of GROUP BY */
#define EGQL_MOST_ORDERS 16   /* keys of ORDER BY: stores compare each with each */
#define EGQL_MOST_AGGS 256    /* among the items; so here */
#define EGQL_ROWS_DEFAULT 1000
#define EGQL_ROWS_MOST 100000

/* What is wrong, and where: one structure for the command line, the HTTP answer and an editor. Only code, offset,
 * length and message are always set. Texts are in the arena. */
struct egql_diag {
    enum eg_code code; /* EG_E_NONE: nothing is wrong */
    size_t offset;     /* bytes from the start of the text */
    size_t length;     /* of what is wrong, in bytes; 0 at the end of the text */
    int line, column;  /* from 1; columns count characters (code points) */
    const char *message;
    const char *expected;   /* "a source: events, graph, …"; NULL when nothing useful can be said */
    const char *suggestion; /* "did you mean severity?" as a replacement of the span alone: "severity"; NULL without */
};
/* The message, the line it is about with a caret under the place, what was expected, the suggestion. Lines end
 * with \n. */
void egql_diag_print(const struct egql_diag *diag, const char *text, size_t len, struct eg_buf *out);
/* {"code","message","offset","length","line","column","expected","suggestion"} */
void egql_diag_json(const struct egql_diag *diag, struct eg_buf *out);

/* Sources */

struct egql_sources;
/* Reads every *.json of the folder spec_dir/sources; none when there is no such folder. err: config_invalid that names file and member. */
EG_MUST_CHECK eg_status egql_sources_load(const char *spec_dir, struct egql_sources **sources, struct eg_err *err);
/* Compares with the tables that exist: a table, column or type that is not there is a config_invalid that names it. */
EG_MUST_CHECK eg_status egql_sources_check(const struct egql_sources *sources, const struct eg_catalogue *catalogue,
                                           struct eg_err *err);
void egql_sources_free(struct egql_sources *sources);
bool egql_sources_have(const struct egql_sources *sources, const char *name);
/* [{"name","title","time","scope","columns":[{"name","type","title"}]}], for GET /v1/sources, docs and completion */
void egql_sources_json(const struct egql_sources *sources, struct eg_buf *out);

/* Dialects */

struct egql_dialect;
const struct egql_dialect *egql_dialect_find(const char *name); /* "postgresql", "sqlite", as eg_db_name gives; or NULL */

/* Compiling */

/* A $name of the query and the type of the value that it will get. JSON numbers come as EG_INT8 or EG_FLOAT8. A
 * parameter's type is part of what is compiled: the same text with a number in place of a string is another query. */
struct egql_param {
    struct eg_str name; /* without $ */
    enum eg_type type;  /* EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL */
    bool null;
};

struct egql_column {
    const char *name;
    enum eg_type type; /* of the cells of the answer; EG_JSON cells are JSON text */
};
const char *egql_type_name(enum eg_type type); /* "text", "integer", "number", "boolean", "time", "json", "bytes" */

struct egql_compiled {
    size_t n_columns;
    const struct egql_column *columns;
    size_t n_params; /* the query's $names, in the order of their first use */
    const struct egql_param *params;
    enum eg_scope scope;          /* what whoever runs it must have beside the right to ask; EG_SCOPE_NONE: nothing */
    const struct egql_plan *plan; /* inside the library only */
};

/* params: every $name the caller has values for (one that the query does not use is an error that names it). On
 * failure diag is set, its texts in the arena; err of the caller is for what is not the query's fault (the arena
 * is full: internal). */
EG_MUST_CHECK eg_status egql_compile(const struct egql_sources *sources, const struct egql_dialect *dialect, const char *text,
                                     size_t len, const struct egql_param *params, size_t n_params, struct eg_arena *arena,
                                     const struct egql_compiled **compiled, struct egql_diag *diag);

/* For one who lacks compiled->scope: a `forbidden` that names it, at the source's place. */
void egql_forbid(const struct egql_compiled *compiled, struct eg_arena *arena, struct egql_diag *diag);

/* Running: a series of statements. First those that look up what names mean (a commit's prefix, the indexed
 * commit, the levels of a graph search), at last one whose rows are the answer. The caller runs each on the store
 * and gives back the rows. */

struct egql_limits {
    int64_t rows_default; /* without LIMIT: EGQL_ROWS_DEFAULT */
    bool default_asked;   /* the default was asked for like a LIMIT: reaching it is no cut */
    int64_t rows_most;    /* with it: EGQL_ROWS_MOST; also the request's own "limit" */
    int64_t nodes_most;   /* a graph search visits so many nodes at most */
};

struct egql_statement {
    const char *sql;
    size_t n_params;
    const struct eg_value *params;
    const enum eg_type *param_types;
    size_t n_columns;
    const enum eg_type *column_types;
    bool answer; /* its rows are the query's */
    bool by_key; /* the best plan does not hang on the values */
};

struct egql_run;
/* values: as many as compiled->n_params, in that order. now_us: LAST counts back from it. The run lives in the
 * arena; so does all that egql_run_next gives, until the run ends. NULL when the arena is full. */
struct egql_run *egql_run_new(const struct egql_compiled *compiled, const struct eg_value *values, int64_t now_us,
                              const struct egql_limits *limits, struct eg_arena *arena);
/* The next statement; false: the run is over (after the answer, or because diag was set: a sha or id that is
 * unknown, a sha that is ambiguous, a graph that is not indexed). To be called again only after all rows of the statement before have
 * been given. */
bool egql_run_next(struct egql_run *run, struct egql_statement *statement, struct egql_diag *diag);
/* One row of the statement. True: wanted (for the answer: pass it on). False: enough, the rest is not needed; an
 * answer's row must then not be passed on. Cells are copied where they are kept. */
bool egql_run_row(struct egql_run *run, const struct eg_value *cells);
/* True when the default limit, the cap or a budget cut the answer; never for a LIMIT that was asked for. */
bool egql_run_truncated(const struct egql_run *run);
/* What to know of an answer that is right as it is: that a walk's start is no node. NULL: nothing; else in the run's arena. */
const char *egql_run_note(const struct egql_run *run);
/* The full sha that sha(…) named, once the statement of the answer has come; borrowed from the run's arena. */
struct eg_str egql_run_commit(const struct egql_run *run);

/* EXPLAIN. The statement that explains `of` in the store's own way (its rows: one text or JSON cell each line),
 * and what becomes of its rows: {"estimate": rows or null, "plan": […], "indexes": ["ix_…"]}, as members of the
 * JSON object that the caller has open. */
void egql_explain_statement(const struct egql_dialect *dialect, const struct egql_statement *of, struct eg_arena *arena,
                            struct egql_statement *explain);
struct egql_explained; /* collects the rows of one explain statement */
struct egql_explained *egql_explained_new(const struct egql_dialect *dialect, struct eg_arena *arena);
void egql_explained_row(struct egql_explained *explained, const struct eg_value *cells);
void egql_explained_json(const struct egql_explained *explained, struct eg_buf *out);

/* Completion at a caret: {"completions":[{"text","kind","detail","offset","length"}],"diagnostics":[…]}. offset
 * and length are the span that the completion replaces. kinds: keyword, source, column, function, scope, value,
 * topic. Never fails for what is in the text. topics may be NULL: names of topics, offered after topic= and
 * topic:. */
void egql_complete(const struct egql_sources *sources, const char *text, size_t len, size_t caret, const char *const *topics,
                   size_t n_topics, struct eg_arena *arena, struct eg_buf *out);

#endif
