/* The way back from a byte to its JSON Pointer: one walk over the text before it, which keeps the containers that are open. */
#include "base/jscan.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/jscan_bytes.h"

struct level {
    bool object;
    bool in_name;           /* of an object: a name comes next, or is being read */
    const char *name, *end; /* the last name, between its quotes; NULL: none yet */
    size_t index;           /* of an array */
};

struct walk {
    size_t n;
    struct level levels[EG_JSON_MAX_DEPTH];
};

static bool open_level(struct walk *w, bool object) {
    if (w->n == EG_JSON_MAX_DEPTH)
        return false;
    w->levels[w->n++] = (struct level){.object = object, .in_name = object};
    return true;
}

static void next_part(struct level *level) {
    level->in_name = level->object;
    level->index += !level->object;
    level->name = NULL;
}

/* The containers around `to`; the last name is that of the member which it is in. */
static void walk_to(struct walk *w, const char *at, const char *to, const char *end) {
    while (at && at < to) {
        struct level *level = w->n ? &w->levels[w->n - 1] : NULL;
        switch (*at) {
        case '"': {
            const char *from = at + 1;
            at = eg_jscan_string_end(at, end);
            if (at && level && level->in_name) {
                level->name = from;
                level->end = at - 1;
            }
            continue;
        }
        case '{':
        case '[':
            if (!open_level(w, *at == '{'))
                return;
            break;
        case '}':
        case ']':
            w->n -= w->n > 0;
            break;
        case ':':
            if (level)
                level->in_name = false;
            break;
        case ',':
            if (level)
                next_part(level);
            break;
        default:
            break;
        }
        at++;
    }
}

/* False: the name holds \u0000. */
static bool plain_name(struct eg_buf *name, const char *at, const char *end) {
    while (at < end) {
        char bytes[4];
        size_t n = eg_jscan_unescape(&at, end, bytes);
        if (!bytes[0])
            return false;
        eg_buf_add(name, bytes, n);
    }
    return !name->failed;
}

static bool add_token(struct eg_buf *token, const struct level *level, size_t most) {
    struct eg_buf name;
    if (!level->object) {
        eg_buf_printf(token, "/%zu", level->index);
        return !token->failed;
    }
    if (!level->name)
        return false;
    eg_buf_init(&name, most);
    bool good = plain_name(&name, level->name, level->end);
    if (good)
        eg_buf_pointer_token(token, eg_buf_text(&name), name.len);
    eg_buf_free(&name);
    return good && !token->failed;
}

void eg_jscan_pointer(const char *json, size_t len, size_t at, char *out, size_t out_b) {
    struct walk w = {0};
    struct eg_buf token;
    size_t used = 0;
    walk_to(&w, json, json + (at < len ? at : len), json + len);
    eg_buf_init(&token, out_b + 1);
    for (size_t i = 0; i < w.n; i++) {
        token.len = 0;
        if (!add_token(&token, &w.levels[i], out_b + 1) || token.len >= out_b - used)
            break;
        memcpy(out + used, token.data, token.len);
        used += token.len;
    }
    out[used] = '\0';
    eg_buf_free(&token);
}
