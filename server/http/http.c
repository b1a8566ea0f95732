/* The server's life: listening, driving libmicrohttpd from the loop, draining.
 *
 * libmicrohttpd has an epoll descriptor of its own, which the loop watches. A resume does nothing until the next
 * MHD_run, and MHD_run may leave work behind (MHD_get_timeout says 0): eg_http_drive runs the waiting steps, then
 * libmicrohttpd, until neither has anything left. Wakes that come while the loop runs other callbacks are picked up
 * before and after its poll. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/http/http_int.h"

#define BACKLOG 4096
#define ROUNDS_MAX 16 /* then the loop gets its turn … */
#define STREAMS_A_ROUND 16 /* resumed: libmicrohttpd serves all that are before it returns */
#define TURN_US 250   /* … or after this long: so late may an answer of the database be taken */

static void set_defaults(struct eg_http_config *config) {
#define DEFAULT(member, value) config->member = config->member ? config->member : (value)
    DEFAULT(address, "127.0.0.1");
    DEFAULT(max_connections, 10000);
    DEFAULT(idle_timeout_ms, 60000);
    DEFAULT(request_deadline_ms, 30000);
    DEFAULT(drain_deadline_ms, 30000);
    DEFAULT(max_body_b, (size_t)16 << 20);
    DEFAULT(body_budget_b, (size_t)128 << 20);
    DEFAULT(max_answer_b, (size_t)64 << 20);
    DEFAULT(arena_max_b, ((size_t)64 << 20) + 4 * config->max_body_b);
#undef DEFAULT
}

static eg_status listen_on(struct eg_http *http, struct eg_err *err) {
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(http->config.port)};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(http->config.port)};
    const char *address = http->config.address;
    bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
        return eg_err_set(err, EG_E_CONFIG, "http.listen", "%s is not a numeric IPv4 or IPv6 address.", address);
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return eg_err_set(err, EG_E_CONFIG, "http.listen", "No socket: %s.", strerror(errno));
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const struct sockaddr *to = is_v6 ? (const void *)&v6 : (const void *)&v4;
    socklen_t len = is_v6 ? sizeof v6 : sizeof v4;
    if (bind(fd, to, len) != 0 || listen(fd, BACKLOG) != 0) {
        eg_err_set(err, EG_E_CONFIG, "http.listen", "Cannot listen on %s port %u: %s.", address, http->config.port,
                   strerror(errno));
        close(fd);
        return EG_FAIL;
    }
    struct sockaddr_storage bound;
    len = sizeof bound;
    EG_ASSERT(getsockname(fd, (struct sockaddr *)&bound, &len) == 0);
    http->port = ntohs(is_v6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
    http->listen_fd = fd;
    return EG_OK;
}

/* Each connection is a descriptor; the soft limit is often 1024. */
static void raise_descriptors(unsigned connections) {
    struct rlimit limit;
    rlim_t want = (rlim_t)connections + 128;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < want)
        eg_warn(NULL, "only %llu file descriptors are allowed: fewer than http.max_connections (%u) can be open",
                (unsigned long long)limit.rlim_cur, connections);
}

/* The raw target is decoded by this room, so libmicrohttpd's own decoding is switched off. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *text) {
    (void)cls, (void)mhd;
    return strlen(text);
}

/* Not strict: what that adds (Host, spaces in the target) is judged by this room, which answers with a reason. */
static eg_status start_daemon(struct eg_http *http, struct eg_err *err) {
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, eg_http_handle, http, /**/
        MHD_OPTION_LISTEN_SOCKET, http->listen_fd, MHD_OPTION_CONNECTION_LIMIT, http->config.max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, http->config.max_connections_per_ip, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, EG_CONNECTION_MEMORY_B, MHD_OPTION_STRICT_FOR_CLIENT, 0,
        MHD_OPTION_NOTIFY_CONNECTION, eg_conn_notify, http, MHD_OPTION_NOTIFY_COMPLETED, eg_conn_completed, http,
        MHD_OPTION_URI_LOG_CALLBACK, eg_conn_request_line, http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_END);
    if (!http->daemon)
        return eg_err_set(err, EG_E_CONFIG, "http.listen", "libmicrohttpd could not be started.");
    return EG_OK;
}

/* Runs what was ready at the call, for at most TURN_US: a step that wants another turn (a large body is taken in slices) is ready again
 * at once, and must not keep the loop from the database. */
static void run_ready(struct eg_http *http) {
    struct eg_link batch;
    eg_list_init(&batch);
    while (!eg_list_empty(&http->ready)) {
        struct eg_link *link = http->ready.next;
        eg_list_remove(link);
        eg_list_append(&batch, link);
    }
    bool turn_over = false;
    int n_streams = 0;
    while (!eg_list_empty(&batch)) {
        struct eg_link *link = turn_over ? batch.prev : batch.next;
        struct eg_exchange *x = EG_CONTAINER(link, struct eg_exchange, link);
        eg_list_remove(&x->link);
        if (turn_over) { /* back, before those that became ready meanwhile */
            eg_list_prepend(&http->ready, &x->link);
            continue;
        }
        x->queued = false;
        if (x->phase == EG_PHASE_FLOW && eg_flow_run(x))
            eg_send_prepare(x);
        if (x->phase == EG_PHASE_READY && x->suspended) {
            x->suspended = false;
            http->n_suspended--;
            MHD_resume_connection(x->mhd);
        }
        if (x->phase == EG_PHASE_STREAM)
            n_streams += eg_stream_turn(x);
        turn_over = n_streams >= STREAMS_A_ROUND || eg_clock_mono_us() >= http->turn_until_us;
    }
}

static void stop(struct eg_http *http);

static bool pending(struct eg_http *http, MHD_UNSIGNED_LONG_LONG *ms) {
    *ms = UINT64_MAX;
    return !eg_list_empty(&http->ready) || (MHD_get_timeout(http->daemon, ms) == MHD_YES && *ms == 0);
}

static void on_timer(uv_timer_t *timer) { eg_http_drive(timer->data); }
static void on_idle(uv_idle_t *idle) { eg_http_drive(idle->data); }

/* What is left goes on in the loop's next turn, which does not sleep. (A timer of 0 would run again before the loop has looked at any
 * descriptor.) */
void eg_http_drive(struct eg_http *http) {
    MHD_UNSIGNED_LONG_LONG ms = 0;
    bool more = true;
    if (http->driving || !http->daemon)
        return;
    http->driving = true;
    http->turn_until_us = eg_clock_mono_us() + TURN_US;
    for (int round = 0; more && round < ROUNDS_MAX && (!round || eg_clock_mono_us() < http->turn_until_us); round++) {
        run_ready(http);
        EG_ASSERT(MHD_run(http->daemon) == MHD_YES);
        more = pending(http, &ms);
    }
    http->driving = false;
    if (more)
        uv_idle_start(&http->again, on_idle);
    else
        uv_idle_stop(&http->again);
    if (!more && ms != UINT64_MAX)
        uv_timer_start(&http->timer, on_timer, ms, 0);
    else
        uv_timer_stop(&http->timer);
    if (http->draining && http->n_conns == 0)
        stop(http);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    (void)status, (void)events;
    eg_http_drive(poll->data);
}

/* Wakes from other callbacks: before the poll they only keep it from sleeping, after it they are served, unless the loop comes back to them
 * at once anyway. */
static void on_prepare(uv_prepare_t *prepare) {
    struct eg_http *http = prepare->data;
    if (!eg_list_empty(&http->ready))
        uv_idle_start(&http->again, on_idle);
}
static void on_check(uv_check_t *check) {
    struct eg_http *http = check->data;
    if (!eg_list_empty(&http->ready) && !uv_is_active((uv_handle_t *)&http->again))
        eg_http_drive(http);
}

/* Flows that still wait when the drain's time is over are answered; what then remains is a client that does not read.
 */
static void cut_drain(struct eg_http *http) {
    http->drain_until_us = eg_clock_mono_us() + 1000000;
    for (struct eg_link *at = http->conns.next; at != &http->conns; at = at->next) {
        struct eg_conn *conn = EG_CONTAINER(at, struct eg_conn, link);
        struct eg_exchange *x = conn->exchange;
        if (x && x->phase == EG_PHASE_FLOW && x->suspended && x->flow && x->flow->held && x->flow->held(&x->pub))
            continue; /* it is answered when they have done; they have time limits of their own */
        if (x && x->phase == EG_PHASE_FLOW && x->suspended) {
            eg_flow_drop(x);
            eg_err_clear(&x->pub.err);
            (void)eg_err_set(&x->pub.err, EG_E_STOPPING, NULL, "The server stopped before this request was done.");
            eg_request_problem(&x->pub, NULL);
            eg_send_prepare(x);
            eg_exchange_queue(x);
        } else if (x && x->phase == EG_PHASE_STREAM) {
            eg_conn_refused(conn, EG_REFUSED_DRAINED);
            eg_stream_cut(x);
        } else if (!x || !x->suspended) {
            eg_conn_cut(conn, EG_REFUSED_DRAINED);
        }
    }
    eg_http_drive(http);
}

static void on_sweep(uv_timer_t *timer) {
    struct eg_http *http = timer->data;
    eg_conn_sweep(http);
    if (!http->draining)
        return;
    if (eg_clock_mono_us() >= http->drain_until_us)
        cut_drain(http);
    else
        eg_conn_close_idle(http);
}

static void start_handles(struct eg_http *http) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    EG_ASSERT(info && uv_poll_init(http->loop, &http->poll, info->epoll_fd) == 0);
    uv_timer_init(http->loop, &http->timer);
    uv_timer_init(http->loop, &http->sweep);
    uv_idle_init(http->loop, &http->again);
    uv_prepare_init(http->loop, &http->prepare);
    uv_check_init(http->loop, &http->check);
    http->poll.data = http->timer.data = http->sweep.data = http->prepare.data = http->check.data = http;
    http->again.data = http;
    http->n_handles = 6;
    uv_poll_start(&http->poll, UV_READABLE, on_poll);
    uv_prepare_start(&http->prepare, on_prepare);
    uv_check_start(&http->check, on_check);
    uint64_t tick_ms = http->config.request_deadline_ms / 8;
    tick_ms = tick_ms < 20 ? 20 : tick_ms > 500 ? 500 : tick_ms;
    uv_timer_start(&http->sweep, on_sweep, tick_ms, tick_ms);
    uv_unref((uv_handle_t *)&http->prepare);
    uv_unref((uv_handle_t *)&http->check);
    uv_unref((uv_handle_t *)&http->sweep);
}

static void free_all(struct eg_http *http) {
    if (http->listen_fd >= 0)
        close(http->listen_fd);
    eg_exchange_free_kept(http);
    eg_router_free(http->router);
    free(http->routes);
    free(http->stats.routes);
    free(http);
}

static eg_status copy_routes(struct eg_http *http, const struct eg_route *routes, size_t n) {
    static const char *const methods[EG_HTTP_N_METHODS] = {"GET", "POST", "PUT", "DELETE"};
    http->n_routes = n;
    http->routes = calloc(n ? n : 1, sizeof *http->routes);
    http->router = eg_router_new(routes, n);
    http->stats.n_routes = n + 1;
    http->stats.routes = calloc(n + 1, sizeof *http->stats.routes);
    if (!http->routes || !http->router || !http->stats.routes)
        return EG_FAIL;
    for (size_t i = 0; i < n; i++) {
        http->routes[i] = routes[i];
        http->stats.routes[i] = (struct eg_route_stats){
            .method = methods[routes[i].method], .pattern = routes[i].pattern, .flow = routes[i].flow};
    }
    http->stats.routes[n] = (struct eg_route_stats){.method = "", .pattern = "none"};
    return EG_OK;
}

eg_status eg_http_start(uv_loop_t *loop, const struct eg_http_config *config, const struct eg_route *routes, size_t n,
                        const struct eg_http_hooks *hooks, void *app, struct eg_http **out, struct eg_err *err) {
    struct eg_http *http = calloc(1, sizeof *http);
    if (!http)
        return eg_err_set(err, EG_E_INTERNAL, NULL, "Memory is out.");
    http->magic = EG_HTTP_MAGIC;
    http->listen_fd = -1;
    http->config = *config;
    set_defaults(&http->config);
    http->loop = loop;
    http->app = app;
    if (hooks)
        http->hooks = *hooks;
    http->budget.max_b = http->config.body_budget_b;
    eg_list_init(&http->ready);
    eg_list_init(&http->conns);
    eg_list_init(&http->idle_requests);
    http->known_layout = strcmp(MHD_get_version(), "0.9.75") == 0;
    if (!http->known_layout)
        eg_warn(NULL, "libmicrohttpd is %s, and lines of a head are judged strictly with 0.9.75 only: bare LF and folded lines pass",
                MHD_get_version());
    raise_descriptors(http->config.max_connections);
    if (copy_routes(http, routes, n) != EG_OK)
        (void)eg_err_set(err, EG_E_INTERNAL, NULL, "Memory is out.");
    else if (listen_on(http, err) == EG_OK && start_daemon(http, err) == EG_OK) {
        start_handles(http);
        http->config.address = NULL; /* the caller's string may go */
        *out = http;
        return EG_OK;
    }
    free_all(http);
    return EG_FAIL;
}

uint16_t eg_http_port(const struct eg_http *http) { return http->port; }

static void on_closed(uv_handle_t *handle) {
    struct eg_http *http = handle->data;
    if (--http->n_handles > 0)
        return;
    void (*drained)(void *) = http->drained;
    void *arg = http->drained_arg;
    free_all(http);
    drained(arg);
}

/* No connection is left. */
static void stop(struct eg_http *http) {
    struct MHD_Daemon *daemon = http->daemon;
    if (!daemon)
        return;
    http->daemon = NULL;
    uv_poll_stop(&http->poll);
    MHD_stop_daemon(daemon);
    uv_close((uv_handle_t *)&http->poll, on_closed);
    uv_close((uv_handle_t *)&http->timer, on_closed);
    uv_close((uv_handle_t *)&http->sweep, on_closed);
    uv_close((uv_handle_t *)&http->again, on_closed);
    uv_close((uv_handle_t *)&http->prepare, on_closed);
    uv_close((uv_handle_t *)&http->check, on_closed);
}

/* Each is told in its turn that the server stops. */
static void tell_streams(struct eg_http *http) {
    for (struct eg_link *at = http->conns.next; at != &http->conns; at = at->next) {
        struct eg_exchange *x = EG_CONTAINER(at, struct eg_conn, link)->exchange;
        if (x && x->phase == EG_PHASE_STREAM)
            eg_exchange_queue(x);
    }
}

void eg_http_drain(struct eg_http *http, void (*done)(void *arg), void *arg) {
    EG_ASSERT(http->magic == EG_HTTP_MAGIC && !http->draining);
    http->drained = done;
    http->drained_arg = arg;
    http->drain_until_us = eg_clock_mono_us() + (int64_t)http->config.drain_deadline_ms * 1000;
    eg_http_drive(http); /* whoever has connected is served: closing the listener would reset them */
    http->draining = true;
    (void)MHD_quiesce_daemon(http->daemon);
    close(http->listen_fd);
    http->listen_fd = -1;
    uv_ref((uv_handle_t *)&http->sweep);
    eg_conn_close_idle(http);
    tell_streams(http);
    uv_timer_start(&http->timer, on_timer, 0, 0);
}

void eg_http_metrics(const struct eg_http *http, struct eg_buf *out) {
    eg_stats_write(&http->stats, out);
    struct eg_http_counts now = eg_http_counts(http);
    eg_buf_printf(out,
                  "# HELP egdb_http_connections Open connections.\n# TYPE egdb_http_connections gauge\n"
                  "egdb_http_connections %llu\n"
                  "# HELP egdb_http_suspended Requests that wait.\n# TYPE egdb_http_suspended gauge\n"
                  "egdb_http_suspended %llu\n"
                  "# HELP egdb_http_streams Answers that are made while they are sent.\n# TYPE egdb_http_streams gauge\n"
                  "egdb_http_streams %llu\n"
                  "# HELP egdb_http_body_bytes Memory held for bodies.\n# TYPE egdb_http_body_bytes gauge\n"
                  "egdb_http_body_bytes %llu\n",
                  (unsigned long long)now.connections, (unsigned long long)now.suspended,
                  (unsigned long long)now.streams, (unsigned long long)now.body_b);
}

struct eg_http_counts eg_http_counts(const struct eg_http *http) {
    return (struct eg_http_counts){http->stats.requests, http->n_conns, http->n_suspended, http->n_streams,
                                   http->budget.used_b};
}
