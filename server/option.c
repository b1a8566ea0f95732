/* The table of options, and what is asked about names: a flag's option, an option's name in the environment, the
 * nearest known word to a mistyped one. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "server/config.h"

const struct eg_option_info eg_options[EG_OPT_COUNT] = {
#define X(section, name, kind, def, least, most, flag, help)                                                           \
    [EG_OPT_##section##_##name] = {#section, #name, EG_OPTION_##kind, def, least, most, flag, help},
#include "server/options.def"
#undef X
};

void eg_option_env(enum eg_option option, char out[EG_CONFIG_ENV_B]) {
    snprintf(out, EG_CONFIG_ENV_B, "EGDB_%s", eg_options[option].flag);
    for (char *c = out; *c; c++) {
        *c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
    }
}

int eg_option_by_flag(const char *flag, size_t len) {
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        if (strlen(eg_options[i].flag) == len && memcmp(eg_options[i].flag, flag, len) == 0) {
            return i;
        }
    }
    return -1;
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

const char *eg_nearest(const char *word, const char *const *words, size_t n) {
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
