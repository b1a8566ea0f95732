/* The answer's way to the client. Until it fills a window it is kept: a short answer leaves whole, which wakes its client once, and an
 * error that comes before is an HTTP error. A longer one leaves as it is made; the read is paused while the client has a window before
 * it. */
#include "base/clock.h"
#include "server/query/room.h"

#define WINDOW_B ((size_t)128 << 10)

/* The buffer must take a row more. */
static size_t window_b(const struct eg_request *req) { return req->answer.max / 2 < WINDOW_B ? req->answer.max / 2 : WINDOW_B; }
static size_t piece_b(const struct eg_request *req) { return window_b(req) / 8 * 3; } /* is worth a push */

static void pause_read(struct eg_ask *ask) {
    ask->paused = true;
    ask->paused_at_us = eg_clock_mono_us();
    eg_db_read_pause(ask->handle);
}

static void resume_read(struct eg_ask *ask) {
    ask->paused_us += ask->paused ? eg_clock_mono_us() - ask->paused_at_us : 0;
    ask->paused = false;
    eg_db_read_resume(ask->handle);
}

void eg_ask_much(struct eg_ask *ask) {
    struct eg_request *req = ask->req;
    if (ask->paused) {
        return;
    }
    if (!ask->streaming) {
        if (req->answer.len >= window_b(req)) {
            pause_read(ask); /* until the head has left */
            eg_request_wake(req);
        }
    } else if (eg_request_unsent(req) >= piece_b(req)) {
        eg_request_push(req);
        if (eg_request_unsent(req) >= window_b(req)) {
            pause_read(ask);
        }
    }
}

static void write_tail(struct eg_ask *ask) {
    const struct eg_answer_end end = {.truncated = egql_run_truncated(ask->run),
                                      .note = egql_run_note(ask->run),
                                      .took_us = eg_clock_mono_us() - ask->req->started_us,
                                      .err = ask->err.code == EG_E_NONE ? NULL : &ask->err,
                                      .diag = ask->diag.code == EG_E_NONE ? NULL : &ask->diag};
    eg_answer_tail(&ask->answer, &end, &ask->req->answer);
}

void eg_ask_end(struct eg_ask *ask) {
    struct eg_request *req = ask->req;
    eg_ask_over(ask);
    if (!ask->streaming) {
        eg_request_wake(req);
    } else if (ask->err.code != EG_E_NONE && ask->format == EG_FORMAT_CSV) {
        eg_warn(&req->log, "a csv answer is cut after %lld rows: %s", (long long)ask->answer.rows, ask->err.message);
        eg_request_abort(req); /* CSV cannot say it: the client is to notice that the end is missing */
    } else {
        write_tail(ask);
        eg_request_end(req);
    }
}

/* The client has taken much of what lay before it; or the server stops, and the answer ends as an incomplete one. */
static void on_room(struct eg_request *req, bool stopping) {
    struct eg_ask *ask = eg_ask_of(req);
    if (ask->done || !ask->handle) {
        return;
    }
    if (stopping) {
        (void)eg_err_set(&ask->err, EG_E_STOPPING, NULL, "the server is stopping: the rest of the rows is missing");
        eg_db_read_cancel(ask->handle);
    } else if (ask->paused) {
        resume_read(ask);
    }
}

enum eg_step_result eg_query_stream(struct eg_request *req) {
    const struct eg_stream_config config = {.window_b = window_b(req), .compress = true, .room = on_room};
    struct eg_ask *ask = eg_ask_of(req);
    if (ask->done && ask->err.code != EG_E_NONE) {
        return eg_ask_problem(ask);
    }
    if (ask->done) {
        write_tail(ask);
        return eg_request_answer(req, 200, eg_format_type(ask->format));
    }
    enum eg_step_result result = eg_request_stream(req, 200, eg_format_type(ask->format), &config);
    ask->streaming = true;
    eg_ask_streams(ask);
    eg_request_push(req);
    if (eg_request_unsent(req) < config.window_b) { /* else room is called */
        resume_read(ask);
    }
    return result;
}
