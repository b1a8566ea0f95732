/* UTF-8 by RFC 3629: no overlong forms, no surrogates. */
#include "indexer/text.h"

#include <stdint.h>
#include <string.h>

/* The length of the character at p, 0 when there is none. */
static size_t character(const unsigned char *p, size_t n) {
    if (p[0] < 0x80) {
        return 1;
    }
    size_t len = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (len == 0 || len > n) {
        return 0;
    }
    unsigned char least = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char most = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < least || p[1] > most) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

bool eg_text_is_utf8(const char *text, size_t len) {
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < len;) {
        uint64_t word;
        if (len - i >= 8) { /* eight ASCII bytes at once */
            memcpy(&word, p + i, 8);
            if (!(word & 0x8080808080808080)) {
                i += 8;
                continue;
            }
        }
        size_t n = character(p + i, len - i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

void eg_text_add_clean(struct eg_buf *out, const char *text, size_t len, size_t most_b) {
    const unsigned char *p = (const unsigned char *)text;
    size_t start = out->len;
    for (size_t i = 0; i < len;) {
        size_t n = character(p + i, len - i);
        size_t wanted = n ? n : 3;
        if (out->len - start + wanted > most_b) {
            return;
        }
        eg_buf_add(out, n ? text + i : "\xef\xbf\xbd", wanted);
        i += n ? n : 1;
    }
}
