/* ADWIN2. The oldest values stand in the highest row. The bound is the paper's: with m = 1 / (1/n0 + 1/n1), δ' = δ / ln
 * n and the window's variance σ², ε = √(2/m · σ² · ln(2/δ')) + 2/(3m) · ln(2/δ'). The sizes of the parts count from
 * `least_part` on, as in the authors' program. */
#include "indexer/drift.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

void eg_adwin_begin(struct eg_adwin *detector, const struct eg_adwin_config *config) {
    memset(detector, 0, sizeof(*detector));
    detector->config = *config;
    detector->n_rows = 1;
}

double eg_adwin_mean(const struct eg_adwin *detector) {
    return detector->width ? detector->total / (double)detector->width : 0;
}

/* Two buckets as one: their variance, and that of their means. */
static struct eg_adwin_bucket joined(struct eg_adwin_bucket a, struct eg_adwin_bucket b, double size) {
    double apart = a.total / size - b.total / size;
    return (struct eg_adwin_bucket){a.total + b.total, a.variance + b.variance + size * apart * apart / 2};
}

static void drop_first(struct eg_adwin *detector, size_t row, size_t n) {
    detector->n_buckets[row] -= n;
    memmove(detector->rows[row], detector->rows[row] + n, detector->n_buckets[row] * sizeof(struct eg_adwin_bucket));
}

static void compress(struct eg_adwin *detector) {
    double size = 1;
    for (size_t row = 0; detector->n_buckets[row] > EG_ADWIN_BUCKETS; row++, size *= 2) {
        EG_ASSERT(row + 1 < EG_ADWIN_ROWS);
        struct eg_adwin_bucket *buckets = detector->rows[row];
        detector->rows[row + 1][detector->n_buckets[row + 1]++] = joined(buckets[0], buckets[1], size);
        drop_first(detector, row, 2);
        if (row + 1 == detector->n_rows) {
            detector->n_rows++;
        }
    }
}

static void insert(struct eg_adwin *detector, double x) {
    if (detector->width) {
        double apart = x - eg_adwin_mean(detector), width = (double)detector->width;
        detector->variance += width * apart * apart / (width + 1);
    }
    detector->rows[0][detector->n_buckets[0]++] = (struct eg_adwin_bucket){.total = x};
    detector->width++;
    detector->total += x;
    compress(detector);
}

static void forget_oldest(struct eg_adwin *detector) {
    size_t row = detector->n_rows - 1;
    double size = ldexp(1, (int)row);
    struct eg_adwin_bucket oldest = detector->rows[row][0];
    detector->width -= (size_t)size;
    detector->total -= oldest.total;
    double apart = oldest.total / size - eg_adwin_mean(detector), rest = (double)detector->width;
    detector->variance -= oldest.variance + size * rest * apart * apart / (size + rest);
    detector->variance = detector->variance > 0 ? detector->variance : 0;
    drop_first(detector, row, 1);
    while (detector->n_rows > 1 && detector->n_buckets[detector->n_rows - 1] == 0) {
        detector->n_rows--;
    }
}

static bool differ(const struct eg_adwin *detector, double n0, double total0, double *distance) {
    double n1 = (double)detector->width - n0, total1 = detector->total - total0,
           least = (double)detector->config.least_part;
    if (n0 < least || n1 < least) {
        return false;
    }
    double confidence = log(2 * log((double)detector->width) / detector->config.delta);
    double part = least > 0 ? least - 1 : 0, m = 1 / (n0 - part) + 1 / (n1 - part);
    double variance = detector->variance / (double)detector->width;
    *distance = fabs(total0 / n0 - total1 / n1);
    return *distance > sqrt(2 * m * variance * confidence) + 2.0 / 3 * confidence * m;
}

/* Whether the window falls into two; from the oldest bucket on. */
static bool falls_apart(const struct eg_adwin *detector, double *distance) {
    double n0 = 0, total0 = 0;
    for (size_t row = detector->n_rows; row-- > 0;) {
        for (size_t i = 0; i < detector->n_buckets[row]; i++) {
            n0 += ldexp(1, (int)row);
            total0 += detector->rows[row][i].total;
            if (n0 < (double)detector->width && differ(detector, n0, total0, distance)) {
                return true;
            }
        }
    }
    return false;
}

bool eg_adwin_add(struct eg_adwin *detector, double x, double *statistic) {
    const struct eg_adwin_config *config = &detector->config;
    bool changed = false;
    double distance = 0;
    insert(detector, x);
    if (++detector->seen % config->every != 0 || detector->width <= config->least) {
        return false;
    }
    while (detector->width > 1 && falls_apart(detector, &distance)) {
        if (!changed && statistic) {
            *statistic = distance;
        }
        changed = true;
        forget_oldest(detector);
    }
    return changed;
}
