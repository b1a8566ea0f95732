/* What the database knows of a repository's past: its commits in the order of their times, the metrics of their
 * modules, labels, freezes and thresholds. Read once, at the start of a run. */
#ifndef EG_INDEXER_PAST_H
#define EG_INDEXER_PAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "indexer/ask.h"
#include "indexer/gate_policy.h"

#define EG_PAST_COMMITS 20000 /* the newest; older ones are not read */
#define EG_ALL "*"            /* the module that stands for the repository, and the metric that stands for all */

struct eg_past_commit {
    const char *sha;
    int64_t at_us;
    size_t index; /* in the order of time, then of shas */
    bool bad;
};

struct eg_past_value {
    const struct eg_past_commit *commit;
    double x;
};

struct eg_past_series { /* of a (module, metric), in the order of commits */
    const char *module, *metric;
    struct eg_past_value *v;
    size_t n, room;
};

struct eg_past_freeze {
    const char *event_id, *repo, *module, *metric, *detector, *reason;
    const char *sha; /* of the commit after which commits are counted; NULL: by time */
    int64_t at_us, ended_us;
    int commits;
    int left; /* of one that a file says: commits that it still lasts for */
    bool open;
};

struct eg_past_thresholds {
    const char *module, *basis, *sha;
    struct eg_bounds bounds;
    int64_t at_us;
};

struct eg_past {
    struct eg_arena *arena;
    const char *repo;
    struct eg_past_commit **commits;
    size_t n_commits;
    struct eg_past_series *series;
    size_t n_series;
    struct eg_past_freeze *freezes; /* the newest first */
    size_t n_freezes;
    struct eg_past_thresholds *thresholds; /* the newest of each module */
    size_t n_thresholds;
    int64_t told_us; /* of the newest label, freeze and end of one; 0: none */
};

/* All lives in the arena. repo: rows of it, and those that name none. */
EG_MUST_CHECK eg_status eg_past_read(struct eg_asker *asker, const struct eg_gate_policy *policy, const char *repo,
                                     struct eg_arena *arena, struct eg_past *past, struct eg_err *err);
const struct eg_past_commit *eg_past_commit(const struct eg_past *past, const char *sha); /* NULL: not known */
/* NULL when there is none. */
const struct eg_past_series *eg_past_series(const struct eg_past *past, const char *module, const char *metric);
/* Of the module, else of the unit that it is in (`a` for `a.b`), else of the repository; NULL: none were learned. */
const struct eg_past_thresholds *eg_past_thresholds(const struct eg_past *past, const char *module);
/* The first open freeze that covers (module, metric); NULL: it is not frozen. */
const struct eg_past_freeze *eg_past_frozen(const struct eg_past *past, const char *module, const char *metric);
/* Whether `unit` is the module, a unit that it is in, or all. */
bool eg_past_covers(const char *unit, const char *module);

#endif
