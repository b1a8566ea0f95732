/* GET /v1/panels/{name}: reads the parameters, answers from the cache, or waits for a run. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/query/board_int.h"
#include "server/query/may.h"

struct reading {
    struct eg_board_waiter waiter;
    struct eg_request *req;
    struct eg_board_ask ask;
};

/* What was asked */

struct walk {
    struct reading *reading;
    bool failed;
};

static bool take_param(void *ctx, const char *name, const char *value) {
    struct walk *walk = ctx;
    struct eg_board_ask *ask = &walk->reading->ask;
    struct eg_err *err = &walk->reading->req->err;
    struct eg_value ignored;
    if (strcmp(name, "format") == 0) {
        return true;
    }
    size_t i = 0;
    while (i < ask->panel->n_params && strcmp(ask->panel->params[i].name, name) != 0) {
        i++;
    }
    if (i == ask->panel->n_params) {
        struct eg_buf known;
        eg_buf_init(&known, 1024);
        for (i = 0; i < ask->panel->n_params; i++) {
            eg_buf_printf(&known, "%s%s", i ? ", " : "", ask->panel->params[i].name);
        }
        (void)eg_err_set(err, EG_E_PARAM_INVALID, name, "the panel %s has no parameter %.60s; it has: %s", ask->panel->name,
                         name, known.len ? eg_buf_text(&known) : "none");
        eg_buf_free(&known);
        walk->failed = true;
        return false;
    }
    if (ask->given[i] && strcmp(ask->given[i], value) != 0) {
        (void)eg_err_set(err, EG_E_PARAM_INVALID, name, "%s is given twice", name);
        walk->failed = true;
        return false;
    }
    bool empty = !*value && !ask->panel->params[i].required && !ask->panel->params[i].def;
    if (empty) { /* ?branch= is the branch left out */
        return true;
    }
    ask->given[i] = value;
    walk->failed = eg_panel_value(&ask->panel->params[i], value, eg_clock_now_us(), &ignored, err) != EG_OK;
    return !walk->failed;
}

static eg_status read_params(struct reading *reading) {
    struct eg_board_ask *ask = &reading->ask;
    struct walk walk = {reading, false};
    struct eg_value ignored;
    eg_request_queries(reading->req, take_param, &walk);
    if (walk.failed) {
        return EG_FAIL;
    }
    for (size_t i = 0; i < ask->panel->n_params; i++) {
        const struct eg_panel_param *param = &ask->panel->params[i];
        if (!ask->given[i] && param->required &&
            eg_panel_value(param, NULL, 0, &ignored, &reading->req->err) != EG_OK) {
            return EG_FAIL;
        }
        ask->given[i] = ask->given[i] ? ask->given[i] : param->def;
    }
    return EG_OK;
}

/* Values are at most 2,000 bytes and hold no NUL, which parts them here. */
static bool make_key(struct reading *reading) {
    struct eg_board_ask *ask = &reading->ask;
    struct eg_buf key;
    eg_buf_init(&key, (size_t)64 << 10);
    eg_buf_printf(&key, "%s %d", ask->panel->name, (int)ask->format);
    for (size_t i = 0; i < ask->panel->n_params; i++) {
        eg_buf_char(&key, ask->given[i] ? 1 : 2);
        if (ask->given[i]) {
            eg_buf_add(&key, ask->given[i], strlen(ask->given[i]) + 1);
        }
    }
    ask->key = (struct eg_str){key.failed ? NULL : eg_arena_dup(reading->req->arena, key.data, key.len), key.len};
    eg_buf_free(&key);
    return ask->key.p;
}

/* The answer */

static bool is_known(const struct eg_request *req, const char *etag) {
    const char *known = eg_request_header(req, "If-None-Match");
    const char *bare = etag + 2; /* weak comparison: W/ does not count */
    return known && (strcmp(known, "*") == 0 || strstr(known, bare));
}

static enum eg_step_result answer_with(struct eg_request *req, const struct eg_panel *panel, enum eg_format format,
                                       const struct eg_board_answer *answer) {
    char control[64];
    int64_t left_us = answer->made_us + panel->cache_us - eg_clock_mono_us();
    (void)snprintf(control, sizeof control, "private, max-age=%lld", (long long)(left_us > 0 ? left_us / 1000000 : 0));
    eg_request_add_header(req, "Cache-Control", control);
    eg_request_add_header(req, "ETag", answer->etag);
    eg_request_add_header(req, "Vary", "Accept");
    if (is_known(req, answer->etag)) {
        return eg_request_answer(req, 304, NULL);
    }
    eg_buf_add(&req->answer, answer->body, answer->len);
    return eg_request_answer(req, 200, eg_format_type(format));
}

static void wake(struct eg_board_waiter *waiter) {
    struct reading *reading = EG_CONTAINER(waiter, struct reading, waiter);
    eg_request_wake(reading->req);
}

static enum eg_step_result ask(struct eg_request *req) {
    struct eg_board *board = req->app;
    struct reading *reading = req->state;
    EG_ASSERT(board && board->magic == EG_BOARD_MAGIC);
    if (reading) {
        return reading->waiter.done ? EG_MORE : EG_WAIT;
    }
    reading = eg_arena_zalloc(req->arena, sizeof *reading);
    if (!reading) {
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    reading->req = req;
    reading->waiter.wake = wake;
    reading->ask.panel = eg_panels_find(board->config.panels, req->param);
    if (!reading->ask.panel) {
        (void)eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "no panel %.64s is declared; GET /v1/panels lists them", req->param);
        return eg_request_problem(req, NULL);
    }
    if (!eg_query_may(req, reading->ask.panel->scope)) {
        (void)eg_err_set(&req->err, EG_E_FORBIDDEN, NULL, "the panel %s needs a token whose scope holds %s too", req->param,
                         json_string_value(json_object_get(reading->ask.panel->document, "scope")));
        return eg_request_problem(req, NULL);
    }
    if (eg_format_asked(req, &reading->ask.format) || read_params(reading)) {
        return eg_request_problem(req, NULL);
    }
    board->stats.asked++;
    struct eg_board_answer *kept =
        make_key(reading) ? eg_board_find(board, &reading->ask.key, eg_clock_mono_us()) : NULL;
    if (kept) {
        board->stats.from_cache++;
        return answer_with(req, reading->ask.panel, reading->ask.format, kept);
    }
    req->state = reading;
    eg_request_heed_client(req);
    if (!reading->ask.key.p || !eg_board_join(board, &reading->ask, &reading->waiter)) {
        req->state = NULL;
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    return EG_WAIT;
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct reading *reading = req->state;
    if (!reading->waiter.answer) {
        req->err = reading->waiter.err;
        return eg_request_problem(req, NULL);
    }
    return answer_with(req, reading->ask.panel, reading->ask.format, reading->waiter.answer);
}

static void drop(struct eg_request *req) {
    struct reading *reading = req->state;
    req->state = NULL;
    if (reading && !reading->waiter.done) {
        eg_board_leave(&reading->waiter);
    } else if (reading) {
        eg_board_let_go(reading->waiter.answer);
    }
}

static const struct eg_step way[] = {{"ask", ask}, {"answer", answer}};
const struct eg_flow eg_flow_panel_get = {.name = "panel_get", .n_steps = 2, .steps = way, .drop = drop};
