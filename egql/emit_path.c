/* PATH: a row for each occurrence. e1 is the first event; each further step is the earliest event of its topic behind
 * the one before it in the same correlation, ties by position, found by a subquery that the index of correlations
 * serves. */
#include "egql/emit.h"

#include <string.h>

static const char *topic(struct egql_emit *e, const struct egql_path_step *step) {
    return egql_slot(
        e, (struct egql_slot){
               .kind = EGQL_SLOT_CONST, .type = EG_TEXT, .value = eg_text(step->topic.p, step->topic.n), .param = -1});
}

static const char *alias(struct egql_emit *e, size_t i) {
    const char *out = i == 0 ? "s" : eg_arena_printf(e->arena, "e%zu", i + 1);
    e->full |= !out;
    return out ? out : "";
}

static void behind(struct eg_buf *sql, const char *later, const char *earlier) {
    eg_buf_printf(
        sql, "%s.\"ts_utc\" >= %s.\"ts_utc\" AND (%s.\"ts_utc\" > %s.\"ts_utc\" OR %s.\"position\" > %s.\"position\")",
        later, earlier, later, earlier, later, earlier);
}

static const char *elapsed(struct egql_emit *e, const char *last) {
    return egql_put(e, e->dialect->elapsed_ms, "s.\"ts_utc\"", egql_column(e, last, "ts_utc"));
}

static void joins(struct egql_emit *e, const struct egql_path *path, struct eg_buf *sql) {
    for (size_t i = 1; i < path->n_steps; i++) {
        const char *here = alias(e, i), *before = alias(e, i - 1);
        eg_buf_printf(sql,
                      " JOIN \"events\" %s ON %s.\"position\" = (SELECT x.\"position\" FROM \"events\" x WHERE "
                      "x.\"correlation_id\" ="
                      " %s.\"correlation_id\" AND x.\"topic\" = %s AND ",
                      here, here, before, topic(e, &path->steps[i]));
        behind(sql, "x", before);
        eg_buf_printf(sql, " ORDER BY x.\"ts_utc\", x.\"position\" LIMIT 1)");
    }
}

static void conditions(struct egql_emit *e, const struct egql_path *path, struct eg_buf *sql, const char *last) {
    egql_and(sql);
    eg_buf_printf(sql, "s.\"topic\" = %s", topic(e, &path->steps[0]));
    egql_scope_sql(e, sql, &path->scope);
    egql_window_sql(e, sql, &path->window);
    if (path->bounded) {
        egql_and(sql);
        eg_buf_printf(sql, "%s <= %s", elapsed(e, last),
                      egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_CONST,
                                                      .type = EG_FLOAT8,
                                                      .value = eg_double((double)path->window_ms),
                                                      .param = -1}));
    }
    if (path->n_without) { /* one search for all of them */
        egql_and(sql);
        eg_buf_str(sql, "NOT EXISTS (SELECT 1 FROM \"events\" x WHERE x.\"correlation_id\" = s.\"correlation_id\" AND x.\"topic\" IN (");
        for (size_t i = 0; i < path->n_without; i++)
            eg_buf_printf(sql, "%s%s", i ? ", " : "", topic(e, &path->without[i]));
        eg_buf_str(sql, ") AND ");
        behind(sql, "x", "s");
        eg_buf_str(sql, " AND ");
        behind(sql, last, "x");
        eg_buf_char(sql, ')');
    }
}

static bool columns(struct egql_emit *e, const struct egql_path *path, struct egql_compiled *compiled,
                    enum eg_type **types) {
    size_t n = path->n_steps + 4, at = 0;
    struct egql_column *all = eg_arena_alloc(e->arena, n * sizeof *all);
    *types = eg_arena_alloc(e->arena, n * sizeof **types);
    if (!all || !*types)
        return false;
    all[at++] = (struct egql_column){"correlation_id", EG_TEXT};
    for (size_t i = 0; i < path->n_steps; i++)
        all[at++] = (struct egql_column){eg_arena_printf(e->arena, "id_%zu", i + 1), EG_TEXT};
    all[at++] = (struct egql_column){"started", EG_TIME};
    all[at++] = (struct egql_column){"ended", EG_TIME};
    all[at++] = (struct egql_column){"elapsed_ms", EG_FLOAT8};
    for (size_t i = 0; i < n; i++)
        (*types)[i] = all[i].type;
    compiled->n_columns = n;
    compiled->columns = all;
    return !eg_arena_failed(e->arena);
}

void egql_path_sql(struct egql_emit *e, const struct egql_path *path, struct egql_compiled *compiled) {
    struct eg_buf sql, where;
    enum eg_type *types;
    if (!columns(e, path, compiled, &types)) {
        e->full = true;
        return;
    }
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    eg_buf_init(&where, EGQL_MOST_SQL_B);
    const char *last = alias(e, path->n_steps - 1);
    eg_buf_str(&sql, "SELECT s.\"correlation_id\"");
    for (size_t i = 0; i < path->n_steps; i++)
        eg_buf_printf(&sql, ", %s.\"id\"", alias(e, i));
    eg_buf_printf(&sql, ", s.\"ts_utc\", %s.\"ts_utc\", %s FROM \"events\" s", last, elapsed(e, last));
    joins(e, path, &sql);
    conditions(e, path, &where, last);
    eg_buf_add(&sql, where.data, where.len);
    eg_buf_printf(&sql, " ORDER BY %s DESC, s.\"id\" LIMIT %s", egql_newest_sql(e, "s.\"ts_utc\""),
                  egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_LIMIT, .type = EG_INT8, .param = -1}));
    e->full |= where.failed;
    egql_step(e, EGQL_STEP_ANSWER, 0, &sql, compiled->n_columns, types);
    eg_buf_free(&sql);
    eg_buf_free(&where);
}
