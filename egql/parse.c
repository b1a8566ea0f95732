/* The parser: statements and their clauses, by recursive descent. Keywords are words like others: one that an operator
 * follows is a key. Whatever is looked for is noted first (egql_p_expect), so that errors and completion come from the
 * parser itself. */
#include "egql/parse.h"

#include <string.h>

static bool calls(const struct egql_parser *p, const char *name) {
    struct egql_span span = p->token.span;
    return egql_p_is(p, p->token, name) &&
           egql_lex(p->ast->text, p->ast->len, span.offset + span.length).kind == EGQL_T_OPEN;
}

/* A key, or bucket(key, 1h), which is one too. */
static bool key_or_bucket(struct egql_parser *p, struct egql_key **key) {
    size_t from = p->token.span.offset;
    egql_p_expect(p, EGQL_W_BUCKET);
    if (!calls(p, "bucket"))
        return egql_p_key(p, key);
    egql_p_next(p);
    egql_p_next(p);
    struct egql_duration *bucket = egql_p_alloc(p, sizeof *bucket);
    if (!bucket || !egql_p_key(p, key) || (!egql_p_take(p, EGQL_T_COMMA, EGQL_W_COMMA) && !egql_p_wrong(p)) ||
        !egql_p_duration(p, bucket) || (!egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE) && !egql_p_wrong(p)))
        return false;
    (*key)->bucket = bucket;
    (*key)->span = egql_p_since(p, from);
    return true;
}

/* An aggregate's name with its parenthesis: otherwise the word is a key. */
static enum egql_agg aggregate(struct egql_parser *p) {
    static const struct {
        const char *name;
        enum egql_agg agg;
    } aggs[] = {{"count", EGQL_A_COUNT}, {"sum", EGQL_A_SUM}, {"avg", EGQL_A_AVG},
                {"min", EGQL_A_MIN},     {"max", EGQL_A_MAX}, {"p50", EGQL_A_P50},
                {"p90", EGQL_A_P90},     {"p95", EGQL_A_P95}, {"p99", EGQL_A_P99}};
    egql_p_expect(p, EGQL_W_AGG);
    struct egql_span span = p->token.span;
    if (p->token.kind != EGQL_T_WORD || calls(p, "bucket") ||
        egql_lex(p->ast->text, p->ast->len, span.offset + span.length).kind != EGQL_T_OPEN)
        return EGQL_A_NONE;
    for (size_t i = 0; i < sizeof aggs / sizeof aggs[0]; i++)
        if (egql_p_is(p, p->token, aggs[i].name))
            return aggs[i].agg;
    egql_p_wrong(p);
    return EGQL_A_NONE;
}

/* key, or agg(key), count() and count(DISTINCT key) */
static bool key_or_aggregate(struct egql_parser *p, enum egql_agg *agg, struct egql_key **key) {
    *agg = aggregate(p);
    if (p->diag->code != EG_E_NONE)
        return false;
    if (*agg == EGQL_A_NONE)
        return key_or_bucket(p, key);
    egql_p_next(p);
    egql_p_next(p);
    if (*agg == EGQL_A_COUNT) {
        if (egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE))
            return true;
        struct egql_token after = egql_lex(p->ast->text, p->ast->len, p->token.span.offset + p->token.span.length);
        egql_p_expect(p, EGQL_W_DISTINCT);
        if (egql_p_is(p, p->token, "DISTINCT") && after.kind == EGQL_T_WORD) {
            egql_p_next(p);
            *agg = EGQL_A_COUNT_DISTINCT;
        }
    }
    return egql_p_key(p, key) && (egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE) || egql_p_wrong(p));
}

static bool item(struct egql_parser *p, struct egql_item *item) {
    size_t from = p->token.span.offset;
    if (!egql_p_node(p) || !key_or_aggregate(p, &item->agg, &item->key))
        return false;
    if (egql_p_keyword(p, EGQL_W_AS)) {
        egql_p_expect(p, EGQL_W_NAME);
        if (p->token.kind != EGQL_T_WORD)
            return egql_p_wrong(p);
        item->alias = egql_p_text(p, p->token.span);
        egql_p_next(p);
    }
    item->span = egql_p_since(p, from);
    return true;
}

static bool items(struct egql_parser *p, struct egql_query *q) {
    int aggs = 0;
    if (!egql_p_take(p, EGQL_T_OPEN, EGQL_W_OPEN))
        return true;
    do {
        struct egql_item *next = egql_p_grow(p, &q->items, q->n_items, sizeof *q->items);
        if (!next || !item(p, next))
            return false;
        aggs += next->agg != EGQL_A_NONE;
        if (aggs > EGQL_MOST_AGGS)
            return egql_p_fail(p, next->span, "the query has more than %d aggregates", EGQL_MOST_AGGS);
        q->n_items++;
    } while (egql_p_take(p, EGQL_T_COMMA, EGQL_W_COMMA));
    return egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE) || egql_p_wrong(p);
}

static bool few(struct egql_parser *p, size_t n, size_t most, const char *clause) {
    return n < most || egql_p_fail(p, p->token.span, "%s has more than %zu keys", clause, most);
}

static bool group(struct egql_parser *p, struct egql_query *q) {
    if (!egql_p_keyword(p, EGQL_W_GROUP))
        return p->diag->code == EG_E_NONE;
    struct egql_key **keys = NULL;
    do {
        struct egql_key **next = egql_p_grow(p, &keys, q->n_group, sizeof *keys);
        if (!next || !egql_p_node(p) || !few(p, q->n_group, EGQL_MOST_GROUPS, "GROUP BY") || !key_or_bucket(p, next))
            return false;
        q->n_group++;
    } while (egql_p_take(p, EGQL_T_COMMA, EGQL_W_COMMA));
    q->group_by = keys;
    return true;
}

static bool order(struct egql_parser *p, struct egql_query *q) {
    if (!egql_p_keyword(p, EGQL_W_ORDER))
        return p->diag->code == EG_E_NONE;
    do {
        struct egql_order *next = egql_p_grow(p, &q->order_by, q->n_order, sizeof *next);
        if (!next || !egql_p_node(p) || !few(p, q->n_order, EGQL_MOST_ORDERS, "ORDER BY"))
            return false;
        size_t from = p->token.span.offset;
        next->item = -1;
        if (!key_or_aggregate(p, &next->agg, &next->key))
            return false;
        next->span = egql_p_since(p, from);
        next->descending = egql_p_keyword(p, EGQL_W_DESC);
        if (!next->descending)
            egql_p_keyword(p, EGQL_W_ASC);
        q->n_order++;
    } while (egql_p_take(p, EGQL_T_COMMA, EGQL_W_COMMA));
    return true;
}

static bool source(struct egql_parser *p, struct egql_query *q) {
    egql_p_expect(p, EGQL_W_SOURCE);
    if (p->token.kind != EGQL_T_WORD)
        return egql_p_wrong(p);
    q->source_span = p->token.span;
    q->source_name = egql_p_text(p, p->token.span);
    egql_p_next(p);
    return true;
}

static bool query(struct egql_parser *p, bool find) {
    struct egql_query *q = &p->ast->query;
    q->scope.param = q->scope.param2 = -1;
    if (!source(p, q) || !items(p, q) || (!find && !egql_p_scope(p, &q->scope)))
        return false;
    if (find)
        q->scope.span = q->scope.arg_span = q->source_span;
    return egql_p_where(p, &q->where) && group(p, q) && order(p, q) && egql_p_window(p, &q->window) &&
           egql_p_limit(p, &q->limited, &q->limit, &q->limit_span);
}

/* A clause that comes behind one which it stands before. */
static bool end(struct egql_parser *p) {
    static const char *const clauses[] = {"WHERE", "GROUP", "ORDER", "SINCE", "LAST"};
    egql_p_expect(p, EGQL_W_END);
    if (p->token.kind == EGQL_T_END)
        return true;
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0] && p->diag->code == EG_E_NONE; i++)
        if (egql_p_is(p, p->token, clauses[i]))
            return egql_p_fail(p, p->token.span,
                               "%s stands further ahead: the order is WHERE, GROUP BY, ORDER BY, SINCE or LAST, LIMIT", clauses[i]);
    return egql_p_wrong(p);
}

static bool statement(struct egql_parser *p) {
    bool ok;
    if (egql_p_keyword(p, EGQL_W_SELECT)) {
        ok = query(p, false);
    } else if (egql_p_keyword(p, EGQL_W_FIND)) {
        ok = query(p, true);
    } else if (egql_p_keyword(p, EGQL_W_PATH)) {
        p->ast->is_path = true;
        ok = egql_p_path(p);
    } else {
        return egql_p_wrong(p);
    }
    if (!ok)
        return false;
    return end(p);
}

eg_status egql_parse_expecting(const char *text, size_t len, struct eg_arena *arena, struct egql_ast **ast,
                               struct egql_diag *diag, struct egql_expected *expected) {
    struct egql_ast none = {.text = text, .len = len};
    *diag = (struct egql_diag){0};
    *ast = eg_arena_zalloc(arena, sizeof **ast);
    if (!*ast)
        return egql_fail(diag, &none, arena, (struct egql_span){0}, EG_E_QUERY_INVALID, "memory");
    **ast = none;
    struct egql_parser p = {.ast = *ast, .arena = arena, .diag = diag};
    if (len > EGQL_MOST_B) {
        egql_p_fail(&p, (struct egql_span){EGQL_MOST_B, 0}, "the query is longer than %d bytes", EGQL_MOST_B);
        return EG_FAIL;
    }
    size_t bad = egql_lex_bad_byte(text, len);
    if (bad < len) {
        egql_p_fail(&p, (struct egql_span){bad, 1},
                    text[bad] ? "this byte is not UTF-8" : "a NUL character has no place in a query");
        return EG_FAIL;
    }
    (*ast)->text =
        eg_arena_dup(arena, text, len); /* values point into it, and a compiled query outlives its caller's */
    if (!(*ast)->text) {
        (*ast)->text = text;
        return egql_fail(diag, &none, arena, (struct egql_span){0}, EG_E_QUERY_INVALID, "memory");
    }
    egql_p_next(&p);
    p.end = 0;
    bool ok = statement(&p);
    if (expected)
        *expected = p.expected;
    return ok ? EG_OK : EG_FAIL;
}

eg_status egql_parse(const char *text, size_t len, struct eg_arena *arena, struct egql_ast **ast,
                     struct egql_diag *diag) {
    return egql_parse_expecting(text, len, arena, ast, diag, NULL);
}
