/* Walking over JSON text without checking it: the elements of an array, a member of an object, by brackets and strings
 * alone. */
#include "base/jscan.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/jscan_bytes.h"

struct span {
    const char *at;
    const char *end;
};

const char *eg_jscan_string_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        at = eg_jscan_plain_end(at, end);
        if (at == end)
            break;
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && ++at == end)
            break;
    }
    return NULL;
}

/* The end of a value by brackets and strings alone: a comma or closing bracket at its own level, or `end`. NULL when a
 * string or bracket does not end. */
static const char *value_end(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        switch (*at) {
        case '"':
            at = eg_jscan_string_end(at, end);
            if (!at)
                return NULL;
            continue;
        case '[':
        case '{':
            depth++;
            break;
        case ']':
        case '}':
            if (depth == 0)
                return at;
            depth--;
            break;
        case ',':
            if (depth == 0)
                return at;
            break;
        default:
            break;
        }
        at++;
    }
    return depth == 0 ? at : NULL;
}

static struct eg_str trimmed(const char *from, const char *to) {
    while (from < to && eg_jscan_class_at(from) == EG_JSCAN_SPACE)
        from++;
    while (to > from && eg_jscan_class_at(to - 1) == EG_JSCAN_SPACE)
        to--;
    return (struct eg_str){from, (size_t)(to - from)};
}

int eg_jscan_element(const char *json, size_t len, size_t *at, struct eg_str *element, struct eg_err *err) {
    struct span s = {.at = json + *at, .end = json + len};
    bool first = *at == 0;
    s.at = eg_jscan_space_end(s.at, s.end);
    if (s.at == s.end || *s.at != (first ? '[' : ','))
        if (first || s.at == s.end || *s.at != ']')
            return eg_jscan_fail(json, s.at, EG_E_JSON_INVALID,
                                 first ? "an array was expected" : "the array does not end", err);
    bool closed = *s.at == ']';
    s.at++;
    s.at = eg_jscan_space_end(s.at, s.end);
    if (!closed && first && s.at < s.end && *s.at == ']') {
        closed = true;
        s.at++;
        s.at = eg_jscan_space_end(s.at, s.end);
    }
    if (closed) {
        if (s.at != s.end)
            return eg_jscan_fail(json, s.at, EG_E_JSON_INVALID, "there is text behind the array", err);
        *at = len;
        return 0;
    }
    const char *end = value_end(s.at, s.end);
    if (!end || end == s.end || *end == '}')
        return eg_jscan_fail(json, end ? end : s.at, EG_E_JSON_INVALID, "an element of the array does not end", err);
    if (end == s.at)
        return eg_jscan_fail(json, s.at, EG_E_JSON_INVALID, "an element of the array is missing", err);
    *element = trimmed(s.at, end);
    *at = (size_t)(end - json);
    return 1;
}

static unsigned hex4(const char *at) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)at[i];
        code = code << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code;
}

static size_t utf8(unsigned code, char out[4]) {
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(leads[n] | code);
    return n;
}

size_t eg_jscan_unescape(const char **at, const char *end, char out[4]) {
    const char *p = *at;
    if (*p != '\\' || end - p < 2) {
        out[0] = *p;
        *at = p + 1;
        return 1;
    }
    if (p[1] != 'u' || end - p < 6) {
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *found = p[1] ? strchr(from, p[1]) : NULL;
        out[0] = found ? to[found - from] : p[1];
        *at = p + 2;
        return 1;
    }
    unsigned code = hex4(p + 2) & 0xFFFF;
    *at = p + 6;
    if (code >= 0xD800 && code < 0xDC00 && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
        code = 0x10000 + ((code - 0xD800) << 10) + ((hex4(p + 8) - 0xDC00) & 0x3FF);
        *at = p + 12;
    }
    return utf8(code, out);
}

static bool same_name(const char *at, const char *end, const char *name, size_t name_len) {
    size_t len = (size_t)(end - at);
    if (len == name_len && memcmp(at, name, len) == 0)
        return memchr(at, '\\', len) == NULL;
    if (len <= name_len || !memchr(at, '\\', len))
        return false;
    while (at < end) {
        char bytes[4];
        size_t n = eg_jscan_unescape(&at, end, bytes);
        if (n > name_len || memcmp(bytes, name, n) != 0)
            return false;
        name += n;
        name_len -= n;
    }
    return name_len == 0;
}

int eg_jscan_next_member(const char *json, size_t len, size_t *at, struct eg_str *name, struct eg_str *value) {
    struct span s = {.at = json + *at, .end = json + len};
    char before = *at == 0 ? '{' : ',';
    s.at = eg_jscan_space_end(s.at, s.end);
    if (s.at == s.end || *s.at != before)
        return 0;
    s.at++;
    s.at = eg_jscan_space_end(s.at, s.end);
    if (s.at == s.end || *s.at != '"')
        return 0;
    const char *from = s.at + 1, *to = eg_jscan_string_end(s.at, s.end);
    if (!to)
        return 0;
    s.at = eg_jscan_space_end(to, s.end);
    if (s.at == s.end || *s.at != ':')
        return 0;
    const char *text = s.at + 1, *end = value_end(text, s.end);
    if (!end)
        return 0;
    *name = (struct eg_str){from, (size_t)(to - 1 - from)};
    *value = trimmed(text, end);
    *at = (size_t)(end - json);
    return 1;
}

int eg_jscan_named(struct eg_str name, const char *wanted) { return same_name(name.p, name.p + name.n, wanted, strlen(wanted)); }

int eg_jscan_member(const char *json, size_t len, const char *name, struct eg_str *value) {
    struct eg_str at_name;
    size_t at = 0, name_len = strlen(name);
    while (eg_jscan_next_member(json, len, &at, &at_name, value)) {
        if (same_name(at_name.p, at_name.p + at_name.n, name, name_len))
            return 1;
    }
    return 0;
}
