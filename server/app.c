/* Puts the rooms together and takes them apart: opens the store, the registry, auth, the event room and the HTTP
 * server, binds routes to flows, serves, and at SIGTERM or SIGINT answers what is in flight before it closes all in the
 * reverse order. */
#include "server/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/migrate.h"
#include "server/admin/admin.h"
#include "server/event/event.h"
#include "server/http/http.h"
#include "server/notify.h"
#include "server/query/board.h"
#include "server/query/query.h"
#include "server/version.h"

#define APP_MAGIC 0x45474150u
#define N_SIGNALS 2

struct eg_app {
    uint32_t magic;
    const struct eg_config *config;
    uv_loop_t loop;
    uv_signal_t signals[N_SIGNALS];
    int n_signals; /* watched */
    struct eg_db *db;
    struct eg_registry *registry;
    struct eg_panels *panels;
    struct eg_board *board;
    struct eg_auth *auth;
    enum eg_auth_mode auth_mode;
    struct eg_event *event;
    struct eg_query *query;
    struct eg_admin *admin;
    struct eg_http *http;
    struct eg_log log;
    char address[EG_ADDRESS_B];
    uint16_t port;
    char openapi[512];
    const char **topics; /* their names, for completion */
    bool stopping;
};

/* Every request with a token passes here. */
static bool authorize(void *ctx, struct eg_request *req, uint32_t needed) {
    const struct eg_app *app = ctx;
    char challenge[EG_AUTH_CHALLENGE_B];
    const char *header = eg_request_header(req, "Authorization");
    if (eg_auth_verify(app->auth, header, eg_clock_now_us(), req->arena, &req->who, &req->err) == EG_OK &&
        eg_auth_require(req->who, needed, &req->err) == EG_OK) {
        return true;
    }
    eg_auth_challenge(&req->err, needed, challenge);
    eg_request_add_header(req, "WWW-Authenticate", challenge);
    return false;
}

/* Figures: what each room counts, by the names of metrics.def. */

#define TAKE(figure, counted) figures->figure = (double)stats.counted;

static void collect_event(const struct eg_event *event, struct eg_figures *figures) {
    struct eg_event_stats stats;
    eg_event_stats(event, &stats);
    TAKE(events_stored, stored) TAKE(events_duplicate, duplicates) TAKE(events_rejected, rejected)
    TAKE(events_conflict, conflicts) TAKE(events_dead, dead_letters) TAKE(events_overload, overloaded) TAKE(events_aside, asides)
    TAKE(batches, batches) TAKE(batch_events, batch_events) TAKE(batch_splits, splits) TAKE(batch_guesses, guesses)
    TAKE(batch_wrong, guesses_wrong) TAKE(batch_retries, retries) TAKE(rows, rows) TAKE(rows_waiting, rows_waiting)
    TAKE(queue_events, queue_events) TAKE(queue_b, queue_b) TAKE(memory_b, memory_b) TAKE(position, position)
    figures->commit_count = stats.batches;
    figures->commit_seconds = (double)stats.commit_us_sum / 1e6;
    for (int i = 0; i < EG_FIGURES_COMMIT_BUCKETS; i++) {
        figures->commit_buckets[i] = stats.commit_buckets[i];
    }
}

static void collect_tail(const struct eg_event *event, struct eg_figures *figures) {
    struct eg_tail_stats stats;
    eg_event_tail_stats(event, &stats);
    TAKE(streams, open) TAKE(streams_opened, opened) TAKE(streams_refused, refused) TAKE(streams_sent, sent)
    TAKE(streams_pages, pages) TAKE(streams_resyncs, resyncs)
}

static void collect_board(const struct eg_board *board, struct eg_figures *figures) {
    struct eg_board_stats stats;
    eg_board_stats(board, &stats);
    TAKE(panels_asked, asked) TAKE(panels_cached, from_cache) TAKE(panels_shared, shared) TAKE(panels_runs, runs)
    TAKE(panels_failed, failed) TAKE(panels_kept, cached) TAKE(panels_kept_b, cached_b)
}

static void collect_query(const struct eg_query *query, struct eg_figures *figures) {
    struct eg_query_stats stats;
    eg_query_stats(query, &stats);
    TAKE(queries, queries) TAKE(query_errors, errors) TAKE(query_timeouts, timeouts) TAKE(query_abandoned, abandoned)
    TAKE(query_truncated, truncated) TAKE(query_rows, rows) TAKE(query_compiled, compiled)
    TAKE(query_cache_hits, cache_hits) TAKE(query_cached, cached) TAKE(query_running, running)
    figures->query_s = (double)stats.us / 1e6;
}

#undef TAKE

static void collect(void *ctx, struct eg_figures *figures) {
    const struct eg_app *app = ctx;
    collect_event(app->event, figures);
    collect_tail(app->event, figures);
    collect_board(app->board, figures);
    collect_query(app->query, figures);
}

static void append(void *ctx, struct eg_buf *out) {
    const struct eg_app *app = ctx;
    eg_http_metrics(app->http, out);
}

/* The stop, each step called by the end of the one before */

static void closed(void *ctx) {
    struct eg_app *app = ctx;
    app->db = NULL;
    for (int i = 0; i < app->n_signals; i++) {
        uv_close((uv_handle_t *)&app->signals[i], NULL);
    }
}

static void drained_event(void *ctx) {
    struct eg_app *app = ctx;
    eg_event_close(app->event);
    app->event = NULL;
    eg_db_close(app->db, closed, app);
}

static void drained_http(void *ctx) {
    struct eg_app *app = ctx;
    app->http = NULL;
    eg_event_drain(app->event, drained_event, app);
}

/* Later signals change nothing: a terminal's Ctrl-C often comes together with a supervisor's SIGTERM. */
static void on_signal(uv_signal_t *handle, int number) {
    struct eg_app *app = handle->data;
    EG_ASSERT(app->magic == APP_MAGIC);
    if (app->stopping) {
        return;
    }
    app->stopping = true;
    eg_info(&app->log, "%s: answering what is in flight, then stopping", number == SIGINT ? "SIGINT" : "SIGTERM");
    eg_notify("STOPPING=1");
    eg_admin_stopping(app->admin);
    eg_http_drain(app->http, drained_http, app);
}

static eg_status watch_signals(struct eg_app *app, struct eg_err *err) {
    static const int numbers[N_SIGNALS] = {SIGTERM, SIGINT};
    for (int i = 0; i < N_SIGNALS; i++) {
        app->signals[i].data = app;
        if (uv_signal_init(&app->loop, &app->signals[i])) {
            return eg_err_set(err, EG_E_INTERNAL, NULL, "signals cannot be watched");
        }
        app->n_signals++;
        if (uv_signal_start(&app->signals[i], on_signal, numbers[i])) {
            return eg_err_set(err, EG_E_INTERNAL, NULL, "signals cannot be watched");
        }
    }
    return EG_OK;
}

/* The start */

/* The context of a route's flow; a flow that is not listed is the admin room's. */
static void *room_of(const struct eg_app *app, const struct eg_flow *flow) {
    const struct {
        const struct eg_flow *flow;
        void *room;
    } rooms[] = {
        {&eg_flow_events_post, app->event},   {&eg_flow_event_get, app->event},
        {&eg_flow_events_list, app->event},   {&eg_flow_events_stream, app->event},
        {&eg_flow_sarif_post, app->event},
        {&eg_flow_dlq_redrive, app->event},   {&eg_flow_dlq_delete, app->event},
        {&eg_flow_query, app->query},         {&eg_flow_query_explain, app->query},
        {&eg_flow_query_complete, app->query}, {&eg_flow_sources_list, app->query},
        {&eg_flow_panels_list, app->board},   {&eg_flow_panel_get, app->board},
    };
    for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
        if (rooms[i].flow == flow) {
            return rooms[i].room;
        }
    }
    return app->admin;
}

/* Never less than a taken event may need: its wait for the store and the round in flight. */
static unsigned drain_deadline_ms(const struct eg_config *c) {
    int64_t least_ms = c->event_store_wait_ms + 2 * c->store_write_timeout_ms + 1000;
    return (unsigned)(c->http_drain_deadline_ms > least_ms ? c->http_drain_deadline_ms : least_ms);
}

/* Without auth, and in most tests and development, all clients are on this machine. */
static unsigned connections_per_ip(const struct eg_app *app) {
    bool given = app->config->from[EG_OPT_http_max_connections_per_ip] != EG_FROM_DEFAULT;
    return given || !eg_auth_is_loopback(app->address) ? (unsigned)app->config->http_max_connections_per_ip : 0;
}

static eg_status start_http(struct eg_app *app, struct eg_err *err) {
    const struct eg_config *c = app->config;
    struct eg_route routes[] = {
#define X(verb, path, needed, way, queries) {EG_HTTP_##verb, path, EG_SCOPE_##needed, &eg_flow_##way, NULL, queries},
#include "server/http/routes.def"
#undef X
    };
    size_t n = sizeof(routes) / sizeof(routes[0]);
    for (size_t i = 0; i < n; i++) {
        routes[i].app = room_of(app, routes[i].flow);
    }
    const struct eg_http_config http = {
        .address = app->address,
        .port = app->port,
        .local_only = app->auth_mode == EG_AUTH_NONE,
        .max_connections = (unsigned)c->http_max_connections,
        .max_connections_per_ip = connections_per_ip(app),
        .idle_timeout_ms = (unsigned)c->http_idle_timeout_ms,
        .request_deadline_ms = (unsigned)c->http_request_deadline_ms,
        .drain_deadline_ms = drain_deadline_ms(c),
        .max_body_b = (size_t)c->http_max_body_b,
        .body_budget_b = (size_t)c->http_body_budget_b,
        .max_answer_b = (size_t)c->http_max_answer_b,
        .arena_max_b = (size_t)c->http_arena_max_b,
        .access_log = c->http_access_log,
        .no_compression = !c->http_compression,
    };
    static const struct eg_http_hooks hooks = {authorize};
    return eg_http_start(&app->loop, &http, routes, n, &hooks, app, &app->http, err);
}

static void series_ended(void *ctx) {
    const struct eg_app *app = ctx;
    eg_admin_series_ended(app->admin);
}

static eg_status start_event(struct eg_app *app, struct eg_err *err) {
    const struct eg_config *c = app->config;
    const struct eg_event_config event = {
        .batch_most_events = (size_t)c->event_batch_most_events,
        .batch_most_b = (size_t)c->event_batch_most_b,
        .queue_most_events = (size_t)c->event_queue_most_events,
        .queue_most_b = (size_t)c->event_queue_most_b,
        .memory_b = (size_t)c->event_memory_b,
        .sender_most_events = (size_t)c->event_sender_most_events,
        .request_most_events = (size_t)c->event_request_most_events,
        .store_wait_ms = (int)c->event_store_wait_ms,
        .refuse_secrets = strcasecmp(c->event_secrets, "refuse") == 0,
        .group_commit = c->event_group_commit,
        .list_rows = c->query_list_rows,
        .tail = {.heartbeat_ms = c->stream_heartbeat_ms,
                 .poll_ms = c->stream_poll_ms,
                 .most = c->stream_most,
                 .window_b = (size_t)c->stream_window_b},
        .series_topic = c->views_after_topic,
        .series_ended = series_ended,
        .series_ctx = app,
    };
    return eg_event_open(&app->loop, app->db, app->registry, &event, &app->event, err);
}

static eg_status start_board(struct eg_app *app, const char *spec, struct eg_err *err) {
    const struct eg_config *c = app->config;
    if (eg_panels_load(spec, &app->panels, err)) {
        return EG_FAIL;
    }
    const struct eg_board_config board = {.db = app->db,
                                          .panels = app->panels,
                                          .sources = eg_query_sources(app->query),
                                          .cache_most_b = (size_t)c->panels_cache_b,
                                          .rows_most = c->panels_rows_most,
                                          .nodes_most = c->query_nodes_most,
                                          .timeout_ms = (int)c->store_read_timeout_ms};
    return eg_board_open(&board, &app->board, err) || eg_board_check(app->board, &app->loop, err) ? EG_FAIL : EG_OK;
}

static eg_status start_query(struct eg_app *app, const char *spec, struct eg_err *err) {
    const struct eg_config *c = app->config;
    const struct eg_topic *const *topics;
    size_t n = eg_registry_topics(app->registry, &topics);
    app->topics = calloc(n + 1, sizeof(*app->topics));
    if (!app->topics) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    for (size_t i = 0; i < n; i++) {
        app->topics[i] = topics[i]->name;
    }
    const struct eg_query_config query = {
        .loop = &app->loop,
        .timeout_ms = (int)c->query_timeout_ms,
        .timeout_most_ms = (int)c->query_timeout_most_ms,
        .rows_default = c->query_rows_default,
        .rows_most = c->query_rows_most,
        .nodes_most = c->query_nodes_most,
        .client_wait_s = (int)c->query_client_wait_s,
        .cache_plans = (size_t)c->query_cache_plans,
        .n_topics = n,
        .topics = app->topics,
    };
    return eg_query_open(app->db, spec, &query, &app->query, err);
}

static eg_status start_admin(struct eg_app *app, struct eg_err *err) {
    const struct eg_admin_config admin = {
        .loop = &app->loop,
        .views_refresh_s = app->config->views_refresh_s,
        .tokens_refresh_s = app->config->views_tokens_refresh_s,
        .views_timeout_ms = (int)app->config->views_timeout_ms,
        .list_rows = app->config->query_list_rows,
        .db = app->db,
        .registry = app->registry,
        .version = EG_VERSION,
        .schema_version = eg_migrate_newest(),
        .auth = eg_auth_mode_name(app->auth_mode),
        .openapi_file = app->openapi,
        .web_dir = app->config->server_web_dir,
        .collect = collect,
        .append = append,
        .ctx = app,
    };
    return eg_admin_open(&admin, &app->admin, err);
}

static void report_step(void *ctx, const struct eg_migrate_step *step) {
    const struct eg_app *app = ctx;
    eg_info(&app->log, "migrated the database: %s (%d ms)", step->name, step->elapsed_ms);
}

/* A database of this program's own is made and brought up to date; one on a server is left to its keeper. */
static eg_status prepare_store(struct eg_app *app, struct eg_err *err) {
    char dir[512];
    const char *dsn = app->config->store_dsn;
    const char *given = app->config->server_migrations;
    if (!eg_db_is_private(dsn)) {
        return EG_OK;
    }
    if (eg_migrate_find(*given ? given : NULL, dir, sizeof(dir), err)) {
        return EG_FAIL;
    }
    return eg_migrate_up(dsn, dir, EG_MIGRATE_NEWEST, report_step, app, err);
}

static eg_status check(struct eg_app *app, struct eg_auth_config *auth, char *spec, size_t size_b, struct eg_err *err) {
    const struct eg_config *c = app->config;
    if (eg_config_listen(c, app->address, &app->port, err) || eg_app_auth_config(c, auth, err) ||
        eg_auth_check_listen(auth->mode, app->address, err)) {
        return EG_FAIL;
    }
    app->auth_mode = auth->mode;
    return eg_config_find(c->server_spec, "spec", "server.spec", spec, size_b, err) ||
                   eg_config_find(c->server_openapi, "openapi.yaml", "server.openapi", app->openapi,
                                  sizeof(app->openapi), err)
               ? EG_FAIL
               : EG_OK;
}

static eg_status start(struct eg_app *app, struct eg_err *err) {
    struct eg_auth_config auth;
    char spec[512];
    if (check(app, &auth, spec, sizeof(spec), err) || eg_auth_open(&auth, &app->auth, err) || prepare_store(app, err)) {
        return EG_FAIL;
    }
    struct eg_db_config db = eg_app_db_config(app->config);
    db.exclusive = true;
    if (eg_db_open(&app->loop, &db, &app->db, err) ||
        eg_registry_load(spec, eg_db_catalogue(app->db), &app->registry, err) || start_event(app, err) ||
        start_query(app, spec, err) || start_board(app, spec, err) || start_admin(app, err) || watch_signals(app, err)) {
        return EG_FAIL;
    }
    return start_http(app, err);
}

static void banner(const struct eg_app *app) {
    const struct eg_topic *const *topics;
    bool v6 = app->config->server_listen[0] == '[';
    fprintf(stderr, "EGDB %s\n  url    http://%s%s%s:%u\n  store  %s\n  auth   %s\n  topics %zu\n", EG_VERSION,
            v6 ? "[" : "", app->address, v6 ? "]" : "", (unsigned)eg_http_port(app->http), eg_db_where(app->db),
            app->auth_mode == EG_AUTH_NONE ? "none: everybody on this machine may do everything"
                                           : eg_auth_mode_name(app->auth_mode),
            eg_registry_topics(app->registry, &topics));
    fflush(stderr);
}

static void raise_descriptors(int64_t wanted) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < (rlim_t)wanted) {
        limit.rlim_cur =
            limit.rlim_max == RLIM_INFINITY || limit.rlim_max > (rlim_t)wanted ? (rlim_t)wanted : limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void close_if_open(uv_handle_t *handle, void *arg) {
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* After a start that failed half-way what is open is closed in the reverse order; the store may be filling rows already. */
static void abandon(struct eg_app *app) {
    if (app->admin) {
        eg_admin_stopping(app->admin);
    }
    if (app->event) {
        eg_event_drain(app->event, drained_event, app);
    } else if (app->db) {
        eg_db_close(app->db, closed, app);
    } else {
        closed(app);
    }
    uv_run(&app->loop, UV_RUN_DEFAULT);
}

static void free_rest(struct eg_app *app) {
    eg_admin_close(app->admin);
    eg_board_close(app->board);
    eg_panels_free(app->panels);
    eg_query_close(app->query);
    free(app->topics);
    eg_registry_free(app->registry);
    eg_auth_close(app->auth);
    uv_walk(&app->loop, close_if_open, NULL);
    uv_run(&app->loop, UV_RUN_DEFAULT);
    uv_loop_close(&app->loop);
}

enum eg_exit eg_app_serve(const struct eg_config *config) {
    struct eg_app app = {.magic = APP_MAGIC, .config = config, .log = {.object = "server"}};
    struct eg_err err = {0};
    signal(SIGPIPE, SIG_IGN);
    (void)setenv("UV_THREADPOOL_SIZE", "8", 0); /* refreshes, reports, dialling, compression: libuv's four would wait for each other */
    raise_descriptors(config->server_open_files);
    if (uv_loop_init(&app.loop)) {
        fprintf(stderr, "egdb serve: no event loop can be made\n");
        return EG_EXIT_FAILED;
    }
    if (start(&app, &err)) {
        fprintf(stderr, "egdb serve: %s%s%s%s\n", err.message, *err.place ? " (" : "", err.place,
                *err.place ? ")" : "");
        abandon(&app);
        free_rest(&app);
        return eg_exit_of(&err);
    }
    banner(&app);
    eg_notify("READY=1");
    uv_run(&app.loop, UV_RUN_DEFAULT);
    free_rest(&app);
    eg_info(&app.log, "stopped");
    return EG_EXIT_OK;
}
