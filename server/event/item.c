/* An item's rejection: the first cause is kept. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "server/event/room.h"

#define ERRORS_MOST_B 8192 /* a place and a message, escaped */
#define FAILURE_B 2048     /* room to tell a refusal in, when there is none left … */
#define LETTER_B 262144    /* … and for the dead letter of one event, with its notice */

eg_status eg_item_reject_with(struct eg_item *item, const struct eg_err *err, const char *errors_json) {
    static struct eg_failure no_memory = {
        .err = {.code = EG_E_OVERLOADED, .message = EG_NO_MEMORY_NOW}};
    if (item->failure)
        return EG_FAIL;
    struct eg_failure *failure = eg_arena_alloc(item->of->arena, sizeof *failure);
    item->result = EG_RESULT_REJECTED;
    item->failure = failure ? failure : &no_memory;
    if (!failure)
        return EG_FAIL;
    *failure = (struct eg_failure){.err = *err, .errors_json = errors_json};
    item->dead_letter = !item->letter && eg_code_dead_letter(err->code);
    return EG_FAIL;
}

eg_status eg_item_reject(struct eg_item *item, enum eg_code code, const char *place, const char *format, ...) {
    struct eg_err err = {0};
    char message[sizeof err.message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    eg_err_set(&err, code, place, "%s", message);
    return eg_item_reject_with(item, &err, NULL);
}

eg_status eg_item_too_large(struct eg_item *item) {
    bool alone = item->of->n_items == 1;
    const char *than = eg_arena_over_budget(item->of->arena) ? "there is for all (event.memory_b)" : "a request has";
    eg_item_drop_docs(item); /* the refusal needs room, too */
    eg_arena_extend(item->of->arena, alone ? LETTER_B : FAILURE_B);
    (void)eg_item_reject(item, EG_E_BODY_TOO_LARGE, NULL,
                         alone ? "this event and its rows take more memory than %s: send it as several events"
                               : "the events of this request and their rows take more memory than %s: send fewer at once", than);
    item->dead_letter = alone && !item->letter && item->failure->err.code == EG_E_BODY_TOO_LARGE; /* not when even that found no memory */
    return EG_FAIL;
}

eg_status eg_item_full(struct eg_item *item) {
    if (eg_arena_full(item->of->arena))
        return eg_item_too_large(item);
    return eg_item_reject(item, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
}

const char *eg_failure_errors(struct eg_arena *arena, const struct eg_failure *failure) {
    struct eg_buf buf;
    eg_buf_init(&buf, ERRORS_MOST_B);
    eg_buf_str(&buf, "[{\"pointer\":");
    eg_buf_json_string(&buf, failure->err.place, strlen(failure->err.place));
    eg_buf_str(&buf, ",\"message\":");
    eg_buf_json_string(&buf, failure->err.message, strlen(failure->err.message));
    eg_buf_str(&buf, "}]");
    const char *text = buf.failed ? NULL : eg_arena_dup(arena, buf.data, buf.len);
    eg_buf_free(&buf);
    return text;
}

const char *eg_item_scope(const struct eg_item *item) { return item->letter ? item->letter->scope : item->of->req->who->sub; }

void eg_item_drop_docs(struct eg_item *item) {
    json_decref(item->doc);
    json_decref(item->extra);
    eg_arena_let_go(item->of->arena, item->doc_b);
    item->doc_b = 0;
    item->doc = item->extra = item->env.payload = item->env_doc = item->artifacts_doc = NULL;
}
