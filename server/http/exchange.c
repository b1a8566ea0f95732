/* The life of a request's memory: taken from a short list of used ones, given back to it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/http/http_int.h"

#define MOST_KEPT 256

static const struct eg_identity nobody = {.sub = ""};

static struct eg_exchange *allocate(struct eg_http *http) {
    if (http->n_idle_requests > 0) {
        struct eg_exchange *x = EG_CONTAINER(http->idle_requests.next, struct eg_exchange, link);
        eg_list_remove(&x->link);
        http->n_idle_requests--;
        return x;
    }
    struct eg_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return NULL;
    x->pub.arena = eg_arena_new(http->config.arena_max_b);
    if (!x->pub.arena) {
        free(x);
        return NULL;
    }
    return x;
}

struct eg_exchange *eg_exchange_new(struct eg_http *http, struct MHD_Connection *mhd, struct eg_conn *conn) {
    struct eg_exchange *x = allocate(http);
    if (!x)
        return NULL;
    struct eg_arena *arena = x->pub.arena;
    struct eg_body body = x->body;
    memset(x, 0, sizeof *x);
    x->body = body;
    x->http = http;
    x->mhd = mhd;
    x->conn = conn;
    x->route = http->n_routes;
    x->headers_end = &x->headers;
    eg_list_init(&x->link);
    x->pub.magic = EG_REQUEST_MAGIC;
    x->pub.log.object = "request";
    x->pub.arena = arena;
    x->pub.method = x->pub.path = x->pub.body = "";
    x->pub.who = &nobody;
    x->pub.app = http->app;
    x->pub.started_us = eg_clock_mono_us();
    eg_buf_init(&x->pub.answer, http->config.max_answer_b);
    return x;
}

static void discard(struct eg_exchange *x) {
    eg_body_reset(&x->body, true);
    eg_arena_free(x->pub.arena);
    free(x);
}

void eg_exchange_end(struct eg_exchange *x) {
    struct eg_http *http = x->http;
    if (x->phase == EG_PHASE_ENCODE) { /* the other thread still reads the answer */
        x->gone = true;
        return;
    }
    if (x->flow)
        eg_flow_drop(x);
    if (x->queued)
        eg_list_remove(&x->link);
    x->queued = false;
    eg_stream_free(x);
    eg_buf_free(&x->pub.answer);
    free(x->encoded);
    x->pub.magic = 0;
    if (http->n_idle_requests >= MOST_KEPT) {
        discard(x);
        return;
    }
    eg_body_reset(&x->body, false);
    eg_arena_reset(x->pub.arena);
    eg_list_prepend(&http->idle_requests, &x->link);
    http->n_idle_requests++;
}

void eg_exchange_queue(struct eg_exchange *x) {
    if (x->queued)
        return;
    x->queued = true;
    eg_list_append(&x->http->ready, &x->link);
}

void eg_exchange_free_kept(struct eg_http *http) {
    while (!eg_list_empty(&http->idle_requests)) {
        struct eg_exchange *x = EG_CONTAINER(http->idle_requests.next, struct eg_exchange, link);
        eg_list_remove(&x->link);
        discard(x);
    }
    http->n_idle_requests = 0;
}
