/* Materialized views: refreshed on demand (POST /v1/views/refresh), after a series of events has ended, and from time to time. Unasked
 * it happens only to views that have not seen what was written last; one that fails keeps no other back, and its turn comes again with
 * the next time. Aggregates of tokens have a period of their own, as they shall be one
 * minute old at most, with the time that a panel keeps its answer. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/admin/room.h"

#define BODY_MOST_B 65536
#define ASKED_MOST 8 /* refreshes at once; those are counted whose client has gone while the store works */
#define SERIES_WAIT_MS 1000 /* series that end one after another are refreshed for together */

struct view_job { /* lives apart from its request, which may go */
    struct eg_admin *admin;
    struct eg_request *req; /* NULL: nobody asked, or he has gone */
    size_t n, at;
    char *names[EG_VIEWS_MOST];
    int64_t *seen[EG_VIEWS_MOST]; /* unasked: where it is noted that the view has seen position */
    int64_t position;
    json_t *refreshed;
    struct eg_err err;
    bool unasked, done;
};

static void free_job(struct view_job *job) {
    for (size_t i = 0; i < job->n; i++) {
        free(job->names[i]);
    }
    json_decref(job->refreshed);
    free(job);
}

static struct view_job *new_job(struct eg_admin *admin, struct eg_request *req) {
    struct view_job *job = calloc(1, sizeof *job);
    if (job) {
        job->admin = admin;
        job->req = req;
        job->unasked = !req;
        job->refreshed = json_array();
    }
    return job;
}

static bool add_name(struct view_job *job, const char *name) {
    bool room = job->n < EG_VIEWS_MOST;
    if (room) {
        job->names[job->n] = strdup(name);
        room = job->names[job->n] != NULL;
        job->n += room;
    }
    return room;
}

static bool add_all(struct view_job *job) {
    const char *const *names;
    size_t n = eg_db_materialized(job->admin->config.db, &names);
    bool added = true;
    for (size_t i = 0; i < n; i++) {
        added = added && add_name(job, names[i]);
    }
    return added;
}

/* One after another */

static void end_job(struct view_job *job) {
    struct eg_admin *admin = job->admin;
    job->done = true;
    admin->views.asked -= !job->unasked;
    if (job->unasked) {
        admin->views.running = false;
    }
    if (job->req) {
        eg_request_wake(job->req);
    } else {
        free_job(job);
    }
}

static void next_view(struct view_job *job);

/* Nobody waits for it: what it failed on stays late, and the next view is due. */
static void took_unasked(struct view_job *job, const struct eg_err *err) {
    const struct eg_log log = {.object = "views"};
    if (!err) {
        *job->seen[job->at] = job->position;
    } else if (!job->admin->stopping) {
        eg_warn(&log, "%s was not refreshed: %s", job->names[job->at], err->message);
    }
    job->at++;
    next_view(job);
}

static void took_view(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms) {
    struct view_job *job = ctx;
    struct eg_admin *admin = job->admin;
    if (err) {
        admin->views.failed++;
    } else {
        admin->views.refreshed++;
        admin->views.took_ms += (uint64_t)took_ms;
    }
    if (job->unasked) {
        took_unasked(job, err);
        return;
    }
    if (err) {
        job->err = *err;
        end_job(job);
        return;
    }
    json_array_append_new(job->refreshed, json_pack("{s:s, s:I, s:I}", "view", job->names[job->at], "rows", (json_int_t)rows,
                                                    "ms", (json_int_t)took_ms));
    job->at++;
    next_view(job);
}

static void next_view(struct view_job *job) {
    bool left = !job->unasked && !job->req;
    if (job->at < job->n && job->admin->stopping) {
        (void)eg_err_set(&job->err, EG_E_STOPPING, NULL, "the server is stopping: %zu of %zu views were not refreshed",
                         job->n - job->at, job->n);
    }
    if (job->at == job->n || job->admin->stopping || left) {
        end_job(job);
        return;
    }
    eg_db_refresh(job->admin->config.db, job->names[job->at], job->admin->config.views_timeout_ms, took_view, job);
}

/* Unasked */

static const char of_tokens[] = "vw_file_tokens";

static bool add_late(struct view_job *job, const char *name, int64_t *seen) {
    if (*seen == job->position) {
        return true;
    }
    job->seen[job->n] = seen;
    return add_name(job, name);
}

/* What has not seen the position that was read. */
static bool add_unasked(struct view_job *job) {
    struct eg_admin_views *views = &job->admin->views;
    const char *const *names;
    size_t n = eg_db_materialized(job->admin->config.db, &names);
    bool added = n <= EG_VIEWS_MOST;
    job->position = views->position;
    if (views->tokens) {
        return add_late(job, of_tokens, &views->tokens_refreshed);
    }
    for (size_t i = 0; added && i < n; i++) {
        added = add_late(job, names[i], &views->refreshed_at[i]);
    }
    return added;
}

static bool take_position(void *ctx, const struct eg_value *cells, size_t n) {
    struct eg_admin *admin = ctx;
    (void)n;
    admin->views.position = cells[0].i;
    return true;
}

static void took_position(void *ctx, const struct eg_err *err) {
    struct eg_admin *admin = ctx;
    struct eg_admin_views *views = &admin->views;
    struct view_job *job = !err && !admin->stopping ? new_job(admin, NULL) : NULL;
    bool added = job && add_unasked(job);
    views->skipped += added && !job->n && !views->tokens;
    if (!added || !job->n) {
        if (job) {
            free_job(job);
        }
        views->running = false;
        return;
    }
    next_view(job);
}

static void refresh_unasked(struct eg_admin *admin, bool tokens) {
    static const enum eg_type types[] = {EG_INT8};
    static const char *const texts[] = {"SELECT position FROM event_position WHERE id = 1",
                                        "SELECT coalesce((SELECT id FROM delta_tokens ORDER BY id DESC LIMIT 1), 0)"};
    struct eg_admin_views *views = &admin->views;
    const char *const *names;
    if (views->running || admin->stopping || eg_db_materialized(admin->config.db, &names) == 0) {
        return;
    }
    views->running = true;
    views->tokens = tokens;
    views->read = (struct eg_read){.sql = EG_SQL_COUNT, .text = texts[tokens], .n_columns = 1, .column_types = types,
                                   .row = take_position, .done = took_position, .ctx = admin};
    (void)eg_db_read(admin->config.db, &views->read);
}

static void on_tick(uv_timer_t *timer) { refresh_unasked(timer->data, false); }

static void on_tokens_tick(uv_timer_t *timer) { refresh_unasked(timer->data, true); }

static void on_series(uv_timer_t *timer) {
    struct eg_admin *admin = timer->data;
    if (admin->views.running) { /* what runs may have begun before the end of the series */
        uv_timer_start(timer, on_series, SERIES_WAIT_MS, 0);
        return;
    }
    refresh_unasked(admin, false);
}

void eg_admin_series_ended(struct eg_admin *admin) {
    if (!admin->stopping && !uv_is_active((uv_handle_t *)&admin->views.series)) {
        uv_timer_start(&admin->views.series, on_series, SERIES_WAIT_MS, 0);
    }
}

void eg_admin_views_start(struct eg_admin *admin) {
    struct eg_admin_views *views = &admin->views;
    uint64_t every_ms = (uint64_t)admin->config.views_refresh_s * 1000, tokens_ms = (uint64_t)admin->config.tokens_refresh_s * 1000;
    EG_ASSERT(uv_timer_init(admin->config.loop, &views->tick) == 0 && uv_timer_init(admin->config.loop, &views->series) == 0 &&
              uv_timer_init(admin->config.loop, &views->tokens_tick) == 0);
    views->tick.data = views->series.data = views->tokens_tick.data = admin;
    if (tokens_ms) {
        uv_timer_start(&views->tokens_tick, on_tokens_tick, tokens_ms, tokens_ms);
    }
    if (every_ms) {
        uv_timer_start(&views->tick, on_tick, every_ms, every_ms);
    }
}

void eg_admin_views_stop(struct eg_admin *admin) {
    if (!uv_is_closing((uv_handle_t *)&admin->views.tick)) {
        uv_close((uv_handle_t *)&admin->views.tick, NULL);
        uv_close((uv_handle_t *)&admin->views.tokens_tick, NULL);
        uv_close((uv_handle_t *)&admin->views.series, NULL);
    }
}

/* POST /v1/views/refresh */

static eg_status take_list(struct view_job *job, const json_t *body, struct eg_err *err) {
    const json_t *list = json_object_get(body, "views");
    size_t n = json_array_size(list);
    if (!json_is_object(body) || json_object_size(body) != (list ? 1 : 0) || (list && (!json_is_array(list) || n > EG_VIEWS_MOST))) {
        return eg_err_set(err, EG_E_USAGE, "views", "the body is empty, or {\"views\": [names]} with at most %d", EG_VIEWS_MOST);
    }
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const struct eg_table *table = name ? eg_catalogue_table(eg_db_catalogue(job->admin->config.db), name) : NULL;
        if (!name) {
            return eg_err_set(err, EG_E_USAGE, "views", "a view is given by its name");
        }
        if (!table || !table->view) {
            return eg_err_set(err, EG_E_NOT_FOUND, "views", "there is no view %.100s", name);
        }
        if (!add_name(job, name)) {
            return eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory for this request");
        }
    }
    return list || add_all(job) ? EG_OK : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory for this request");
}

static eg_status read_body(struct eg_request *req, struct view_job *job) {
    static const struct eg_json_most most = {BODY_MOST_B, 2 * EG_VIEWS_MOST};
    if (!req->body_len) {
        return add_all(job) ? EG_OK : eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
    }
    json_t *body = eg_request_json(req, req->body, req->body_len, &most);
    if (!body) {
        return EG_FAIL;
    }
    eg_status status = take_list(job, body, &req->err);
    json_decref(body);
    return status;
}

static enum eg_step_result refresh(struct eg_request *req) {
    struct eg_admin *admin = eg_admin_of(req);
    struct view_job *job = req->state;
    if (job) {
        return job->done ? EG_MORE : EG_WAIT;
    }
    if (admin->views.asked >= ASKED_MOST) {
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "%d refreshes run already; wait for one of them to end", ASKED_MOST);
        return eg_request_problem(req, NULL);
    }
    job = new_job(admin, req);
    if (!job) {
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    if (read_body(req, job)) {
        free_job(job);
        return eg_request_problem(req, NULL);
    }
    req->state = job;
    if (!job->n) { /* all views are plain */
        job->done = true;
        return EG_MORE;
    }
    admin->views.asked++;
    eg_request_heed_client(req);
    next_view(job);
    return EG_WAIT;
}

/* What was refreshed before the error stays so: the answer says it too. */
static enum eg_step_result tell_error(struct eg_request *req, const struct view_job *job) {
    struct eg_buf members;
    req->err = job->err;
    eg_buf_init(&members, (size_t)64 << 10);
    eg_buf_str(&members, "\"refreshed\":");
    (void)json_dump_callback(job->refreshed, eg_buf_sink, &members, JSON_COMPACT);
    enum eg_step_result result = eg_request_problem_with(req, NULL, members.failed ? NULL : eg_buf_text(&members));
    eg_buf_free(&members);
    return result;
}

static enum eg_step_result answer(struct eg_request *req) {
    struct view_job *job = req->state;
    if (job->err.code != EG_E_NONE) {
        return tell_error(req, job);
    }
    return eg_admin_answer_json(req, 200, json_pack("{s:O}", "refreshed", job->refreshed));
}

static void drop(struct eg_request *req) {
    struct view_job *job = req->state;
    req->state = NULL;
    if (job && job->done) {
        free_job(job);
    } else if (job) {
        job->req = NULL;
    }
}

static const struct eg_step way[] = {{"refresh", refresh}, {"answer", answer}};
const struct eg_flow eg_flow_views_refresh = {.name = "views_refresh", .n_steps = 2, .steps = way, .drop = drop};
