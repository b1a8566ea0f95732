/* What of a request's headers is part of a dead letter: those of a binary CloudEvent, and Idempotency-Key. Without them the bytes
 * alone could not be sent again. Kept as an object of texts, {"ce-id": "…", "idempotency-key": "…"}, in ASCII: other bytes stand
 * percent-encoded, as the HTTP binding of CloudEvents wants them anyway. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "server/event/room.h"

#define HEADERS_MOST_B 65536

struct headers_ctx {
    struct eg_buf buf;
    bool binary;
    size_t n;
};

static void put_ascii(struct eg_buf *buf, const char *text, bool lower) {
    char ascii[8192];
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p && n + 4 < sizeof ascii; p++) {
        if (*p < 0x20 || *p > 0x7e)
            n += (size_t)snprintf(ascii + n, 4, "%%%02X", *p);
        else
            ascii[n++] = (char)(lower && *p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    }
    eg_buf_json_string(buf, ascii, n);
}

static void put_header(struct headers_ctx *to, const char *name, const char *value) {
    eg_buf_char(&to->buf, to->n++ ? ',' : '{');
    put_ascii(&to->buf, name, true);
    eg_buf_char(&to->buf, ':');
    put_ascii(&to->buf, value, false);
}

static bool take_header(void *ctx, const char *name, const char *value) {
    struct headers_ctx *to = ctx;
    if (to->binary && strncasecmp(name, "ce-", 3) == 0)
        put_header(to, name, value);
    return true;
}

eg_status eg_letter_headers(struct eg_item *item) {
    const struct eg_submission *sub = item->of;
    const char *key = sub->key;
    struct headers_ctx to = {.binary = sub->binary};
    item->headers_json = NULL;
    if (!sub->binary && !key)
        return EG_OK;
    eg_buf_init(&to.buf, HEADERS_MOST_B);
    eg_request_headers(sub->req, take_header, &to);
    if (key) {
        const char *own = sub->form == EG_FORM_ONE ? key : eg_arena_printf(sub->arena, "%s#%zu", key, item->index);
        put_header(&to, "idempotency-key", own ? own : "");
    }
    eg_buf_char(&to.buf, '}');
    item->headers_json = to.n && !to.buf.failed ? eg_arena_dup(sub->arena, to.buf.data, to.buf.len) : NULL;
    eg_buf_free(&to.buf);
    return item->headers_json || !to.n ? EG_OK : EG_FAIL;
}

void eg_letter_hash(struct eg_item *item) {
    eg_sha256(item->of->hasher, item->bytes.p, item->bytes.n, item->original_hash);
    if (!item->headers_json)
        return;
    size_t n = strlen(item->headers_json);
    char *both = eg_arena_alloc(item->of->arena, EG_HASH_B + n);
    if (!both)
        return; /* one row for all of these bytes: less is kept, nothing is wrong */
    memcpy(both, item->original_hash, EG_HASH_B);
    memcpy(both + EG_HASH_B, item->headers_json, n);
    eg_sha256(item->of->hasher, both, EG_HASH_B + n, item->original_hash);
}

/* As it stands when it is not percent-encoded UTF-8. */
static json_t *decoded(const char *raw) {
    json_t *value = eg_cloudevent_decoded(raw);
    return value ? value : json_string(raw);
}

static struct eg_str joined(struct eg_arena *arena, const char *attributes, struct eg_str data) {
    static const char member[] = ",\"data\":";
    size_t n = strlen(attributes) - 1, at = n;
    char *text = eg_arena_alloc(arena, n + sizeof member + data.n + 1);
    if (!text)
        return (struct eg_str){NULL, 0};
    memcpy(text, attributes, n);
    if (data.n) {
        memcpy(text + at, member, sizeof member - 1);
        at += sizeof member - 1;
        memcpy(text + at, data.p, data.n);
        at += data.n;
    }
    text[at++] = '}';
    return (struct eg_str){text, at};
}

struct eg_str eg_letter_text(struct eg_arena *arena, const json_t *headers, struct eg_str original) {
    json_t *attributes = json_object();
    const char *name;
    json_t *value;
    /* jansson's loop takes no const object, and changes nothing. */
    json_object_foreach((json_t *)(uintptr_t)headers, name, value) {
        if (strncmp(name, "ce-", 3) == 0)
            json_object_set_new(attributes, name + 3, decoded(json_string_value(value)));
    }
    struct eg_str text = original;
    char *dumped = json_object_size(attributes) ? json_dumps(attributes, JSON_COMPACT) : NULL;
    if (dumped) /* data behind the attributes, as it came: broken data makes a broken text */
        text = joined(arena, dumped, original);
    free(dumped);
    json_decref(attributes);
    return text;
}
