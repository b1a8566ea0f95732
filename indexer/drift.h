/* Whether the mean of a series has changed. Both detectors take one value at a time, and begin anew after a change. */
#ifndef EG_INDEXER_DRIFT_H
#define EG_INDEXER_DRIFT_H

#include <stdbool.h>
#include <stddef.h>

/* E. S. Page (1954), in the one-sided form that finds rises: sum ← max(0, α·sum + x − mean − δ), a change when it passes the
 * threshold, after `least` values at the earliest. */
struct eg_page_hinkley_config {
    double delta, threshold, alpha;
    size_t least;
};
struct eg_page_hinkley {
    struct eg_page_hinkley_config config;
    double mean, sum;
    size_t n;
};
void eg_page_hinkley_begin(struct eg_page_hinkley *detector, const struct eg_page_hinkley_config *config);
/* True: a change; statistic (NULL: not wanted) is what passed the threshold. */
bool eg_page_hinkley_add(struct eg_page_hinkley *detector, double x, double *statistic);

/* A. Bifet and R. Gavaldà (2007): a window that is cut where the means of its two parts differ by more than chance allows, with
 * confidence 1 − δ. Its memory is logarithmic in the values: an exponential histogram. */
#define EG_ADWIN_ROWS 48   /* the bucket of row r holds 2^r values */
#define EG_ADWIN_BUCKETS 5 /* of a row; one more and the two oldest become one of the next row */

struct eg_adwin_config {
    double delta;
    size_t every;      /* looks for a cut at each so many values */
    size_t least;      /* values in the window, at the least, before it looks */
    size_t least_part; /* values in each part */
};
struct eg_adwin_bucket {
    double total, variance; /* variance: the sum of squared distances from the bucket's mean */
};
struct eg_adwin {
    struct eg_adwin_config config;
    struct eg_adwin_bucket rows[EG_ADWIN_ROWS][EG_ADWIN_BUCKETS + 1]; /* of a row the oldest first */
    size_t n_buckets[EG_ADWIN_ROWS], n_rows, width, seen;
    double total, variance;
};
void eg_adwin_begin(struct eg_adwin *detector, const struct eg_adwin_config *config);
/* True: the window was cut, its older part is forgotten. statistic: the distance of the two means at the first cut. */
bool eg_adwin_add(struct eg_adwin *detector, double x, double *statistic);
double eg_adwin_mean(const struct eg_adwin *detector);

#endif
