/* The checker: the walk through the graph. start, depth, direction and etype stand beside each other at the top of
 * WHERE; what says only how to walk is taken out, what remains chooses among the edges that were met. */
#include <string.h>
#include <strings.h>

#include "egql/check.h"

#define MOST_DEPTH 100

static bool about(const struct egql_cond *cond, const char *name) {
    return cond->key && cond->key->n_parts == 1 && strlen(name) == cond->key->parts[0].n &&
           memcmp(cond->key->parts[0].p, name, cond->key->parts[0].n) == 0;
}

static bool sets(const struct egql_cond *cond, const char *name) {
    return cond->kind == EGQL_COMPARE && cond->op == EGQL_EQ && about(cond, name);
}

static int one_of(const struct egql_value *value, const char *const *words, int n) {
    for (int i = 0; i < n; i++)
        if (value->kind != EGQL_V_PARAM && strlen(words[i]) == value->text.n &&
            memcmp(value->text.p, words[i], value->text.n) == 0)
            return i;
    return -1;
}

static bool expected(struct egql_checker *c, struct egql_span span, const char *message, const char *what) {
    egql_c_fail(c, span, "%s", message);
    c->diag->expected = what;
    return false;
}

/* depth<=3, depth<3; depth=3 walks three steps and keeps the condition. */
static bool depth(struct egql_checker *c, const struct egql_cond *cond, struct egql_walk *walk, bool *keep) {
    const struct egql_value *value = cond->values;
    int n = 0;
    if (value->kind != EGQL_V_NUMBER)
        return expected(c, value->span, "the depth of a walk is a number", "a whole number from 1 to 100");
    for (size_t i = 0; i < value->text.n; i++) {
        if (value->text.p[i] < '0' || value->text.p[i] > '9')
            return expected(c, value->span, "the depth of a walk is a whole number", "a whole number from 1 to 100");
        n = n > MOST_DEPTH ? n : n * 10 + (value->text.p[i] - '0');
    }
    n -= cond->op == EGQL_LT;
    if (n < 1 || n > MOST_DEPTH)
        return expected(c, value->span, "a walk is from 1 to 100 steps deep", "a whole number from 1 to 100");
    if (walk->depth == 0 || n < walk->depth)
        walk->depth = n;
    *keep = cond->op == EGQL_EQ;
    return true;
}

static bool etype(struct egql_checker *c, const struct egql_cond *cond, struct egql_walk *walk) {
    static const char *const words[] = {"call", "import", "contain"};
    if (walk->etypes[0] || walk->etypes[1] || walk->etypes[2])
        return egql_c_fail(c, cond->span, "etype is given twice");
    if (cond->kind != EGQL_IN && !sets(cond, "etype"))
        return egql_c_fail(c, cond->span, "with start=, etype is given by = or IN");
    for (size_t i = 0; i < cond->n_values; i++) {
        int type = one_of(&cond->values[i], words, 3);
        if (type < 0)
            return expected(c, cond->values[i].span, "there is no such type of edges", "call, import or contain");
        walk->etypes[type] = true;
    }
    return true;
}

static bool direction(struct egql_checker *c, const struct egql_cond *cond, struct egql_walk *walk, bool *given) {
    static const char *const words[] = {"out", "in", "both"};
    int way = one_of(cond->values, words, 3);
    if (*given)
        return egql_c_fail(c, cond->span, "direction is given twice");
    *given = true;
    if (way < 0)
        return expected(c, cond->values->span, "there is no such direction", "out, in or both");
    walk->direction = way == 0 ? EGQL_OUT : way == 1 ? EGQL_IN_ : EGQL_BOTH;
    return true;
}

/* One condition of the top; keep: it also chooses among the edges. */
static bool take(struct egql_checker *c, const struct egql_cond *cond, struct egql_walk *walk, bool *directed,
                 bool *keep) {
    *keep = false;
    if (sets(cond, "start")) {
        if (walk->start)
            return egql_c_fail(c, cond->span, "start is given twice");
        walk->start = cond->values;
        return egql_c_text(c, walk->start, "start");
    }
    if (cond->kind == EGQL_COMPARE && about(cond, "depth") &&
        (cond->op == EGQL_EQ || cond->op == EGQL_LT || cond->op == EGQL_LE))
        return depth(c, cond, walk, keep);
    if (sets(cond, "direction"))
        return direction(c, cond, walk, directed);
    if (cond->kind != EGQL_EXISTS && about(cond, "etype"))
        return etype(c, cond, walk);
    *keep = true;
    return true;
}

static bool walk(struct egql_checker *c, struct egql_query *q, const struct egql_cond *const *conds, size_t n) {
    struct egql_cond *rest = egql_c_alloc(c, sizeof *rest);
    const struct egql_cond **kept = rest ? egql_c_alloc(c, n * sizeof *kept) : NULL;
    size_t n_kept = 0;
    bool directed = false;
    if (!kept)
        return false;
    for (size_t i = 0; i < n; i++) {
        bool keep;
        if (!take(c, conds[i], &q->walk, &directed, &keep))
            return false;
        if (keep)
            kept[n_kept++] = conds[i];
    }
    if (q->walk.depth == 0)
        q->walk.depth = 1;
    if (!q->walk.etypes[1] && !q->walk.etypes[2])
        q->walk.etypes[0] = true;
    *rest = n_kept == 1
                ? *kept[0]
                : (struct egql_cond){.kind = EGQL_AND, .span = q->where->span, .n_children = n_kept, .children = kept};
    q->where = n_kept > 0 ? rest : NULL;
    return true;
}

bool egql_c_walk(struct egql_checker *c, struct egql_query *q) {
    if (!c->source->graph || !q->where)
        return true;
    const struct egql_cond *only = q->where;
    const struct egql_cond *const *conds = only->kind == EGQL_AND ? only->children : &only;
    size_t n = only->kind == EGQL_AND ? only->n_children : 1;
    for (size_t i = 0; i < n; i++)
        q->walk.on |= sets(conds[i], "start");
    c->walk = q->walk.on;
    return !q->walk.on || walk(c, q, conds, n);
}
