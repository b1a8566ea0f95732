/* Most texts are ASCII: eight bytes of it are passed at once. */
#include "base/utf8.h"

#include <string.h>

size_t eg_utf8_char(const char *at, size_t left, uint32_t *c) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)at;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    uint32_t made = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        made = made << 6 | (p[i] & 0x3F);
    }
    if (made < least[n] || made > 0x10FFFF || (made >= 0xD800 && made < 0xE000))
        return 0;
    if (c)
        *c = made;
    return n;
}

bool eg_utf8_valid(const char *text, size_t len) {
    for (size_t i = 0; i < len;) {
        uint64_t word;
        if (len - i >= sizeof word) {
            memcpy(&word, text + i, sizeof word);
            if (!(word & 0x8080808080808080)) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = eg_utf8_char(text + i, len - i, NULL);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}
