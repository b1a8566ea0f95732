/* The registry: what is loaded at start, and how it is found again. Tables of topics, fills and needs are made once. */
#include "server/registry/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "server/registry/policies.h"
#include "server/registry/topics.h"

#define MAX_MEMORY_B (256u << 20)

/* What rules of any topic want of one table. */
struct wanted {
    const struct eg_table *table;
    size_t n_fills;
    const struct eg_dml **fills;
};

struct eg_registry {
    struct eg_arena *arena;
    json_t *policies;
    json_t *documents;
    struct eg_schema_set *set;
    size_t n_topics;
    struct eg_topic **topics;
    struct eg_map *by_name;
    struct eg_map *by_table; /* by the table's address */
};

static bool same_columns(const int *a, const int *b, size_t n) { return memcmp(a, b, n * sizeof *a) == 0; }

static bool has_fill(const struct wanted *wanted, const struct eg_dml *fill) {
    for (size_t i = 0; i < wanted->n_fills; i++) {
        const struct eg_dml *other = wanted->fills[i];
        size_t n = fill->fill.ref->n_where;
        if (other->table == fill->table && other->fill.column == fill->fill.column && other->fill.ref->n_where == n &&
            other->fill.ref->column == fill->fill.ref->column &&
            same_columns(other->fill.stored, fill->fill.stored, n) &&
            same_columns(other->fill.ref->where, fill->fill.ref->where, n)) {
            return true;
        }
    }
    return false;
}

static struct wanted *wanted_of(struct eg_registry *registry, const struct eg_table **table, size_t most) {
    struct wanted *wanted = eg_map_get(registry->by_table, table, sizeof *table);
    if (wanted) {
        return wanted;
    }
    wanted = eg_arena_zalloc(registry->arena, sizeof *wanted);
    const struct eg_table **key = eg_arena_alloc(registry->arena, sizeof *key);
    if (!wanted || !key) {
        return NULL;
    }
    *key = *table;
    wanted->table = *table;
    wanted->fills = eg_arena_alloc(registry->arena, (most + 1) * sizeof *wanted->fills);
    bool ok = wanted->fills && eg_map_put(registry->by_table, key, sizeof *key, wanted);
    return ok ? wanted : NULL;
}

static bool index_rule(struct eg_registry *registry, const struct eg_rule *rule, size_t most) {
    for (size_t i = 0; i < rule->n_fills; i++) {
        const struct eg_table *table = rule->fills[i].fill.ref->table;
        struct wanted *wanted = wanted_of(registry, &table, most);
        if (!wanted) {
            return false;
        }
        if (!has_fill(wanted, &rule->fills[i])) {
            wanted->fills[wanted->n_fills++] = &rule->fills[i];
        }
    }
    return true;
}

static bool index_all(struct eg_registry *registry) {
    size_t most = 0;
    registry->by_name = eg_map_new(registry->arena, registry->n_topics);
    registry->by_table = eg_map_new(registry->arena, 64);
    if (!registry->by_name || !registry->by_table) {
        return false;
    }
    for (size_t i = 0; i < registry->n_topics; i++) {
        for (size_t j = 0; j < registry->topics[i]->n_rules; j++) {
            most += registry->topics[i]->rules[j].n_fills;
        }
    }
    for (size_t i = 0; i < registry->n_topics; i++) {
        struct eg_topic *topic = registry->topics[i];
        if (!eg_map_put(registry->by_name, topic->name, strlen(topic->name), topic)) {
            return false;
        }
        for (size_t j = 0; j < topic->n_rules; j++) {
            if (!index_rule(registry, &topic->rules[j], most)) {
                return false;
            }
        }
    }
    return true;
}

eg_status eg_registry_load(const char *spec_dir, const struct eg_catalogue *catalogue, struct eg_registry **registry,
                           struct eg_err *err) {
    struct eg_registry *r = calloc(1, sizeof *r);
    *registry = NULL;
    if (!r) {
        return eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
    }
    r->arena = eg_arena_new(MAX_MEMORY_B);
    r->documents = json_array();
    r->set = eg_schema_set_new();
    if (!r->arena || !r->documents || !r->set) {
        eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
        goto fail;
    }
    eg_schema_set_assert_formats(r->set, true); /* a declared date-time is meant */
    r->policies = eg_policies_load(spec_dir, r->arena, err);
    if (!r->policies) {
        goto fail;
    }
    struct eg_topics topics = {
        .arena = r->arena, .set = r->set, .catalogue = catalogue, .policies = r->policies, .documents = r->documents};
    if (eg_topics_load(&topics, spec_dir, err) != EG_OK) {
        goto fail;
    }
    r->n_topics = topics.n;
    r->topics = topics.list;
    if (!index_all(r)) {
        eg_err_set(err, EG_E_INTERNAL, spec_dir, "the declarations take too much memory");
        goto fail;
    }
    *registry = r;
    return EG_OK;
fail:
    eg_registry_free(r);
    return EG_FAIL;
}

void eg_registry_free(struct eg_registry *registry) {
    if (!registry) {
        return;
    }
    eg_schema_set_free(registry->set);
    json_decref(registry->documents);
    json_decref(registry->policies);
    eg_arena_free(registry->arena);
    free(registry);
}

const struct eg_topic *eg_registry_topic(const struct eg_registry *registry, const char *name, size_t len) {
    return eg_map_get(registry->by_name, name, len);
}

size_t eg_registry_topics(const struct eg_registry *registry, const struct eg_topic *const **topics) {
    *topics = (const struct eg_topic *const *)registry->topics;
    return registry->n_topics;
}

size_t eg_registry_fills_of(const struct eg_registry *registry, const struct eg_table *table,
                            const struct eg_dml *const **fills) {
    const struct wanted *wanted = eg_map_get(registry->by_table, &table, sizeof table);
    *fills = wanted ? wanted->fills : NULL;
    return wanted ? wanted->n_fills : 0;
}

const struct eg_rule *eg_registry_rule(const struct eg_registry *registry, const char *topic, size_t len, int index) {
    const struct eg_topic *found = eg_registry_topic(registry, topic, len);
    return found && index >= 0 && (size_t)index < found->n_rules ? &found->rules[index] : NULL;
}

const json_t *eg_registry_policy(const struct eg_registry *registry, const char *name) { return json_object_get(registry->policies, name); }
