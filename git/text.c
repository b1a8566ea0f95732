/* What events can hold of bytes that may be anything. */
#include "git/text.h"

/* The length of the UTF-8 character at p, 0 when there is none (RFC 3629: no overlong forms, no surrogates), or when it is NUL. */
static size_t utf8_at(const unsigned char *p, size_t n) {
    static const struct {
        unsigned char least, most, second_least, second_most;
        size_t len;
    } forms[] = {{0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t len = forms[i].len;
        if (p[0] < forms[i].least || p[0] > forms[i].most) {
            continue;
        }
        if (len > n || (len > 1 && (p[1] < forms[i].second_least || p[1] > forms[i].second_most))) {
            return 0;
        }
        for (size_t j = 2; j < len; j++) {
            if ((p[j] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return len;
    }
    return 0;
}

/* What is plain at the text's beginning: most of it is. */
static size_t plain_run(const char *p, size_t n) {
    size_t run = 0;
    while (run < n && (signed char)p[run] > 0) {
        run++;
    }
    return run;
}

size_t eg_git_clean(struct eg_buf *out, struct eg_str text, size_t most_b) {
    size_t characters = 0, start = out->len;
    for (size_t i = 0; i < text.n && !out->failed;) {
        size_t left_b = most_b - (out->len - start), left = text.n - i;
        size_t run = plain_run(text.p + i, left < left_b ? left : left_b);
        size_t len = run ? run : utf8_at((const unsigned char *)text.p + i, left), wanted = len ? len : 3;
        if (wanted > left_b) {
            break;
        }
        eg_buf_add(out, len ? text.p + i : "\xef\xbf\xbd", wanted);
        i += len ? len : 1;
        characters += run ? run : 1;
    }
    return characters;
}
