/* Checking a value against a compiled schema. The first pass stops at the first error, writes nothing and allocates
 * nothing; only a value that fails it is checked again to collect errors. Depth, steps and time of patterns are
 * bounded: what goes beyond is refused with a reason of its own, whatever `not` or `anyOf` stand around it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/registry/schema_impl.h"

#define FREE_MATCHES 64     /* patterns matched before the clock is looked at, and between two looks */
#define MOST_MATCH_US 50000 /* processor time of all patterns of one value */

bool eg_schema_give_up(struct eg_scheck *k, const struct eg_snode *node, const char *why) {
    if (!k->stop) {
        k->stop = why;
        k->stop_node = node;
    }
    return false;
}

static int64_t count_values(const json_t *value) {
    int64_t n = 1;
    json_t *m = eg_json_mutable(value);
    for (size_t i = 0; i < json_array_size(value); i++)
        n += count_values(json_array_get(value, i));
    for (void *at = json_object_iter(m); at; at = json_object_iter_next(m, at))
        n += count_values(json_object_iter_value(at));
    return n;
}

bool eg_schema_spend(struct eg_scheck *k, const struct eg_snode *node, size_t steps) {
    k->steps -= (int64_t)steps;
    if (k->steps >= 0)
        return !k->stop;
    if (!k->steps_extended) {
        k->steps_extended = true;
        k->steps += EG_SCHEMA_STEPS_A_VALUE * count_values(k->value);
        if (k->steps >= 0)
            return !k->stop;
    }
    return eg_schema_give_up(k, node, "takes too many steps to check against this schema");
}

static int64_t thread_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

bool eg_schema_matches(struct eg_scheck *k, const struct eg_snode *node, const struct eg_regex *regex, const char *text,
                       size_t len) {
    if (!k->scratch && !(k->scratch = eg_regex_scratch_new()))
        return eg_schema_give_up(k, node, "cannot be checked: memory is out");
    if (++k->n_matches % FREE_MATCHES == 0) {
        int64_t now = thread_us();
        if (k->match_start_us == 0)
            k->match_start_us = now;
        if (now - k->match_start_us > MOST_MATCH_US)
            return eg_schema_give_up(k, node, "takes too long to match against the patterns of this schema");
    }
    switch (eg_regex_match(regex, k->scratch, text, len)) {
    case EG_REGEX_YES:
        return true;
    case EG_REGEX_NO:
        return false;
    case EG_REGEX_LIMIT:
        return eg_schema_give_up(k, node, "has a string that takes too long to match against a pattern (regex_limit)");
    default:
        return eg_schema_give_up(k, node, "cannot be checked: memory is out");
    }
}

/* ---- which members have been evaluated ---- */

bool eg_schema_seen_init(struct eg_sseen *seen, const json_t *value) {
    seen->n = json_is_object(value) ? json_object_size(value) : json_array_size(value);
    seen->bits = seen->few;
    seen->few[0] = seen->few[1] = 0;
    if (seen->n > 128)
        seen->bits = calloc((seen->n + 63) / 64, sizeof *seen->bits);
    return seen->bits != NULL;
}

void eg_schema_seen_free(struct eg_sseen *seen) {
    if (seen->bits != seen->few)
        free(seen->bits);
}

void eg_schema_seen_add(struct eg_sseen *to, const struct eg_sseen *from) {
    for (size_t i = 0; i < (to->n + 63) / 64; i++)
        to->bits[i] |= from->bits[i];
}

void eg_schema_seen_all(struct eg_sseen *seen) {
    for (size_t i = 0; i < (seen->n + 63) / 64; i++)
        seen->bits[i] = UINT64_MAX;
}

/* ---- values ---- */

bool eg_schema_type_ok(unsigned types, const json_t *value) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return types & EG_T_OBJECT;
    case JSON_ARRAY:
        return types & EG_T_ARRAY;
    case JSON_STRING:
        return types & EG_T_STRING;
    case JSON_INTEGER:
        return types & (EG_T_NUMBER | EG_T_INTEGER);
    case JSON_REAL:
        return types & EG_T_NUMBER || (types & EG_T_INTEGER && floor(json_real_value(value)) == json_real_value(value));
    case JSON_TRUE:
    case JSON_FALSE:
        return types & EG_T_BOOLEAN;
    default:
        return types & EG_T_NULL;
    }
}

static bool check_constants(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                            const struct eg_spath *path) {
    bool ok = true;
    if (node->constant && !eg_schema_equal(node->constant, value))
        ok = eg_schema_fail(k, node, path, "const", "must be %s, is %s", eg_schema_show(k, node->constant),
                            eg_schema_show(k, value));
    if (!node->enumeration)
        return ok;
    size_t n = json_array_size(node->enumeration);
    if (!eg_schema_spend(k, node, n / 8))
        return false;
    for (size_t i = 0; i < n; i++)
        if (eg_schema_equal(json_array_get(node->enumeration, i), value))
            return ok;
    return eg_schema_fail(k, node, path, "enum", "must be one of %s, is %s", eg_schema_show_list(k, node->enumeration),
                          eg_schema_show(k, value));
}

static bool check_bound(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                        const struct eg_spath *path, const char *keyword, const char *text, bool ok) {
    if (ok)
        return true;
    return eg_schema_fail(k, node, path, keyword, "must be %s %s, is %s", text,
                          eg_schema_show(k, json_object_get(node->json, keyword)), eg_schema_show(k, value));
}

static bool check_number(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                         const struct eg_spath *path) {
    const struct eg_number_rules *r = node->number;
    struct eg_snum num = eg_schema_num(value);
    bool ok = true;
    if (r->minimum)
        ok &= check_bound(k, node, value, path, "minimum", "at least", eg_schema_num_compare(num, *r->minimum) >= 0);
    if (r->maximum)
        ok &= check_bound(k, node, value, path, "maximum", "at most", eg_schema_num_compare(num, *r->maximum) <= 0);
    if (r->above)
        ok &= check_bound(k, node, value, path, "exclusiveMinimum", "more than",
                          eg_schema_num_compare(num, *r->above) > 0);
    if (r->below)
        ok &= check_bound(k, node, value, path, "exclusiveMaximum", "less than",
                          eg_schema_num_compare(num, *r->below) < 0);
    if (r->multiple_of)
        ok &= check_bound(k, node, value, path, "multipleOf", "a multiple of",
                          eg_schema_multiple(value, r->multiple_of, r->multiple));
    return ok;
}

static bool check_string(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                         const struct eg_spath *path) {
    const struct eg_string_rules *r = node->string;
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    bool ok = true;
    /* A character is one to four bytes: most lengths are decided without counting. */
    size_t n = len > r->max || (r->min > 0 && (len + 3) / 4 < r->min) ? eg_schema_characters(text, len) : r->min;
    if (n < r->min)
        ok = eg_schema_fail(k, node, path, "minLength", "must have at least %zu character%s, has %zu", r->min,
                            r->min == 1 ? "" : "s", n);
    if (n > r->max)
        ok = eg_schema_fail(k, node, path, "maxLength", "must have at most %zu character%s, has %zu", r->max,
                            r->max == 1 ? "" : "s", n);
    if (!ok && !eg_schema_go_on(k))
        return false;
    if (r->pattern && !eg_schema_matches(k, node, r->pattern, text, len))
        ok = eg_schema_fail(k, node, path, "pattern", "must match the pattern %.200s, is %s",
                            eg_regex_source(r->pattern), eg_schema_show(k, value));
    if (r->format_ok && !r->format_ok(text, len))
        ok = eg_schema_fail(k, node, path, "format", "must be of the format %.60s, is %s", r->format,
                            eg_schema_show(k, value));
    return ok;
}

static bool check_value(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                        const struct eg_spath *path, struct eg_sseen *seen) {
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return !node->object || eg_schema_check_object(k, node, value, path, seen);
    case JSON_ARRAY:
        return !node->array || eg_schema_check_array(k, node, value, path, seen);
    case JSON_STRING:
        return !node->string || check_string(k, node, value, path);
    case JSON_INTEGER:
    case JSON_REAL:
        return !node->number || check_number(k, node, value, path);
    default:
        return true;
    }
}

static bool check_rules(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                        const struct eg_spath *path, struct eg_sseen *seen) {
    bool ok = true;
    if (node->types != EG_T_ANY && !eg_schema_type_ok(node->types, value)) {
        ok = eg_schema_fail(k, node, path, "type", "must be %s, is %s", eg_schema_show_types(k, node->types),
                            eg_schema_show(k, value));
        if (!eg_schema_go_on(k))
            return false;
    }
    if (node->constant || node->enumeration) {
        ok &= !ok || check_constants(k, node, value, path); /* not after a wrong type: it would say the same */
        if (!ok && !eg_schema_go_on(k))
            return false;
    }
    ok &= check_value(k, node, value, path, seen);
    if (!ok && !eg_schema_go_on(k))
        return false;
    if (node->logic)
        ok &= eg_schema_check_logic(k, node, value, path, seen);
    return ok;
}

/* With unevaluatedItems or unevaluatedProperties a node counts its own evaluated members, and only hands them up: what
 * its siblings evaluated must not be visible to it. */
static bool check_unevaluated(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                              const struct eg_spath *path, struct eg_sseen *up) {
    struct eg_sseen own;
    if (!eg_schema_seen_init(&own, value))
        return eg_schema_give_up(k, node, "cannot be checked: memory is out");
    bool ok = check_rules(k, node, value, path, &own);
    if (ok || eg_schema_go_on(k))
        ok &= eg_schema_check_unevaluated(k, node, value, path, &own);
    if (up)
        eg_schema_seen_add(up, &own);
    eg_schema_seen_free(&own);
    return ok;
}

bool eg_schema_check_node(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                          const struct eg_spath *path, struct eg_sseen *seen) {
    if (node->kind == EG_NODE_TRUE)
        return true;
    if (node->kind == EG_NODE_FALSE)
        return eg_schema_fail(k, node, path, NULL, "is not allowed here");
    if (!eg_schema_spend(k, node, 1))
        return false;
    if (k->depth >= EG_SCHEMA_MAX_DEPTH)
        return eg_schema_give_up(k, node,
                                 "is nested too deep to be checked, or its schema refers to itself without end");
    const struct eg_sstack *outer = k->stack;
    struct eg_sstack frame = {outer, node->scope};
    if (!outer || outer->scope != node->scope)
        k->stack = &frame;
    k->depth++;
    bool ok =
        (node->unevaluated_items && json_is_array(value)) || (node->unevaluated_properties && json_is_object(value))
            ? check_unevaluated(k, node, value, path, seen)
            : check_rules(k, node, value, path, seen);
    k->depth--;
    k->stack = outer;
    return ok;
}

bool eg_schema_valid(const struct eg_schema *schema, const json_t *value, struct eg_schema_errors *errors) {
    struct eg_scheck k = {.schema = schema, .value = value, .steps = EG_SCHEMA_MIN_STEPS};
    bool ok = eg_schema_check_node(&k, schema->root, value, NULL, NULL) && !k.stop;
    if (!ok && errors) {
        size_t most = sizeof errors->list / sizeof *errors->list;
        errors->n = 0;
        if (errors->most == 0 || errors->most > most)
            errors->most = most;
        k.errors = errors;
        if (!k.stop) {
            k.steps = EG_SCHEMA_MIN_STEPS;
            k.steps_extended = false;
            k.n_matches = 0;
            k.match_start_us = 0;
            (void)eg_schema_check_node(&k, schema->root, value, NULL, NULL);
        }
        if (k.stop && errors->n < errors->most)
            (void)eg_schema_fail(&k, k.stop_node, NULL, NULL, "%s", k.stop);
    }
    if (k.scratch)
        eg_regex_scratch_free(k.scratch);
    return ok;
}
