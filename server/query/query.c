/* Opens and closes the room. */
#include "server/query/query.h"

#include <stdlib.h>

#include "server/query/room.h"

eg_status eg_query_open(struct eg_db *db, const char *spec_dir, const struct eg_query_config *config,
                        struct eg_query **out, struct eg_err *err) {
    struct eg_query *query = calloc(1, sizeof *query);
    if (!query || !(query->cache = eg_plan_cache_new(config->cache_plans))) {
        free(query);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    query->magic = EG_QUERY_MAGIC;
    query->db = db;
    query->config = *config;
    if (eg_patience_open(query)) {
        eg_query_close(query);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    query->dialect = egql_dialect_find(eg_db_name(db));
    EG_ASSERT(query->dialect);
    if (egql_sources_load(spec_dir, &query->sources, err) ||
        egql_sources_check(query->sources, eg_db_catalogue(db), err)) {
        eg_query_close(query);
        return EG_FAIL;
    }
    *out = query;
    return EG_OK;
}

void eg_query_close(struct eg_query *query) {
    if (query) {
        EG_ASSERT(query->magic == EG_QUERY_MAGIC && query->stats.running == 0);
        query->magic = 0;
        eg_patience_close(query);
        eg_plan_cache_free(query->cache);
        if (query->sources) {
            egql_sources_free(query->sources);
        }
        free(query);
    }
}

const struct egql_sources *eg_query_sources(const struct eg_query *query) { return query->sources; }

struct eg_query *eg_query_of(const struct eg_request *req) {
    struct eg_query *query = req->app;
    EG_ASSERT(query && query->magic == EG_QUERY_MAGIC);
    return query;
}

void eg_query_stats(const struct eg_query *query, struct eg_query_stats *stats) {
    *stats = query->stats;
    stats->cached = eg_plan_cache_size(query->cache);
}
