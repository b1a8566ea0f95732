/* The JSON scanner: one pass that keeps its containers as bits of a word. Strings are skipped eight bytes at a time; everything
 * else goes by a table of character classes. */
#include "base/jscan.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Number tokens no longer and exponents no bigger than these are surely within a double, both ways. */
#define SAFE_NUMBER_B 100
#define SAFE_EXPONENT 150

enum class { OTHER, SPACE, DIGIT, STOP /* ends a scalar */, HEX };

static const unsigned char classes[256] = {
    [' '] = SPACE, ['\t'] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE, ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT,
    ['3'] = DIGIT, ['4'] = DIGIT,  ['5'] = DIGIT,  ['6'] = DIGIT,  ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
    [','] = STOP,  [']'] = STOP,   ['}'] = STOP,   ['a'] = HEX,    ['b'] = HEX,   ['c'] = HEX,   ['d'] = HEX,
    ['e'] = HEX,   ['f'] = HEX,    ['A'] = HEX,    ['B'] = HEX,    ['C'] = HEX,   ['D'] = HEX,   ['E'] = HEX,
    ['F'] = HEX,
};

struct scan {
    const char *begin;
    const char *at;
    const char *end;
    int depth;
    uint64_t objects; /* one bit a level, the innermost lowest: 1 for an object */
    int max_depth;
    size_t values;
    size_t max_values;
    size_t max_number_b;
    /* Text that is JSON but has a value that cannot be kept: told only when the whole is JSON. */
    enum eg_code refused;
    const char *refused_at;
    const char *why; /* the structure is broken at `at` */
};

enum want { VALUE, FIRST_VALUE, NAME, FIRST_NAME, AFTER_VALUE, BROKEN };

static inline unsigned class_at(const char *at) { return classes[(unsigned char)*at]; }

static inline void skip_space(struct scan *s) {
    while (s->at < s->end && class_at(s->at) == SPACE)
        s->at++;
}

static enum want broken(struct scan *s, const char *why) {
    s->why = why;
    return BROKEN;
}

static void refuse(struct scan *s, enum eg_code code, const char *at) {
    if (s->refused == EG_E_NONE) {
        s->refused = code;
        s->refused_at = at;
    }
}

/* Moves to the first byte at or after `at` that is a quote, a backslash or a control: those eight bytes are looked at in one word. A
 * byte's high bit is set by (x − n) & ~x when the byte is below n; equality is below 1 after an exclusive or. A false hit is
 * possible only above a true one, and little-endian order finds the lowest first; big-endian takes the loop. */
static inline const char *plain_end(const char *at, const char *end) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    for (; end - at >= 8; at += 8) {
        uint64_t x;
        memcpy(&x, at, 8);
        uint64_t quote = x ^ (ones * '"'), slash = x ^ (ones * '\\');
        uint64_t hit = (((x - ones * 0x20) & ~x) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs;
        if (hit)
            return at + (__builtin_ctzll(hit) >> 3);
    }
#endif
    while (at < end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* `at` stands on the backslash. */
static bool escape(struct scan *s) {
    if (s->end - s->at < 2)
        return false;
    char c = s->at[1];
    if (c != 'u') {
        s->at += 2;
        return c != '\0' && strchr("\"\\/bfnrt", c) != NULL;
    }
    if (s->end - s->at < 6)
        return false;
    for (int i = 2; i < 6; i++)
        if (class_at(s->at + i) != DIGIT && class_at(s->at + i) != HEX)
            return false;
    if (memcmp(s->at + 2, "0000", 4) == 0)
        refuse(s, EG_E_NUL_CHARACTER, s->at);
    s->at += 6;
    return true;
}

/* `at` stands on the opening quote, and after on what follows the closing one. */
static bool string(struct scan *s) {
    s->at++;
    for (;;) {
        s->at = plain_end(s->at, s->end);
        if (s->at == s->end) {
            s->why = "a string does not end";
            return false;
        }
        if (*s->at == '"') {
            s->at++;
            return true;
        }
        if (*s->at != '\\') {
            s->why = "a control character in a string must be escaped";
            return false;
        }
        if (!escape(s)) {
            s->why = "an escape in a string is not JSON's";
            return false;
        }
    }
}

/* Whether strtod finds an infinity, or zero for digits that are not all zero. Rare: only for long numbers and big exponents. */
static bool leaves_double(const char *token, size_t len) {
    char *text = malloc(len + 1);
    if (!text)
        return true;
    memcpy(text, token, len);
    text[len] = '\0';
    double value = strtod(text, NULL);
    free(text);
    if (!isfinite(value))
        return true;
    if (value != 0)
        return false;
    for (size_t i = 0; i < len && token[i] != 'e' && token[i] != 'E'; i++)
        if (token[i] >= '1' && token[i] <= '9')
            return true;
    return false;
}

static bool integer_fits(const char *digits, size_t n, bool negative) {
    if (n != 19)
        return n < 19;
    return memcmp(digits, negative ? "9223372036854775808" : "9223372036854775807", 19) <= 0;
}

static inline size_t digits(struct scan *s) {
    const char *from = s->at;
    while (s->at < s->end && class_at(s->at) == DIGIT)
        s->at++;
    return (size_t)(s->at - from);
}

/* Behind the e. Gives the exponent's size, or more than SAFE_EXPONENT when it is longer than that can be. */
static bool exponent(struct scan *s, unsigned *size) {
    if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
        s->at++;
    const char *from = s->at;
    size_t n = digits(s);
    *size = 0;
    for (size_t i = 0; i < n && *size <= SAFE_EXPONENT; i++)
        *size = *size * 10 + (unsigned)(from[i] - '0');
    return n > 0;
}

static bool number(struct scan *s) {
    const char *token = s->at;
    bool negative = *s->at == '-', real = false;
    unsigned size = 0;
    s->at += negative;
    const char *whole = s->at;
    size_t n = digits(s);
    if (n == 0 || (n > 1 && *whole == '0'))
        return false;
    if (s->at < s->end && *s->at == '.') {
        real = true;
        s->at++;
        if (digits(s) == 0)
            return false;
    }
    if (s->at < s->end && (*s->at == 'e' || *s->at == 'E')) {
        real = true;
        s->at++;
        if (!exponent(s, &size))
            return false;
    }
    size_t len = (size_t)(s->at - token);
    if (len > s->max_number_b)
        refuse(s, EG_E_NUMBER_OUT_OF_RANGE, token);
    else if (!real && !integer_fits(whole, n, negative))
        refuse(s, EG_E_NUMBER_OUT_OF_RANGE, token);
    else if (real && (len > SAFE_NUMBER_B || size > SAFE_EXPONENT) && leaves_double(token, len))
        refuse(s, EG_E_NUMBER_OUT_OF_RANGE, token);
    return true;
}

static bool word(struct scan *s, const char *text, size_t len) {
    if ((size_t)(s->end - s->at) < len || memcmp(s->at, text, len) != 0)
        return false;
    s->at += len;
    return true;
}

static enum want open_container(struct scan *s, bool object) {
    if (s->depth == s->max_depth)
        return broken(s, "the nesting is too deep");
    s->depth++;
    s->objects = s->objects << 1 | (uint64_t)object;
    s->at++;
    return object ? FIRST_NAME : FIRST_VALUE;
}

static enum want close_container(struct scan *s, bool object) {
    if (s->depth == 0 || (s->objects & 1) != (uint64_t)object)
        return broken(s, "a bracket closes nothing");
    s->depth--;
    s->objects >>= 1;
    s->at++;
    return AFTER_VALUE;
}

static enum want value(struct scan *s) {
    if (s->depth > 0 && ++s->values > s->max_values)
        return broken(s, "there are too many members and elements");
    switch (*s->at) {
    case '{':
        return open_container(s, true);
    case '[':
        return open_container(s, false);
    case '"':
        return string(s) ? AFTER_VALUE : BROKEN;
    case 't':
        return word(s, "true", 4) ? AFTER_VALUE : broken(s, "a value was expected");
    case 'f':
        return word(s, "false", 5) ? AFTER_VALUE : broken(s, "a value was expected");
    case 'n':
        return word(s, "null", 4) ? AFTER_VALUE : broken(s, "a value was expected");
    default:
        if (*s->at != '-' && class_at(s->at) != DIGIT)
            return broken(s, "a value was expected");
        return number(s) ? AFTER_VALUE : broken(s, "a number is not JSON's");
    }
}

static enum want member_name(struct scan *s) {
    if (*s->at != '"')
        return broken(s, "a member's name was expected");
    if (!string(s))
        return BROKEN;
    skip_space(s);
    if (s->at == s->end || *s->at != ':')
        return broken(s, "a colon was expected");
    s->at++;
    return VALUE;
}

static enum want after_value(struct scan *s) {
    if (s->depth == 0)
        return broken(s, "there is text behind the value");
    switch (*s->at) {
    case ',':
        s->at++;
        return s->objects & 1 ? NAME : VALUE;
    case ']':
        return close_container(s, false);
    case '}':
        return close_container(s, true);
    default:
        return broken(s, "a comma or a closing bracket was expected");
    }
}

static eg_status fail(const struct scan *s, struct eg_err *err, enum eg_code code, const char *at, const char *why) {
    size_t line = 1, column = 1;
    for (const char *p = s->begin; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return eg_err_set(err, code, NULL, "Line %zu, column %zu: %s.", line, column, why);
}

eg_status eg_jscan_check(const char *json, size_t len, const struct eg_jscan_limits *limits, struct eg_err *err) {
    struct scan s = {.begin = json, .at = json, .end = json + len, .max_values = limits->max_values,
                     .max_number_b = limits->max_number_b};
    s.max_depth = limits->max_depth < EG_JSON_MAX_DEPTH ? limits->max_depth : EG_JSON_MAX_DEPTH;
    enum want want = VALUE;
    while (want != BROKEN) {
        skip_space(&s);
        if (s.at == s.end)
            break;
        switch (want) {
        case FIRST_VALUE:
            want = *s.at == ']' ? close_container(&s, false) : value(&s);
            break;
        case VALUE:
            want = value(&s);
            break;
        case FIRST_NAME:
            want = *s.at == '}' ? close_container(&s, true) : member_name(&s);
            break;
        case NAME:
            want = member_name(&s);
            break;
        default:
            want = after_value(&s);
            break;
        }
    }
    if (want == BROKEN)
        return fail(&s, err, EG_E_JSON_INVALID, s.at, s.why);
    if (want != AFTER_VALUE || s.depth > 0)
        return fail(&s, err, EG_E_JSON_INVALID, s.at, "the text ends too early");
    if (s.refused == EG_E_NUL_CHARACTER)
        return fail(&s, err, s.refused, s.refused_at, "a string holds \\u0000, which cannot be stored");
    if (s.refused != EG_E_NONE)
        return fail(&s, err, s.refused, s.refused_at, "a number leaves the range of int64 or of a double");
    return EG_OK;
}

/* Behind a string that may be broken: only quotes and backslashes count. `end` when it does not end. */
static const char *string_end(const char *at, const char *end) {
    for (at++; at < end; at++) {
        at = plain_end(at, end);
        if (at == end)
            break;
        if (*at == '"')
            return at + 1;
        if (*at == '\\' && ++at == end)
            break;
    }
    return NULL;
}

/* The end of a value by brackets and strings alone: a comma or closing bracket at its own level, or `end`. NULL when a string or
 * bracket does not end. */
static const char *value_end(const char *at, const char *end) {
    size_t depth = 0;
    while (at < end) {
        switch (*at) {
        case '"':
            at = string_end(at, end);
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
    while (from < to && class_at(from) == SPACE)
        from++;
    while (to > from && class_at(to - 1) == SPACE)
        to--;
    return (struct eg_str){from, (size_t)(to - from)};
}

int eg_jscan_element(const char *json, size_t len, size_t *at, struct eg_str *element, struct eg_err *err) {
    struct scan s = {.begin = json, .at = json + *at, .end = json + len};
    bool first = *at == 0;
    skip_space(&s);
    if (s.at == s.end || *s.at != (first ? '[' : ','))
        if (first || s.at == s.end || *s.at != ']')
            return fail(&s, err, EG_E_JSON_INVALID, s.at, first ? "an array was expected" : "the array does not end");
    bool closed = *s.at == ']';
    s.at++;
    skip_space(&s);
    if (!closed && first && s.at < s.end && *s.at == ']') {
        closed = true;
        s.at++;
        skip_space(&s);
    }
    if (closed) {
        if (s.at != s.end)
            return fail(&s, err, EG_E_JSON_INVALID, s.at, "there is text behind the array");
        *at = len;
        return 0;
    }
    const char *end = value_end(s.at, s.end);
    if (!end || end == s.end || *end == '}')
        return fail(&s, err, EG_E_JSON_INVALID, end ? end : s.at, "an element of the array does not end");
    if (end == s.at)
        return fail(&s, err, EG_E_JSON_INVALID, s.at, "an element of the array is missing");
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

/* One character of a name whose text has passed the parser; out gets its bytes. */
static size_t unescape(const char **at, const char *end, char out[4]) {
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
    unsigned code = hex4(p + 2);
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
        size_t n = unescape(&at, end, bytes);
        if (n > name_len || memcmp(bytes, name, n) != 0)
            return false;
        name += n;
        name_len -= n;
    }
    return name_len == 0;
}

int eg_jscan_member(const char *json, size_t len, const char *name, struct eg_str *value) {
    struct scan s = {.at = json, .end = json + len};
    size_t name_len = strlen(name);
    skip_space(&s);
    if (s.at == s.end || *s.at != '{')
        return 0;
    do {
        s.at++;
        skip_space(&s);
        if (s.at == s.end || *s.at != '"')
            return 0;
        const char *from = s.at + 1, *to = string_end(s.at, s.end);
        if (!to)
            return 0;
        s.at = to;
        skip_space(&s);
        if (s.at == s.end || *s.at != ':')
            return 0;
        const char *text = s.at + 1, *end = value_end(text, s.end);
        if (!end)
            return 0;
        if (same_name(from, to - 1, name, name_len)) {
            *value = trimmed(text, end);
            return 1;
        }
        s.at = end;
    } while (s.at < s.end && *s.at == ',');
    return 0;
}
