/* From the text to a plan, from the cache or compiled now, and from the plan to a run with this request's values. */
#include "base/clock.h"
#include "server/query/may.h"
#include "server/query/room.h"

/* The plan's parameters in its own order; all are there, or it would not have been compiled. */
static const struct eg_value *order_values(const struct eg_ask *ask) {
    const struct egql_compiled *compiled = ask->plan->compiled;
    struct eg_value *values = eg_arena_alloc(ask->arena, (compiled->n_params + 1) * sizeof *values);
    for (size_t i = 0; values && i < compiled->n_params; i++) {
        const struct eg_str *name = &compiled->params[i].name;
        size_t at = 0;
        while (at < ask->n_params && (ask->params[at].name.n != name->n ||
                                      memcmp(ask->params[at].name.p, name->p, name->n) != 0)) {
            at++;
        }
        EG_ASSERT(at < ask->n_params);
        values[i] = ask->values[at];
    }
    return values;
}

/* The request's own limit takes the place of the default, and caps what the text says. */
static struct egql_limits limits_of(const struct eg_ask *ask) {
    const struct eg_query_config *config = &ask->query->config;
    struct egql_limits limits = {
        .rows_default = config->rows_default, .rows_most = config->rows_most, .nodes_most = config->nodes_most};
    if (ask->rows_most > 0) {
        limits.rows_most = ask->rows_most < limits.rows_most ? ask->rows_most : limits.rows_most;
        limits.rows_default = limits.rows_most;
    }
    return limits;
}

enum eg_step_result eg_query_compile(struct eg_request *req) {
    struct eg_ask *ask = eg_ask_of(req);
    struct eg_query *query = ask->query;
    bool hit = false;
    if (eg_plan_get(query->cache, query->sources, query->dialect, ask->text, ask->len, ask->params, ask->n_params,
                    ask->arena, &ask->plan, &hit, &ask->diag)) {
        (void)eg_err_set(&ask->err, ask->diag.code, NULL, "%s", ask->diag.message);
        eg_ask_over(ask);
        return eg_ask_problem(ask);
    }
    query->stats.cache_hits += hit;
    query->stats.compiled += !hit;
    if (!eg_query_may(req, ask->plan->compiled->scope)) {
        egql_forbid(ask->plan->compiled, ask->arena, &ask->diag);
        (void)eg_err_set(&ask->err, ask->diag.code, NULL, "%s", ask->diag.message);
        eg_ask_over(ask);
        return eg_ask_problem(ask);
    }
    const struct egql_compiled *compiled = ask->plan->compiled;
    const struct eg_value *values = order_values(ask);
    struct egql_limits *limits = eg_arena_alloc(ask->arena, sizeof *limits);
    if (limits) {
        *limits = limits_of(ask);
        ask->run = values ? egql_run_new(compiled, values, eg_clock_now_us(), limits, ask->arena) : NULL;
    }
    if (!ask->run || !eg_answer_init(&ask->answer, ask->format, compiled->columns, compiled->n_columns, ask->arena)) {
        (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    return EG_MORE;
}
