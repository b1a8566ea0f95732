/* Conditions. A predicate is true or it is not: NULL counts as not, and NOT is IS NOT TRUE. So AND and OR need nothing
 * more. */
#include <string.h>

#include "egql/emit.h"

static const char *const operators[] = {
    [EGQL_EQ] = "=", [EGQL_NE] = "<>", [EGQL_LT] = "<", [EGQL_LE] = "<=", [EGQL_GT] = ">", [EGQL_GE] = ">="};

/* JSON values are compared with their own type alone; numbers with doubles as doubles, and with whole numbers exactly. */
static const char *as_type_of(struct egql_emit *e, const struct egql_key *key, enum eg_type type, bool equal) {
    if (!egql_key_is_json(key))
        return egql_field_sql(e, key->field);
    const struct egql_dialect *d = e->dialect;
    return egql_json_key(e, key,
                         type == EG_BOOL     ? d->json_bool
                         : type == EG_TEXT   ? d->json_text
                         : type == EG_FLOAT8 ? d->json_real
                         : equal             ? d->json_integer
                                             : d->json_ordered);
}

/* True when a part of the path may be an array's index: containment says nothing about those. */
static bool may_index(const struct egql_key *key) {
    for (size_t i = 0; i < key->n_path; i++)
        for (size_t j = 0; j < key->path[i].n; j++)
            if (key->path[i].p[j] >= '0' && key->path[i].p[j] <= '9')
                return true;
    return false;
}

/* The planner weighs each probe in each partition: what is beyond these is compared row by row. */
#define MOST_PROBES 200

/* Of doubles containment would compare the digits. */
static bool containable(struct egql_emit *e, const struct egql_key *key, const struct egql_cond *cond) {
    for (size_t i = 0; i < cond->n_values; i++)
        if (cond->values[i].type == EG_FLOAT8)
            return false;
    if (!e->dialect->json_contains || !key->n_path || strcmp(key->field->column, egql_field_payload.column) != 0 || may_index(key) ||
        e->probes + cond->n_values > MOST_PROBES)
        return false;
    e->probes += cond->n_values;
    return true;
}

/* The value as JSON, at the end of objects that the path names. */
static const char *json_slot(struct egql_emit *e, const struct egql_value *value, const struct eg_str *path, size_t n_path) {
    bool param = value->kind == EGQL_V_PARAM;
    return egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_JSON,
                                           .type = EG_JSON,
                                           .value = value->as,
                                           .value_type = value->type,
                                           .param = param ? value->param : -1,
                                           .span = value->span,
                                           .path = path,
                                           .n_path = n_path});
}

/* What the value's index finds; the comparison behind it decides, since containment is wider (arrays). */
static void contains(struct egql_emit *e, struct eg_buf *sql, const struct egql_key *key,
                     const struct egql_value *value) {
    eg_buf_str(sql, egql_put(e, e->dialect->json_contains, egql_field_sql(e, key->field), json_slot(e, value, key->path, key->n_path)));
}

/* Equality of JSON needs no look at the value's type, which a planner would have to weigh; but doubles are compared as doubles. */
static bool as_json(const struct egql_emit *e, const struct egql_key *key, const struct egql_value *value) {
    return e->dialect->json_equals && egql_key_is_json(key) && value->type != EG_FLOAT8;
}

static void compare(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    const struct egql_value *value = cond->values;
    bool equal = cond->op <= EGQL_NE;
    if (value->null) {
        eg_buf_str(sql, "FALSE");
        return;
    }
    bool json = equal && as_json(e, cond->key, value);
    const char *left = json ? egql_json_key(e, cond->key, "%") : as_type_of(e, cond->key, value->type, equal);
    const char *right = json ? json_slot(e, value, NULL, 0) : egql_slot_value(e, value);
    if (cond->op == EGQL_NE && egql_key_is_json(cond->key)) { /* another type is another value */
        eg_buf_printf(sql, "(%s IS NOT NULL AND (%s = %s) IS NOT TRUE)", egql_key_sql(e, cond->key), left, right);
        return;
    }
    bool with_index = cond->op == EGQL_EQ && containable(e, cond->key, cond);
    if (with_index) {
        eg_buf_char(sql, '(');
        contains(e, sql, cond->key, value);
        eg_buf_str(sql, " AND ");
    }
    eg_buf_printf(sql, "%s %s %s%s", left, operators[cond->op], right, with_index ? ")" : "");
}

/* One IN for the values that are of one type (as: EG_JSON, all that are compared as JSON). */
static size_t in_of_type(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond, enum eg_type as, bool first) {
    size_t n = 0;
    for (size_t i = 0; i < cond->n_values; i++) {
        const struct egql_value *value = &cond->values[i];
        bool json = as_json(e, cond->key, value);
        if (value->null || (egql_key_is_json(cond->key) && (json ? EG_JSON : value->type) != as))
            continue;
        if (n++ == 0)
            eg_buf_printf(sql, "%s%s IN (", first ? "" : " OR ",
                          json ? egql_json_key(e, cond->key, "%") : as_type_of(e, cond->key, as, true));
        else
            eg_buf_str(sql, ", ");
        eg_buf_str(sql, json ? json_slot(e, value, NULL, 0) : egql_slot_value(e, value));
    }
    if (n)
        eg_buf_char(sql, ')');
    return n;
}

static void in(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    static const enum eg_type types[] = {EG_JSON, EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL};
    size_t n = 0;
    eg_buf_str(sql, "((");
    if (containable(e, cond->key, cond)) {
        for (size_t i = 0; i < cond->n_values; i++)
            if (!cond->values[i].null) {
                eg_buf_str(sql, n++ ? " OR " : "");
                contains(e, sql, cond->key, &cond->values[i]);
            }
        eg_buf_str(sql, n ? ") AND (" : "FALSE) AND (");
        n = 0;
    }
    for (size_t i = 0; i < (egql_key_is_json(cond->key) ? sizeof types / sizeof types[0] : 1); i++)
        n += in_of_type(e, sql, cond, types[i], n == 0);
    eg_buf_str(sql, n ? "))" : "FALSE))");
}

static void match(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    const struct egql_dialect *d = e->dialect;
    if (cond->values->null) {
        eg_buf_str(sql, "FALSE");
        return;
    }
    const char *text = egql_key_text(e, cond->key), *pattern = egql_slot_regex(e, cond->values);
    if (cond->negated && egql_key_is_json(cond->key))
        eg_buf_printf(sql, "(%s IS NOT NULL AND (%s) IS NOT TRUE)", egql_key_sql(e, cond->key),
                      egql_put(e, d->match, text, pattern));
    else
        eg_buf_str(sql, egql_put(e, cond->negated ? d->no_match : d->match, text, pattern));
}

static void children(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    eg_buf_char(sql, '(');
    for (size_t i = 0; i < cond->n_children; i++) {
        if (i)
            eg_buf_str(sql, cond->kind == EGQL_AND ? " AND " : " OR ");
        egql_cond_sql(e, sql, cond->children[i]);
    }
    eg_buf_char(sql, ')');
}

static void not(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    bool bare = cond->kind != EGQL_AND && cond->kind != EGQL_OR && cond->kind != EGQL_NOT; /* those bring parentheses */
    eg_buf_str(sql, bare ? "((" : "(");
    egql_cond_sql(e, sql, cond);
    eg_buf_str(sql, bare ? ") IS NOT TRUE)" : " IS NOT TRUE)");
}

void egql_cond_sql(struct egql_emit *e, struct eg_buf *sql, const struct egql_cond *cond) {
    switch (cond->kind) {
    case EGQL_AND:
    case EGQL_OR:
        children(e, sql, cond);
        return;
    case EGQL_NOT:
        not(e, sql, cond->children[0]);
        return;
    case EGQL_COMPARE:
        compare(e, sql, cond);
        return;
    case EGQL_IN:
        in(e, sql, cond);
        return;
    case EGQL_MATCH:
        match(e, sql, cond);
        return;
    case EGQL_EXISTS:
        eg_buf_printf(sql, "%s IS NOT NULL", egql_key_sql(e, cond->key));
        return;
    }
}
