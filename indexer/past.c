/* Looking things up in what was read. */
#include "indexer/past.h"

#include <string.h>

bool eg_past_covers(const char *unit, const char *module) {
    size_t n = strlen(unit);
    return strcmp(unit, EG_ALL) == 0 || (strncmp(unit, module, n) == 0 && (module[n] == '\0' || module[n] == '.'));
}

const struct eg_past_commit *eg_past_commit(const struct eg_past *past, const char *sha) {
    for (size_t i = past->n_commits; i-- > 0;) {
        if (strcmp(past->commits[i]->sha, sha) == 0) {
            return past->commits[i];
        }
    }
    return NULL;
}

const struct eg_past_series *eg_past_series(const struct eg_past *past, const char *module, const char *metric) {
    for (size_t i = 0; i < past->n_series; i++) {
        if (strcmp(past->series[i].module, module) == 0 && strcmp(past->series[i].metric, metric) == 0) {
            return &past->series[i];
        }
    }
    return NULL;
}

const struct eg_past_thresholds *eg_past_thresholds(const struct eg_past *past, const char *module) {
    const struct eg_past_thresholds *best = NULL;
    for (size_t i = 0; i < past->n_thresholds; i++) {
        const struct eg_past_thresholds *one = &past->thresholds[i];
        bool closer = !best || strcmp(best->module, EG_ALL) == 0 ||
                      (strcmp(one->module, EG_ALL) != 0 && strlen(one->module) > strlen(best->module));
        if (eg_past_covers(one->module, module) && closer) {
            best = one;
        }
    }
    return best;
}

const struct eg_past_freeze *eg_past_frozen(const struct eg_past *past, const char *module, const char *metric) {
    for (size_t i = 0; i < past->n_freezes; i++) {
        const struct eg_past_freeze *freeze = &past->freezes[i];
        bool of_metric = strcmp(freeze->metric, EG_ALL) == 0 || strcmp(freeze->metric, metric) == 0;
        if (freeze->open && of_metric && eg_past_covers(freeze->module, module)) {
            return freeze;
        }
    }
    return NULL;
}
