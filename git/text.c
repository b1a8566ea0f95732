/* What events can hold of bytes that may be anything. */
#include "git/text.h"

#include "base/utf8.h"

/* The length of the character that a text begins with, 0 when there is none, or when it is NUL. */
static size_t character(const char *p, size_t n) { return *p ? eg_utf8_char(p, n, NULL) : 0; }

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
        size_t len = run ? run : character(text.p + i, left), wanted = len ? len : 3;
        if (wanted > left_b) {
            break;
        }
        eg_buf_add(out, len ? text.p + i : "\xef\xbf\xbd", wanted);
        i += len ? len : 1;
        characters += run ? run : 1;
    }
    return characters;
}
