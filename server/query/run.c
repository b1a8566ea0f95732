/* The statements of a question, one after another: those that look names up give their rows to the run, the answer's go into the
 * answer as they come. */
#include "base/clock.h"
#include "server/query/room.h"

/* EG_FAIL: the time is over. The pauses of a slow client do not count; they come with the answer, and nothing runs after it. */
static eg_status time_left(struct eg_ask *ask, int *left_ms) {
    int64_t gone_ms = (eg_clock_mono_us() - ask->req->started_us) / 1000;
    if (gone_ms >= ask->timeout_ms) {
        return eg_err_set(&ask->err, EG_E_TIMEOUT, NULL, "the query took longer than its time");
    }
    *left_ms = ask->timeout_ms - (int)gone_ms;
    return EG_OK;
}

static bool take_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct eg_ask *ask = ctx;
    EG_ASSERT(n == ask->read.n_columns);
    if (ask->explained && ask->statement.answer) {
        egql_explained_row(ask->explained, cells);
        return true;
    }
    bool wanted = egql_run_row(ask->run, cells);
    if (!wanted || !ask->statement.answer) {
        return wanted;
    }
    struct eg_buf *out = &ask->req->answer;
    eg_answer_row(&ask->answer, cells, out);
    if (out->failed) {
        (void)eg_err_set(&ask->err, EG_E_ANSWER_TOO_LARGE, NULL, "a row does not fit into http.max_answer_b (%zu bytes)", out->max);
        return false;
    }
    eg_ask_much(ask);
    return true;
}

static void read_done(void *ctx, const struct eg_err *err) {
    struct eg_ask *ask = ctx;
    ask->handle = NULL;
    ask->paused = false;
    eg_ask_rests(ask);
    if (!ask->req) {
        eg_ask_free(ask);
        return;
    }
    if (err && err->code != EG_E_TIMEOUT && ask->err.code == EG_E_NONE) {
        ask->err = *err;
    } else if (err && ask->err.code == EG_E_NONE) {
        (void)eg_err_set(&ask->err, EG_E_TIMEOUT, NULL, "the query took longer than its %d ms: narrow it, or ask for more"
                         " by timeout_ms (at most %d)", ask->timeout_ms, ask->query->config.timeout_most_ms);
    }
    if (ask->err.code != EG_E_NONE || (ask->explained && ask->statement.answer)) {
        eg_ask_end(ask);
    } else {
        eg_ask_next(ask);
    }
}

/* NULL: the arena is full. */
static const struct egql_statement *to_run(struct eg_ask *ask) {
    if (!ask->explained || !ask->statement.answer) {
        return &ask->statement;
    }
    egql_explain_statement(ask->query->dialect, &ask->statement, ask->arena, &ask->explaining);
    return eg_arena_failed(ask->arena) ? NULL : &ask->explaining;
}

void eg_ask_next(struct eg_ask *ask) {
    int left_ms = 0;
    if (!egql_run_next(ask->run, &ask->statement, &ask->diag)) {
        if (ask->diag.code != EG_E_NONE) {
            (void)eg_err_set(&ask->err, ask->diag.code, NULL, "%s", ask->diag.message);
        }
        eg_ask_end(ask);
        return;
    }
    const struct egql_statement *statement = to_run(ask);
    if (!statement) {
        (void)eg_err_set(&ask->err, EG_E_ANSWER_TOO_LARGE, NULL, "the query needs more memory than one may have");
    }
    if (!statement || time_left(ask, &left_ms)) {
        eg_ask_end(ask);
        return;
    }
    ask->read = (struct eg_read){.sql = EG_SQL_COUNT,
                                 .text = statement->sql,
                                 .n_params = statement->n_params,
                                 .params = statement->params,
                                 .param_types = statement->param_types,
                                 .n_columns = statement->n_columns,
                                 .column_types = statement->column_types,
                                 .timeout_ms = left_ms,
                                 .pausable = ask->statement.answer && !ask->explained,
                                 .lengthy = true,
                                 .by_key = statement == &ask->statement && statement->by_key,
                                 .row = take_row,
                                 .done = read_done,
                                 .ctx = ask};
    ask->handle = eg_db_read(ask->query->db, &ask->read);
}

enum eg_step_result eg_query_run(struct eg_request *req) {
    struct eg_ask *ask = eg_ask_of(req);
    if (!ask->done && !ask->handle) {
        eg_request_heed_client(req);
        eg_answer_head(&ask->answer, &req->answer);
        eg_ask_next(ask);
    }
    return ask->done || ask->paused ? EG_MORE : EG_WAIT;
}
