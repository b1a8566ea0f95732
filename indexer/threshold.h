/* Thresholds: what is learned of the past, and when nothing is. */
#ifndef EG_INDEXER_THRESHOLD_H
#define EG_INDEXER_THRESHOLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "indexer/past.h"
#include "indexer/sink.h"

struct eg_window {
    int days;       /* before the newest commit; 0: not by time */
    size_t commits; /* the last so many; 0: not by number */
};

struct eg_learned {
    struct eg_bounds bounds;
    double mean, sigma; /* the moving average, and the deviation by distances from the median */
    size_t n;           /* commits that they are of */
};

/* The values of good commits within the window before `end` (an index; past->n_commits: all), in the order of time,
 * into out (malloc, the caller frees it; NULL when there are none or memory is out). */
size_t eg_window_values(const struct eg_past *past, const struct eg_past_series *series, const struct eg_window *window,
                        size_t end, double **out);
/* False: there are too few commits. ewma: μ and σ give the bounds, by the quantiles of a normal distribution; else the
 * quantiles of the values do. */
bool eg_threshold_learn(const struct eg_past *past, const struct eg_gate_policy *policy,
                        const struct eg_past_series *series, const struct eg_window *window, bool ewma,
                        struct eg_learned *learned);

/* Ends freezes whose commits have passed and freezes what drifts, in the past and by events. Adds to the lists (JSON
 * arrays, for the report) what was unfrozen and frozen. */
EG_MUST_CHECK eg_status eg_threshold_tend(struct eg_past *past, const struct eg_gate_policy *policy,
                                          struct eg_sink *sink, json_t *unfrozen, json_t *frozen, struct eg_err *err);
/* Only the first half of it. */
EG_MUST_CHECK eg_status eg_freezes_end(struct eg_past *past, struct eg_sink *sink, json_t *unfrozen, struct eg_err *err);
/* Commits after the one at which the freeze began. */
size_t eg_freeze_passed(const struct eg_past *past, const struct eg_past_freeze *freeze);
/* One event; returns after the queue took it. sha is the commit at which the freeze ends. */
EG_MUST_CHECK eg_status eg_freeze_end(struct eg_past *past, struct eg_past_freeze *freeze, struct eg_sink *sink,
                                      int64_t at_us, const char *sha, const char *reason, struct eg_err *err);

/* spec_state.json: thresholds and open freezes. */
EG_MUST_CHECK eg_status eg_state_write(const struct eg_past *past, const char *path, struct eg_err *err);
/* Thresholds and open freezes of the file, instead of those that the past has; they live in its arena. err: usage. */
EG_MUST_CHECK eg_status eg_state_read(struct eg_past *past, const char *path, struct eg_err *err);

#endif
