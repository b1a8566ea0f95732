/* The cache is a hash table and a list in the order of use. The key is the text, then each parameter's name and type. */
#include "server/query/cache.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/list.h"

#define COMPILE_MOST_B ((size_t)16 << 20)
#define KEPT_MOST_B ((size_t)256 << 10) /* a larger plan is not kept */

struct entry {
    struct eg_plan plan;
    struct eg_link link; /* the first is the last used */
    UT_hash_handle hh;
    struct eg_plan_cache *cache; /* NULL: not in it */
    int holders;
    struct eg_str key; /* in the plan's arena; begins with the text */
};

struct eg_plan_cache {
    size_t most;
    struct entry *entries;
    struct eg_link used;
};

struct eg_plan_cache *eg_plan_cache_new(size_t most) {
    struct eg_plan_cache *cache = calloc(1, sizeof *cache);
    if (cache) {
        cache->most = most;
        eg_list_init(&cache->used);
    }
    return cache;
}

size_t eg_plan_cache_size(const struct eg_plan_cache *cache) { return HASH_COUNT(cache->entries); }

static void entry_free(struct entry *entry) {
    if (entry) {
        eg_arena_free(entry->plan.arena);
        free(entry);
    }
}

static void take_out(struct entry *entry) {
    struct eg_plan_cache *cache = entry->cache;
    HASH_DEL(cache->entries, entry);
    eg_list_remove(&entry->link);
    entry->cache = NULL;
    if (entry->holders == 0) {
        entry_free(entry);
    }
}

void eg_plan_cache_free(struct eg_plan_cache *cache) {
    while (!eg_list_empty(&cache->used)) {
        take_out(EG_CONTAINER(cache->used.next, struct entry, link));
    }
    free(cache);
}

void eg_plan_release(struct eg_plan *plan) {
    if (plan) {
        struct entry *entry = EG_CONTAINER(plan, struct entry, plan);
        EG_ASSERT(entry->holders > 0);
        if (--entry->holders == 0 && !entry->cache) {
            entry_free(entry);
        }
    }
}

/* NULL when the arena is full. */
static char *key_make(const char *text, size_t len, const struct egql_param *params, size_t n, struct eg_arena *arena,
                      size_t *key_len) {
    size_t need = len + 1;
    for (size_t i = 0; i < n; i++) {
        need += params[i].name.n + 3;
    }
    char *key = eg_arena_alloc(arena, need), *at = key;
    if (!key) {
        return NULL;
    }
    memcpy(at, text, len);
    at += len;
    *at++ = '\0'; /* no text and no name holds a NUL */
    for (size_t i = 0; i < n; i++) {
        memcpy(at, params[i].name.p, params[i].name.n);
        at += params[i].name.n;
        *at++ = '\0';
        *at++ = (char)('a' + (int)params[i].type);
        *at++ = params[i].null ? '-' : '+';
    }
    *key_len = need;
    return key;
}

/* Texts of a diagnosis outlive the plan that did not come to be. */
static const char *keep(const char *text, struct eg_arena *arena) {
    return text ? eg_arena_dup(arena, text, strlen(text)) : NULL;
}

static eg_status compile(struct entry *entry, const struct egql_sources *sources, const struct egql_dialect *dialect,
                         const char *key, size_t key_len, size_t len, const struct egql_param *params, size_t n_params,
                         struct egql_diag *diag) {
    struct eg_arena *arena = entry->plan.arena;
    char *own_key = eg_arena_dup(arena, key, key_len);
    struct egql_param *own = eg_arena_alloc(arena, (n_params + 1) * sizeof *own);
    if (!own_key || !own) {
        *diag = (struct egql_diag){.code = EG_E_OVERLOADED, .line = 1, .column = 1, .message = "memory is out"};
        return EG_FAIL;
    }
    entry->key = (struct eg_str){own_key, key_len};
    const char *name = own_key + len + 1;
    for (size_t i = 0; i < n_params; i++) { /* names live in the key, behind the text */
        own[i] = params[i];
        own[i].name.p = name;
        name += params[i].name.n + 3;
    }
    return egql_compile(sources, dialect, own_key, len, own, n_params, arena, &entry->plan.compiled, diag);
}

static void put(struct eg_plan_cache *cache, struct entry *entry) {
    if (cache->most == 0 || eg_arena_used(entry->plan.arena) > KEPT_MOST_B) {
        return;
    }
    if (HASH_COUNT(cache->entries) >= cache->most) {
        take_out(EG_CONTAINER(cache->used.prev, struct entry, link));
    }
    entry->cache = cache;
    HASH_ADD_KEYPTR(hh, cache->entries, entry->key.p, entry->key.n, entry);
    eg_list_prepend(&cache->used, &entry->link);
}

eg_status eg_plan_get(struct eg_plan_cache *cache, const struct egql_sources *sources,
                      const struct egql_dialect *dialect, const char *text, size_t len, const struct egql_param *params,
                      size_t n_params, struct eg_arena *arena, struct eg_plan **plan, bool *hit,
                      struct egql_diag *diag) {
    size_t key_len = 0;
    char *key = key_make(text, len, params, n_params, arena, &key_len);
    struct entry *entry = NULL;
    *hit = false;
    if (key) {
        HASH_FIND(hh, cache->entries, key, key_len, entry);
    }
    if (entry) {
        *hit = true;
        eg_list_remove(&entry->link);
        eg_list_prepend(&cache->used, &entry->link);
        entry->holders++;
        *plan = &entry->plan;
        return EG_OK;
    }
    entry = key ? calloc(1, sizeof *entry) : NULL;
    if (!entry || !(entry->plan.arena = eg_arena_new(COMPILE_MOST_B))) {
        free(entry);
        *diag = (struct egql_diag){.code = EG_E_OVERLOADED, .line = 1, .column = 1, .message = "memory is out"};
        return EG_FAIL;
    }
    if (compile(entry, sources, dialect, key, key_len, len, params, n_params, diag)) {
        diag->message = keep(diag->message, arena);
        diag->expected = keep(diag->expected, arena);
        diag->suggestion = keep(diag->suggestion, arena);
        entry_free(entry);
        return EG_FAIL;
    }
    entry->holders = 1;
    put(cache, entry);
    *plan = &entry->plan;
    return EG_OK;
}
