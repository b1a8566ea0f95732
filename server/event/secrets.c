/* Secrets in events, with event.secrets = refuse: such an event is refused, and what is kept of a refused event, whatever the reason, is
 * kept without them. Each text is looked at as it would be stored; the event's bytes as a whole tell first whether that is worth while. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/jscan.h"
#include "base/jscan_bytes.h"
#include "base/utf8.h"
#include "findings/secrets.h"
#include "server/event/room.h"

#define POINTER_MOST_B 255
#define LETTER_MOST_B ((size_t)1 << 30) /* a body is smaller */

struct look {
    const struct eg_secrets *secrets;
    struct eg_buf pointer; /* of what is looked at; as much of it as can be told */
    const char *found;     /* the pattern's name */
};

static bool look_at(struct look *look, const json_t *value);

static bool look_into(struct look *look, const char *name, size_t len, const json_t *value) {
    size_t before = look->pointer.len;
    if (!look->pointer.failed)
        eg_buf_pointer_token(&look->pointer, name, len);
    bool cut = look->pointer.failed;
    look->found = eg_secrets_find(look->secrets, name, len);
    if (look->found || cut) /* of a secret name, and of what lies too deep, the pointer is that of what is around it */
        look->pointer.len = before;
    if (look->found || look_at(look, value))
        return true;
    look->pointer.len = before;
    look->pointer.failed = false;
    return false;
}

/* True: something was found, and the pointer says where. */
static bool look_at(struct look *look, const json_t *value) {
    const char *name;
    json_t *member;
    char index[24];
    size_t i, len;
    switch (json_typeof(value)) {
    case JSON_STRING:
        look->found = eg_secrets_find(look->secrets, json_string_value(value), json_string_length(value));
        return look->found != NULL;
    case JSON_OBJECT:
        /* jansson's loop takes no const object, and changes nothing. */
        json_object_keylen_foreach((json_t *)(uintptr_t)value, name, len, member) {
            if (look_into(look, name, len, member))
                return true;
        }
        return false;
    case JSON_ARRAY:
        json_array_foreach(value, i, member) {
            snprintf(index, sizeof index, "%zu", i);
            if (look_into(look, index, strlen(index), member))
                return true;
        }
        return false;
    default: return false;
    }
}

/* A header's value, and what it stands for. */
static const char *find_in_header(const struct eg_secrets *secrets, const char *value) {
    json_t *decoded = eg_cloudevent_decoded(value);
    const char *text = decoded ? json_string_value(decoded) : value;
    const char *found = eg_secrets_find(secrets, text, strlen(text));
    json_decref(decoded);
    return found;
}

static bool look_at_header(void *ctx, const char *name, const char *value) {
    struct look *look = ctx;
    if (strncasecmp(name, "ce-", 3) != 0)
        return true;
    look->found = find_in_header(look->secrets, value);
    if (look->found)
        eg_buf_pointer_token(&look->pointer, name + 3, strlen(name + 3));
    return !look->found;
}

/* What came beside the bytes. */
static bool look_beside(struct look *look, const struct eg_item *item) {
    const struct eg_submission *sub = item->of;
    look->found = sub->key ? eg_secrets_find(look->secrets, sub->key, strlen(sub->key)) : NULL;
    if (!look->found && sub->binary)
        eg_request_headers(sub->req, look_at_header, look);
    return look->found != NULL;
}

eg_status eg_item_secrets(struct eg_item *item) {
    struct look look = {.secrets = item->of->event->secrets};
    if (!look.secrets)
        return EG_OK;
    eg_buf_init(&look.pointer, POINTER_MOST_B);
    bool found = look_beside(&look, item);
    if (!found && eg_secrets_in_json(look.secrets, item->bytes.p, item->bytes.n)) {
        eg_buf_str(&look.pointer, item->of->binary ? "/data" : "");
        found = look_at(&look, item->doc);
    }
    if (found)
        (void)eg_item_reject(item, EG_E_SECRET_FOUND, eg_buf_text(&look.pointer), "what stands here looks like a secret (%s)", look.found);
    eg_buf_free(&look.pointer);
    return found ? EG_FAIL : EG_OK;
}

static json_t *clean_text(const struct eg_secrets *secrets, const char *text, size_t len, bool *any) {
    struct eg_buf out;
    if (!eg_secrets_find(secrets, text, len))
        return json_stringn_nocheck(text, len);
    *any = true;
    eg_buf_init(&out, LETTER_MOST_B);
    eg_secrets_redact(secrets, text, len, &out);
    json_t *made = out.failed ? NULL : json_stringn_nocheck(out.data ? out.data : "", out.len);
    eg_buf_free(&out);
    return made;
}

/* A copy without secrets; NULL: memory is out. */
static json_t *clean(const struct eg_secrets *secrets, const json_t *value, bool *any) {
    const char *name;
    json_t *member, *made;
    size_t i, len;
    switch (json_typeof(value)) {
    case JSON_STRING: return clean_text(secrets, json_string_value(value), json_string_length(value), any);
    case JSON_OBJECT:
        made = json_object();
        json_object_keylen_foreach((json_t *)(uintptr_t)value, name, len, member) {
            json_t *key = clean_text(secrets, name, len, any), *part = clean(secrets, member, any);
            if (key && part)
                json_object_setn_nocheck(made, json_string_value(key), json_string_length(key), part);
            json_decref(key);
            json_decref(part);
        }
        return made;
    case JSON_ARRAY:
        made = json_array();
        json_array_foreach(value, i, member) { json_array_append_new(made, clean(secrets, member, any)); }
        return made;
    default: return json_incref((json_t *)(uintptr_t)value);
    }
}

/* Over a byte that is no UTF-8 no pattern goes. */
static void make_valid(struct eg_buf *text) {
    for (size_t i = 0, n; i < text->len; i += n ? n : 1) {
        n = eg_utf8_char(text->data + i, text->len - i, NULL);
        if (!n)
            text->data[i] = '?';
    }
}

/* What cannot be read as it would be stored is looked at as it stands, and, wherever they stand, without its escapes: an escape that is
 * none may end within a secret. */
static bool clean_broken(const struct eg_secrets *secrets, struct eg_str text, struct eg_buf *out) {
    struct eg_buf plain;
    eg_buf_init(&plain, LETTER_MOST_B);
    eg_buf_add(&plain, text.p, text.n);
    make_valid(&plain);
    bool any = eg_secrets_redact(secrets, plain.data, plain.len, out);
    plain.len = 0;
    for (const char *at = out->data, *end = at + out->len; at < end;) {
        char bytes[4];
        size_t n = eg_jscan_unescape(&at, end, bytes);
        eg_buf_add(&plain, bytes, n);
    }
    make_valid(&plain);
    if (plain.failed || (plain.len && eg_secrets_find(secrets, plain.data, plain.len))) {
        any = true;
        out->len = 0;
        eg_buf_str(out, EG_REDACTED);
    }
    eg_buf_free(&plain);
    return any;
}

/* text without secrets, in the arena; the text itself where it has none. p NULL: no memory. Of what is not JSON the first look says
 * nothing: a quote in it needs no backslash. */
static struct eg_str clean_json(struct eg_item *item, struct eg_str text) {
    const struct eg_secrets *secrets = item->of->event->secrets;
    if (item->failure->err.code != EG_E_JSON_INVALID && !eg_secrets_in_json(secrets, text.p, text.n))
        return text;
    /* A name that stands twice would hide the first of its values. */
    static const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES;
    size_t built_b;
    bool bounded = eg_json_bounded(text, &built_b);
    size_t doc_b = 2 * (text.n + built_b); /* parsed, and its copy */
    if (!eg_arena_hold(item->of->arena, doc_b))
        return (struct eg_str){NULL, 0};
    json_t *doc = bounded ? json_loadb(text.p, text.n, flags, NULL) : NULL;
    struct eg_buf out;
    bool any = false;
    eg_buf_init(&out, LETTER_MOST_B);
    if (doc) {
        json_t *made = clean(secrets, doc, &any);
        if (any && (!made || json_dump_callback(made, eg_buf_sink, &out, JSON_COMPACT | JSON_ENCODE_ANY) != 0))
            out.failed = true;
        json_decref(made);
        json_decref(doc);
    } else {
        any = clean_broken(secrets, text, &out);
    }
    eg_arena_let_go(item->of->arena, doc_b);
    struct eg_str kept = text;
    if (any) {
        char *own = out.failed ? NULL : eg_arena_dup(item->of->arena, out.data ? out.data : "", out.len);
        kept = (struct eg_str){own, own ? out.len : 0};
    }
    eg_buf_free(&out);
    return kept;
}

/* A header with a secret keeps its name; one whose name is a secret goes. */
static const char *clean_headers(struct eg_item *item) {
    const struct eg_secrets *secrets = item->of->event->secrets;
    json_t *headers = json_loads(item->headers_json, 0, NULL), *value;
    const char *name;
    void *next;
    bool any = false;
    json_object_foreach_safe(headers, next, name, value) {
        bool in_name = eg_secrets_find(secrets, name, strlen(name)) != NULL;
        if (!in_name && !find_in_header(secrets, json_string_value(value)))
            continue;
        any = true;
        if (in_name)
            json_object_del(headers, name);
        else
            json_object_set_new(headers, name, json_string(EG_REDACTED));
    }
    char *text = any ? json_dumps(headers, JSON_COMPACT) : NULL;
    const char *kept = !headers ? NULL : !any ? item->headers_json : text ? eg_arena_dup(item->of->arena, text, strlen(text)) : NULL;
    free(text);
    json_decref(headers);
    return kept;
}

/* What stands in columns of its own, and in the notice. */
static void clean_envelope(struct eg_item *item) {
    struct eg_envelope *env = &item->env;
    struct eg_str *texts[] = {&env->id,           &env->topic,    &env->source,     &env->correlation_id,
                              &env->causation_id, &env->repo_sha, &env->repo_branch};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!texts[i]->p || !eg_secrets_find(item->of->event->secrets, texts[i]->p, texts[i]->n))
            continue;
        *texts[i] = (struct eg_str){NULL, 0};
        item->has_envelope = false;
    }
}

void eg_secrets_tell(struct eg_item *item) {
    const struct eg_secrets *secrets = item->of->event->secrets;
    struct eg_err *err = &item->failure->err;
    if (!secrets)
        return;
    if (eg_secrets_find(secrets, err->message, strlen(err->message))) /* the parser quotes what it stands at */
        snprintf(err->message, sizeof err->message, "the reason quotes what looks like a secret, and is left out");
    while (eg_secrets_find(secrets, err->place, strlen(err->place))) { /* a name is one: told is what is around it */
        char *slash = strrchr(err->place, '/');
        *(slash ? slash : err->place) = '\0';
    }
}

eg_status eg_secrets_letter(struct eg_item *item) {
    const struct eg_secrets *secrets = item->of->event->secrets;
    if (!secrets)
        return EG_OK;
    eg_secrets_tell(item);
    clean_envelope(item);
    item->bytes = clean_json(item, item->bytes);
    if (!item->bytes.p)
        return EG_FAIL;
    if (!item->headers_json)
        return EG_OK;
    item->headers_json = clean_headers(item);
    return item->headers_json ? EG_OK : EG_FAIL;
}
