/* The way of a query, seen from outside the room: what app.c opens, binds to routes and measures. Inside, read query_flow.c
 * first. */
#ifndef EG_QUERY_QUERY_H
#define EG_QUERY_QUERY_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/err.h"
#include "db/db.h"
#include "egql/egql.h"
#include "server/http/request.h"

struct eg_query; /* the room's context: the routes' `app` */

struct eg_query_config {
    uv_loop_t *loop;
    int timeout_ms;      /* of a query that asks for none … */
    int timeout_most_ms; /* … and of one that asks for more */
    int64_t rows_default;
    int64_t rows_most;
    int64_t nodes_most;
    int client_wait_s; /* that an answer which streams waits for its client in all */
    size_t cache_plans; /* compiled queries kept; 0: none */
    size_t n_topics;    /* their names, for completion; kept by pointer */
    const char *const *topics;
};

/* Reads spec_dir/sources and checks it against the tables of db. db outlives the room. err: config_invalid, naming file and
 * column. */
EG_MUST_CHECK eg_status eg_query_open(struct eg_db *db, const char *spec_dir, const struct eg_query_config *config,
                                      struct eg_query **query, struct eg_err *err);
/* After the HTTP server has drained and the store is closed: no read runs any more; the loop is to run once more. NULL is fine. */
void eg_query_close(struct eg_query *query);
const struct egql_sources *eg_query_sources(const struct eg_query *query); /* as long as the room is open */

extern const struct eg_flow eg_flow_query;          /* GET and POST /v1/query */
extern const struct eg_flow eg_flow_query_explain;  /* POST /v1/query/explain */
extern const struct eg_flow eg_flow_query_complete; /* POST /v1/query/complete */
extern const struct eg_flow eg_flow_sources_list;   /* GET /v1/sources */

struct eg_query_stats {
    uint64_t queries;   /* run to their end, well or not */
    uint64_t errors;    /* of those: ended by an error, the query's own or another */
    uint64_t timeouts;  /* of those: by their time */
    uint64_t abandoned; /* whose client went before the end */
    uint64_t truncated;
    uint64_t rows; /* answered */
    uint64_t us;   /* from the request to the end */
    uint64_t compiled, cache_hits;
    size_t running; /* now */
    size_t cached;  /* now */
};
void eg_query_stats(const struct eg_query *query, struct eg_query_stats *stats);

#endif
