/* What the files of this room share: the server, its connections, and the hidden half of a request. Nobody outside
 * includes this. All of it belongs to the loop's thread. */
#ifndef EG_HTTP_HTTP_INT_H
#define EG_HTTP_HTTP_INT_H

#include <microhttpd.h>

#include "base/list.h"
#include "server/http/body.h"
#include "server/http/encode.h"
#include "server/http/http.h"
#include "server/http/route.h"
#include "server/http/stats.h"

#define EG_HTTP_MAGIC 0x48747031u
#define EG_CONN_MAGIC 0x436f6e6eu
#define EG_REQUEST_MAGIC 0x52657131u

/* For a request's head and its answer's. libmicrohttpd fills all of it with zeros after each request. */
#define EG_CONNECTION_MEMORY_B ((size_t)20 << 10)

struct eg_http {
    uint32_t magic;
    struct eg_http_config config;
    struct eg_http_hooks hooks;
    void *app;
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    size_t n_routes;
    struct eg_route *routes;
    struct eg_router *router;
    uv_poll_t poll;
    uv_timer_t timer; /* when libmicrohttpd wants to run again */
    uv_timer_t sweep; /* deadlines of connections */
    int64_t turn_until_us; /* monotonic: when this turn's flows are to leave the loop to others */
    uv_idle_t again; /* active while something is left to do: the loop then does not sleep */
    uv_prepare_t prepare;
    uv_check_t check;
    int n_handles; /* not yet closed */
    bool driving;
    bool known_layout;    /* of a head in memory: libmicrohttpd 0.9.75 */
    struct eg_link ready; /* requests whose step runs again, or whose answer is ready, in order */
    struct eg_link conns;
    uint64_t n_conns, n_suspended, n_streams;
    struct eg_link idle_requests; /* kept for reuse */
    size_t n_idle_requests;
    struct eg_budget budget;
    struct eg_stats stats;
    bool draining;
    int64_t drain_until_us;
    void (*drained)(void *arg);
    void *drained_arg;
};

enum eg_conn_state {
    EG_CONN_IDLE,      /* no request, or its first line is not complete */
    EG_CONN_RECEIVING, /* from the first line to the end of the body */
    EG_CONN_WORKING,   /* the flow has it */
    EG_CONN_SENDING,   /* the answer is on its way */
    EG_CONN_STREAMING  /* the answer is made while it is sent */
};

struct eg_conn {
    uint32_t magic;
    struct eg_link link;
    struct eg_http *http;
    int fd;
    enum eg_conn_state state;
    int64_t since_us; /* in this state */
    int64_t until_us; /* the sweep looks at it then; INT64_MAX: never */
    uint64_t taken_b; /* SENDING, STREAMING: what the client had acknowledged at the last look */
    int64_t moved_us; /* STREAMING: when the client last took something, or had nothing to take */
    bool begun;       /* IDLE: bytes of a request have come */
    bool refused;     /* stands in stats.refused already: one end, one reason */
    struct eg_exchange *exchange;
};

enum eg_phase {
    EG_PHASE_NEW,     /* the request line is there, the headers are not */
    EG_PHASE_BODY,    /* the body is being taken */
    EG_PHASE_SWALLOW, /* the answer is known, the body is thrown away */
    EG_PHASE_FLOW,    /* steps run or wait */
    EG_PHASE_ENCODE,  /* another thread compresses the answer */
    EG_PHASE_READY,   /* an answer waits for libmicrohttpd to fetch it */
    EG_PHASE_STREAM,  /* its head has been handed over, its body is fetched as it is made */
    EG_PHASE_SENT     /* it has been handed over */
};

struct eg_header {
    struct eg_header *next;
    const char *name;
    const char *value;
};

/* An answer that is made while it is sent; see stream.c. */
struct eg_stream {
    struct eg_stream_config config;
    struct eg_encoder *encoder; /* NULL: as it is */
    size_t gone_b;              /* of pub.answer: already fetched, not yet removed */
    enum eg_encode_mode mode;   /* of the encoder's piece that is not done */
    bool mid_piece;             /* such a piece there is */
    bool encoded_end;           /* the coding's end has been fetched */
    bool on;                    /* eg_request_stream was called */
    bool full;                  /* the flow has window_b unsent: room is owed to it */
    bool room_due;              /* … and now it can be called */
    bool told_stopping;
    bool ended;
    bool aborted;
};

/* One request and its answer; `pub` is what flows see. */
struct eg_exchange {
    struct eg_request pub; /* first: eg_exchange_of() casts */
    struct eg_link link;   /* in http->ready or http->idle_requests */
    struct eg_http *http;
    struct eg_conn *conn;
    struct MHD_Connection *mhd;
    enum eg_phase phase;
    const char *raw; /* the request target as it came */
    struct eg_str query;
    struct eg_head head;
    size_t entries_b; /* of the connection's memory, beside the head itself */
    size_t route;               /* of stats; n_routes − 1 of stats when none */
    const struct eg_flow *flow; /* NULL until its first step runs */
    size_t step;
    int64_t step_at_us;
    int64_t step_us[EG_STATS_STEPS];
    bool waits;  /* the step answered EG_WAIT */
    bool woken;  /* a wake came before the step had returned */
    bool queued; /* in http->ready */
    bool suspended;
    bool heeds;     /* the flow asked to be dropped when its client has gone */
    bool close;     /* the connection ends with this answer */
    bool head_only; /* HEAD */
    bool gone;      /* the connection ended while another thread compressed: free when it is done */
    uint64_t swallowed_b;
    struct eg_body body;
    struct eg_header *headers;
    struct eg_header **headers_end;
    enum eg_coding coding; /* of the answer */
    bool coded;            /* the flow gave it compressed */
    char *encoded;
    size_t encoded_len;
    size_t sent_b;
    struct eg_stream stream;
    uv_work_t work;
};

/* Whether every name of the query string is in list (see struct eg_route); err: usage, naming the first that is not. */
EG_MUST_CHECK eg_status eg_request_judge_queries(struct eg_request *req, const char *list);

static inline struct eg_exchange *eg_exchange_of(struct eg_request *req) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    return (struct eg_exchange *)(void *)req;
}

/* exchange.c */
struct eg_exchange *eg_exchange_new(struct eg_http *http, struct MHD_Connection *mhd,
                                    struct eg_conn *conn); /* or NULL */
void eg_exchange_end(struct eg_exchange *x);               /* drops the flow, gives all back */
void eg_exchange_queue(struct eg_exchange *x);             /* the next drive looks at it */
void eg_exchange_free_kept(struct eg_http *http);

/* connection.c: libmicrohttpd's callbacks, and the deadlines */
void eg_conn_notify(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code);
void *eg_conn_request_line(void *cls, const char *uri, struct MHD_Connection *mhd);
void eg_conn_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code);
void eg_conn_become(struct eg_conn *conn, enum eg_conn_state state);
void eg_conn_sweep(struct eg_http *http);
/* Counts the end of a connection or its request, which nothing undoes, once. */
void eg_conn_refused(struct eg_conn *conn, enum eg_refusal reason);
void eg_conn_cut(struct eg_conn *conn, enum eg_refusal reason);
void eg_conn_close_idle(struct eg_http *http);
/* Writes a short answer past libmicrohttpd, for a request whose body it is still reading; the connection is to be cut
 * next. */
void eg_conn_last_words(const struct eg_conn *conn, enum eg_code code, const char *status_line);

/* handler.c: one request from its head to its answer */
enum MHD_Result eg_http_handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                               const char *version, const char *upload, size_t *upload_len, void **context);

/* flow.c: true when the answer is set, false when the step waits */
bool eg_flow_run(struct eg_exchange *x);
void eg_flow_drop(struct eg_exchange *x);

/* send.c */
void eg_send_prepare(struct eg_exchange *x); /* after it the phase is READY, or ENCODE and later READY */
enum MHD_Result eg_send(struct eg_exchange *x);

/* stream.c */
void eg_stream_prepare(struct eg_exchange *x);                /* chooses the coding */
struct MHD_Response *eg_stream_response(struct eg_exchange *x); /* or NULL */
void eg_stream_begun(struct eg_exchange *x);                  /* the head has been handed over */
bool eg_stream_turn(struct eg_exchange *x); /* from the list of the ready: tells the flow; true: resumed */
void eg_stream_cut(struct eg_exchange *x);                    /* the body ends incomplete */
void eg_stream_over(struct eg_exchange *x, bool complete);    /* the connection is done with it */
void eg_stream_free(struct eg_exchange *x);

/* http.c */
void eg_http_drive(struct eg_http *http);

#endif
