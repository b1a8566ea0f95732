/* Takes a request's body apart: which form it has (one event, an array, NDJSON, CloudEvents), and where each event begins and
 * ends. Nothing is parsed here. */
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/jscan.h"
#include "server/event/room.h"

#define SUBMISSION_MOST_B ((size_t)192 << 20)

struct media {
    const char *type;
    enum eg_form form; /* EG_FORM_ONE: an object, or an array when it begins with one */
    bool cloudevents;
    bool array_only;
};

static const struct media medias[] = {
    {"application/json", EG_FORM_ONE, false, false},
    {"application/x-ndjson", EG_FORM_NDJSON, false, false},
    {"application/ndjson", EG_FORM_NDJSON, false, false},
    {"application/jsonl", EG_FORM_NDJSON, false, false},
    {"application/cloudevents+json", EG_FORM_ONE, true, false},
    {"application/cloudevents-batch+json", EG_FORM_ARRAY, true, true},
};

static bool charset_is_utf8(const char *parameters) {
    const char *charset = strcasestr(parameters, "charset=");
    if (!charset)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 || strncasecmp(charset, "us-ascii", 8) == 0;
}

static const struct media *media_of(struct eg_request *req) {
    const char *type = eg_request_header(req, "Content-Type");
    if (!type && eg_request_header(req, "Origin")) { /* what a browser sends to others without asking them first */
        eg_err_set(&req->err, EG_E_MEDIA_TYPE, NULL, "a page says what it sends: Content-Type is application/json, for instance");
        return NULL;
    }
    if (!type)
        return &medias[0];
    size_t len = strcspn(type, "; \t");
    for (size_t i = 0; i < sizeof medias / sizeof medias[0]; i++) {
        if (strlen(medias[i].type) == len && strncasecmp(type, medias[i].type, len) == 0 && charset_is_utf8(type + len))
            return &medias[i];
    }
    eg_err_set(&req->err, EG_E_MEDIA_TYPE, NULL,
               "Content-Type `%.80s` is not accepted here; send application/json, application/x-ndjson, "
               "application/cloudevents+json or application/cloudevents-batch+json, in UTF-8",
               type);
    return NULL;
}

static eg_status read_switch(struct eg_request *req, const char *name, const char *off, const char *on, bool *value) {
    const char *text = eg_request_query(req, name);
    *value = text && strcmp(text, on) == 0;
    if (!text || *value || strcmp(text, off) == 0)
        return EG_OK;
    return eg_err_set(&req->err, EG_E_USAGE, NULL, "%s=%.40s is unknown; use %s=%s or %s=%s", name, text, name, on, name, off);
}

static struct eg_str trim(const char *p, size_t n) {
    while (n && strchr(" \t\r\n", *p) && *p)
        p++, n--;
    while (n && p[n - 1] && strchr(" \t\r\n", p[n - 1]))
        n--;
    return (struct eg_str){p, n};
}

/* The next event's bytes; 1, 0 at the end, −1 when the array is broken. *at moves. */
static int next_piece(struct eg_request *req, const struct eg_submission *sub, size_t *at, struct eg_str *piece) {
    if (sub->form == EG_FORM_ARRAY)
        return eg_jscan_element(req->body, req->body_len, at, piece, &req->err);
    while (*at < req->body_len) {
        const char *line = req->body + *at;
        const char *end = memchr(line, '\n', req->body_len - *at);
        size_t len = end ? (size_t)(end - line) : req->body_len - *at;
        *at += len + (end != NULL);
        *piece = trim(line, len);
        if (piece->n)
            return 1;
    }
    return 0;
}

static eg_status make_items(struct eg_request *req, struct eg_submission *sub, size_t n) {
    size_t most = sub->event->config.request_most_events;
    if (n > most)
        return eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL,
                          "the body holds %zu events, at most %zu are taken in one request; split it", n, most);
    if (sub->atomic && n > sub->event->config.batch_most_events)
        return eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL,
                          "an atomic batch holds at most %zu events, since it is one transaction; this one has %zu",
                          sub->event->config.batch_most_events, n);
    sub->items = eg_arena_zalloc(sub->arena, (n ? n : 1) * sizeof *sub->items);
    if (!sub->items && eg_arena_full(sub->arena))
        return eg_err_set(&req->err, EG_E_BODY_TOO_LARGE, NULL, "there is no memory for %zu events in one request: send fewer at once", n);
    if (!sub->items)
        return eg_err_set(&req->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
    sub->n_items = n;
    for (size_t i = 0; i < n; i++)
        sub->items[i] = (struct eg_item){.of = sub, .index = i};
    return EG_OK;
}

/* Two walks: the first counts, so that the items stand in one array. */
static eg_status split_several(struct eg_request *req, struct eg_submission *sub) {
    struct eg_str piece;
    size_t at = 0, n = 0;
    int more;
    while ((more = next_piece(req, sub, &at, &piece)) > 0)
        n++;
    if (more < 0) { /* not an array: one broken document */
        eg_err_clear(&req->err);
        sub->form = EG_FORM_ONE;
        if (make_items(req, sub, 1) != EG_OK)
            return EG_FAIL;
        sub->items[0].bytes = trim(req->body, req->body_len);
        return EG_OK;
    }
    if (make_items(req, sub, n) != EG_OK)
        return EG_FAIL;
    at = 0;
    for (size_t i = 0; i < n; i++) {
        more = next_piece(req, sub, &at, &piece);
        EG_ASSERT(more == 1);
        sub->items[i].bytes = piece;
    }
    return EG_OK;
}

static void split_aside(struct eg_submission *sub) { sub->split = split_several(sub->req, sub); }

/* One event is the whole body; several are taken apart later. */
static eg_status find_form(struct eg_request *req, struct eg_submission *sub, const struct media *media) {
    struct eg_str body = trim(req->body, req->body_len);
    sub->form = media->form;
    sub->cloudevents = media->cloudevents;
    sub->binary = !media->cloudevents && eg_request_header(req, "ce-specversion") != NULL;
    if (sub->binary && sub->form != EG_FORM_ONE)
        return eg_err_set(&req->err, EG_E_MEDIA_TYPE, NULL,
                          "a binary CloudEvent is one event: send its data as application/json, or several without ce- headers");
    if (sub->form == EG_FORM_ONE && !sub->binary && body.n && *body.p == '[')
        sub->form = EG_FORM_ARRAY;
    if (sub->form == EG_FORM_ARRAY && (!body.n || *body.p != '['))
        return eg_err_set(&req->err, EG_E_JSON_INVALID, NULL, "a CloudEvents batch is a JSON array");
    if (sub->form != EG_FORM_ONE)
        return EG_OK;
    if (body.n == 0 && !sub->binary)
        return eg_err_set(&req->err, EG_E_JSON_INVALID, NULL, "the body is empty; send one event, an array of events, or NDJSON");
    if (make_items(req, sub, 1) != EG_OK)
        return EG_FAIL;
    sub->items[0].bytes = body;
    return EG_OK;
}

static enum eg_step_result received(struct eg_request *req, struct eg_submission *sub) {
    if (sub->split != EG_OK || eg_gather_reserve(sub->event, sub, req->body_len, &req->err) != EG_OK)
        return eg_request_problem(req, NULL);
    return EG_MORE;
}

enum eg_step_result eg_event_receive(struct eg_request *req) {
    struct eg_event *event = req->app;
    struct eg_submission *sub = req->state;
    if (sub)
        return sub->aside ? EG_WAIT : received(req, sub);
    const struct media *media = media_of(req);
    if (!media)
        return eg_request_problem(req, NULL);
    if (event->draining) {
        eg_err_set(&req->err, EG_E_STOPPING, NULL, "the server is stopping and takes no more events");
        return eg_request_problem(req, NULL);
    }
    struct eg_arena *arena = eg_arena_new_of(&event->memory, SUBMISSION_MOST_B);
    sub = arena ? eg_arena_zalloc(arena, sizeof *sub) : NULL;
    if (!sub) {
        eg_arena_free(arena);
        eg_err_set(&req->err, EG_E_OVERLOADED, NULL, EG_NO_MEMORY_NOW);
        return eg_request_problem(req, NULL);
    }
    *sub = (struct eg_submission){.magic = EG_SUBMISSION_MAGIC, .event = event, .req = req, .arena = arena,
                                    .key = eg_request_header(req, "Idempotency-Key")};
    req->state = sub;
    if (read_switch(req, "mode", "each", "atomic", &sub->atomic) != EG_OK ||
        read_switch(req, "return", "all", "failed", &sub->failed_only) != EG_OK || find_form(req, sub, media) != EG_OK)
        return eg_request_problem(req, NULL);
    if (sub->form != EG_FORM_ONE && req->body_len > EG_ASIDE_BODY_B && eg_submission_aside(sub, split_aside))
        return EG_WAIT;
    if (sub->form != EG_FORM_ONE)
        split_aside(sub);
    return received(req, sub);
}
