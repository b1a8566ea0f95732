/* One finding by two ways. Where a report quotes nothing of the code, a checkout knows the line that it means, and a server does not: each
 * recognizes the finding by something else. Both also say what they have in common, the message without numbers, as `alias`; who finds the
 * other one's finding by it takes over its identity. */
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

struct stored {
    const struct eg_findings_twin *twin;
    bool used; /* a finding of the set has its fingerprint */
};

struct index {
    struct stored *list; /* by fingerprint, each once */
    struct stored **by_place;
    bool *settled; /* by a finding's number in the set */
    size_t n;
};

static int by_fingerprint(const void *a, const void *b) {
    const struct stored *x = a, *y = b;
    return strcmp(x->twin->fingerprint, y->twin->fingerprint);
}

static int places(const struct eg_findings_twin *x, const struct eg_findings_twin *y) {
    int order = strcmp(x->alias, y->alias);
    order = order ? order : strcmp(x->file, y->file);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int by_place(const void *a, const void *b) {
    const struct stored *const *x = a, *const *y = b;
    int order = places((*x)->twin, (*y)->twin);
    return order ? order : by_fingerprint(*x, *y);
}

static struct stored *find(const struct index *index, const char *fingerprint) {
    struct eg_findings_twin twin = {.fingerprint = fingerprint};
    struct stored key = {.twin = &twin};
    return bsearch(&key, index->list, index->n, sizeof(key), by_fingerprint);
}

/* The first that is not before this place. */
static size_t first_of(const struct index *index, const char *alias, const char *file, int line) {
    struct eg_findings_twin key = {.alias = alias, .file = file, .line = line};
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (places(index->by_place[middle]->twin, &key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum eg_mark other(enum eg_mark mark) { return mark == EG_MARK_LINE ? EG_MARK_MESSAGE : EG_MARK_LINE; }

static bool is_alias(const struct index *index, size_t i, const char *alias) {
    return i < index->n && strcmp(index->by_place[i]->twin->alias, alias) == 0;
}

static bool is_at(const struct stored *row, const struct eg_finding *one) {
    return row->twin->line == one->line && strcmp(row->twin->file, one->file) == 0;
}

static struct stored *at_place(const struct index *index, const struct eg_finding *one, enum eg_mark mark) {
    char alias[EG_ALIAS_B];
    eg_alias_make(one, mark, alias);
    size_t i = first_of(index, alias, one->file, one->line);
    while (is_alias(index, i, alias) && is_at(index->by_place[i], one) && index->by_place[i]->used) {
        i++;
    }
    return is_alias(index, i, alias) && is_at(index->by_place[i], one) ? index->by_place[i] : NULL;
}

/* Of the other way; n: how many there are, 2 for more. */
static struct stored *first_other(const struct index *index, const struct eg_finding *one, int *n) {
    char alias[EG_ALIAS_B];
    eg_alias_make(one, other(one->mark), alias);
    size_t i = first_of(index, alias, "", -1);
    *n = is_alias(index, i, alias) ? 1 + is_alias(index, i + 1, alias) : 0;
    return *n ? index->by_place[i] : NULL;
}

void eg_alias_make(const struct eg_finding *one, enum eg_mark mark, char out[EG_ALIAS_B]) {
    snprintf(out, EG_ALIAS_B, "%s:%.40s", mark == EG_MARK_LINE ? "line" : "message", one->twin);
}

static bool begin(struct index *index, const struct eg_findings_twin *twins, size_t n, size_t n_findings) {
    *index = (struct index){.list = calloc(n + 1, sizeof(*index->list)), .by_place = calloc(n + 1, sizeof(void *)),
                            .settled = calloc(n_findings + 1, sizeof(bool))};
    if (!index->list || !index->by_place || !index->settled) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (strlen(twins[i].fingerprint) < sizeof((struct eg_finding *)NULL)->fingerprint) {
            index->list[index->n++].twin = &twins[i];
        }
    }
    qsort(index->list, index->n, sizeof(*index->list), by_fingerprint);
    size_t kept = 0;
    for (size_t i = 0; i < index->n; i++) {
        if (i == 0 || by_fingerprint(&index->list[kept - 1], &index->list[i]) != 0) {
            index->list[kept++] = index->list[i];
        }
    }
    index->n = kept;
    for (size_t i = 0; i < kept; i++) {
        index->by_place[i] = &index->list[i];
    }
    qsort(index->by_place, kept, sizeof(void *), by_place);
    return true;
}

static bool settle(struct eg_finding *one, struct stored *row) {
    char alias[EG_ALIAS_B];
    eg_alias_make(one, other(one->mark), alias);
    one->mark = one->mark && strcmp(row->twin->alias, alias) == 0 ? other(one->mark) : one->mark;
    memcpy(one->fingerprint, row->twin->fingerprint, strlen(row->twin->fingerprint) + 1);
    row->used = true;
    return true;
}

/* What is stored stays what it is; but among findings that are recognized by both ways an ordinal says little, as each way counts only its
 * own: of these it stays at its place only. */
static bool keep(const struct index *index, struct eg_finding *one) {
    int n;
    struct stored *row = find(index, one->fingerprint);
    bool mixed = one->mark && (one->mixed || first_other(index, one, &n));
    return row && (!mixed || is_at(row, one)) ? settle(one, row) : !one->mark;
}

static bool take_place(const struct index *index, struct eg_finding *one) {
    struct stored *row = at_place(index, one, other(one->mark));
    row = row ? row : at_place(index, one, one->mark);
    return row && settle(one, row);
}

static bool stay(const struct index *index, struct eg_finding *one) {
    struct stored *row = find(index, one->fingerprint);
    return row && !row->used && settle(one, row);
}

/* The only one there is, when the report has no other like it either: a wrong guess would give one finding what was said of another. A
 * finding whose fingerprint another one bears gets one of its place. */
static bool be_new(const struct index *index, struct eg_finding *one) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    int n;
    struct stored *row = one->alike == 1 ? first_other(index, one, &n) : NULL;
    if (row && n == 1 && !row->used && !find(index, one->fingerprint)) {
        return settle(one, row);
    }
    while ((row = find(index, one->fingerprint)) && row->used) {
        char text[EG_PATH_MOST_B + 96];
        int len = snprintf(text, sizeof(text), "%s@%d@%s", one->fingerprint, one->line, one->file);
        SHA256((const unsigned char *)text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1, hash);
        for (size_t i = 0; i < sizeof(hash); i++) {
            one->fingerprint[2 * i] = digits[hash[i] >> 4];
            one->fingerprint[2 * i + 1] = digits[hash[i] & 15];
        }
        one->fingerprint[2 * sizeof(hash)] = '\0';
    }
    return !row || settle(one, row);
}

eg_status eg_findings_adopt(struct eg_findings *set, const struct eg_findings_twin *twins, size_t n, struct eg_err *err) {
    static bool (*const steps[])(const struct index *, struct eg_finding *) = {keep, take_place, stay, be_new};
    struct index index;
    if (set->full) {
        return eg_findings_too_much(set, err);
    }
    bool good = begin(&index, twins, n, set->n);
    for (size_t step = 0; good && n && step < sizeof(steps) / sizeof(*steps); step++) {
        for (size_t i = 0; i < set->n; i++) {
            index.settled[i] = index.settled[i] || steps[step](&index, &set->list[i]);
        }
    }
    free(index.list);
    free(index.by_place);
    free(index.settled);
    return good ? EG_OK : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory for the findings that are stored");
}
