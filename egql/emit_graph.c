/* The graph: which commit is indexed, the nodes that a walk starts from, the levels of its breadth-first search, and
 * the edges of the nodes that it has visited. Levels are statements of their own (docs/benchmarks.md says why): each
 * node is looked at once. */
#include "egql/emit.h"

static const enum eg_type indexed_columns[] = {EG_TEXT, EG_TEXT, EG_TEXT};
static const enum eg_type start_columns[] = {EG_INT8, EG_TEXT, EG_TEXT};
static const enum eg_type level_columns[] = {EG_INT8};

static const char *simple(struct egql_emit *e, enum egql_slot_kind kind, enum eg_type type) {
    return egql_slot(e, (struct egql_slot){.kind = kind, .type = type, .param = -1});
}

/* The repositories with a graph, by jumping in the index of files, and of each the newest event that indexed it. */
static void indexed_step(struct egql_emit *e) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    const char *repo = egql_put(
        e, e->dialect->json_text,
        egql_put(e, e->dialect->json_at, "x.\"payload_json\"", egql_put(e, ", %", egql_slot_text(e, "repo", 4), NULL)),
        NULL);
    eg_buf_printf(
        &sql,
        "WITH RECURSIVE r(repo, n) AS (SELECT min(\"repo\"), 1 FROM \"files\" UNION ALL SELECT (SELECT min(f.\"repo\")"
        " FROM \"files\" f WHERE f.\"repo\" > r.repo), n + 1 FROM r WHERE r.repo IS NOT NULL AND n < 1000),"
        " l(repo, id) AS (SELECT r.repo, (SELECT x.\"id\" FROM \"events\" x WHERE x.\"topic\" = %s AND coalesce(%s, "
        "'') = r.repo"
        " ORDER BY x.\"ts_utc\" DESC, x.\"position\" DESC LIMIT 1) FROM r WHERE r.repo IS NOT NULL)"
        " SELECT l.repo, x.\"repo_sha\", x.\"repo_branch\" FROM l LEFT JOIN \"events\" x ON x.\"id\" = l.id ORDER BY "
        "l.repo",
        egql_slot_text(e, "code.graph.indexed@v1", 21), repo);
    egql_step(e, EGQL_STEP_INDEXED, 0, &sql, 3, indexed_columns);
    eg_buf_free(&sql);
}

/* Candidates: nodes by uid; or, by module and name, those whose name begins so (~n may be behind it), of the files
 * whose path begins like the module. run_walk.c decides. */
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
        " substr(replace(f.\"path\", '/', '.'), 1, length(%s)) = %s JOIN \"ast_nodes\" n ON n.\"file_id\" = f.\"id\" "
        "AND"
        " n.\"uid\" >= %s AND n.\"uid\" < %s || '~:' ORDER BY 2, 1 LIMIT 10000",
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

/* The nodes next to those of a level. */
static void level_step(struct egql_emit *e) {
    struct eg_buf sql;
    eg_buf_init(&sql, EGQL_MOST_SQL_B);
    const struct egql_walk *walk = &e->ast->query.walk;
    const char *from = egql_put(e, e->dialect->elements, simple(e, EGQL_SLOT_SET, EG_JSON), "f");
    const char *id = egql_put(e, e->dialect->whole, "f.value", NULL), *kinds = etypes(e, "x");
    for (int in = 0; in < 2; in++) {
        if (walk->direction == (in ? EGQL_OUT : EGQL_IN_))
            continue;
        const char *near = in ? "dst_id" : "src_id", *far = in ? "src_id" : "dst_id";
        if (sql.len)
            eg_buf_str(&sql, " UNION ");
        eg_buf_printf(
            &sql, "SELECT%s x.\"%s\" AS id FROM %s JOIN \"ast_edges\" x ON x.\"%s\" = %s WHERE x.\"%s\" IS NOT NULL%s",
            walk->direction == EGQL_BOTH ? "" : " DISTINCT", far, from, near, id, far, kinds);
    }
    /* A cut must take the same nodes everywhere; of a plain walk a level that is cut is not used. */
    eg_buf_printf(&sql, "%s LIMIT %s", e->plan->plain_walk ? "" : " ORDER BY 1", simple(e, EGQL_SLOT_BUDGET, EG_INT8));
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

/* The edges of the visited nodes, each once with its least depth. */
void egql_graph_from(struct egql_emit *e, struct eg_buf *sql) {
    const struct egql_walk *walk = &e->ast->query.walk;
    const char *table = egql_quoted(e, e->source->table);
    const char *nodes = egql_put(e, e->dialect->levels, simple(e, EGQL_SLOT_SET, EG_JSON), NULL);
    if (walk->direction != EGQL_BOTH) {
        eg_buf_printf(sql, " FROM %s w JOIN %s s ON s.\"%s\" = w.id", nodes, table,
                      walk->direction == EGQL_OUT ? "src_id" : "dst_id");
    } else {
        eg_buf_printf(
            sql,
            " FROM (SELECT u.id, min(u.depth) AS depth FROM (SELECT x.\"id\", n.depth FROM %s n JOIN \"ast_edges\" x ON"
            " x.\"src_id\" = n.id UNION ALL SELECT x.\"id\", n.depth FROM %s n JOIN \"ast_edges\" x ON x.\"dst_id\" = "
            "n.id) u"
            " GROUP BY u.id) w JOIN %s s ON s.\"id\" = w.id",
            nodes, nodes, table);
    }
    eg_buf_str(sql, etypes(e, "s"));
}
