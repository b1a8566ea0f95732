/* Scopes and windows: the lookups that a scope's argument needs, and the condition that it puts on the rows. Rows
 * without a column of their own reach commit, branch, correlation and time through their event. */
#include "egql/emit.h"

#include <string.h>

static const enum eg_type one_text[] = {EG_TEXT};

void egql_and(struct eg_buf *sql) { eg_buf_str(sql, sql->len ? " AND " : " WHERE "); }

/* The source's own column, else its event's. */
static const char *own_or_event(struct egql_emit *e, int own, const char *of_event) {
    if (own >= 0)
        return egql_field_sql(e, &e->source->fields[own]);
    e->with_event = strcmp(e->source->table, "events") != 0;
    return egql_column(e, e->with_event ? "e" : "s", of_event);
}

static const char *argument(struct egql_emit *e, const struct egql_scope *scope) {
    return egql_slot(e, (struct egql_slot){.kind = scope->param >= 0 ? EGQL_SLOT_PARAM : EGQL_SLOT_CONST,
                                           .type = EG_TEXT,
                                           .value = eg_text(scope->arg.p, scope->arg.n),
                                           .param = scope->param,
                                           .span = scope->arg_span});
}

static const char *simple(struct egql_emit *e, enum egql_slot_kind kind, enum eg_type type, int which) {
    return egql_slot(e, (struct egql_slot){.kind = kind, .type = type, .which = which, .param = -1});
}

/* The distinct commits of a table that begin like the argument, by jumping from one to the next in the index: a commit
 * may have a hundred thousand events. */
static void jump(struct egql_emit *e, struct eg_buf *sql, const char *name, const char *table, const char *column,
                 const char *low, const char *high) {
    const char *c = egql_quoted(e, column), *t = egql_quoted(e, table);
    eg_buf_printf(sql,
                  "%s(sha, n) AS (SELECT min(%s), 1 FROM %s WHERE %s >= %s AND %s < %s UNION ALL SELECT (SELECT "
                  "min(t.%s) FROM %s t"
                  " WHERE t.%s > %s.sha AND t.%s < %s), n + 1 FROM %s WHERE %s.sha IS NOT NULL AND n <= %d)",
                  name, c, t, c, low, c, high, c, t, c, name, c, high, name, name, EGQL_MOST_MATCHES);
}

static void sha_step(struct egql_emit *e, int which) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    const char *low = simple(e, EGQL_SLOT_LOW, EG_TEXT, which), *high = simple(e, EGQL_SLOT_HIGH, EG_TEXT, which);
    eg_buf_str(&sql, "WITH RECURSIVE ");
    jump(e, &sql, "a", "commits", "commit_sha", low, high);
    eg_buf_str(&sql, ", ");
    jump(e, &sql, "b", "events", "repo_sha", low, high);
    int own = e->source->sha;
    bool third = own >= 0 && !e->source->fields[own].of_event && strcmp(e->source->table, "events") != 0 &&
                 strcmp(e->source->table, "commits") != 0 && strncmp(e->source->table, "vw_", 3) != 0;
    if (third) {
        eg_buf_str(&sql, ", ");
        jump(e, &sql, "c", e->source->table, e->source->fields[own].column, low, high);
    }
    eg_buf_printf(
        &sql,
        " SELECT sha FROM (SELECT sha FROM a UNION SELECT sha FROM b%s) u WHERE sha IS NOT NULL ORDER BY sha LIMIT %d",
        third ? " UNION SELECT sha FROM c" : "", EGQL_MOST_MATCHES + 1);
    egql_step(e, EGQL_STEP_SHA, which, &sql, 1, one_text);
    eg_buf_free(&sql);
}

/* The ids of the chain, its beginning among them. UNION leaves out what was there already, so cycles end; upwards it ends
 * with a null. Each step is a probe of an index: as a plain join, PostgreSQL would hash all events for every step, and
 * SQLite read them into a filter. */
static void chain_step(struct egql_emit *e, const struct egql_scope *scope) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    bool up = scope->kind == EGQL_S_CAUSES;
    const char *id = argument(e, scope), *budget = simple(e, EGQL_SLOT_BUDGET, EG_INT8, 0);
    const char *next = egql_put(e, "s.\"%\" = chain.id LIMIT ^", up ? "id" : "causation_id", budget);
    eg_buf_printf(&sql,
                  "WITH RECURSIVE chain(id) AS (SELECT \"id\" FROM \"events\" WHERE \"id\" = %s UNION SELECT s.\"%s\" FROM "
                  "chain%s) SELECT id FROM chain WHERE id IS NOT NULL LIMIT %s",
                  id, up ? "causation_id" : "id", egql_put(e, e->dialect->first_rows, next, "\"events\""), budget);
    egql_step(e, EGQL_STEP_CHAIN, 0, &sql, 1, one_text);
    eg_buf_free(&sql);
}

/* One row when an event, or a row of the source (which people may have inserted without one), has the correlation id. */
static void series_step(struct egql_emit *e, const struct egql_scope *scope) {
    static const enum eg_type one_number[] = {EG_INT8};
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    int own = e->source->correlation;
    eg_buf_printf(&sql, "SELECT %s WHERE EXISTS (SELECT 1 FROM \"events\" WHERE \"correlation_id\" = %s)",
                  egql_put(e, e->dialect->whole, "1", NULL), argument(e, scope));
    if (own >= 0 && !e->source->fields[own].of_event && strcmp(e->source->table, "events") != 0)
        eg_buf_printf(&sql, " OR EXISTS (SELECT 1 FROM %s WHERE %s = %s)", egql_quoted(e, e->source->table),
                      egql_quoted(e, e->source->fields[own].column), argument(e, scope));
    egql_step(e, EGQL_STEP_SERIES, 0, &sql, 1, one_number);
    eg_buf_free(&sql);
}

void egql_scope_steps(struct egql_emit *e, const struct egql_scope *scope) {
    switch (scope->kind) {
    case EGQL_S_SHA:
        sha_step(e, 0);
        return;
    case EGQL_S_RANGE:
        sha_step(e, 0);
        sha_step(e, 1);
        return;
    case EGQL_S_CAUSES:
    case EGQL_S_EFFECTS:
        chain_step(e, scope);
        return;
    case EGQL_S_RUN:
    case EGQL_S_CORRELATION:
        series_step(e, scope);
        return;
    case EGQL_S_ALL:
    case EGQL_S_BRANCH:
        return;
    }
}

/* What git calls a..b: the ancestors of b, itself among them, without those of a. */
static void range(struct egql_emit *e, struct eg_buf *sql, const char *sha) {
    const char *a = simple(e, EGQL_SLOT_SHA, EG_TEXT, 0), *b = simple(e, EGQL_SLOT_SHA, EG_TEXT, 1);
    const char *parents = egql_put(e, e->dialect->parents, "c.\"parents\"", NULL);
    eg_buf_printf(
        sql,
        "%s IN (WITH RECURSIVE old(sha) AS (SELECT %s UNION SELECT p.value FROM old JOIN \"commits\" c ON"
        " c.\"commit_sha\" = old.sha CROSS JOIN %s), new(sha) AS (SELECT %s WHERE %s NOT IN (SELECT sha FROM old)"
        " UNION SELECT p.value FROM new JOIN \"commits\" c ON c.\"commit_sha\" = new.sha CROSS JOIN %s"
        " WHERE p.value NOT IN (SELECT sha FROM old)) SELECT sha FROM new)",
        sha, a, parents, b, simple(e, EGQL_SLOT_SHA, EG_TEXT, 1), parents);
}

static void branch(struct egql_emit *e, struct eg_buf *sql, const struct egql_scope *scope) {
    const char *own = own_or_event(e, e->source->branch, "repo_branch"),
               *sha = own_or_event(e, e->source->sha, "repo_sha");
    eg_buf_printf(sql, "(%s = %s OR %s IN (SELECT c.\"commit_sha\" FROM \"commits\" c WHERE c.\"branch\" = %s))", own,
                  argument(e, scope), sha, argument(e, scope));
}

static void graph_scope(struct egql_emit *e, struct eg_buf *sql) {
    int repo = egql_source_field(e->source, "repo", 4);
    const char *column = repo >= 0 ? egql_field_sql(e, &e->source->fields[repo]) : "s.\"repo\"";
    egql_and(sql);
    eg_buf_printf(sql, "%s IN (SELECT r.value FROM %s)", column,
                  egql_put(e, e->dialect->elements, simple(e, EGQL_SLOT_REPOS, EG_JSON, 0), "r"));
}

void egql_scope_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_scope *scope) {
    if (scope->kind == EGQL_S_ALL)
        return;
    if (e->source->graph && (scope->kind == EGQL_S_SHA || scope->kind == EGQL_S_BRANCH)) {
        if (!e->walking) /* else its starts are of the repositories, and an edge leads to no other */
            graph_scope(e, sql);
        return;
    }
    egql_and(sql);
    switch (scope->kind) {
    case EGQL_S_SHA:
        eg_buf_printf(sql, "%s = %s", own_or_event(e, e->source->sha, "repo_sha"),
                      simple(e, EGQL_SLOT_SHA, EG_TEXT, 0));
        return;
    case EGQL_S_RANGE:
        range(e, sql, own_or_event(e, e->source->sha, "repo_sha"));
        return;
    case EGQL_S_BRANCH:
        branch(e, sql, scope);
        return;
    case EGQL_S_RUN:
    case EGQL_S_CORRELATION:
        eg_buf_printf(sql, "%s = %s", own_or_event(e, e->source->correlation, "correlation_id"), argument(e, scope));
        return;
    case EGQL_S_CAUSES:
    case EGQL_S_EFFECTS:
        eg_buf_printf(sql, "%s IN (SELECT r.value FROM %s)", own_or_event(e, e->source->event, "id"),
                      egql_put(e, e->dialect->elements, simple(e, EGQL_SLOT_SET, EG_JSON, 0), "r"));
        return;
    case EGQL_S_ALL:
        return;
    }
}

static const char *moment(struct egql_emit *e, const struct egql_moment *at) {
    return egql_slot(e, (struct egql_slot){.kind = at->param < 0 ? EGQL_SLOT_CONST : EGQL_SLOT_MOMENT,
                                           .type = EG_TIME,
                                           .value = eg_int(at->us),
                                           .param = at->param,
                                           .span = at->span});
}

/* The column itself against a parameter, so that PostgreSQL leaves out partitions. */
void egql_window_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_window *window) {
    if (!window->since && !window->until && !window->last)
        return;
    const char *time = own_or_event(e, e->source->time, "ts_utc");
    if (window->since) {
        egql_and(sql);
        eg_buf_printf(sql, "%s >= %s", time, moment(e, &window->from));
    }
    if (window->until) {
        egql_and(sql);
        eg_buf_printf(sql, "%s < %s", time, moment(e, &window->to));
    }
    if (window->last) {
        egql_and(sql);
        eg_buf_printf(sql, "%s >= %s", time,
                      egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_AGO,
                                                      .type = EG_TIME,
                                                      .us = window->length.us,
                                                      .param = window->length.param,
                                                      .span = window->length.span}));
    }
}
