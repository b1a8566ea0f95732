/* DELETE /v1/dlq/{id}: one dead letter goes, and an event tells of it, in one transaction of the event path. */
#include <string.h>

#include "server/event/room.h"

#define SUBMISSION_MOST_B ((size_t)1 << 20)

static enum eg_step_result take(struct eg_request *req) {
    struct eg_event *event = req->app;
    struct eg_arena *arena = eg_arena_new(SUBMISSION_MOST_B);
    struct eg_submission *sub = arena ? eg_arena_zalloc(arena, sizeof *sub) : NULL;
    struct eg_item *item = arena ? eg_arena_zalloc(arena, sizeof *item) : NULL;
    struct eg_letter *letter = arena ? eg_arena_zalloc(arena, sizeof *letter) : NULL;
    if (!sub || !item || !letter) {
        eg_arena_free(arena);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
        return eg_request_problem(req, NULL);
    }
    *letter = (struct eg_letter){.remove = true, .id = req->param, .scope = req->who->sub};
    *item = (struct eg_item){.of = sub, .letter = letter};
    *sub = (struct eg_submission){.magic = EG_SUBMISSION_MAGIC, .event = event, .req = req, .arena = arena,
                                    .key = eg_request_header(req, "Idempotency-Key"), .items = item, .n_items = 1};
    req->state = sub;
    if (eg_gather_reserve(event, sub, strlen(req->param), &req->err) != EG_OK)
        return eg_request_problem(req, NULL);
    return EG_MORE;
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_submission *sub = req->state;
    const struct eg_item *item = &sub->items[0];
    if (item->result == EG_RESULT_REJECTED) {
        req->err = item->failure->err;
        return eg_request_problem(req, NULL);
    }
    eg_buf_str(&req->answer, "{\"id\":");
    eg_buf_json_string(&req->answer, req->param, strlen(req->param));
    eg_buf_printf(&req->answer, ",\"status\":\"deleted\",\"position\":%lld}\n", (long long)item->position);
    return eg_request_answer(req, 200, "application/json");
}

static const struct eg_step way[] = {{"take", take}, {"gather", eg_event_gather}, {"store", eg_event_store}, {"answer", answer}};
const struct eg_flow eg_flow_dlq_delete = {
    .name = "dlq_delete", .n_steps = 4, .steps = way, .drop = eg_submission_drop, .held = eg_submission_held};
