/* The graph: which commit is indexed, the nodes that a walk starts from, the levels of its breadth-first search, and
 * the edges of the nodes that it has visited. Levels are statements of their own (docs/benchmarks.md says why): each
 * node is looked at once. */
#include "egql/emit.h"

static const enum eg_type indexed_columns[] = {EG_TEXT, EG_TEXT, EG_TEXT, EG_TEXT};
static const enum eg_type start_columns[] = {EG_INT8, EG_TEXT, EG_TEXT};
static const enum eg_type level_columns[] = {EG_INT8};

static const char *simple(struct egql_emit *e, enum egql_slot_kind kind, enum eg_type type) {
    return egql_slot(e, (struct egql_slot){.kind = kind, .type = type, .param = -1});
}

/* Of a repository the file that was told of last: by its place in the log, since the graph may go back to an older commit. */
static const char *newest(struct egql_emit *e, const char *column) {
    static const char pattern[] = "(SELECT x.\"^\" FROM \"files\" x WHERE x.\"repo\" = % AND x.\"position\" IS NOT NULL ORDER BY"
                                  " x.\"position\" DESC LIMIT 1)";
    return egql_put(e, pattern, "r.repo", column);
}

/* The repositories with a graph, by jumping in the index of files, and what a scope needs of each. */
static void indexed_step(struct egql_emit *e) {
    bool all = e->ast->query.scope.kind == EGQL_S_ALL, branch = e->ast->query.scope.kind == EGQL_S_BRANCH;
    const char *recorded = "NULL";
    if (branch)
        recorded = egql_put(e, "(SELECT c.\"branch\" FROM \"commits\" c WHERE c.\"commit_sha\" = %)", newest(e, "sha"), NULL);
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    eg_buf_printf(&sql,
                  "WITH RECURSIVE r(repo, n) AS (SELECT min(\"repo\"), 1 FROM \"files\" UNION ALL SELECT (SELECT "
                  "min(f.\"repo\") FROM \"files\" f WHERE f.\"repo\" > r.repo), n + 1 FROM r WHERE r.repo IS NOT NULL "
                  "AND n <= %d) SELECT r.repo, %s, %s, %s FROM r WHERE r.repo IS NOT NULL ORDER BY r.repo",
                  EGQL_MOST_INDEXED, all ? "NULL" : newest(e, "sha"), all ? "NULL" : newest(e, "branch"), recorded);
    egql_step(e, EGQL_STEP_INDEXED, 0, &sql, 4, indexed_columns);
    eg_buf_free(&sql);
}

/* Candidates: nodes by uid; or, by module and name, those whose name begins so (~n may be behind it), of the files
 * whose path with dots (ix_files_dotted has it) is the module and at most something behind a dot. run_walk.c decides. */
static void start_step(struct egql_emit *e) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    const char *repos = egql_put(e, e->dialect->elements, simple(e, EGQL_SLOT_REPOS, EG_JSON), "r");
    const char *module = simple(e, EGQL_SLOT_MODULE, EG_TEXT);
    const char *uid = egql_put(e, "'AST::' || f.\"path\" || '#' || %", simple(e, EGQL_SLOT_NAME, EG_TEXT), NULL);
    eg_buf_printf(&sql,
                  "SELECT n.\"id\", n.\"uid\", '' AS path FROM %s JOIN \"ast_nodes\" n ON n.\"repo\" = r.value AND "
                  "n.\"uid\" = %s",
                  repos, simple(e, EGQL_SLOT_START, EG_TEXT));
    eg_buf_printf(
        &sql,
        " UNION ALL SELECT n.\"id\", n.\"uid\", f.\"path\" FROM %s JOIN \"files\" f ON f.\"repo\" = r.value AND"
        " replace(f.\"path\", '/', '.') >= %s AND replace(f.\"path\", '/', '.') < %s || '/'"
        " JOIN \"ast_nodes\" n ON n.\"file_id\" = f.\"id\" AND n.\"uid\" >= %s AND n.\"uid\" < %s || '~:' ORDER BY 2, 1"
        " LIMIT 10000",
        repos, module, module, uid, uid);
    egql_step(e, EGQL_STEP_START, 0, &sql, 3, start_columns);
    eg_buf_free(&sql);
}

/* " AND x.etype IN (…)"; nothing when all are wanted. */
static const char *etypes(struct egql_emit *e, const char *alias) {
    static const struct eg_str names[] = {{"call", 4}, {"import", 6}, {"contain", 7}};
    const struct egql_walk *walk = &e->ast->query.walk;
    if (walk->etypes[0] && walk->etypes[1] && walk->etypes[2])
        return "";
    const char *list = NULL;
    for (size_t i = 0; i < 3; i++) {
        if (!walk->etypes[i])
            continue;
        const char *slot = egql_slot_text(e, names[i].p, names[i].n);
        list = list ? egql_put(e, "%, ^", list, slot) : slot;
    }
    return egql_put(e, egql_put(e, " AND ^.\"etype\" IN (%)", "%", alias), list ? list : "NULL", NULL);
}

/* The nodes next to those of a level., a null where an edge leads to none that is known. Of a plain walk each edge gives a row: they are
 * counted until they fill the answer. Else each node comes once, the least first, since a cut must take the same nodes everywhere. */
static void level_step(struct egql_emit *e) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    const struct egql_walk *walk = &e->ast->query.walk;
    const char *set = simple(e, EGQL_SLOT_SET, EG_TEXT), *kinds = etypes(e, "x");
    for (int in = 0; in < 2; in++) {
        if (walk->direction == (in ? EGQL_OUT : EGQL_IN_))
            continue;
        const char *near = in ? "x.\"dst_id\"" : "x.\"src_id\"", *far = in ? "x.\"src_id\"" : "x.\"dst_id\"";
        eg_buf_printf(&sql, "%sSELECT %s AS id FROM \"ast_edges\" x WHERE %s%s", sql.len ? " UNION ALL " : "", far,
                      egql_put(e, e->dialect->among, near, set), kinds);
    }
    const char *most = simple(e, EGQL_SLOT_BUDGET, EG_INT8);
    const char *text = egql_put(e, e->plan->plain_walk ? "% LIMIT ^" : e->dialect->least, eg_buf_text(&sql), most);
    e->full |= sql.failed;
    sql.len = 0;
    eg_buf_str(&sql, text);
    egql_step(e, EGQL_STEP_LEVEL, 0, &sql, 1, level_columns);
    eg_buf_free(&sql);
}

void egql_graph_steps(struct egql_emit *e) {
    const struct egql_query *query = &e->ast->query;
    if (!query->walk.on && query->scope.kind != EGQL_S_SHA && query->scope.kind != EGQL_S_BRANCH)
        return;
    indexed_step(e);
    if (!query->walk.on)
        return;
    start_step(e);
    level_step(e);
}

static void order_by(struct egql_emit *e, struct eg_buf *sql, int field) {
    if (field >= 0)
        egql_order_sql(e, sql, egql_field_sql(e, &e->source->fields[field]), false, false);
}

static void tie(struct egql_emit *e, struct eg_buf *sql) {
    for (size_t i = 0; i < e->source->n_tie; i++)
        order_by(e, sql, e->source->tie[i]);
}

/* The edges s of the nodes w by one of their ends. Of a plain walk no node gives more of them than the answer has rows,
 * those that are first in its order: the index of that end has them in it, and a hub's other thousands are not read. */
static void edges(struct egql_emit *e, struct eg_buf *sql, const char *nodes, bool in) {
    const char *table = egql_quoted(e, e->source->table), *near = in ? "dst_id" : "src_id";
    if (!e->plan->plain_walk) {
        eg_buf_printf(sql, " FROM %s w JOIN %s s ON s.\"%s\" = w.id%s", nodes, table, near, etypes(e, "s"));
        return;
    }
    struct eg_buf order;
    eg_buf_init(&order, EGQL_MOST_SQL_B);
    if (in)
        order_by(e, &order, egql_source_field(e->source, "src", 3));
    order_by(e, &order, egql_source_field(e->source, "dst", 3));
    tie(e, &order);
    const char *which = egql_put(e, "s.\"%\" = w.id^", near, etypes(e, "s"));
    const char *first = egql_put(e, "%^", which, eg_buf_text(&order));
    const char *limit = egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_LIMIT, .type = EG_INT8, .param = -1});
    eg_buf_printf(sql, " FROM %s w%s", nodes,
                  egql_put(e, e->dialect->first_rows, egql_put(e, "% LIMIT ^", first, limit), table));
    e->full |= order.failed;
    eg_buf_free(&order);
}

static bool by_source(const struct egql_emit *e) {
    return e->plan->plain_walk && e->ast->query.walk.direction == EGQL_OUT;
}

#define MANY_ROWS 5000 /* as many edges as few nodes have: it is not worth while to ask for the first of each alone */

/* Of a plain walk outwards whose answer may be long: which edges it has is read from the index and kept in its order. */
static void chosen_edges(struct egql_emit *e, struct eg_buf *sql, const char *nodes) {
    struct eg_buf order;
    eg_buf_init(&order, EGQL_MOST_SQL_B);
    egql_graph_order(e, &order);
    const char *limit = egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_LIMIT, .type = EG_INT8, .param = -1});
    const char *table = egql_quoted(e, e->source->table);
    eg_buf_printf(sql, " FROM (SELECT w.depth, w.uid, s.\"id\" FROM %s w CROSS JOIN %s s WHERE s.\"src_id\" = w.id%s%s LIMIT %s) w"
                  " CROSS JOIN %s s ON s.\"id\" = w.id", nodes, table, etypes(e, "s"), eg_buf_text(&order), limit, table);
    e->full |= order.failed;
    eg_buf_free(&order);
}

/* The edges of the visited nodes, each once with its least depth. A plain walk outwards takes the nodes in the order of
 * the answer: where the store can, it stops at the last row that is wanted. */
void egql_graph_from(struct egql_emit *e, struct eg_buf *sql) {
    const struct egql_walk *walk = &e->ast->query.walk;
    const char *nodes = egql_put(e, e->dialect->level_nodes, simple(e, EGQL_SLOT_SET, EG_TEXT), NULL);
    if (by_source(e))
        nodes = egql_put(e,
                         "(SELECT v.id, v.depth, (SELECT n.\"uid\" FROM \"ast_nodes\" n WHERE n.\"id\" = v.id) AS uid"
                         " FROM % v ORDER BY v.depth, uid)",
                         nodes, NULL);
    else if (!e->plan->plain_walk) /* else PostgreSQL takes them for a hundred nodes that come again, and remembers the edges of each */
        nodes = egql_put(e, "(SELECT v.id, v.depth FROM % v ORDER BY v.id)", nodes, NULL);
    if (by_source(e) && e->dialect->sorts_whole_rows && e->plan->limited && e->plan->limit > MANY_ROWS) {
        chosen_edges(e, sql, nodes);
        return;
    }
    if (walk->direction != EGQL_BOTH) {
        edges(e, sql, nodes, walk->direction == EGQL_IN_);
        return;
    }
    eg_buf_str(sql, " FROM (SELECT u.id, min(u.depth) AS depth FROM (SELECT s.\"id\", w.depth");
    edges(e, sql, nodes, false);
    eg_buf_str(sql, " UNION ALL SELECT s.\"id\", w.depth");
    edges(e, sql, nodes, true);
    eg_buf_printf(sql, ") u GROUP BY u.id) w JOIN %s s ON s.\"id\" = w.id", egql_quoted(e, e->source->table));
}

/* A level is a row w, and w.n says how many edges leave (or reach) its nodes and fit the conditions: an index alone may know. The LIMIT,
 * which no walk reaches, keeps a store from counting anew wherever n stands. */
void egql_graph_tally(struct egql_emit *e, struct eg_buf *sql, struct eg_buf *where) {
    const char *near = e->ast->query.walk.direction == EGQL_IN_ ? "s.\"dst_id\"" : "s.\"src_id\"";
    const char *levels = egql_put(e, e->dialect->levels, simple(e, EGQL_SLOT_SET, EG_TEXT), NULL);
    egql_and(where);
    eg_buf_printf(where, "%s%s", egql_put(e, e->dialect->among, near, "w.ids"), etypes(e, "s"));
    eg_buf_add(sql, where->data, where->len);
    eg_buf_printf(sql, ") AS n FROM %s w LIMIT 1000) w", levels);
    e->full |= where->failed;
    where->len = 0;
    eg_buf_str(where, " WHERE w.n > 0");
}

/* By depth, source, destination; a node's uid is the src of the edges that leave it. */
void egql_graph_order(struct egql_emit *e, struct eg_buf *sql) {
    order_by(e, sql, egql_source_field(e->source, "depth", 5));
    if (by_source(e))
        egql_order_sql(e, sql, "w.uid", false, true);
    else
        order_by(e, sql, egql_source_field(e->source, "src", 3));
    order_by(e, sql, egql_source_field(e->source, "dst", 3));
    tie(e, sql);
}
