/* JSON text as jsonb writes it. */
#include "db/db_sqlite_jsonb.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

#define MOST_DEPTH 80
#define MOST_EXPONENT 10000

struct cursor {
    const char *at, *end;
};

struct member {
    struct eg_str name, value;
    size_t place;
};

static void space(struct cursor *c) {
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
}

struct eg_str eg_jsonb_trim(const char *json, size_t len) {
    struct cursor c = {json, json + len};
    space(&c);
    while (c.end > c.at && strchr(" \t\n\r", c.end[-1]))
        c.end--;
    return (struct eg_str){c.at, (size_t)(c.end - c.at)};
}

static void string_end(struct cursor *c) {
    for (c->at++; c->at < c->end && *c->at != '"'; c->at++)
        if (*c->at == '\\' && c->at + 1 < c->end)
            c->at++;
    if (c->at < c->end)
        c->at++;
}

/* A value's bytes, by brackets and strings; the cursor stands behind it. */
static struct eg_str value(struct cursor *c) {
    space(c);
    const char *from = c->at;
    size_t depth = 0;
    while (c->at < c->end) {
        char b = *c->at;
        if (b == '"') {
            string_end(c);
            continue;
        }
        if ((b == ',' || b == ']' || b == '}') && depth == 0)
            break;
        depth += b == '[' || b == '{';
        depth -= b == ']' || b == '}';
        c->at++;
    }
    return eg_jsonb_trim(from, (size_t)(c->at - from));
}

static unsigned hex4(const char *at, const char *end) {
    unsigned code = 0;
    for (int i = 0; i < 4 && at + i < end; i++) {
        char b = at[i];
        code = code * 16 + (unsigned)(b <= '9' ? b - '0' : (b | 32) - 'a' + 10);
    }
    return code & 0xffff;
}

static void utf8(struct eg_buf *out, unsigned code) {
    if (code < 0x80) {
        eg_buf_char(out, (char)code);
    } else if (code < 0x800) {
        eg_buf_char(out, (char)(0xC0 | code >> 6));
        eg_buf_char(out, (char)(0x80 | (code & 63)));
    } else if (code < 0x10000) {
        eg_buf_char(out, (char)(0xE0 | code >> 12));
        eg_buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        eg_buf_char(out, (char)(0x80 | (code & 63)));
    } else {
        eg_buf_char(out, (char)(0xF0 | code >> 18));
        eg_buf_char(out, (char)(0x80 | (code >> 12 & 63)));
        eg_buf_char(out, (char)(0x80 | (code >> 6 & 63)));
        eg_buf_char(out, (char)(0x80 | (code & 63)));
    }
}

void eg_jsonb_unescape(struct eg_str quoted, struct eg_buf *out) {
    const char *at = quoted.p + 1, *end = quoted.p + quoted.n - (quoted.n > 1);
    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        eg_buf_add(out, at, (size_t)((slash ? slash : end) - at));
        if (!slash || slash + 1 >= end)
            return;
        static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
        const char *known = slash[1] ? strchr(from, slash[1]) : NULL;
        at = slash + 2;
        if (slash[1] != 'u') {
            eg_buf_char(out, known ? to[known - from] : slash[1]);
            continue;
        }
        unsigned code = hex4(at, end);
        at = at + 4 < end ? at + 4 : end;
        if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
            code = 0x10000 + ((code - 0xD800) << 10) + ((hex4(at + 2, end) - 0xDC00) & 1023);
            at += 6;
        }
        utf8(out, code);
    }
}

static void string(struct eg_str quoted, struct eg_buf *out) {
    struct eg_buf text;
    eg_buf_init(&text, EG_JSONB_MOST_B);
    eg_jsonb_unescape(quoted, &text);
    eg_buf_json_string(out, text.data ? text.data : "", text.len);
    out->failed |= text.failed;
    eg_buf_free(&text);
}

/* Digits with a point `point` places from their beginning, which may lie outside them. */
static void decimal(struct eg_buf *out, bool minus, const char *digits, long n, long point, bool by_value) {
    while (n > 0 && *digits == '0' && point > 0)
        digits++, n--, point--;
    while (by_value && n > 0 && n > point && digits[n - 1] == '0')
        n--;
    bool zero = true;
    for (long i = 0; i < n; i++)
        zero &= digits[i] == '0';
    if (minus && !zero)
        eg_buf_char(out, '-');
    if (point <= 0)
        eg_buf_char(out, '0');
    for (long i = 0; i < point; i++)
        eg_buf_char(out, i < n ? digits[i] : '0');
    if (point == 0 && n == 0)
        return;
    if (n > point)
        eg_buf_char(out, '.');
    for (long i = point; n > point && i < n; i++)
        eg_buf_char(out, i < 0 ? '0' : digits[i]);
}

static void number(struct eg_str json, bool by_value, struct eg_buf *out) {
    struct eg_buf digits;
    eg_buf_init(&digits, json.n + 1);
    size_t i = json.n && json.p[0] == '-';
    long point = -1;
    for (; i < json.n && (json.p[i] == '.' || (json.p[i] >= '0' && json.p[i] <= '9')); i++) {
        if (json.p[i] == '.')
            point = (long)digits.len;
        else
            eg_buf_char(&digits, json.p[i]);
    }
    if (point < 0)
        point = (long)digits.len;
    long exponent =
        i + 1 < json.n ? strtol(json.p + i + 1, NULL, 10) : 0; /* ends in front of a comma, a bracket or a NUL */
    if (exponent > -MOST_EXPONENT && exponent < MOST_EXPONENT) {
        bool zero = true;
        for (size_t j = 0; j < digits.len; j++)
            zero &= digits.data[j] == '0';
        if (zero && (by_value || point + exponent >= (long)digits.len))
            eg_buf_char(out, '0');
        else
            decimal(out, json.p[0] == '-', digits.data ? digits.data : "", (long)digits.len, point + exponent,
                    by_value);
    }
    out->failed |= digits.failed;
    eg_buf_free(&digits);
}

static int by_name(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    if (x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    int c = x->name.n ? memcmp(x->name.p, y->name.p, x->name.n) : 0;
    return c ? c : x->place < y->place ? -1 : 1;
}

static void write_value(struct eg_str json, bool by_value, struct eg_buf *out, int depth);

static bool members(struct cursor *c, struct member **all, size_t *n, struct eg_buf *names) {
    size_t cap = 0;
    for (space(c); c->at < c->end && *c->at == '"'; space(c)) {
        if (*n == cap) {
            cap = cap ? cap * 2 : 16;
            struct member *more = realloc(*all, cap * sizeof **all);
            if (!more)
                return false;
            *all = more;
        }
        const char *from = c->at;
        string_end(c);
        size_t start = names->len;
        eg_jsonb_unescape((struct eg_str){from, (size_t)(c->at - from)}, names);
        space(c);
        c->at += c->at < c->end; /* the colon */
        (*all)[*n] = (struct member){.name = {NULL, names->len - start}, .place = start};
        (*all)[(*n)++].value = value(c);
        c->at += c->at < c->end; /* a comma, or the bracket */
    }
    return !names->failed;
}

static void object(struct eg_str json, bool by_value, struct eg_buf *out, int depth) {
    struct cursor c = {json.p + 1, json.p + json.n};
    struct member *all = NULL;
    size_t n = 0, written = 0;
    struct eg_buf names;
    eg_buf_init(&names, EG_JSONB_MOST_B);
    if (members(&c, &all, &n, &names)) {
        for (size_t i = 0; i < n; i++)
            all[i].name.p = (names.data ? names.data : "") + all[i].place;
        if (n)
            qsort(all, n, sizeof *all, by_name);
        eg_buf_char(out, '{');
        for (size_t i = 0; i < n; i++) {
            bool again = i + 1 < n && all[i].name.n == all[i + 1].name.n &&
                         memcmp(all[i].name.p, all[i + 1].name.p, all[i].name.n) == 0;
            if (again)
                continue;
            eg_buf_str(out, written++ ? ", " : "");
            eg_buf_json_string(out, all[i].name.p, all[i].name.n);
            eg_buf_str(out, ": ");
            write_value(all[i].value, by_value, out, depth + 1);
        }
        eg_buf_char(out, '}');
    } else {
        out->failed = true;
    }
    free(all);
    eg_buf_free(&names);
}

static void array(struct eg_str json, bool by_value, struct eg_buf *out, int depth) {
    struct cursor c = {json.p + 1, json.p + json.n};
    eg_buf_char(out, '[');
    space(&c);
    for (size_t i = 0; c.at < c.end && *c.at != ']'; i++) {
        eg_buf_str(out, i ? ", " : "");
        write_value(value(&c), by_value, out, depth + 1);
        if (c.at < c.end && *c.at == ',')
            c.at++;
    }
    eg_buf_char(out, ']');
}

static void write_value(struct eg_str json, bool by_value, struct eg_buf *out, int depth) {
    char first = json.n && depth < MOST_DEPTH ? json.p[0] : 0;
    if (first == '{')
        object(json, by_value, out, depth);
    else if (first == '[')
        array(json, by_value, out, depth);
    else if (first == '"')
        string(json, out);
    else if (first == '-' || (first >= '0' && first <= '9'))
        number(json, by_value, out);
    else
        eg_buf_add(out, json.p, json.n);
}

void eg_jsonb_write(struct eg_str json, bool by_value, struct eg_buf *out) { write_value(json, by_value, out, 0); }

/* As PostgreSQL reads an index: what strtol takes, whole, within an int. */
static bool element(struct eg_str json, const char *name, struct eg_str *found) {
    char *end;
    errno = 0;
    long index = strtol(name, &end, 10), n = 0;
    if (end == name || *end || errno || index > INT_MAX || index < INT_MIN)
        return false;
    for (int pass = index < 0 ? 0 : 1; pass < 2; pass++) { /* from the end: counts first */
        struct cursor c = {json.p + 1, json.p + json.n};
        space(&c);
        for (n = 0; c.at < c.end && *c.at != ']'; n++) {
            *found = value(&c);
            if (pass && n == index)
                return true;
            if (c.at < c.end && *c.at == ',')
                c.at++;
        }
        index += pass ? 0 : n;
        if (index < 0)
            return false;
    }
    return false;
}

bool eg_jsonb_step(struct eg_str json, const char *name, struct eg_str *found) {
    if (json.n && json.p[0] == '{')
        return eg_jscan_member(json.p, json.n, name, found);
    return json.n && json.p[0] == '[' && element(json, name, found);
}
