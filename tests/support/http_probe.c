/* A server with nothing behind it, to test server/http/ by itself: flows that answer at once, wait, echo, or never finish.
 * Usage: http_probe [name=value …]; prints "port <n>" and serves until SIGTERM, then drains and exits 0.
 *
 *   GET  /fast            "ok"                       GET /big?n=      n bytes of text
 *   POST /echo            the body, after a wait     GET /item/{id}   the parameter and ?q=
 *   GET  /wait?ms=        "waited", after ms         GET /never       waits for ever
 *   GET  /secret          asks the hook, which wants "Bearer open"
 *   GET  /stream?n=       n bytes, made while they are sent; &window= &compress=1, &fail=1: aborted behind them
 *   GET  /ticks?ms=       "tick <n>" every ms, until the drain, then "bye"; &deaf=1: it goes on, &pad= bytes more each
 *   GET  /heed            waits for ever, but not for a client that has gone
 *   GET  /metrics         the room's own figures     GET /drops       how many flows were dropped; ?streams: of streams */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/http.h"

static struct eg_http *http;
static uint64_t n_drops, n_stream_drops;

struct wait {
    uv_timer_t timer;
    struct eg_request *req; /* NULL once the request was dropped */
};

static void wait_closed(uv_handle_t *handle) { free(handle->data); }

static void wait_over(uv_timer_t *timer) {
    struct wait *wait = timer->data;
    if (wait->req) {
        wait->req->state = NULL;
        eg_request_wake(wait->req);
    }
    uv_close((uv_handle_t *)timer, wait_closed);
}

static enum eg_step_result begin_wait(struct eg_request *req) {
    const char *ms = eg_request_query(req, "ms");
    struct wait *wait = calloc(1, sizeof *wait);
    EG_ASSERT(wait);
    wait->req = req;
    wait->timer.data = wait;
    uv_timer_init(uv_default_loop(), &wait->timer);
    uv_timer_start(&wait->timer, wait_over, ms ? strtoull(ms, NULL, 10) : 0, 0);
    req->state = wait;
    return EG_MORE;
}

static enum eg_step_result rest(struct eg_request *req) { return req->state ? EG_WAIT : EG_MORE; }

static enum eg_step_result for_ever(struct eg_request *req) {
    (void)req;
    return EG_WAIT;
}

static enum eg_step_result answer(struct eg_request *req, const char *text) {
    eg_buf_str(&req->answer, text);
    return eg_request_answer(req, 200, "text/plain");
}

static enum eg_step_result say_ok(struct eg_request *req) { return answer(req, "ok"); }
static enum eg_step_result say_waited(struct eg_request *req) { return answer(req, "waited"); }
static enum eg_step_result say_secret(struct eg_request *req) { return answer(req, req->who->sub); }

static enum eg_step_result say_body(struct eg_request *req) {
    eg_buf_add(&req->answer, req->body, req->body_len);
    return eg_request_answer(req, 200, "application/octet-stream");
}

static enum eg_step_result say_item(struct eg_request *req) {
    const char *q = eg_request_query(req, "q");
    eg_buf_printf(&req->answer, "%s|%s", req->param, q ? q : "-");
    return eg_request_answer(req, 200, "text/plain");
}

static enum eg_step_result say_big(struct eg_request *req) {
    const char *n = eg_request_query(req, "n");
    for (size_t left = n ? strtoul(n, NULL, 10) : 0, line = 0; left > 0; line++) {
        char text[32];
        size_t len = (size_t)snprintf(text, sizeof text, "line %zu of many\n", line);
        len = len < left ? len : left;
        eg_buf_add(&req->answer, text, len);
        left -= len;
    }
    return eg_request_answer(req, 200, "text/plain");
}

struct making {
    uv_timer_t timer; /* of ticks */
    struct eg_request *req;
    size_t left, line, window, pad;
    bool fail, deaf, busy;
};

static size_t number(const struct eg_request *req, const char *name, size_t otherwise) {
    const char *text = eg_request_query(req, name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

static struct making *begin_making(struct eg_request *req) {
    struct making *m = calloc(1, sizeof *m);
    EG_ASSERT(m);
    *m = (struct making){.req = req, .left = number(req, "n", 0), .window = number(req, "window", 65536), .pad = number(req, "pad", 0)};
    m->fail = number(req, "fail", 0);
    m->deaf = number(req, "deaf", 0);
    req->state = m;
    return m;
}

static void make(struct making *m) {
    while (m->left > 0 && eg_request_unsent(m->req) < m->window) {
        char text[32];
        size_t len = (size_t)snprintf(text, sizeof text, "line %zu of many\n", m->line++);
        len = len < m->left ? len : m->left;
        eg_buf_add(&m->req->answer, text, len);
        m->left -= len;
    }
    eg_request_push(m->req);
    if (m->left == 0 && m->fail)
        eg_request_abort(m->req);
    else if (m->left == 0)
        eg_request_end(m->req);
}

static void room_to_make(struct eg_request *req, bool stopping) {
    struct making *m = req->state;
    EG_ASSERT(!m->busy); /* not inside a call of ours */
    if (!stopping)
        make(m);
}

static enum eg_step_result say_stream(struct eg_request *req) {
    struct making *m = begin_making(req);
    struct eg_stream_config config = {m->window, number(req, "compress", 0) == 1, room_to_make};
    enum eg_step_result result = eg_request_stream(req, 200, "text/plain", &config);
    m->busy = true;
    make(m);
    m->busy = false;
    return result;
}

static void say_tick(uv_timer_t *timer) {
    struct making *m = timer->data;
    eg_buf_printf(&m->req->answer, "tick %zu%*s\n", m->line++, (int)m->pad, "");
    eg_request_push(m->req);
}

static void room_to_tick(struct eg_request *req, bool stopping) {
    struct making *m = req->state;
    if (!stopping || m->deaf)
        return;
    uv_timer_stop(&m->timer);
    eg_buf_str(&req->answer, "bye\n");
    eg_request_end(req);
}

static enum eg_step_result say_ticks(struct eg_request *req) {
    struct making *m = begin_making(req);
    struct eg_stream_config config = {m->window, number(req, "compress", 0) == 1, room_to_tick};
    uint64_t ms = number(req, "ms", 10);
    m->timer.data = m;
    uv_timer_init(uv_default_loop(), &m->timer);
    uv_timer_start(&m->timer, say_tick, ms, ms);
    return eg_request_stream(req, 200, "text/plain", &config);
}

static void drop_ticks(struct eg_request *req) {
    struct making *m = req->state;
    n_stream_drops++;
    uv_close((uv_handle_t *)&m->timer, wait_closed);
}

static void drop_stream(struct eg_request *req) {
    n_stream_drops++;
    free(req->state);
}

static void drop_heed(struct eg_request *req) {
    (void)req;
    n_stream_drops++;
}

static enum eg_step_result heed(struct eg_request *req) {
    eg_request_heed_client(req);
    return EG_WAIT;
}

static enum eg_step_result say_metrics(struct eg_request *req) {
    eg_http_metrics(http, &req->answer);
    return eg_request_answer(req, 200, "text/plain; version=0.0.4");
}

static enum eg_step_result say_drops(struct eg_request *req) {
    uint64_t n = eg_request_query(req, "streams") ? n_stream_drops : n_drops;
    eg_buf_printf(&req->answer, "%llu", (unsigned long long)n);
    return eg_request_answer(req, 200, "text/plain");
}

static void drop(struct eg_request *req) {
    struct wait *wait = req->state;
    n_drops++;
    if (wait)
        wait->req = NULL;
}

#define FLOW_WITH(name, drop, ...)                                                                                     \
    static const struct eg_step name##_steps[] = {__VA_ARGS__};                                                        \
    static const struct eg_flow name = {#name, sizeof name##_steps / sizeof name##_steps[0], name##_steps, drop, NULL, false}
#define FLOW(name, ...) FLOW_WITH(name, drop, __VA_ARGS__)

FLOW(fast, {"say_ok", say_ok});
FLOW(echo, {"begin_wait", begin_wait}, {"rest", rest}, {"say_body", say_body});
FLOW(waits, {"begin_wait", begin_wait}, {"rest", rest}, {"say_waited", say_waited});
FLOW(never, {"for_ever", for_ever});
FLOW(big, {"say_big", say_big});
FLOW(item, {"say_item", say_item});
FLOW(secret, {"say_secret", say_secret});
FLOW_WITH(heeds, drop_heed, {"heed", heed});
FLOW_WITH(stream, drop_stream, {"say_stream", say_stream});
FLOW_WITH(ticks, drop_ticks, {"say_ticks", say_ticks});
FLOW(metrics, {"say_metrics", say_metrics});
FLOW(drops, {"say_drops", say_drops});

static const struct eg_route routes[] = {
    {EG_HTTP_GET, "/fast", EG_SCOPE_NONE, &fast, NULL, NULL},       {EG_HTTP_POST, "/echo", EG_SCOPE_NONE, &echo, NULL, NULL},
    {EG_HTTP_GET, "/wait", EG_SCOPE_NONE, &waits, NULL, NULL},      {EG_HTTP_GET, "/never", EG_SCOPE_NONE, &never, NULL, NULL},
    {EG_HTTP_GET, "/big", EG_SCOPE_NONE, &big, NULL, NULL},         {EG_HTTP_GET, "/item/{id}", EG_SCOPE_NONE, &item, NULL, NULL},
    {EG_HTTP_GET, "/secret", EG_SCOPE_QUERY, &secret, NULL, NULL},  {EG_HTTP_POST, "/secret", EG_SCOPE_QUERY, &secret, NULL, NULL},
    {EG_HTTP_GET, "/metrics", EG_SCOPE_NONE, &metrics, NULL, NULL}, {EG_HTTP_GET, "/drops", EG_SCOPE_NONE, &drops, NULL, NULL},
    {EG_HTTP_GET, "/stream", EG_SCOPE_NONE, &stream, NULL, NULL},   {EG_HTTP_GET, "/ticks", EG_SCOPE_NONE, &ticks, NULL, NULL},
    {EG_HTTP_GET, "/heed", EG_SCOPE_NONE, &heeds, NULL, NULL},
};

static bool authorize(void *app, struct eg_request *req, uint32_t needed) {
    static const struct eg_identity friend = {.sub = "friend", .scopes = EG_SCOPE_QUERY};
    const char *header = eg_request_header(req, "Authorization");
    (void)app, (void)needed;
    req->who = &friend;
    if (header && strcmp(header, "Bearer open") == 0)
        return true;
    (void)eg_err_set(&req->err, EG_E_UNAUTHORIZED, NULL, "Not open.");
    eg_request_add_header(req, "WWW-Authenticate", "Bearer");
    return false;
}

static void drained(void *arg) {
    uv_close(arg, NULL);
}

static void on_signal(uv_signal_t *handle, int number) {
    (void)number;
    uv_signal_stop(handle);
    eg_http_drain(http, drained, handle);
}

static void set_option(struct eg_http_config *config, const char *name, const char *value) {
    struct {
        const char *name;
        unsigned *to;
    } numbers[] = {{"idle_timeout_ms", &config->idle_timeout_ms},
                   {"request_deadline_ms", &config->request_deadline_ms},
                   {"drain_deadline_ms", &config->drain_deadline_ms},
                   {"max_connections", &config->max_connections},
                   {"max_connections_per_ip", &config->max_connections_per_ip}};
    struct {
        const char *name;
        size_t *to;
    } sizes[] = {{"max_body_b", &config->max_body_b},
                 {"body_budget_b", &config->body_budget_b},
                 {"max_answer_b", &config->max_answer_b}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].name, name) == 0)
            *numbers[i].to = (unsigned)strtoul(value, NULL, 10);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (strcmp(sizes[i].name, name) == 0)
            *sizes[i].to = strtoul(value, NULL, 10);
    if (strcmp(name, "local_only") == 0)
        config->local_only = value[0] == '1';
    if (strcmp(name, "access_log") == 0)
        config->access_log = value[0] == '1';
    if (strcmp(name, "port") == 0)
        config->port = (uint16_t)strtoul(value, NULL, 10);
}

int main(int argc, char **argv) {
    struct eg_http_config config = {.local_only = true};
    struct eg_http_hooks hooks = {authorize};
    struct eg_err err = {0};
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals)
            return 2;
        *equals = '\0';
        set_option(&config, argv[i], equals + 1);
    }
    uv_loop_t *loop = uv_default_loop();
    if (eg_http_start(loop, &config, routes, sizeof routes / sizeof routes[0], &hooks, NULL, &http, &err) != EG_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 78;
    }
    uv_signal_t term;
    uv_signal_init(loop, &term);
    uv_signal_start(&term, on_signal, SIGTERM);
    printf("port %u\n", eg_http_port(http));
    fflush(stdout);
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_loop_close(loop) == 0 ? 0 : 1;
}
