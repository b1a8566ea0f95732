/* α, β and ζ: the 90th, 95th and 99th percentile of a metric. */
#include <math.h>
#include <stdlib.h>

#include "indexer/stat.h"
#include "indexer/threshold.h"

#define DAY_US (86400 * (int64_t)1000000)
/* Quantiles of the standard normal distribution. */
#define NORMAL_90 1.2815515655446004
#define NORMAL_95 1.6448536269514722
#define NORMAL_99 2.3263478740408408

size_t eg_window_values(const struct eg_past *past, const struct eg_past_series *series, const struct eg_window *window,
                        size_t end, double **out) {
    size_t n = 0, first = 0;
    int64_t since_us = INT64_MIN;
    *out = NULL;
    end = end < past->n_commits ? end : past->n_commits;
    if (!series || series->n == 0 || end == 0) {
        return 0;
    }
    if (window->days > 0) { /* before the commit that is judged, or else the newest */
        since_us = past->commits[end < past->n_commits ? end : end - 1]->at_us - window->days * DAY_US;
    }
    if (window->commits > 0 && window->commits < end) {
        first = end - window->commits;
    }
    double *values = *out = calloc(series->n, sizeof(*values));
    for (size_t i = 0; values && i < series->n; i++) {
        const struct eg_past_commit *commit = series->v[i].commit;
        if (!commit->bad && commit->index >= first && commit->index < end && commit->at_us >= since_us) {
            values[n++] = series->v[i].x;
        }
    }
    return n;
}

static double within(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

bool eg_threshold_learn(const struct eg_past *past, const struct eg_gate_policy *policy,
                        const struct eg_past_series *series, const struct eg_window *window, bool ewma,
                        struct eg_learned *learned) {
    double *values;
    size_t n = eg_window_values(past, series, window, past->n_commits, &values);
    struct eg_ewma average = {0};
    if (n < policy->least_commits) {
        free(values);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        eg_ewma_add(&average, policy->lambda, values[i]);
    }
    eg_sort_doubles(values, n);
    *learned = (struct eg_learned){.mean = average.mean,
                                   .n = n,
                                   .bounds = {eg_quantile_sorted(values, n, 0.90), eg_quantile_sorted(values, n, 0.95),
                                              eg_quantile_sorted(values, n, 0.99)}};
    learned->sigma = eg_sigma_mad(values, n);
    if (ewma) {
        learned->bounds = (struct eg_bounds){within(average.mean + NORMAL_90 * learned->sigma),
                                             within(average.mean + NORMAL_95 * learned->sigma),
                                             within(average.mean + NORMAL_99 * learned->sigma)};
    }
    free(values);
    return true;
}
