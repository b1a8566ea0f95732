/* The HTTP server: libmicrohttpd inside a libuv loop. It owns connections, requests and their limits, and runs the
 * flows of the routes; everything happens on the loop's thread. What a request may do is asked from a hook, so that
 * this room knows no tokens. */
#ifndef EG_HTTP_HTTP_H
#define EG_HTTP_HTTP_H

#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "server/auth/identity.h"
#include "server/http/request.h"

struct eg_http;

/* A zero means the default in brackets, unless said otherwise. Strings are copied. */
struct eg_http_config {
    const char *address;             /* a numeric IPv4 or IPv6 address ["127.0.0.1"] */
    uint16_t port;                   /* 0: any free one, see eg_http_port */
    bool local_only;                 /* auth is none: a foreign Host or Origin is answered 403 foreign_origin */
    unsigned max_connections;        /* [10000] the rest wait in the kernel's queue */
    unsigned max_connections_per_ip; /* 0: no limit */
    unsigned idle_timeout_ms;        /* [60000] a keep-alive connection without a request; rounded up to seconds */
    unsigned request_deadline_ms;    /* [30000] from a request's first line until all of it is here; and the client must
                                      * take 16 bytes a millisecond of its answer. Not the time in which a flow works */
    unsigned drain_deadline_ms;      /* [30000] eg_http_drain cuts what is left then */
    size_t max_body_b;               /* [16 MiB] also after decompression */
    size_t body_budget_b;            /* [128 MiB] all bodies of all requests together; past it 503 overloaded */
    size_t max_answer_b;             /* [64 MiB] one answer */
    size_t arena_max_b;              /* [64 MiB + 4 max_body_b] one request's arena */
    bool access_log;                 /* a line at info a request */
    bool no_compression;             /* never compress answers (requests may always be compressed) */
};

enum eg_http_method { EG_HTTP_GET, EG_HTTP_POST, EG_HTTP_PUT, EG_HTTP_DELETE, EG_HTTP_N_METHODS };

struct eg_route {
    enum eg_http_method method;
    const char *pattern; /* "/v1/events/{id}": a literal, kept by pointer; also the metrics label */
    uint32_t scope;      /* enum eg_scope bits, any of which suffices; EG_SCOPE_NONE: nobody is asked */
    const struct eg_flow *flow;
    void *app; /* becomes req->app; NULL: the app of eg_http_start */
    const char *queries; /* the names that may stand in the query string, blanks between; kept by pointer; NULL: any */
};

struct eg_http_hooks {
    /* Called when the headers are there and before the body is taken, for routes with a scope. Fills req->who (which
     * must live as long as the request: req->arena does) and returns true; or sets req->err (unauthorized, forbidden),
     * adds WWW-Authenticate by eg_request_add_header, and returns false. NULL: everybody may do everything. */
    bool (*authorize)(void *app, struct eg_request *req, uint32_t needed);
};

/* Listens and serves until eg_http_drain. Routes are copied. Errors: config_invalid with the address in it. */
EG_MUST_CHECK eg_status eg_http_start(uv_loop_t *loop, const struct eg_http_config *config,
                                      const struct eg_route *routes, size_t n, const struct eg_http_hooks *hooks,
                                      void *app, struct eg_http **http, struct eg_err *err);

uint16_t eg_http_port(const struct eg_http *http);

/* Stops listening, answers every request in flight (each with Connection: close), closes idle connections, then frees
 * http and calls done(arg) from the loop. After drain_deadline_ms, flows that still wait are dropped and answered 503
 * stopping. Once only. */
void eg_http_drain(struct eg_http *http, void (*done)(void *arg), void *arg);

/* Prometheus text of this room: egdb_http_requests_total{route,method,status}, egdb_http_request_seconds (histogram by
 * route), egdb_http_step_seconds_total and _count by flow and step, egdb_http_connections, _suspended, _streams, _body_bytes,
 * _received_bytes_total, _sent_bytes_total, _refused_total{reason}. */
void eg_http_metrics(const struct eg_http *http, struct eg_buf *out);

struct eg_http_counts {
    uint64_t requests;    /* answered */
    uint64_t connections; /* open now */
    uint64_t suspended;   /* requests that wait now */
    uint64_t streams;     /* answers that are made while they are sent, open now */
    uint64_t body_b;      /* held now for bodies */
};
struct eg_http_counts eg_http_counts(const struct eg_http *http);

#endif
