/* What the parts of the scanner share: classes of characters, the skipping of plain string bytes, names, and how a place
 * is told. */
#ifndef EG_BASE_JSCAN_BYTES_H
#define EG_BASE_JSCAN_BYTES_H

#include <stdint.h>
#include <string.h>

#include "base/err.h"

enum eg_jscan_class { EG_JSCAN_OTHER, EG_JSCAN_SPACE, EG_JSCAN_DIGIT, EG_JSCAN_HEX };

extern const unsigned char eg_jscan_classes[256];

static inline unsigned eg_jscan_class_at(const char *at) { return eg_jscan_classes[(unsigned char)*at]; }

static inline const char *eg_jscan_space_end(const char *at, const char *end) {
    while (at < end && eg_jscan_class_at(at) == EG_JSCAN_SPACE)
        at++;
    return at;
}

/* Behind a string that may be broken: only quotes and backslashes count. NULL when it does not end. */
const char *eg_jscan_string_end(const char *at, const char *end);
/* One character of a string as it stands between its quotes: out gets its bytes, at most 4, and *at is moved behind it. Of a text that has
 * not passed the scanner what a broken escape gives is undefined, but nothing behind end is read. */
size_t eg_jscan_unescape(const char **at, const char *end, char out[4]);

/* Always EG_FAIL: the sentence is "Line …, column …: why."; place is a JSON Pointer, or NULL. */
eg_status eg_jscan_fail_at(const char *begin, const char *at, const char *place, enum eg_code code, const char *why, struct eg_err *err);
static inline eg_status eg_jscan_fail(const char *begin, const char *at, enum eg_code code, const char *why, struct eg_err *err) {
    return eg_jscan_fail_at(begin, at, NULL, code, why, err);
}

/* Moves to the first byte at or after `at` that is a quote, a backslash or a control: those eight bytes are looked at
 * in one word. A byte's high bit is set by (x − n) & ~x when the byte is below n; equality is below 1 after an
 * exclusive or. A false hit is possible only above a true one, and little-endian order finds the lowest first;
 * big-endian takes the loop. */
static inline const char *eg_jscan_plain_end(const char *at, const char *end) {
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

#endif
