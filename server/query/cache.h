/* Compiled queries, kept by their text and the types of their parameters: a bounded number, the longest unused goes first. A plan
 * in use is held and outlives its place in the cache. */
#ifndef EG_QUERY_CACHE_H
#define EG_QUERY_CACHE_H

#include "egql/egql.h"

struct eg_plan_cache;

struct eg_plan {
    const struct egql_compiled *compiled;
    struct eg_arena *arena;
};

struct eg_plan_cache *eg_plan_cache_new(size_t most); /* NULL when memory is out; the caller frees it */
void eg_plan_cache_free(struct eg_plan_cache *cache); /* plans that are still held stay until they are released */
size_t eg_plan_cache_size(const struct eg_plan_cache *cache);

/* The plan of a text, from the cache (*hit) or compiled now; the caller releases it. EG_FAIL: diag says why, its texts in `arena`. */
EG_MUST_CHECK eg_status eg_plan_get(struct eg_plan_cache *cache, const struct egql_sources *sources,
                                    const struct egql_dialect *dialect, const char *text, size_t len,
                                    const struct egql_param *params, size_t n_params, struct eg_arena *arena,
                                    struct eg_plan **plan, bool *hit, struct egql_diag *diag);
void eg_plan_release(struct eg_plan *plan); /* NULL is fine */

#endif
