/* A request as the flows see it: no libmicrohttpd here. The http room owns it, and everything in its arena lives until
 * its response has been sent or its client is gone. */
#ifndef EG_HTTP_REQUEST_H
#define EG_HTTP_REQUEST_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"

struct eg_identity;
struct eg_request;
struct json_t; /* jansson.h */

/* A flow is a table of steps. A step returns EG_MORE (go on with the next), EG_WAIT (eg_request_wake will be called:
 * run the same step again then), or EG_DONE (a response has been set). Past the last step the request must be answered.
 * Only http/flow.c changes the step, and logs it. */
enum eg_step_result { EG_MORE, EG_WAIT, EG_DONE, EG_STREAM };

struct eg_step {
    const char *name; /* file name, log tag and metric label */
    enum eg_step_result (*run)(struct eg_request *req);
};

struct eg_flow {
    const char *name;
    size_t n_steps;
    const struct eg_step *steps;
    /* Called once when the request ends, answered or not: the flow forgets the request. While a store still works for
     * it, the flow must keep what that needs elsewhere. May be NULL. */
    void (*drop)(struct eg_request *req);
    /* Whether others hold what is the request's, so that it cannot be dropped now: a drain waits for them beyond its time. NULL: never. */
    bool (*held)(const struct eg_request *req);
    bool no_head; /* its work is all in the answer's body: HEAD is answered 405 instead of doing it for nothing */
};

struct eg_request {
    uint32_t magic;
    struct eg_log log;  /* object "request", id = the request id (X-Request-Id when it is sane, else a ULID) */
    const char *method; /* "GET" … */
    const char *path;   /* decoded */
    const char *param;  /* what stood for {…} in the route, decoded; NULL without */
    const char *body;   /* after Content-Encoding; never NULL */
    size_t body_len;
    struct eg_arena *arena;
    struct eg_err err;
    const struct eg_identity *who; /* never NULL in a step */
    void *app;                     /* the flow's context, given with the routes */
    void *state;                   /* the flow's own, one request */
    int64_t started_us;            /* monotonic */
    /* the answer */
    int status;
    const char *content_type;
    struct eg_buf answer;
};

/* An answer that is made while it is sent, in constant memory. A step sets status and type by eg_request_stream
 * and returns what that returns, EG_STREAM: the head of the answer leaves, and the flow has no steps any more.
 * From then on, in the loop's thread and at any time, the flow appends to req->answer and calls eg_request_push;
 * what lies there leaves as fast as the client takes it. eg_request_unsent says how many bytes have not left yet:
 * a flow that has window_b or more unsent should make no more until `room` is called, which happens once, from the
 * loop, when less than half of window_b is left. eg_request_end ends the body after what was pushed; the request
 * then ends (drop is called). A client that goes, or that takes nothing for the request's deadline while bytes
 * wait, ends it too: drop, without room. A drain (SIGTERM) calls `room` with stopping set: the flow says its last
 * words and ends. Compressed when `compress` and the client allows it. */
struct eg_stream_config {
    size_t window_b;
    bool compress;
    void (*room)(struct eg_request *req, bool stopping);
};
enum eg_step_result eg_request_stream(struct eg_request *req, int status, const char *content_type,
                                      const struct eg_stream_config *config);
void eg_request_push(struct eg_request *req);
size_t eg_request_unsent(const struct eg_request *req);
void eg_request_end(struct eg_request *req);
/* Ends the body so that the client sees that something is missing: the connection is closed without the last chunk (a client of
 * HTTP/1.0 cannot tell; say it in the body too). The request ends, drop is called; both from the loop, not inside this call. */
void eg_request_abort(struct eg_request *req);
/* A flow that waits long for others' work asks to be dropped when its client has gone (which is looked at about once a second, and a client
 * that will send nothing more counts as gone). Until the request streams; a stream is always looked at so. */
void eg_request_heed_client(struct eg_request *req);

const char *eg_request_header(const struct eg_request *req,
                              const char *name); /* NULL when absent; the name in any case */
/* Every header in turn, until each returns false. */
void eg_request_headers(const struct eg_request *req, bool (*each)(void *ctx, const char *name, const char *value),
                        void *ctx);
const char *eg_request_peer(const struct eg_request *req); /* the address it came from, "127.0.0.1" or "::1"; "" when unknown */
const char *eg_request_query(const struct eg_request *req,
                             const char *name); /* decoded; NULL when absent, "" for `?name` */

/* Every member of the query string in turn, decoded, until each returns false. */
void eg_request_queries(const struct eg_request *req, bool (*each)(void *ctx, const char *name, const char *value),
                        void *ctx);

/* JSON from a request: its body, say. The caller's to json_decref; NULL: req->err says why (body_too_large, json_invalid, duplicate_key,
 * nul_character, number_out_of_range). The parser runs in one go: most is to be what the flow has a use for. */
struct eg_json_most {
    size_t bytes;
    size_t values; /* members and elements in all */
};
struct json_t *eg_request_json(struct eg_request *req, const char *text, size_t len, const struct eg_json_most *most);

/* Runs the waiting step again, from the loop, not inside this call. Once for each EG_WAIT. */
void eg_request_wake(struct eg_request *req);

/* Answer helpers: each sets status, type and answer, and returns EG_DONE. Headers are copied. */
void eg_request_add_header(struct eg_request *req, const char *name, const char *value);
enum eg_step_result eg_request_answer(struct eg_request *req, int status,
                                      const char *content_type); /* body is in req->answer */
/* Whether the client takes gzip, and answers may be compressed at all. */
bool eg_request_takes_gzip(const struct eg_request *req);
/* The same for a body that is gzip already: sent as it is, with its Content-Encoding. Only when the client takes it. */
enum eg_step_result eg_request_answer_gzip(struct eg_request *req, int status, const char *content_type);
/* problem+json from req->err: type, title, status, detail, code, request_id, hint, and `errors`, a JSON array text or
 * NULL. 503 and 429 get a Retry-After. */
enum eg_step_result eg_request_problem(struct eg_request *req, const char *errors_json);
/* The same with a detail of any length (NULL: the error's message) and further members, JSON without the braces (NULL: none). */
enum eg_step_result eg_request_problem_with(struct eg_request *req, const char *detail, const char *members);

#endif
