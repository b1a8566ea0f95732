/* The inside of server/query/: the room's context, and one question from its request to its last row. The order of the steps is
 * in query_flow.c. */
#ifndef EG_QUERY_ROOM_H
#define EG_QUERY_ROOM_H

#include "base/list.h"
#include "base/log.h"
#include "server/query/answer.h"
#include "server/query/cache.h"
#include "server/query/query.h"

#define EG_QUERY_MAGIC 0x51756572u
#define EG_ASK_MAGIC 0x41736b21u

struct eg_query {
    uint32_t magic;
    struct eg_db *db;
    struct egql_sources *sources;
    const struct egql_dialect *dialect;
    struct eg_query_config config;
    struct eg_plan_cache *cache;
    struct eg_query_stats stats;

    /* patience.c */
    struct eg_link streaming; /* struct eg_ask */
    uv_timer_t *look;         /* runs while one streams */
    bool others_wait;         /* at the last look */
};

/* A question. It has an arena of its own, with all that its reads use: a read may end after the request. */
struct eg_ask {
    uint32_t magic;
    struct eg_query *query;
    struct eg_request *req; /* NULL: its client has gone, and the read in flight frees the rest */
    struct eg_arena *arena;

    /* receive.c: what was asked */
    enum eg_format format;
    const char *text;
    size_t len;
    size_t n_params;
    const struct egql_param *params; /* as they were given */
    const struct eg_value *values;
    int64_t rows_most; /* the request's own limit; 0: none was given */
    int timeout_ms;

    /* compile.c */
    struct eg_plan *plan; /* held until the end */
    struct egql_run *run;

    /* run.c: the statement in flight, and what came of it all */
    struct egql_statement statement;
    struct eg_read read;
    struct eg_read_handle *handle; /* NULL: none runs */
    bool paused;
    int64_t paused_at_us, paused_us; /* monotonic; of the pauses that are over */
    bool streaming;
    struct eg_link link; /* in query->streaming while its read runs */
    bool done;
    struct egql_diag diag; /* set: the query's own fault */
    struct eg_err err;     /* set: another's, or diag's in short */
    struct eg_answer answer;

    /* explain.c; NULL for a query that is run */
    struct egql_explained *explained;
    struct egql_statement explaining;
};

struct eg_query *eg_query_of(const struct eg_request *req); /* asserts that the route's app is this room */

/* ask.c: makes the request's question; NULL: memory is out, and req->err says so. drop forgets the request. */
struct eg_ask *eg_ask_begin(struct eg_request *req);
struct eg_ask *eg_ask_of(const struct eg_request *req); /* of a later step */
void eg_ask_drop(struct eg_request *req);
void eg_ask_free(struct eg_ask *ask); /* nothing of it runs */
/* The problem of what ask->diag or ask->err says: with the place in the text. */
enum eg_step_result eg_ask_problem(struct eg_ask *ask);
void eg_ask_over(struct eg_ask *ask); /* counts its end, once */

/* The steps. */
enum eg_step_result eg_query_receive(struct eg_request *req);
enum eg_step_result eg_query_compile(struct eg_request *req);
enum eg_step_result eg_query_run(struct eg_request *req);
enum eg_step_result eg_query_stream(struct eg_request *req);
enum eg_step_result eg_query_explain(struct eg_request *req);

/* receive.c: the text, parameters and bounds of ask; err is in req->err. */
EG_MUST_CHECK eg_status eg_ask_read(struct eg_ask *ask);

/* run.c: starts the next statement, or ends the question. Completes nothing inside the call that it is made from. */
void eg_ask_next(struct eg_ask *ask);
/* stream.c: the answer's buffer has much (pauses the read when it has too much); the question is over. */
void eg_ask_much(struct eg_ask *ask);
void eg_ask_end(struct eg_ask *ask);

/* patience.c: the answer streams, and its read runs; one of the two is over (may be called again). */
void eg_ask_streams(struct eg_ask *ask);
void eg_ask_rests(struct eg_ask *ask);
eg_status eg_patience_open(struct eg_query *query);
void eg_patience_close(struct eg_query *query); /* the loop is to run once more */

#endif
