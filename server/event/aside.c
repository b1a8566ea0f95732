/* What would keep the loop too long is done by a thread of libuv's pool: taking a large body apart, and preparing large events. The
 * thread has the submission, its arena and its request's bytes to itself meanwhile; whatever else it looks at (the registry, patterns,
 * the token's identity) does not change. */
#include "server/event/room.h"

static void work_here(uv_work_t *work) {
    struct eg_submission *sub = work->data;
    sub->hasher = eg_hasher_new();
    sub->aside(sub);
    eg_hasher_free(sub->hasher);
    sub->hasher = NULL;
}

static void work_done(uv_work_t *work, int status) {
    struct eg_submission *sub = work->data;
    struct eg_event *event = sub->event;
    (void)status;
    sub->aside = NULL;
    eg_request_wake(sub->req);
    eg_gather_let_go(event);
}

bool eg_submission_aside(struct eg_submission *sub, void (*run)(struct eg_submission *sub)) {
    EG_ASSERT(!sub->aside);
    sub->aside = run;
    sub->work.data = sub;
    if (uv_queue_work(sub->event->loop, &sub->work, work_here, work_done) != 0) {
        sub->aside = NULL;
        return false;
    }
    sub->event->open_handles++;
    sub->event->stats.asides++;
    return true;
}
