/* The JSON scanner: one pass that keeps its containers as bits of a word. Strings are skipped eight bytes at a time;
 * everything else goes by a table of character classes. */
#include "base/jscan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan_bytes.h"

/* Number tokens no longer and exponents no bigger than these are surely within a double, both ways. */
#define SAFE_NUMBER_B 100
#define SAFE_EXPONENT 150
/* What malloc gives jansson for a value, a place in an array and a member, at most: with the first eight places of a container, the old
 * places beside the new ones while it grows, and all of a name or text but its length. */
#define OBJECT_B 224
#define ARRAY_B 128
#define STRING_B 80
#define NUMBER_B 32
#define PLACE_B 24
#define MEMBER_B 128
#define MOST_EXPONENT 9999 /* of a zero: a database's decimals end somewhere, whatever the digits are */

const unsigned char eg_jscan_classes[256] = {
    [' '] = EG_JSCAN_SPACE, ['\t'] = EG_JSCAN_SPACE, ['\n'] = EG_JSCAN_SPACE, ['\r'] = EG_JSCAN_SPACE,
    ['0'] = EG_JSCAN_DIGIT, ['1'] = EG_JSCAN_DIGIT,  ['2'] = EG_JSCAN_DIGIT,  ['3'] = EG_JSCAN_DIGIT,
    ['4'] = EG_JSCAN_DIGIT, ['5'] = EG_JSCAN_DIGIT,  ['6'] = EG_JSCAN_DIGIT,  ['7'] = EG_JSCAN_DIGIT,
    ['8'] = EG_JSCAN_DIGIT, ['9'] = EG_JSCAN_DIGIT,  ['a'] = EG_JSCAN_HEX,    ['b'] = EG_JSCAN_HEX,
    ['c'] = EG_JSCAN_HEX,   ['d'] = EG_JSCAN_HEX,    ['e'] = EG_JSCAN_HEX,    ['f'] = EG_JSCAN_HEX,
    ['A'] = EG_JSCAN_HEX,   ['B'] = EG_JSCAN_HEX,    ['C'] = EG_JSCAN_HEX,    ['D'] = EG_JSCAN_HEX,
    ['E'] = EG_JSCAN_HEX,   ['F'] = EG_JSCAN_HEX,
};

eg_status eg_jscan_fail_at(const char *begin, const char *at, const char *place, enum eg_code code, const char *why, struct eg_err *err) {
    size_t line = 1, column = 1;
    for (const char *p = begin; p < at; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return eg_err_set(err, code, place, "Line %zu, column %zu: %s.", line, column, why);
}

struct scan {
    const char *at;
    const char *end;
    int depth;
    uint64_t objects; /* one bit a level, the innermost lowest: 1 for an object */
    int max_depth;
    size_t values;
    size_t max_values;
    size_t max_number_b;
    size_t built_b;
    /* Text that is JSON but has a value that cannot be kept: told only when the whole is JSON. */
    enum eg_code refused;
    const char *refused_at;
    const char *why; /* the structure is broken at `at` */
};

enum want { VALUE, FIRST_VALUE, NAME, FIRST_NAME, AFTER_VALUE, BROKEN };

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
        if (eg_jscan_class_at(s->at + i) != EG_JSCAN_DIGIT && eg_jscan_class_at(s->at + i) != EG_JSCAN_HEX)
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
        s->at = eg_jscan_plain_end(s->at, s->end);
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

/* Whether strtod finds an infinity, or zero for digits that are not all zero. Rare: only for long numbers and big
 * exponents. */
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
    while (s->at < s->end && eg_jscan_class_at(s->at) == EG_JSCAN_DIGIT)
        s->at++;
    return (size_t)(s->at - from);
}

/* Behind the e. Gives the exponent's size, or more than MOST_EXPONENT. */
static bool exponent(struct scan *s, unsigned *size) {
    if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
        s->at++;
    const char *from = s->at;
    size_t n = digits(s);
    *size = 0;
    for (size_t i = 0; i < n && *size <= MOST_EXPONENT; i++)
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
    else if (size > MOST_EXPONENT || ((len > SAFE_NUMBER_B || size > SAFE_EXPONENT) && leaves_double(token, len)))
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
    s->built_b += object ? OBJECT_B : ARRAY_B;
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
    s->built_b += s->objects & 1 ? MEMBER_B : PLACE_B;
    switch (*s->at) {
    case '{':
        return open_container(s, true);
    case '[':
        return open_container(s, false);
    case '"':
        s->built_b += STRING_B;
        return string(s) ? AFTER_VALUE : BROKEN;
    case 't':
        return word(s, "true", 4) ? AFTER_VALUE : broken(s, "a value was expected");
    case 'f':
        return word(s, "false", 5) ? AFTER_VALUE : broken(s, "a value was expected");
    case 'n':
        return word(s, "null", 4) ? AFTER_VALUE : broken(s, "a value was expected");
    default:
        if (*s->at != '-' && eg_jscan_class_at(s->at) != EG_JSCAN_DIGIT)
            return broken(s, "a value was expected");
        s->built_b += NUMBER_B;
        return number(s) ? AFTER_VALUE : broken(s, "a number is not JSON's");
    }
}

static enum want member_name(struct scan *s) {
    if (*s->at != '"')
        return broken(s, "a member's name was expected");
    if (!string(s))
        return BROKEN;
    s->at = eg_jscan_space_end(s->at, s->end);
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

eg_status eg_jscan_check(const char *json, size_t len, const struct eg_jscan_limits *limits, struct eg_err *err) {
    struct scan s = {
        .at = json, .end = json + len, .max_values = limits->max_values, .max_number_b = limits->max_number_b};
    s.max_depth = limits->max_depth < EG_JSON_MAX_DEPTH ? limits->max_depth : EG_JSON_MAX_DEPTH;
    enum want want = VALUE;
    while (want != BROKEN) {
        s.at = eg_jscan_space_end(s.at, s.end);
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
        return eg_jscan_fail(json, s.at, EG_E_JSON_INVALID, s.why, err);
    if (want != AFTER_VALUE || s.depth > 0)
        return eg_jscan_fail(json, s.at, EG_E_JSON_INVALID, "the text ends too early", err);
    if (limits->values)
        *limits->values = s.values;
    if (limits->built_b)
        *limits->built_b = s.built_b;
    if (s.refused == EG_E_NONE)
        return EG_OK;
    char place[sizeof err->place];
    eg_jscan_pointer(json, len, (size_t)(s.refused_at - json), place, sizeof place);
    return eg_jscan_fail_at(json, s.refused_at, place, s.refused,
                            s.refused == EG_E_NUL_CHARACTER ? "a string holds \\u0000, which cannot be stored"
                                                            : "a number leaves the range of int64 or of a double",
                            err);
}
