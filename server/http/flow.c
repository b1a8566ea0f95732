/* The one place that moves a request from step to step, and logs it. */
#include "base/clock.h"
#include "server/http/http_int.h"

static void enter(struct eg_exchange *x, size_t step, int64_t now_us) {
    x->step = step;
    x->step_at_us = now_us;
    if (step < x->flow->n_steps)
        eg_debug(&x->pub.log, "flow=%s step=%s", x->flow->name, x->flow->steps[step].name);
}

/* A step's time runs from its entry to its end, the waiting included. */
static void leave(struct eg_exchange *x, int64_t now_us) {
    if (x->step >= EG_STATS_STEPS)
        return;
    x->step_us[x->step] = now_us - x->step_at_us;
    eg_stats_step(&x->http->stats, x->route, x->step, x->step_us[x->step]);
}

static bool no_answer(struct eg_exchange *x) {
    eg_err_clear(&x->pub.err);
    (void)eg_err_set(&x->pub.err, EG_E_INTERNAL, NULL, "The flow %s ended without an answer.", x->flow->name);
    eg_request_problem(&x->pub, NULL);
    return true;
}

bool eg_flow_run(struct eg_exchange *x) {
    if (!x->flow) {
        x->flow = x->http->routes[x->route].flow;
        enter(x, 0, eg_clock_mono_us());
    }
    x->waits = false;
    while (x->step < x->flow->n_steps) {
        x->woken = false;
        enum eg_step_result result = x->flow->steps[x->step].run(&x->pub);
        if (result == EG_WAIT) {
            x->waits = true;
            if (x->woken) { /* by a careless callee, inside the step: it runs again from the loop all the same */
                eg_request_wake(&x->pub);
            }
            return false;
        }
        int64_t now_us = eg_clock_mono_us();
        leave(x, now_us);
        EG_ASSERT((result == EG_STREAM) == x->stream.on);
        if (result == EG_STREAM)
            return true;
        if (result == EG_DONE)
            return x->pub.status > 0 ? true : no_answer(x);
        enter(x, x->step + 1, now_us);
    }
    return x->pub.status > 0 ? true : no_answer(x);
}

void eg_flow_drop(struct eg_exchange *x) {
    const struct eg_flow *flow = x->flow;
    x->waits = false;
    x->flow = NULL;
    if (flow && flow->drop)
        flow->drop(&x->pub);
}

void eg_request_wake(struct eg_request *req) {
    struct eg_exchange *x = eg_exchange_of(req);
    if (x->phase != EG_PHASE_FLOW)
        return;
    if (!x->waits) {
        x->woken = true;
        return;
    }
    eg_exchange_queue(x);
}
