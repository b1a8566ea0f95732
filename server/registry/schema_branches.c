/* Checking what looks at the same value again: references, with the dynamic scope; allOf, anyOf, oneOf, not, if. When
 * no branch fits, the errors of the closest one are told. */
#include <string.h>

#include "server/registry/schema_impl.h"

/* Tries a schema: its errors are nobody's, its evaluated members count only when it fits. */
static bool fits(struct eg_scheck *k, const struct eg_snode *node, const json_t *value, const struct eg_spath *path,
                 struct eg_sseen *seen) {
    struct eg_schema_errors *errors = k->errors;
    struct eg_stally *tally = k->tally;
    struct eg_sseen own;
    if (seen && !eg_schema_seen_init(&own, value))
        return eg_schema_give_up(k, node, "cannot be checked: memory is out");
    k->errors = NULL;
    k->tally = NULL;
    bool ok = eg_schema_check_node(k, node, value, path, seen ? &own : NULL) && !k->stop;
    k->errors = errors;
    k->tally = tally;
    if (seen) {
        if (ok)
            eg_schema_seen_add(seen, &own);
        eg_schema_seen_free(&own);
    }
    return ok;
}

static size_t path_depth(const struct eg_spath *path) {
    size_t n = 0;
    for (; path; path = path->up)
        n++;
    return n;
}

/* Which branch came closest: a wrong type of the value itself counts most, then a wrong constant, as that is how
 * alternatives are told apart; then the number of errors. */
static size_t closest(struct eg_scheck *k, const struct eg_snode **list, size_t n, const json_t *value,
                      const struct eg_spath *path) {
    size_t best = 0, outer_depth = k->tally_depth;
    uint64_t best_score = UINT64_MAX;
    for (size_t i = 0; i < n && !k->stop; i++) {
        struct eg_stally tally = {0};
        k->tally = &tally;
        k->tally_depth = path_depth(path);
        (void)eg_schema_check_node(k, list[i], value, path, NULL);
        k->tally = NULL;
        uint64_t score = (uint64_t)tally.wrong_type * 1000000 + (uint64_t)tally.wrong_constant * 1000 + tally.n;
        if (score < best_score) {
            best_score = score;
            best = i;
        }
    }
    k->tally_depth = outer_depth;
    return best;
}

static bool fail_all(struct eg_scheck *k, const struct eg_snode *node, const char *keyword,
                     const struct eg_snode **list, size_t n, const json_t *value, const struct eg_spath *path) {
    if (k->tally || !eg_schema_go_on(k)) /* while counting, alternatives inside alternatives are one error */
        return eg_schema_fail(k, node, path, keyword, "fits no alternative");
    size_t best = closest(k, list, n, value, path);
    (void)eg_schema_fail(k, node, path, keyword, "fits none of the %zu alternatives; the closest is number %zu", n,
                         best + 1);
    if (eg_schema_go_on(k))
        (void)eg_schema_check_node(k, list[best], value, path, NULL);
    return false;
}

static bool check_any(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                      const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_logic_rules *l = node->logic;
    bool any = false;
    for (size_t i = 0; i < l->n_any && (!any || seen) && !k->stop; i++)
        any |= fits(k, l->any[i], value, path, seen);
    return any || fail_all(k, node, "anyOf", l->any, l->n_any, value, path);
}

static bool check_one(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                      const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_logic_rules *l = node->logic;
    size_t first = l->n_one;
    for (size_t i = 0; i < l->n_one && !k->stop; i++) {
        if (!fits(k, l->one[i], value, path, seen))
            continue;
        if (first < l->n_one)
            return eg_schema_fail(k, node, path, "oneOf",
                                  "fits the alternatives number %zu and %zu, must fit exactly one", first + 1, i + 1);
        first = i;
    }
    return first < l->n_one || fail_all(k, node, "oneOf", l->one, l->n_one, value, path);
}

static bool check_if(struct eg_scheck *k, const struct eg_snode *node, const json_t *value, const struct eg_spath *path,
                     struct eg_sseen *seen) {
    const struct eg_logic_rules *l = node->logic;
    const struct eg_snode *next = fits(k, l->if_node, value, path, seen) ? l->then_node : l->else_node;
    if (k->stop)
        return false;
    return !next || eg_schema_check_node(k, next, value, path, seen);
}

/* The outermost resource of the dynamic scope that has the anchor; the reference's own target has it, so one is found.
 */
static const struct eg_snode *dynamic_target(const struct eg_scheck *k, const struct eg_logic_rules *l) {
    const struct eg_snode *found = l->dynamic_ref;
    if (!l->dynamic_name)
        return found;
    for (const struct eg_sstack *at = k->stack; at; at = at->up)
        for (size_t i = 0; i < at->scope->n; i++)
            if (strcmp(at->scope->entries[i].name, l->dynamic_name) == 0)
                found = at->scope->entries[i].node;
    return found;
}

bool eg_schema_check_logic(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_logic_rules *l = node->logic;
    bool ok = true;
    if (l->ref)
        ok = eg_schema_check_node(k, l->ref, value, path, seen);
    if (l->dynamic_ref && (ok || eg_schema_go_on(k)))
        ok &= eg_schema_check_node(k, dynamic_target(k, l), value, path, seen);
    for (size_t i = 0; i < l->n_all && (ok || eg_schema_go_on(k)); i++)
        ok &= eg_schema_check_node(k, l->all[i], value, path, seen);
    if (l->n_any > 0 && (ok || eg_schema_go_on(k)))
        ok &= check_any(k, node, value, path, seen);
    if (l->n_one > 0 && (ok || eg_schema_go_on(k)))
        ok &= check_one(k, node, value, path, seen);
    if (l->not_node && (ok || eg_schema_go_on(k)) && fits(k, l->not_node, value, path, NULL))
        ok = eg_schema_fail(k, node, path, "not", "must not be as described in `not`");
    if (l->if_node && (ok || eg_schema_go_on(k)))
        ok &= check_if(k, node, value, path, seen);
    return ok && !k->stop;
}
