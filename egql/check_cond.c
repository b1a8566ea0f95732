/* The checker: conditions, and values as the types of their keys want them. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egql/check.h"
#include "egql/regex.h"

#define MOST_NUMBER_B 400

static bool unfit(struct egql_checker *c, const struct egql_key *key, const struct egql_value *value,
                  const char *like) {
    egql_c_fail(c, value->span, "%s is of type %s, and this value is not", key->field->name, egql_type_name(key->type));
    c->diag->expected = like;
    return false;
}

/* Whole numbers that fit are integers, others doubles. */
static bool number(struct egql_checker *c, struct egql_value *value) {
    char text[MOST_NUMBER_B + 1];
    if (value->text.n > MOST_NUMBER_B)
        return egql_c_fail(c, value->span, "a number has at most %d characters", MOST_NUMBER_B);
    memcpy(text, value->text.p, value->text.n);
    text[value->text.n] = '\0';
    errno = 0;
    if (!strpbrk(text, ".eE")) {
        long long i = strtoll(text, NULL, 10);
        if (errno == 0) {
            value->as = eg_int(i);
            value->type = EG_INT8;
            return true;
        }
    }
    double d = strtod(text, NULL);
    if (!isfinite(d))
        return egql_c_fail(c, value->span, "the number is beyond the range of a double");
    value->as = eg_double(d);
    value->type = EG_FLOAT8;
    return true;
}

static bool as_text(struct egql_value *value) {
    value->as = eg_text(value->text.p, value->text.n);
    value->type = EG_TEXT;
    return true;
}

static bool as_time(struct egql_checker *c, const struct egql_key *key, struct egql_value *value) {
    int64_t us;
    if (value->kind == EGQL_V_NUMBER || !egql_time_parse(value->text.p, value->text.n, &us))
        return unfit(c, key, value, "a time such as 2025-10-10T00:00Z, or a date");
    value->as = eg_int(us);
    value->type = EG_TIME;
    return true;
}

static bool as_bool(struct egql_checker *c, const struct egql_key *key, struct egql_value *value) {
    if (value->kind != EGQL_V_TRUE && value->kind != EGQL_V_FALSE)
        return unfit(c, key, value, "true or false");
    value->as = eg_bool(value->kind == EGQL_V_TRUE);
    value->type = EG_BOOL;
    return true;
}

static bool numeric(enum eg_type type) { return type == EG_INT8 || type == EG_FLOAT8; }

/* The type that a parameter was given must suit; times come as text. */
static bool param(struct egql_checker *c, const struct egql_key *key, struct egql_value *value) {
    if (!egql_c_param(c, value->span, value->param))
        return false;
    const struct egql_param *p = &c->ast->params[value->param];
    enum eg_type type = key->type;
    value->null = p->null;
    value->type = type == EG_TIME ? EG_TIME : p->type;
    bool fits = p->null || type == EG_JSON || p->type == type || (numeric(p->type) && numeric(type)) ||
                (p->type == EG_TEXT && type == EG_TIME);
    if (p->null && type != EG_JSON)
        value->type = type;
    if (fits)
        return true;
    egql_fail(c->diag, c->ast, c->arena, value->span, EG_E_PARAM_INVALID, "%s is %s, but $%.*s is %s", key->field->name,
              egql_type_name(type), (int)p->name.n, p->name.p, egql_type_name(p->type));
    return false;
}

bool egql_c_value(struct egql_checker *c, const struct egql_key *key, struct egql_value *value) {
    if (value->kind == EGQL_V_PARAM)
        return param(c, key, value);
    if (value->kind == EGQL_V_NULL) {
        value->null = true;
        value->as = eg_null();
        value->type = key->type == EG_JSON ? EG_TEXT : key->type;
        return true;
    }
    switch (key->type) {
    case EG_TEXT:
        return as_text(value);
    case EG_INT4:
    case EG_INT8:
    case EG_FLOAT8:
        return value->kind == EGQL_V_NUMBER ? number(c, value) : unfit(c, key, value, "a number");
    case EG_TIME:
        return as_time(c, key, value);
    case EG_BOOL:
        return as_bool(c, key, value);
    case EG_JSON:
        return value->kind == EGQL_V_NUMBER                                ? number(c, value)
               : value->kind == EGQL_V_TRUE || value->kind == EGQL_V_FALSE ? as_bool(c, key, value)
                                                                           : as_text(value);
    case EG_BYTES:
        break;
    }
    return unfit(c, key, value, NULL);
}

bool egql_c_text(struct egql_checker *c, struct egql_value *value, const char *what) {
    if (value->kind != EGQL_V_PARAM)
        return as_text(value);
    if (!egql_c_param(c, value->span, value->param))
        return false;
    const struct egql_param *p = &c->ast->params[value->param];
    value->type = EG_TEXT;
    value->null = p->null;
    if (p->null || p->type == EG_TEXT)
        return true;
    egql_fail(c->diag, c->ast, c->arena, value->span, EG_E_PARAM_INVALID, "%s is text, but $%.*s is %s", what,
              (int)p->name.n, p->name.p, egql_type_name(p->type));
    return false;
}

/* Where in the query a place of an unquoted string is: a doubled quote counts two. */
static size_t place(const struct egql_checker *c, const struct egql_value *value, size_t at) {
    size_t offset = value->span.offset;
    if (value->kind != EGQL_V_STRING)
        return offset + at;
    char quote = c->ast->text[offset];
    for (size_t i = 0; i < at && i < value->text.n; i++)
        offset += value->text.p[i] == quote ? 2 : 1;
    return offset + 1;
}

static bool match(struct egql_checker *c, struct egql_cond *cond) {
    struct egql_value *value = cond->values;
    struct eg_str translated;
    struct egql_regex_wrong wrong;
    if (cond->key->type != EG_TEXT && cond->key->type != EG_JSON)
        return egql_c_fail(c, cond->key->span, "%s is %s: a regular expression is matched against text",
                           cond->key->field->name, egql_type_name(cond->key->type));
    if (!egql_c_text(c, value, "a regular expression") || value->kind == EGQL_V_PARAM)
        return c->diag->code == EG_E_NONE;
    if (egql_regex_check(value->text.p, value->text.n, c->arena, &translated, &wrong)) {
        value->as = eg_text(translated.p, translated.n);
        return true;
    }
    return egql_c_fail(c, (struct egql_span){place(c, value, wrong.at), wrong.length}, "%s", wrong.message);
}

static bool predicate(struct egql_checker *c, struct egql_cond *cond) {
    if (!egql_c_key(c, cond->key))
        return false;
    if (cond->kind == EGQL_EXISTS)
        return true;
    if (!egql_c_scalar(c, cond->key, "compared"))
        return false;
    if (cond->kind == EGQL_MATCH)
        return match(c, cond);
    if (cond->kind == EGQL_COMPARE && cond->op > EGQL_NE && cond->key->type == EG_BOOL)
        return egql_c_fail(c, cond->span, "%s is boolean: it can only be = or != to true or false",
                           cond->key->field->name);
    for (size_t i = 0; i < cond->n_values; i++)
        if (!egql_c_value(c, cond->key, &cond->values[i]))
            return false;
    return true;
}

/* A store's parser keeps what stands open: of SQLite's, 100 places are there. A condition that comes first in its parentheses
 * takes one, a later one three; and the order means nothing. So where conditions nest much, the deepest goes first. */
#define OPEN_PREDICATE 8
#define OPEN_FREELY 30
#define OPEN_MOST 76

static bool nest(struct egql_checker *c, struct egql_cond *cond) {
    const struct egql_cond *const *old = cond->children;
    size_t deepest = 0;
    for (size_t i = 1; i < cond->n_children; i++)
        deepest = old[i]->open > old[deepest]->open ? i : deepest;
    if (deepest > 0 && old[deepest]->open > OPEN_FREELY) {
        const struct egql_cond **children = egql_c_alloc(c, cond->n_children * sizeof(*children));
        if (!children)
            return false;
        children[0] = old[deepest];
        for (size_t i = 0, at = 1; i < cond->n_children; i++)
            if (i != deepest)
                children[at++] = old[i];
        cond->children = children;
    }
    cond->open = 0;
    for (size_t i = 0; i < cond->n_children; i++) {
        int open = cond->children[i]->open + (cond->kind == EGQL_NOT ? 2 : i == 0 ? 1 : 3);
        cond->open = open > cond->open ? open : cond->open;
    }
    return cond->open <= OPEN_MOST || egql_c_fail(c, cond->span, "conditions are nested too much within each other here");
}

/* The conditions were made by the parser, which alone knows them: they may be completed. */
bool egql_c_cond(struct egql_checker *c, struct egql_cond *cond) {
    cond->open = OPEN_PREDICATE;
    if (cond->kind != EGQL_AND && cond->kind != EGQL_OR && cond->kind != EGQL_NOT)
        return predicate(c, cond);
    for (size_t i = 0; i < cond->n_children; i++) {
        struct egql_cond *child;
        memcpy(&child, &cond->children[i], sizeof child);
        if (!egql_c_cond(c, child))
            return false;
    }
    return nest(c, cond);
}
