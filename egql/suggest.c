/* Edit distance where a swap of neighbours is one step (optimal string alignment), bounded: names are short, and only
 * near ones help. */
#include "egql/suggest.h"

#include <ctype.h>
#include <string.h>

#define MOST_B 40

static bool same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static size_t distance(const char *a, size_t n, const char *b, size_t m) {
    size_t rows[3][MOST_B + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[m];
}

void egql_suggest_try(struct egql_suggest *s, const char *candidate) {
    size_t n = strlen(candidate), most = s->len <= 3 ? 1 : s->len <= 6 ? 2 : 3;
    if (s->len == 0 || s->len > MOST_B || n > MOST_B || n > s->len + most || s->len > n + most)
        return;
    size_t steps = distance(s->word, s->len, candidate, n);
    if (steps <= most && steps < n && (!s->best || steps < s->distance)) {
        s->best = candidate;
        s->distance = steps;
    }
}
