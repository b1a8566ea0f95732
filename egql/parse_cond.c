/* The parser: keys, values, and the conditions of WHERE. Predicates side by side bind like AND, tighter than OR. */
#include <string.h>

#include "egql/parse.h"
#include "egql/suggest.h"

static bool part(struct egql_parser *p, struct egql_key *key) {
    struct eg_str *text = egql_p_grow(p, &key->parts, key->n_parts, sizeof *text);
    struct egql_span *span = egql_p_grow(p, &key->part_spans, key->n_parts, sizeof *span);
    if (!text || !span || !egql_p_node(p))
        return false;
    *span = p->token.span;
    key->n_parts++;
    if (p->token.kind != EGQL_T_STRING)
        *text = egql_p_text(p, *span);
    else if (!egql_p_unquote(p, *span, text))
        return false;
    egql_p_next(p);
    return true;
}

bool egql_p_key(struct egql_parser *p, struct egql_key **key) {
    struct egql_key *made = egql_p_alloc(p, sizeof *made);
    size_t from = p->token.span.offset;
    egql_p_expect(p, EGQL_W_KEY);
    if (!made)
        return false;
    if (p->token.kind != EGQL_T_WORD)
        return egql_p_wrong(p);
    if (!part(p, made))
        return false;
    p->key = made;
    while (p->token.kind == EGQL_T_DOT) {
        egql_p_next(p);
        egql_p_expect(p, EGQL_W_MEMBER);
        if (p->token.kind != EGQL_T_WORD && p->token.kind != EGQL_T_STRING && p->token.kind != EGQL_T_DIGITS)
            return egql_p_wrong(p);
        if (made->n_parts == EGQL_MOST_PARTS)
            return egql_p_fail(p, p->token.span, "a key has more than %d parts", EGQL_MOST_PARTS);
        if (!part(p, made))
            return false;
    }
    made->span = egql_p_since(p, from);
    *key = made;
    return true;
}

/* The token is looked at as a value; what follows is plain again. */
static bool value(struct egql_parser *p, enum egql_word what, struct egql_value *value) {
    struct egql_token t = egql_lex_value(p->ast->text, p->ast->len, p->token.span.offset);
    egql_p_expect(p, what);
    value->span = t.span;
    value->param = -1;
    value->text = egql_p_text(p, t.span);
    if (!egql_p_node(p))
        return false;
    if (t.kind == EGQL_T_STRING) {
        value->kind = EGQL_V_STRING;
        if (!egql_p_unquote(p, t.span, &value->text))
            return false;
    } else if (t.kind == EGQL_T_PARAM) {
        value->kind = EGQL_V_PARAM;
        value->text = (struct eg_str){value->text.p + 1, value->text.n - 1};
        if (!egql_p_param(p, t.span, &value->param))
            return false;
    } else if (t.kind == EGQL_T_WORD) {
        struct eg_str s = value->text;
        value->kind = egql_lex_is_number(s.p, s.n)               ? EGQL_V_NUMBER
                      : s.n == 4 && memcmp(s.p, "true", 4) == 0  ? EGQL_V_TRUE
                      : s.n == 5 && memcmp(s.p, "false", 5) == 0 ? EGQL_V_FALSE
                      : s.n == 4 && memcmp(s.p, "null", 4) == 0  ? EGQL_V_NULL
                                                                 : EGQL_V_WORD;
    } else {
        return egql_p_wrong(p);
    }
    p->token = t;
    egql_p_next(p);
    return true;
}

static bool is_operator(enum egql_token_kind kind) { return kind >= EGQL_T_EQ && kind <= EGQL_T_NO_MATCH; }

bool egql_p_key_follows(const struct egql_parser *p) {
    const char *text = p->ast->text;
    size_t len = p->ast->len;
    struct egql_token next = egql_lex(text, len, p->token.span.offset + p->token.span.length);
    if (p->token.kind != EGQL_T_WORD)
        return false;
    if (is_operator(next.kind) || next.kind == EGQL_T_DOT || (next.kind == EGQL_T_BAD && next.span.length == 2))
        return true;
    return egql_p_is(p, next, "IN") && egql_lex(text, len, next.span.offset + next.span.length).kind == EGQL_T_OPEN;
}

/* A keyword that stands among conditions. */
static bool keyword(struct egql_parser *p, enum egql_word word) {
    egql_p_expect(p, word);
    return !egql_p_key_follows(p) && egql_p_keyword(p, word);
}

static struct egql_cond *cond_new(struct egql_parser *p, enum egql_cond_kind kind) {
    struct egql_cond *cond = egql_p_node(p) ? egql_p_alloc(p, sizeof *cond) : NULL;
    if (cond)
        cond->kind = kind;
    return cond;
}

static bool in_list(struct egql_parser *p, struct egql_cond *cond) {
    cond->kind = EGQL_IN;
    if (!egql_p_take(p, EGQL_T_OPEN, EGQL_W_OPEN))
        return egql_p_wrong(p);
    do {
        struct egql_value *next = egql_p_grow(p, &cond->values, cond->n_values, sizeof *next);
        if (!next || !value(p, EGQL_W_VALUE, next))
            return false;
        cond->n_values++;
    } while (egql_p_take(p, EGQL_T_COMMA, EGQL_W_COMMA));
    return egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE) || egql_p_wrong(p);
}

/* "topic=x LIMT 3": a word without an operator behind it, where a keyword may have been meant. */
static bool no_operator(struct egql_parser *p, const struct egql_key *key) {
    static const char *const keywords[] = {"AND", "OR", "NOT", "EXISTS", "GROUP", "ORDER", "SINCE", "LAST", "LIMIT"};
    struct egql_suggest suggest = {.word = key->parts[0].p, .len = key->n_parts == 1 ? key->parts[0].n : 0};
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        egql_suggest_try(&suggest, keywords[i]);
    if (!suggest.best || suggest.distance == 0)
        return egql_p_wrong(p);
    egql_p_fail(p, key->span, "%.*s is no keyword, and no operator stands behind it", (int)key->span.length,
                p->ast->text + key->span.offset);
    p->diag->suggestion = suggest.best;
    return false;
}

static bool predicate(struct egql_parser *p, struct egql_cond **cond) {
    struct egql_cond *made = *cond = cond_new(p, EGQL_COMPARE);
    size_t from = p->token.span.offset;
    if (!made)
        return false;
    if (++p->conditions > EGQL_MOST_CONDITIONS)
        return egql_p_fail(p, p->token.span, "the query has more than %d conditions (IN takes many values)", EGQL_MOST_CONDITIONS);
    if (keyword(p, EGQL_W_EXISTS)) {
        made->kind = EGQL_EXISTS;
        if (!egql_p_key(p, &made->key))
            return false;
    } else {
        if (!egql_p_key(p, &made->key))
            return false;
        egql_p_expect(p, EGQL_W_OP);
        enum egql_token_kind op = p->token.kind;
        if (egql_p_keyword(p, EGQL_W_IN)) {
            if (!in_list(p, made))
                return false;
        } else if (is_operator(op)) {
            bool match = op == EGQL_T_MATCH || op == EGQL_T_NO_MATCH;
            egql_p_next(p);
            made->kind = match ? EGQL_MATCH : EGQL_COMPARE;
            made->negated = op == EGQL_T_NO_MATCH;
            made->op = match ? EGQL_EQ : (enum egql_op)(op - EGQL_T_EQ);
            made->values = egql_p_alloc(p, sizeof *made->values);
            made->n_values = 1;
            if (!made->values || !value(p, match ? EGQL_W_REGEX : EGQL_W_VALUE, made->values))
                return false;
        } else {
            return no_operator(p, made->key);
        }
    }
    made->span = egql_p_since(p, from);
    return true;
}

static bool any_of(struct egql_parser *p, struct egql_cond **cond);

static bool deeper(struct egql_parser *p) {
    return ++p->depth <= EGQL_MOST_DEPTH ||
           egql_p_fail(p, p->token.span, "parentheses and NOTs are more than %d deep", EGQL_MOST_DEPTH);
}

static bool unary(struct egql_parser *p, struct egql_cond **cond) {
    size_t from = p->token.span.offset;
    if (keyword(p, EGQL_W_NOT)) {
        struct egql_cond *made = *cond = cond_new(p, EGQL_NOT), *child = NULL;
        const struct egql_cond **children = made ? egql_p_alloc(p, sizeof *children) : NULL;
        if (!children || !deeper(p) || !unary(p, &child))
            return false;
        p->depth--;
        children[0] = child;
        made->n_children = 1;
        made->children = children;
        made->span = egql_p_since(p, from);
        return true;
    }
    if (egql_p_take(p, EGQL_T_OPEN, EGQL_W_OPEN)) {
        if (!deeper(p) || !any_of(p, cond))
            return false;
        p->depth--;
        return egql_p_take(p, EGQL_T_CLOSE, EGQL_W_CLOSE) || egql_p_wrong(p);
    }
    return predicate(p, cond);
}

/* One more child, or the children of one that is of the same kind. */
static bool add(struct egql_parser *p, struct egql_cond *list, struct egql_cond *child) {
    bool splice = child->kind == list->kind;
    size_t n = splice ? child->n_children : 1;
    for (size_t i = 0; i < n; i++) {
        const struct egql_cond **place = egql_p_grow(p, &list->children, list->n_children, sizeof *place);
        if (!place)
            return false;
        *place = splice ? child->children[i] : child;
        list->n_children++;
    }
    return true;
}

/* Turns *cond into a list of `kind` with what it was and `child`, or appends to the list that was made so before. */
static bool join(struct egql_parser *p, enum egql_cond_kind kind, struct egql_cond **list, struct egql_cond **cond,
                 struct egql_cond *child, size_t from) {
    if (!*list) {
        *list = cond_new(p, kind);
        if (!*list || !add(p, *list, *cond))
            return false;
        *cond = *list;
    }
    (*list)->span = egql_p_since(p, from);
    return add(p, *list, child);
}

/* Whether a condition begins here: a key, a parenthesis, NOT, EXISTS; not the keyword of a clause. */
static bool begins(struct egql_parser *p) {
    static const char *const clauses[] = {"OR",    "GROUP", "ORDER", "SINCE",  "UNTIL", "LAST",
                                          "LIMIT", "WHERE", "FROM",  "SELECT", "FIND"};
    egql_p_expect(p, EGQL_W_KEY);
    egql_p_expect(p, EGQL_W_NOT);
    egql_p_expect(p, EGQL_W_EXISTS);
    egql_p_expect(p, EGQL_W_OPEN);
    if (p->token.kind == EGQL_T_OPEN)
        return true;
    if (p->token.kind != EGQL_T_WORD)
        return false;
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
        if (egql_p_is(p, p->token, clauses[i]))
            return egql_p_key_follows(p);
    return true;
}

static bool all_of(struct egql_parser *p, struct egql_cond **cond) {
    struct egql_cond *list = NULL, *child = NULL;
    size_t from = p->token.span.offset;
    if (!unary(p, cond))
        return false;
    while (keyword(p, EGQL_W_AND) || begins(p))
        if (!unary(p, &child) || !join(p, EGQL_AND, &list, cond, child, from))
            return false;
    return true;
}

static bool any_of(struct egql_parser *p, struct egql_cond **cond) {
    struct egql_cond *list = NULL, *child = NULL;
    size_t from = p->token.span.offset;
    if (!all_of(p, cond))
        return false;
    while (keyword(p, EGQL_W_OR))
        if (!all_of(p, &child) || !join(p, EGQL_OR, &list, cond, child, from))
            return false;
    return true;
}

bool egql_p_where(struct egql_parser *p, struct egql_cond **cond) {
    return !egql_p_keyword(p, EGQL_W_WHERE) || any_of(p, cond);
}
