/* Compiling: parse, check, and the statements of the plan in the order in which they run. */
#include "egql/plan.h"

#include <string.h>

#include "egql/emit.h"

static const char *limit_slot(struct egql_emit *e) {
    return egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_LIMIT, .type = EG_INT8, .param = -1});
}

static bool set_columns(struct egql_emit *e, struct egql_compiled *compiled, enum eg_type **types) {
    const struct egql_query *query = &e->ast->query;
    struct egql_column *columns = eg_arena_alloc(e->arena, query->n_items * sizeof *columns);
    *types = eg_arena_alloc(e->arena, query->n_items * sizeof **types);
    if (!columns || !*types)
        return false;
    for (size_t i = 0; i < query->n_items; i++) {
        columns[i] = (struct egql_column){query->items[i].name, query->items[i].type};
        (*types)[i] = query->items[i].type;
    }
    compiled->n_columns = query->n_items;
    compiled->columns = columns;
    return true;
}

static void order_tie(struct egql_emit *e, struct eg_buf *sql, int field) {
    if (field < 0)
        return;
    const struct egql_field *f = &e->source->fields[field];
    const char *by = egql_field_sql(e, f);
    bool present = egql_field_present(e->source, f);
    if (field == e->source->event && !present) /* rows that people insert have none, and it is in indexes of the newest */
        egql_order_sql(e, sql, egql_put(e, e->dialect->tie, by, by), false, true);
    else
        egql_order_sql(e, sql, by, false, present || f->surrogate);
}

static void order_newest(struct egql_emit *e, struct eg_buf *sql) {
    if (e->source->time < 0)
        return;
    const struct egql_field *time = &e->source->fields[e->source->time];
    egql_order_sql(e, sql, egql_newest_sql(e, egql_field_sql(e, time)), true, egql_field_present(e->source, time));
}

/* What was asked for, and behind it what makes the order the same on every store. */
static void order(struct egql_emit *e, struct eg_buf *sql) {
    const struct egql_query *query = &e->ast->query;
    const struct egql_source *source = e->source;
    for (size_t i = 0; i < query->n_order; i++) {
        const struct egql_order *by = &query->order_by[i];
        if (by->item >= 0)
            egql_order_item(e, sql, &query->items[by->item], by->descending);
        else
            egql_order_key(e, sql, by->key, by->descending);
    }
    if (query->grouped) {
        for (size_t i = 0; i < query->n_group; i++)
            egql_order_key(e, sql, query->group_by[i], false);
        return;
    }
    if (query->walk.on) {
        egql_graph_order(e, sql);
        return;
    }
    if (query->n_order == 0 && source->newest_first)
        order_newest(e, sql);
    for (size_t i = 0; i < source->n_tie; i++)
        order_tie(e, sql, source->tie[i]);
}

static void select_list(struct egql_emit *e, struct eg_buf *sql) {
    const struct egql_query *query = &e->ast->query;
    eg_buf_str(sql, "SELECT ");
    for (size_t i = 0; i < query->n_items; i++) {
        if (i)
            eg_buf_str(sql, ", ");
        eg_buf_str(sql, egql_item_sql(e, query, &query->items[i]));
    }
}

static void group(struct egql_emit *e, struct eg_buf *sql) {
    const struct egql_query *query = &e->ast->query;
    for (size_t i = 0; i < query->n_group; i++) {
        eg_buf_str(sql, i ? ", " : " GROUP BY ");
        eg_buf_str(sql, egql_key_group(e, query->group_by[i]));
    }
}

/* where: the conditions, which a tally takes in. */
static void from(struct egql_emit *e, struct eg_buf *sql, struct eg_buf *where) {
    if (e->walking && !e->plan->tallied)
        egql_graph_from(e, sql);
    else
        eg_buf_printf(sql, "%s FROM %s s", e->plan->tallied ? " FROM (SELECT w.depth, (SELECT count(*)" : "",
                      egql_quoted(e, e->source->table));
    if (e->with_event) {
        const char *id =
            e->source->event >= 0 ? egql_column(e, "s", e->source->fields[e->source->event].column) : "NULL";
        eg_buf_str(sql, egql_put(e, e->dialect->event_join, id, NULL));
    }
    if (e->plan->tallied)
        egql_graph_tally(e, sql, where);
}

static void query_sql(struct egql_emit *e, struct egql_compiled *compiled) {
    const struct egql_query *query = &e->ast->query;
    struct eg_buf sql,
        parts[3]; /* where, group, order: written before FROM, which must know whether the event is needed */
    enum eg_type *types;
    if (!set_columns(e, compiled, &types)) {
        e->full = true;
        return;
    }
    e->walking = query->walk.on;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    for (size_t i = 0; i < 3; i++)
        eg_buf_init(&parts[i], EGQL_MOST_SQL_B);
    select_list(e, &sql);
    egql_scope_sql(e, &parts[0], &query->scope);
    egql_window_sql(e, &parts[0], &query->window);
    if (query->where) {
        egql_and(&parts[0]);
        egql_cond_sql(e, &parts[0], query->where);
    }
    group(e, &parts[1]);
    order(e, &parts[2]);
    from(e, &sql, &parts[0]);
    for (size_t i = 0; i < 3; i++) {
        eg_buf_add(&sql, parts[i].data, parts[i].len);
        e->full |= parts[i].failed;
        eg_buf_free(&parts[i]);
    }
    eg_buf_printf(&sql, " LIMIT %s", limit_slot(e));
    egql_step(e, EGQL_STEP_ANSWER, 0, &sql, compiled->n_columns, types);
    eg_buf_free(&sql);
}

/* An edge that is met from both of its ends would be counted twice. */
static bool tallied(const struct egql_query *query) {
    bool only = query->walk.on && query->grouped && query->walk.direction != EGQL_BOTH;
    for (size_t i = 0; i < query->n_group; i++)
        only &= query->group_by[i]->field->kind == EGQL_F_DEPTH;
    for (size_t i = 0; i < query->n_items; i++)
        only &= query->items[i].agg == EGQL_A_NONE || (query->items[i].agg == EGQL_A_COUNT && !query->items[i].key);
    return only;
}

static void walk(struct egql_plan *plan, const struct egql_query *query) {
    plan->walk = query->walk.on ? &query->walk : NULL;
    plan->tallied = tallied(query);
    plan->plain_walk = query->walk.on && !query->where && !query->grouped && query->n_order == 0 &&
                       !query->window.since && !query->window.until && !query->window.last;
}

static void steps(struct egql_emit *e, struct egql_compiled *compiled) {
    const struct egql_ast *ast = e->ast;
    struct egql_plan *plan = e->plan;
    plan->scope = ast->is_path ? &ast->path.scope : &ast->query.scope;
    plan->limited = ast->is_path ? ast->path.limited : ast->query.limited;
    plan->limit = ast->is_path ? ast->path.limit : ast->query.limit;
    e->source = ast->is_path ? ast->path.events : ast->query.source;
    bool graph = !ast->is_path && e->source->graph;
    if (!ast->is_path)
        walk(plan, &ast->query);
    if (graph)
        egql_graph_steps(e);
    if (!graph || (plan->scope->kind != EGQL_S_SHA && plan->scope->kind != EGQL_S_BRANCH))
        egql_scope_steps(e, plan->scope);
    if (ast->is_path) {
        egql_path_sql(e, &ast->path, compiled);
        return;
    }
    query_sql(e, compiled);
}

static eg_status full(struct egql_diag *diag) {
    *diag = (struct egql_diag){.code = EG_E_QUERY_INVALID,
                               .line = 1,
                               .column = 1,
                               .message = "the query needs more memory than one may have: shorten it"};
    return EG_FAIL;
}

eg_status egql_compile(const struct egql_sources *sources, const struct egql_dialect *dialect, const char *text,
                       size_t len, const struct egql_param *params, size_t n_params, struct eg_arena *arena,
                       const struct egql_compiled **compiled, struct egql_diag *diag) {
    struct egql_ast *ast = NULL;
    *diag = (struct egql_diag){.code = EG_E_NONE};
    if (egql_parse(text, len, arena, &ast, diag) != EG_OK ||
        egql_check(ast, sources, params, n_params, arena, diag) != EG_OK)
        return diag->code == EG_E_NONE ? full(diag) : EG_FAIL;
    return egql_plan(ast, dialect, arena, compiled) == EG_OK ? EG_OK : full(diag);
}

void egql_forbid(const struct egql_compiled *compiled, struct eg_arena *arena, struct egql_diag *diag) {
    const struct egql_ast *ast = compiled->plan->ast;
    char needed[EG_SCOPE_NAMES_B];
    eg_scope_names(compiled->scope, needed, sizeof needed);
    (void)egql_fail(diag, ast, arena, ast->query.source_span, EG_E_FORBIDDEN,
                    "the source %.*s needs a token whose scope holds %s too", (int)ast->query.source_name.n,
                    ast->query.source_name.p, needed);
}

eg_status egql_plan(const struct egql_ast *ast, const struct egql_dialect *dialect, struct eg_arena *arena,
                    const struct egql_compiled **compiled) {
    struct egql_compiled *made = eg_arena_zalloc(arena, sizeof *made);
    struct egql_plan *plan = eg_arena_zalloc(arena, sizeof *plan);
    if (!made || !plan)
        return EG_FAIL;
    plan->ast = ast;
    plan->dialect = dialect;
    struct egql_emit e = {.arena = arena, .dialect = dialect, .ast = ast, .plan = plan};
    steps(&e, made);
    made->n_params = ast->n_params;
    made->params = ast->params;
    made->scope = e.source->scope;
    made->plan = plan;
    *compiled = made;
    return e.full || eg_arena_failed(arena) ? EG_FAIL : EG_OK;
}
