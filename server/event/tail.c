/* GET /v1/events/stream: Server-Sent Events. `id:` is the position, so that a client that comes again (Last-Event-ID) misses nothing and
 * gets nothing twice. */
#include "server/event/tail.h"

#include <stdlib.h>

#include "base/clock.h"
#include "server/event/room.h"

#define FOLLOWER_MOST_B ((size_t)256 << 10)
#define FOLLOWER_MAGIC 0x45475446u
#define COME_AGAIN_MS 2000

static struct eg_follower *of(const struct eg_request *req) {
    struct eg_follower *f = req->state;
    EG_ASSERT(!f || f->magic == FOLLOWER_MAGIC);
    return f;
}

static eg_status read_from(struct eg_request *req, struct eg_follower *f) {
    const char *header = eg_request_header(req, "Last-Event-ID"), *query = eg_request_query(req, "from");
    const char *text = header && *header ? header : query; /* a client that comes again keeps its first URL */
    char *end;
    if (!text)
        return EG_OK;
    f->has_from = true;
    f->from = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || f->from == INT64_MAX)
        return eg_err_set(&req->err, EG_E_USAGE, NULL, "%s is a position: a whole number, 0 for the beginning",
                          text == query ? "from" : "Last-Event-ID");
    return EG_OK;
}

static struct eg_follower *follower_new(struct eg_request *req, struct eg_tail *tail) {
    struct eg_arena *arena = eg_arena_new(FOLLOWER_MOST_B);
    struct eg_follower *f = arena ? eg_arena_zalloc(arena, sizeof *f) : NULL;
    if (!f) {
        eg_arena_free(arena);
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return NULL;
    }
    f->magic = FOLLOWER_MAGIC;
    f->arena = arena;
    f->tail = tail;
    f->req = req;
    f->expires_us = req->who->expires_us;
    eg_list_init(&f->all);
    eg_list_init(&f->link);
    return f;
}

static enum eg_step_result open_stream(struct eg_request *req) {
    const struct eg_event *event = req->app;
    struct eg_follower *f = of(req);
    if (f)
        return f->placed || req->err.code != EG_E_NONE ? EG_MORE : EG_WAIT;
    if (event->tail->n_followers >= (size_t)event->tail->config.most) {
        event->tail->n_refused++;
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, "stream.most", "%zu streams are open, and that is the most",
                         event->tail->n_followers);
        return eg_request_problem(req, NULL);
    }
    f = follower_new(req, event->tail);
    if (!f)
        return eg_request_problem(req, NULL);
    if (read_from(req, f) != EG_OK || eg_event_filter_read_stream(req, f->arena, &f->filter) != EG_OK) {
        eg_follow_free(f);
        return eg_request_problem(req, NULL);
    }
    req->state = f;
    eg_tail_join(event->tail, f);
    return EG_WAIT;
}

static void room(struct eg_request *req, bool stopping) {
    struct eg_follower *f = of(req);
    if (stopping)
        eg_follow_end(f, "the server stops");
    else
        eg_tail_work(f);
}

/* The first words say where the stream begins, for a client that is cut before its first event; and what silence is too long. */
static enum eg_step_result stream(struct eg_request *req) {
    struct eg_follower *f = of(req);
    if (req->err.code != EG_E_NONE)
        return eg_request_problem(req, NULL);
    const struct eg_stream_config config = {.window_b = f->tail->config.window_b, .room = room};
    eg_request_add_header(req, "X-Accel-Buffering", "no");
    enum eg_step_result result = eg_request_stream(req, 200, "text/event-stream", &config);
    eg_buf_printf(&req->answer, ": alive every %lld ms\nretry: %d\n", (long long)f->tail->config.heartbeat_ms, COME_AGAIN_MS);
    if (f->resync)
        eg_follow_resync(f, f->from);
    else
        eg_buf_printf(&req->answer, "id: %lld\n\n", (long long)f->at);
    f->said_us = eg_clock_mono_us();
    f->streams = true;
    f->tail->n_streaming++;
    eg_request_push(req);
    eg_tail_work(f);
    return result;
}

static void drop(struct eg_request *req) {
    struct eg_follower *f = of(req);
    if (!f)
        return;
    req->state = NULL;
    f->req = NULL;
    f->over = true;
    eg_tail_leave(f->tail, f);
    if (f->reading)
        eg_db_read_cancel(f->handle); /* its end frees */
    else
        eg_follow_free(f);
}

static const struct eg_step way[] = {{"open", open_stream}, {"stream", stream}};

const struct eg_flow eg_flow_events_stream = {.name = "events_stream", .n_steps = 2, .steps = way, .drop = drop};
