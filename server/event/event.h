/* The way of an event, seen from outside the room: what app.c starts, binds to routes, drains and measures. Inside, read
 * event_flow.c first. */
#ifndef EG_EVENT_EVENT_H
#define EG_EVENT_EVENT_H

#include <uv.h>

#include "base/err.h"
#include "db/db.h"
#include "server/http/request.h"
#include "server/registry/registry.h"

struct eg_event; /* the room's context: the routes' `app` */

struct eg_tail_config {
    int64_t heartbeat_ms; /* a silent stream says that it is alive */
    int64_t poll_ms;      /* about so often one read looks for what no news told of */
    int64_t most;         /* streams; beyond: 503 overloaded */
    size_t window_b;      /* what a stream holds for its client */
};

struct eg_event_config {
    size_t batch_most_events;   /* one transaction */
    size_t batch_most_b;        /* bytes of events in one transaction */
    size_t queue_most_events;   /* taken in and not yet answered; beyond: 503 overloaded */
    size_t queue_most_b;
    size_t memory_b;            /* of what is made of these, and of reports; beyond: 503 overloaded */
    size_t sender_most_events;  /* of these, those of one sender; beyond: 429; 0: no bound of its own */
    size_t request_most_events; /* one body; beyond: 413 */
    int store_wait_ms;          /* how long a request waits for the store before 503 */
    bool refuse_secrets;        /* texts of events are looked through by the patterns of secrets.json */
    bool group_commit;          /* false: one event a transaction (for comparisons) */
    int64_t list_rows;          /* events that a page of a list with filters looks at */
    struct eg_tail_config tail;
    const char *series_topic; /* an event of it that was stored ends a series; NULL or empty: none */
    void (*series_ended)(void *ctx);
    void *series_ctx;
};

/* db and registry outlive the room. */
EG_MUST_CHECK eg_status eg_event_open(uv_loop_t *loop, struct eg_db *db, const struct eg_registry *registry,
                                      const struct eg_event_config *config, struct eg_event **event, struct eg_err *err);
/* Commits what was taken in, then calls drained; requests that come later get 503 stopping. */
void eg_event_drain(struct eg_event *event, void (*drained)(void *ctx), void *ctx);
/* After drained, and before the loop ends. */
void eg_event_close(struct eg_event *event);

extern const struct eg_flow eg_flow_events_post; /* POST /v1/events */
extern const struct eg_flow eg_flow_event_get;   /* GET /v1/events/{id} */
extern const struct eg_flow eg_flow_events_list; /* GET /v1/events */
extern const struct eg_flow eg_flow_events_stream; /* GET /v1/events/stream */
extern const struct eg_flow eg_flow_dlq_redrive; /* POST /v1/dlq/redrive */
extern const struct eg_flow eg_flow_sarif_post;  /* POST /v1/sarif */
extern const struct eg_flow eg_flow_dlq_delete;  /* DELETE /v1/dlq/{id} */

struct eg_event_stats {
    uint64_t stored, duplicates, rejected, dead_letters, conflicts, overloaded; /* events */
    uint64_t batches, batch_events, splits, guesses, guesses_wrong, retries;
    uint64_t asides; /* times that a thread took a body apart, or prepared large events */
    uint64_t rows, rows_waiting;      /* derived rows made; rows put into pending_rows */
    size_t queue_events, queue_b;     /* now */
    size_t memory_b;                  /* now */
    uint64_t commit_us_sum;           /* over batches */
    uint64_t commit_buckets[12];      /* cumulative counts for 1 2 5 10 20 50 100 200 500 1000 2000 5000 ms */
    int64_t position;                 /* the last that this server committed */
};
struct eg_tail_stats {
    size_t open; /* whose answer has begun: what is stored from then on reaches them */
    uint64_t opened, refused, sent, pages, resyncs; /* sent: events to clients; pages: reads of the store for those far behind */
};
void eg_event_tail_stats(const struct eg_event *event, struct eg_tail_stats *stats);
void eg_event_stats(const struct eg_event *event, struct eg_event_stats *stats);

#endif
