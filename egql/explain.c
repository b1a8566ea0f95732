/* EXPLAIN: the store's plan as lines that people read, its estimate, and the indexes that it names. */
#include <jansson.h>
#include <string.h>

#include "egql/dialect.h"

#define MOST_LINES 2000
#define MOST_DEPTH 100

struct egql_explained {
    const struct egql_dialect *dialect;
    struct eg_arena *arena;
    double estimate; /* −1: not known */
    size_t n_lines, n_indexes;
    const char *lines[MOST_LINES];
    const char *indexes[MOST_LINES];
};

void egql_explain_statement(const struct egql_dialect *dialect, const struct egql_statement *of, struct eg_arena *arena,
                            struct egql_statement *explain) {
    static const enum eg_type json[] = {EG_TEXT}, rows[] = {EG_INT8, EG_INT8, EG_INT8, EG_TEXT};
    *explain = *of;
    const char *sql = eg_arena_printf(arena, "%s%s", dialect->explain, of->sql);
    explain->sql = sql ? sql : of->sql;
    explain->n_columns = dialect->explain_json ? 1 : 4;
    explain->column_types = dialect->explain_json ? json : rows;
    explain->answer = false;
}

struct egql_explained *egql_explained_new(const struct egql_dialect *dialect, struct eg_arena *arena) {
    struct egql_explained *x = eg_arena_zalloc(arena, sizeof *x);
    if (x)
        *x = (struct egql_explained){.dialect = dialect, .arena = arena, .estimate = -1};
    return x;
}

static void line(struct egql_explained *x, const char *text) {
    if (text && x->n_lines < MOST_LINES)
        x->lines[x->n_lines++] = text;
}

static void index_named(struct egql_explained *x, const char *name, size_t len) {
    const char *copy = eg_arena_dup(x->arena, name, len);
    for (size_t i = 0; copy && i < x->n_indexes; i++)
        if (strcmp(x->indexes[i], copy) == 0)
            return;
    if (copy && x->n_indexes < MOST_LINES)
        x->indexes[x->n_indexes++] = copy;
}

static const char *member(const json_t *node, const char *name) {
    const char *text = json_string_value(json_object_get(node, name));
    return text ? text : "";
}

static void node(struct egql_explained *x, const json_t *plan, int depth) {
    const char *relation = member(plan, "Relation Name"), *index = member(plan, "Index Name"),
               *cond = member(plan, "Index Cond");
    if (!*cond)
        cond = member(plan, "Recheck Cond");
    line(x, eg_arena_printf(x->arena, "%*s%s%s%s%s%s%s%s (rows %.0f)", 2 * depth, "", member(plan, "Node Type"),
                            *relation ? " on " : "", relation, *index ? " by " : "", index, *cond ? " " : "", cond,
                            json_number_value(json_object_get(plan, "Plan Rows"))));
    if (*index)
        index_named(x, index, strlen(index));
    size_t i;
    json_t *child;
    json_array_foreach(json_object_get(plan, "Plans"), i, child) {
        if (depth < MOST_DEPTH)
            node(x, child, depth + 1);
    }
}

static void postgresql(struct egql_explained *x, struct eg_str text) {
    json_t *root = json_loadb(text.p, text.n, 0, NULL);
    const json_t *plan = json_object_get(json_array_get(root, 0), "Plan");
    if (plan) {
        x->estimate = json_number_value(json_object_get(plan, "Plan Rows"));
        node(x, plan, 0);
    }
    json_decref(root);
}

/* "SEARCH s USING INDEX ix_events_sha (repo_sha=?)"; "SCAN l VIRTUAL TABLE INDEX 1:" has none: the number is the table's own */
static void sqlite(struct egql_explained *x, struct eg_str text) {
    char *copy = eg_arena_dup(x->arena, text.p, text.n);
    line(x, copy);
    const char *at = copy ? strstr(copy, "INDEX ") : NULL;
    if (at && !strstr(copy, "VIRTUAL TABLE INDEX "))
        index_named(x, at + 6, strcspn(at + 6, " ("));
}

void egql_explained_row(struct egql_explained *x, const struct eg_value *cells) {
    const struct eg_value *text = &cells[x->dialect->explain_json ? 0 : 3];
    if (text->null)
        return;
    if (x->dialect->explain_json)
        postgresql(x, text->s);
    else
        sqlite(x, text->s);
}

static void list(struct eg_buf *out, const char *name, const char *const *texts, size_t n) {
    eg_buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        eg_buf_str(out, i ? "," : "");
        eg_buf_json_string(out, texts[i], strlen(texts[i]));
    }
    eg_buf_char(out, ']');
}

void egql_explained_json(const struct egql_explained *x, struct eg_buf *out) {
    eg_buf_str(out, "\"estimate\":");
    if (x->estimate < 0)
        eg_buf_str(out, "null");
    else
        eg_buf_json_double(out, x->estimate);
    list(out, "plan", x->lines, x->n_lines);
    list(out, "indexes", x->indexes, x->n_indexes);
}
