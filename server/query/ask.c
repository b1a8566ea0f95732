/* The life of a question: it begins with its request and ends with its last read, whichever comes later. */
#include <string.h>

#include "base/clock.h"
#include "server/query/room.h"

#define ASK_MOST_B ((size_t)64 << 20) /* a graph search keeps the nodes that it has seen */

struct eg_ask *eg_ask_begin(struct eg_request *req) {
    struct eg_arena *arena = eg_arena_new(ASK_MOST_B);
    struct eg_ask *ask = arena ? eg_arena_zalloc(arena, sizeof *ask) : NULL;
    if (!ask) {
        eg_arena_free(arena);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return NULL;
    }
    ask->magic = EG_ASK_MAGIC;
    ask->query = eg_query_of(req);
    ask->arena = arena;
    ask->req = req;
    req->state = ask;
    ask->query->stats.running++;
    eg_list_init(&ask->link);
    return ask;
}

struct eg_ask *eg_ask_of(const struct eg_request *req) {
    struct eg_ask *ask = req->state;
    EG_ASSERT(ask && ask->magic == EG_ASK_MAGIC);
    return ask;
}

void eg_ask_free(struct eg_ask *ask) {
    EG_ASSERT(ask->magic == EG_ASK_MAGIC && !ask->handle);
    ask->magic = 0;
    ask->query->stats.running--;
    eg_plan_release(ask->plan);
    eg_arena_free(ask->arena);
}

void eg_ask_drop(struct eg_request *req) {
    if (!req->state) {
        return;
    }
    struct eg_ask *ask = eg_ask_of(req);
    req->state = NULL;
    ask->req = NULL;
    eg_ask_rests(ask);
    if (ask->run && !ask->done) {
        ask->query->stats.abandoned++;
    }
    if (ask->handle) {
        eg_db_read_cancel(ask->handle); /* its end frees */
    } else {
        eg_ask_free(ask);
    }
}

void eg_ask_over(struct eg_ask *ask) {
    struct eg_query_stats *stats = &ask->query->stats;
    EG_ASSERT(!ask->done);
    ask->done = true;
    stats->queries++;
    stats->errors += ask->err.code != EG_E_NONE;
    stats->timeouts += ask->err.code == EG_E_TIMEOUT;
    stats->truncated += ask->run && egql_run_truncated(ask->run);
    stats->rows += (uint64_t)ask->answer.rows;
    stats->us += (uint64_t)(eg_clock_mono_us() - ask->req->started_us);
}

enum eg_step_result eg_ask_problem(struct eg_ask *ask) {
    struct eg_request *req = ask->req;
    struct eg_buf detail, members;
    eg_err_clear(&req->err);
    req->err = ask->err;
    if (ask->diag.code == EG_E_NONE) {
        return eg_request_problem(req, NULL);
    }
    eg_buf_init(&detail, 1U << 20);
    eg_buf_init(&members, 1U << 20);
    egql_diag_print(&ask->diag, ask->text, ask->len, &detail);
    eg_buf_str(&members, "\"diagnostic\":");
    egql_diag_json(&ask->diag, &members);
    enum eg_step_result result = eg_request_problem_with(req, eg_buf_text(&detail), eg_buf_text(&members));
    eg_buf_free(&detail);
    eg_buf_free(&members);
    return result;
}
