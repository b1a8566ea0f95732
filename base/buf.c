/* The growing buffer, and JSON strings; doubles are in buf_double.c. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_CAP_B 256

void eg_buf_init(struct eg_buf *buf, size_t max_b) { *buf = (struct eg_buf){.max = max_b}; }

void eg_buf_free(struct eg_buf *buf) {
    free(buf->data);
    eg_buf_init(buf, buf->max);
}

/* Room for size_b more bytes and a NUL that the maximum does not count. */
static bool make_room(struct eg_buf *buf, size_t size_b) {
    if (buf->failed)
        return false;
    if (size_b > buf->max - buf->len) {
        buf->failed = true;
        return false;
    }
    size_t need = buf->len + size_b + 1;
    if (need <= buf->cap)
        return true;
    size_t cap = buf->cap ? buf->cap : LEAST_CAP_B;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (cap - 1 > buf->max)
        cap = buf->max + 1;
    char *data = realloc(buf->data, cap);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    return true;
}

char *eg_buf_room(struct eg_buf *buf, size_t size_b) { return make_room(buf, size_b) ? buf->data + buf->len : NULL; }

void eg_buf_add_slow(struct eg_buf *buf, const void *bytes, size_t size_b) {
    if (size_b == 0 || !make_room(buf, size_b))
        return;
    memcpy(buf->data + buf->len, bytes, size_b);
    buf->len += size_b;
}

int eg_buf_sink(const char *bytes, size_t size_b, void *buf) {
    struct eg_buf *out = buf;
    eg_buf_add(out, bytes, size_b);
    return out->failed ? -1 : 0;
}

void eg_buf_printf(struct eg_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    if (!make_room(buf, (size_t)len))
        return;
    va_start(args, format);
    vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args);
    va_end(args);
    buf->len += (size_t)len;
}

static const char *escape_of(unsigned char c, char hex[7]) {
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf(hex, 7, "\\u%04x", c);
        return hex;
    }
}

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes is to be escaped: below 0x20, a quote or a backslash. (x − 0x01…) & ~x has the top bit of each byte
 * that is 0, and of none before the first such.) */
static bool any_special(const char *bytes) {
    uint64_t x;
    memcpy(&x, bytes, 8);
    uint64_t quote = x ^ EVERY('"'), slash = x ^ EVERY('\\');
    uint64_t found = ((x - EVERY(0x20)) & ~x) | ((quote - EVERY(1)) & ~quote) | ((slash - EVERY(1)) & ~slash);
    return (found & EVERY(0x80)) != 0;
}

/* How many bytes from the start stand for themselves, in steps of eight; or all, when all do. */
static size_t plain_run(const char *bytes, size_t size_b) {
    size_t i = 0;
    while (i + 8 <= size_b && !any_special(bytes + i))
        i += 8;
    return i + 8 > size_b && size_b >= 8 && !any_special(bytes + size_b - 8) ? size_b : i;
}

void eg_buf_json_part(struct eg_buf *buf, const char *bytes, size_t size_b) {
    size_t from = 0;
    for (size_t i = plain_run(bytes, size_b); i < size_b; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char hex[7];
        eg_buf_add(buf, bytes + from, i - from);
        eg_buf_str(buf, escape_of(c, hex));
        from = i + 1;
        i += plain_run(bytes + from, size_b - from);
    }
    if (size_b > from)
        eg_buf_add(buf, bytes + from, size_b - from);
}

void eg_buf_json_string(struct eg_buf *buf, const char *bytes, size_t size_b) {
    eg_buf_char(buf, '"');
    eg_buf_json_part(buf, bytes, size_b);
    eg_buf_char(buf, '"');
}

void eg_buf_pointer_token(struct eg_buf *buf, const char *name, size_t len) {
    eg_buf_char(buf, '/');
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '~' || name[i] == '/')
            eg_buf_str(buf, name[i] == '~' ? "~0" : "~1");
        else
            eg_buf_char(buf, name[i]);
    }
}

void eg_buf_int(struct eg_buf *buf, int64_t value) {
    char text[24], *at = text + sizeof text;
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        *--at = '-';
    eg_buf_add(buf, at, (size_t)(text + sizeof text - at));
}

const char *eg_buf_text(struct eg_buf *buf) {
    if (buf->failed || buf->len == 0)
        return "";
    buf->data[buf->len] = '\0';
    return buf->data;
}

void eg_buf_base64(struct eg_buf *buf, const void *bytes, size_t size_b) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    char *to = size_b ? eg_buf_room(buf, (size_b + 2) / 3 * 4) : NULL;
    if (!to)
        return;
    for (size_t i = 0; i < size_b; i += 3, to += 4) {
        size_t left = size_b - i;
        unsigned three = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        to[0] = letters[three >> 18];
        to[1] = letters[three >> 12 & 63];
        to[2] = left > 1 ? letters[three >> 6 & 63] : '=';
        to[3] = left > 2 ? letters[three & 63] : '=';
    }
    buf->len += (size_b + 2) / 3 * 4;
}

char *eg_buf_detach(struct eg_buf *buf, size_t *len) {
    char *data = NULL;
    *len = 0;
    if (make_room(buf, 0)) {
        data = buf->data;
        *len = buf->len;
        data[*len] = '\0';
        buf->data = NULL;
    }
    eg_buf_free(buf);
    return data;
}
