/* Patterns, near words, digits. */
#include "base/text.h"

#include <string.h>

/* The last * may take more whenever what follows it does not fit: no recursion. */
bool eg_text_matches(const char *pattern, const char *text, size_t len) {
    const char *star = NULL;
    size_t at = 0, star_at = 0;
    while (at < len) {
        if (*pattern == '*') {
            star = pattern++;
            star_at = at;
        } else if (*pattern && *pattern == text[at]) {
            pattern++;
            at++;
        } else if (star) {
            pattern = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

#define WORD_MOST 63

static size_t least3(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, in one row. */
static size_t distance(const char *a, const char *b) {
    size_t row[WORD_MOST + 1];
    size_t la = strlen(a), lb = strlen(b);
    if (la > WORD_MOST || lb > WORD_MOST) {
        return WORD_MOST;
    }
    for (size_t j = 0; j <= lb; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            row[j] = least3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[lb];
}

/* Every part between separators of the shorter word stands in the longer one's parts: "body-max" is meant as
 * "http-max-body-b". */
static bool same_parts(const char *word, const char *whole) {
    size_t parts = 0;
    for (const char *p = word; *p;) {
        size_t n = strcspn(p, "-_.");
        const char *q = whole;
        bool found = false;
        while (*q && !found) {
            size_t m = strcspn(q, "-_.");
            found = n == m && memcmp(p, q, n) == 0;
            q += m + (q[m] != '\0');
        }
        if (!found) {
            return false;
        }
        parts++;
        p += n + (p[n] != '\0');
    }
    return parts > 1;
}

const char *eg_text_nearest(const char *word, const char *const *words, size_t n) {
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < n; i++) {
        size_t d = same_parts(word, words[i]) ? 1 : distance(word, words[i]);
        if (d < least) {
            least = d;
            best = words[i];
        }
    }
    return best;
}

int eg_text_hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
