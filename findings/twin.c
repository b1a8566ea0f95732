/* One finding by two ways. Where a report quotes nothing of the code, a checkout knows the line that it means, and a server does not: each
 * recognizes the finding by something else. Both also say what they have in common, the message without numbers, as `alias`; who finds the
 * other one's finding by it takes over its identity. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

struct index {
    const struct eg_findings_twin **by_fingerprint, **by_alias;
    size_t n;
    bool *used; /* by its number among the twins */
    const struct eg_findings_twin *first;
};

static int fingerprints(const void *a, const void *b) {
    const struct eg_findings_twin *const *x = a, *const *y = b;
    return strcmp((*x)->fingerprint, (*y)->fingerprint);
}

static int aliases(const void *a, const void *b) {
    const struct eg_findings_twin *const *x = a, *const *y = b;
    int order = strcmp((*x)->alias, (*y)->alias);
    return order ? order : fingerprints(a, b);
}

static bool is_stored(const struct index *index, const char *fingerprint) {
    struct eg_findings_twin key = {.fingerprint = fingerprint};
    const struct eg_findings_twin *at = &key;
    return bsearch(&at, index->by_fingerprint, index->n, sizeof(at), fingerprints) != NULL;
}

static size_t first_of(const struct index *index, const char *alias) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(index->by_alias[middle]->alias, alias) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The one at the same place; else the only one there is, when the report has no other like it either: what is alike is told apart by its
 * place only, and a wrong guess would give one finding what was said of another. */
static const struct eg_findings_twin *twin_of(const struct index *index, const struct eg_finding *one) {
    char alias[EG_ALIAS_B];
    size_t n = 0;
    const struct eg_findings_twin *only = NULL;
    eg_alias_make(one, one->mark == EG_MARK_LINE ? EG_MARK_MESSAGE : EG_MARK_LINE, alias);
    for (size_t i = first_of(index, alias); i < index->n && strcmp(index->by_alias[i]->alias, alias) == 0; i++) {
        const struct eg_findings_twin *twin = index->by_alias[i];
        if (!index->used[twin - index->first] && twin->line == one->line && strcmp(twin->file, one->file) == 0) {
            return twin;
        }
        only = n++ == 0 && !index->used[twin - index->first] ? twin : NULL;
    }
    return one->alike == 1 ? only : NULL;
}

void eg_alias_make(const struct eg_finding *one, enum eg_mark mark, char out[EG_ALIAS_B]) {
    snprintf(out, EG_ALIAS_B, "%s:%.40s", mark == EG_MARK_LINE ? "line" : "message", one->twin);
}

static bool begin(struct index *index, const struct eg_findings_twin *twins, size_t n) {
    *index = (struct index){.by_fingerprint = calloc(n + 1, sizeof(void *)), .by_alias = calloc(n + 1, sizeof(void *)),
                            .used = calloc(n + 1, sizeof(bool)), .first = twins, .n = n};
    if (!index->by_fingerprint || !index->by_alias || !index->used) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        index->by_fingerprint[i] = index->by_alias[i] = &twins[i];
    }
    qsort(index->by_fingerprint, n, sizeof(void *), fingerprints);
    qsort(index->by_alias, n, sizeof(void *), aliases);
    return true;
}

eg_status eg_findings_adopt(struct eg_findings *set, const struct eg_findings_twin *twins, size_t n, struct eg_err *err) {
    struct index index;
    bool good = begin(&index, twins, n);
    for (size_t i = 0; good && n && i < set->n; i++) {
        struct eg_finding *one = &set->list[i];
        const struct eg_findings_twin *twin = one->mark && !is_stored(&index, one->fingerprint) ? twin_of(&index, one) : NULL;
        if (twin && strlen(twin->fingerprint) < sizeof(one->fingerprint)) {
            index.used[twin - twins] = true;
            one->mark = one->mark == EG_MARK_LINE ? EG_MARK_MESSAGE : EG_MARK_LINE;
            memcpy(one->fingerprint, twin->fingerprint, strlen(twin->fingerprint) + 1);
        }
    }
    free(index.by_fingerprint);
    free(index.by_alias);
    free(index.used);
    return good ? EG_OK : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory for the findings that are stored");
}
