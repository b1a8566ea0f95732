/* URI references (RFC 3986, section 5) and JSON Pointers (RFC 6901), as far as schemas need them: resolving $id and
 * $ref against a base, and walking a fragment. Names without a scheme ("core.step.finished@v1") are relative
 * references, and stay. */
#include <string.h>

#include "base/text.h"
#include "server/registry/schema_impl.h"

struct part {
    const char *p;
    size_t n;
    bool there;
};

struct uri {
    struct part scheme, authority, path, query, fragment;
};

static bool is_scheme_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' ||
           c == '.';
}

static struct uri split(const char *text) {
    struct uri u = {0};
    const char *at = text;
    while (is_scheme_char(*at))
        at++;
    if (*at == ':' && at > text && !(text[0] >= '0' && text[0] <= '9')) {
        u.scheme = (struct part){text, (size_t)(at - text), true};
        text = at + 1;
    }
    if (text[0] == '/' && text[1] == '/') {
        size_t n = strcspn(text + 2, "/?#");
        u.authority = (struct part){text + 2, n, true};
        text += 2 + n;
    }
    size_t n = strcspn(text, "?#");
    u.path = (struct part){text, n, n > 0};
    text += n;
    if (*text == '?') {
        n = strcspn(text + 1, "#");
        u.query = (struct part){text + 1, n, true};
        text += 1 + n;
    }
    if (*text == '#')
        u.fragment = (struct part){text + 1, strlen(text + 1), true};
    return u;
}

/* Takes "." and ".." out of a path, in place; returns the new length. */
static size_t remove_dots(char *path, size_t len) {
    size_t out = 0, at = 0;
    while (at < len) {
        size_t n = at;
        while (n < len && path[n] != '/')
            n++;
        size_t segment = n - at;
        bool more = n < len;
        if (segment == 1 && path[at] == '.') {
            /* nothing */
        } else if (segment == 2 && path[at] == '.' && path[at + 1] == '.') {
            if (out > 0)
                out--; /* the slash before */
            while (out > 0 && path[out - 1] != '/')
                out--;
        } else {
            memmove(path + out, path + at, segment);
            out += segment;
            if (more)
                path[out++] = '/';
        }
        if (out == 0 && len > 0 && path[0] == '/' && more)
            path[out++] = '/';
        at = n + more;
    }
    return out;
}

static char *put(char *to, const char *before, struct part part, const char *after) {
    if (!part.there)
        return to;
    to = stpcpy(to, before);
    if (part.n > 0)
        memcpy(to, part.p, part.n);
    return stpcpy(to + part.n, after);
}

char *eg_schema_uri_resolve(struct eg_arena *arena, const char *base_text, const char *ref_text) {
    struct uri base = split(base_text), ref = split(ref_text), out = ref;
    size_t room = strlen(base_text) + strlen(ref_text) + 16;
    char *path = eg_arena_alloc(arena, room);
    char *text = eg_arena_alloc(arena, room);
    if (!path || !text)
        return NULL;
    size_t n = 0;
    bool dots = true;
    if (ref.scheme.there || ref.authority.there) {
        memcpy(path, ref.path.p, n = ref.path.n);
        dots = ref.authority.there || (n > 0 && path[0] == '/');
    } else if (!ref.path.there) {
        memcpy(path, base.path.p, n = base.path.n);
        dots = false;
        if (!ref.query.there)
            out.query = base.query;
    } else if (ref.path.p[0] == '/') {
        memcpy(path, ref.path.p, n = ref.path.n);
    } else {
        n = base.path.n;
        while (n > 0 && base.path.p[n - 1] != '/')
            n--;
        memcpy(path, base.path.p, n);
        if (n == 0 && base.authority.there)
            path[n++] = '/';
        memcpy(path + n, ref.path.p, ref.path.n);
        n += ref.path.n;
    }
    if (!ref.scheme.there) {
        out.scheme = base.scheme;
        if (!ref.authority.there)
            out.authority = base.authority;
    }
    if (dots)
        n = remove_dots(path, n);
    out.path = (struct part){path, n, n > 0};
    char *to = put(text, "", out.scheme, ":");
    to = put(to, "//", out.authority, "");
    to = put(to, "", out.path, "");
    to = put(to, "?", out.query, "");
    to = put(to, "#", out.fragment, "");
    *to = '\0';
    return text;
}

char *eg_schema_uri_decode(struct eg_arena *arena, const char *text, size_t len) {
    char *out = eg_arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++) {
        if (text[i] != '%') {
            out[n++] = text[i];
            continue;
        }
        int high = i + 2 < len ? eg_text_hex(text[i + 1]) : -1;
        int low = i + 2 < len ? eg_text_hex(text[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return NULL;
        out[n++] = (char)(high * 16 + low);
        i += 2;
    }
    if (out)
        out[n] = '\0';
    return out;
}

char *eg_schema_pointer_add(struct eg_arena *arena, const char *pointer, const char *key) {
    size_t n = strlen(pointer);
    char *out = eg_arena_alloc(arena, n + 2 * strlen(key) + 2);
    if (!out)
        return NULL;
    memcpy(out, pointer, n);
    out[n++] = '/';
    for (; *key; key++) {
        if (*key == '~' || *key == '/') {
            out[n++] = '~';
            out[n++] = *key == '~' ? '0' : '1';
        } else {
            out[n++] = *key;
        }
    }
    out[n] = '\0';
    return out;
}

static json_t *element(json_t *array, const char *token, size_t len) {
    size_t index = 0;
    if (len == 0 || len > 9 || (len > 1 && token[0] == '0'))
        return NULL;
    for (size_t i = 0; i < len; i++) {
        if (token[i] < '0' || token[i] > '9')
            return NULL;
        index = index * 10 + (size_t)(token[i] - '0');
    }
    return json_array_get(array, index);
}

json_t *eg_schema_pointer_step(json_t *json, const char **pointer) {
    const char *token = *pointer + 1;
    size_t len = strcspn(token, "/");
    if (**pointer != '/' || len > 1024)
        return NULL;
    *pointer = token + len;
    if (json_is_array(json))
        return element(json, token, len);
    char key[1024];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        bool escape = token[i] == '~' && i + 1 < len && (token[i + 1] == '0' || token[i + 1] == '1');
        key[n++] = escape ? (token[++i] == '0' ? '~' : '/') : token[i];
    }
    return json_object_getn(json, key, n);
}
