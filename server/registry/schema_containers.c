/* Checking arrays and objects: elements and members in one pass each, what is left for unevaluated…, and the hash table
 * of a schema's property names. */
#include <string.h>

#include "server/registry/schema_impl.h"

#define NO_MEMORY "cannot be checked: memory is out"

static inline uint32_t name_hash(const char *name, size_t len) {
    uint32_t h = (uint32_t)len * 0x9E3779B1u;
    if (len > 0)
        h ^= ((uint32_t)(unsigned char)name[0] | (uint32_t)(unsigned char)name[len - 1] << 8 |
              (uint32_t)(unsigned char)name[len / 2] << 16) *
             0x85EBCA6Bu;
    return h ^ h >> 15;
}

eg_status eg_schema_object_finish(struct eg_scompiler *c, struct eg_object_rules *rules) {
    size_t n = 4;
    while (n < 2 * rules->n_props)
        n *= 2;
    rules->slots = eg_schema_alloc(c, n * sizeof *rules->slots);
    if (!rules->slots)
        return EG_FAIL;
    rules->mask = (uint32_t)(n - 1);
    for (size_t i = 0; i < rules->n_props; i++) {
        uint32_t at = name_hash(rules->props[i].name, rules->props[i].len) & rules->mask;
        while (rules->slots[at])
            at = (at + 1) & rules->mask;
        rules->slots[at] = (uint32_t)i + 1;
    }
    return EG_OK;
}

static const struct eg_sprop *find(const struct eg_object_rules *rules, const char *name, size_t len) {
    for (uint32_t at = name_hash(name, len) & rules->mask; rules->slots[at]; at = (at + 1) & rules->mask) {
        const struct eg_sprop *prop = &rules->props[rules->slots[at] - 1];
        if (prop->len == len && memcmp(prop->name, name, len) == 0)
            return prop;
    }
    return NULL;
}

/* ---- arrays ---- */

static bool check_contains(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_array_rules *r = node->array;
    size_t n = json_array_size(value), fit = 0;
    struct eg_schema_errors *errors = k->errors;
    struct eg_stally *tally = k->tally;
    k->errors = NULL; /* an element that does not fit is no error */
    k->tally = NULL;
    for (size_t i = 0; i < n && !k->stop; i++) {
        struct eg_spath at = {path, NULL, i};
        if (!eg_schema_check_node(k, r->contains, json_array_get(value, i), &at, NULL))
            continue;
        fit++;
        if (seen)
            eg_schema_seen_mark(seen, i);
    }
    k->errors = errors;
    k->tally = tally;
    if (k->stop)
        return false;
    if (fit < r->min_contains)
        return eg_schema_fail(k, node, path, r->min_contains == 1 ? "contains" : "minContains",
                              "must have at least %zu element%s as in `contains`, has %zu", r->min_contains,
                              r->min_contains == 1 ? "" : "s", fit);
    if (fit > r->max_contains)
        return eg_schema_fail(k, node, path, "maxContains", "must have at most %zu element%s as in `contains`, has %zu",
                              r->max_contains, r->max_contains == 1 ? "" : "s", fit);
    return true;
}

static bool check_elements(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_array_rules *r = node->array;
    size_t n = r->items ? json_array_size(value) : 0;
    bool ok = true;
    if (n < r->n_prefix)
        n = json_array_size(value) < r->n_prefix ? json_array_size(value) : r->n_prefix;
    for (size_t i = 0; i < n; i++) {
        struct eg_spath at = {path, NULL, i};
        const struct eg_snode *below = i < r->n_prefix ? r->prefix[i] : r->items;
        if (below->kind == EG_NODE_FALSE && i >= r->n_prefix)
            return eg_schema_fail(k, node, &at, "items", "is one element too many: at most %zu are allowed",
                                  r->n_prefix);
        ok &= eg_schema_check_node(k, below, json_array_get(value, i), &at, NULL);
        if (!ok && !eg_schema_go_on(k))
            return false;
        if (seen)
            eg_schema_seen_mark(seen, i);
    }
    return ok;
}

bool eg_schema_check_array(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                           const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_array_rules *r = node->array;
    size_t n = json_array_size(value), first, second;
    bool ok = true;
    if (n < r->min)
        ok = eg_schema_fail(k, node, path, "minItems", "must have at least %zu element%s, has %zu", r->min,
                            r->min == 1 ? "" : "s", n);
    if (n > r->max)
        ok = eg_schema_fail(k, node, path, "maxItems", "must have at most %zu element%s, has %zu", r->max,
                            r->max == 1 ? "" : "s", n);
    if (!ok && !eg_schema_go_on(k))
        return false;
    ok &= check_elements(k, node, value, path, seen);
    if (!ok && !eg_schema_go_on(k))
        return false;
    if (r->contains)
        ok &= check_contains(k, node, value, path, seen);
    if (r->unique && (ok || eg_schema_go_on(k))) {
        if (!eg_schema_spend(k, node, n))
            return false;
        int unique = eg_schema_unique(value, &first, &second);
        if (unique < 0)
            return eg_schema_give_up(k, node, NO_MEMORY);
        if (unique == 0)
            ok = eg_schema_fail(k, node, path, "uniqueItems", "must not repeat an element: %zu equals %zu", second,
                                first);
    }
    return ok;
}

/* ---- objects ---- */

static bool check_name(struct eg_scheck *k, const struct eg_snode *names, const char *key, size_t len,
                       const struct eg_spath *at) {
    json_t *name = json_stringn_nocheck(key, len);
    if (!name)
        return eg_schema_give_up(k, names, NO_MEMORY);
    bool ok = eg_schema_check_node(k, names, name, at, NULL);
    json_decref(name);
    return ok;
}

/* One member: the property of its name, the patterns that it matches, else additionalProperties. */
static bool check_member(struct eg_scheck *k, const struct eg_snode *node, const struct eg_sprop *prop, json_t *value,
                         const struct eg_spath *at, bool *known) {
    const struct eg_object_rules *r = node->object;
    bool ok = true;
    *known = false;
    if (prop && prop->node) {
        *known = true;
        ok = eg_schema_check_node(k, prop->node, value, at, NULL);
    }
    for (size_t i = 0; i < r->n_patterns && (ok || eg_schema_go_on(k)); i++) {
        if (!eg_schema_matches(k, node, r->patterns[i].regex, at->key, at->index))
            continue;
        *known = true;
        ok &= eg_schema_check_node(k, r->patterns[i].node, value, at, NULL);
    }
    if (!*known && r->additional) {
        *known = true;
        if (r->additional->kind == EG_NODE_FALSE)
            ok = eg_schema_fail(k, node, at, "additionalProperties", "is not a declared member%s",
                                eg_schema_show_members(k, r));
        else
            ok &= eg_schema_check_node(k, r->additional, value, at, NULL);
    }
    if (r->names && (ok || eg_schema_go_on(k)))
        ok &= check_name(k, r->names, at->key, at->index, at);
    return ok;
}

static bool fail_required(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                          const struct eg_spath *path) {
    for (size_t i = 0; i < node->object->n_props && eg_schema_go_on(k); i++) {
        const struct eg_sprop *prop = &node->object->props[i];
        if (prop->required && !json_object_getn(value, prop->name, prop->len))
            (void)eg_schema_fail(k, node, path, "required", "is missing the required member `%.100s`", prop->name);
    }
    return false;
}

static bool check_dependents(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                             const struct eg_spath *path, struct eg_sseen *seen) {
    bool ok = true;
    for (size_t i = 0; i < node->object->n_dependents && (ok || eg_schema_go_on(k)); i++) {
        const struct eg_sdependent *d = &node->object->dependents[i];
        if (!json_object_getn(value, d->name, d->len))
            continue;
        for (size_t j = 0; j < json_array_size(d->required); j++) {
            const json_t *name = json_array_get(d->required, j);
            if (!json_object_getn(value, json_string_value(name), json_string_length(name)))
                ok = eg_schema_fail(k, node, path, "dependentRequired",
                                    "is missing the member `%.100s`, which `%.100s` requires", json_string_value(name),
                                    d->name);
        }
        if (d->node)
            ok &= eg_schema_check_node(k, d->node, value, path, seen);
    }
    return ok;
}

bool eg_schema_check_object(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                            const struct eg_spath *path, struct eg_sseen *seen) {
    const struct eg_object_rules *r = node->object;
    json_t *object = eg_json_mutable(value);
    size_t n = json_object_size(value), present = 0, ordinal = 0;
    bool ok = true;
    if (n < r->min)
        ok = eg_schema_fail(k, node, path, "minProperties", "must have at least %zu member%s, has %zu", r->min,
                            r->min == 1 ? "" : "s", n);
    if (n > r->max)
        ok = eg_schema_fail(k, node, path, "maxProperties", "must have at most %zu member%s, has %zu", r->max,
                            r->max == 1 ? "" : "s", n);
    for (void *i = json_object_iter(object); i && (ok || eg_schema_go_on(k));
         i = json_object_iter_next(object, i), ordinal++) {
        struct eg_spath at = {path, json_object_iter_key(i), json_object_iter_key_len(i)};
        const struct eg_sprop *prop = find(r, at.key, at.index);
        bool known;
        present += prop && prop->required;
        ok &= check_member(k, node, prop, json_object_iter_value(i), &at, &known);
        if (seen && known)
            eg_schema_seen_mark(seen, ordinal);
    }
    if (!ok && !eg_schema_go_on(k))
        return false;
    if (present < r->n_required)
        ok = fail_required(k, node, value, path);
    if (r->n_dependents > 0 && (ok || eg_schema_go_on(k)))
        ok &= check_dependents(k, node, value, path, seen);
    return ok;
}

/* ---- what nobody has evaluated ---- */

static bool check_rest(struct eg_scheck *k, const struct eg_snode *node, const struct eg_snode *rest,
                       const char *keyword, json_t *value, const struct eg_spath *at) {
    if (rest->kind == EG_NODE_FALSE)
        return eg_schema_fail(k, node, at, keyword, "is not declared by any part of the schema that applies");
    return eg_schema_check_node(k, rest, value, at, NULL);
}

bool eg_schema_check_unevaluated(struct eg_scheck *k, const struct eg_snode *node, const json_t *value,
                                 const struct eg_spath *path, struct eg_sseen *seen) {
    bool ok = true;
    json_t *object = eg_json_mutable(value);
    size_t ordinal = 0;
    for (size_t i = 0; node->unevaluated_items && i < json_array_size(value) && (ok || eg_schema_go_on(k)); i++) {
        struct eg_spath at = {path, NULL, i};
        if (!eg_schema_seen_has(seen, i))
            ok &= check_rest(k, node, node->unevaluated_items, "unevaluatedItems", json_array_get(value, i), &at);
    }
    for (void *i = json_is_object(value) && node->unevaluated_properties ? json_object_iter(object) : NULL;
         i && (ok || eg_schema_go_on(k)); i = json_object_iter_next(object, i), ordinal++) {
        struct eg_spath at = {path, json_object_iter_key(i), json_object_iter_key_len(i)};
        if (!eg_schema_seen_has(seen, ordinal))
            ok &= check_rest(k, node, node->unevaluated_properties, "unevaluatedProperties", json_object_iter_value(i),
                             &at);
    }
    eg_schema_seen_all(seen);
    return ok;
}
