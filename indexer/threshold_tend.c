/* Freezes: when they end, and when one begins. The detectors run over the whole series each time, so that the same past
 * gives the same freezes; while frozen they learn nothing, and begin anew after it. */
#include <stdio.h>
#include <string.h>

#include "indexer/gate_event.h"
#include "indexer/threshold.h"

size_t eg_freeze_passed(const struct eg_past *past, const struct eg_past_freeze *freeze) {
    const struct eg_past_commit *commit = freeze->sha ? eg_past_commit(past, freeze->sha) : NULL;
    size_t n = 0;
    if (commit) {
        return past->n_commits - 1 - commit->index;
    }
    while (n < past->n_commits && past->commits[past->n_commits - 1 - n]->at_us > freeze->at_us) {
        n++;
    }
    return n;
}

static json_t *described(const struct eg_past_freeze *freeze, const char *reason) {
    return json_pack("{s:s, s:s, s:s, s:s}", "module", freeze->module, "metric", freeze->metric, "detector",
                     freeze->detector, "reason", reason);
}

static bool is_same(const struct eg_past_freeze *a, const struct eg_past_freeze *b) {
    return strcmp(a->module, b->module) == 0 && strcmp(a->metric, b->metric) == 0 && strcmp(a->repo, b->repo) == 0;
}

eg_status eg_freeze_end(struct eg_past *past, struct eg_past_freeze *freeze, struct eg_sink *sink, int64_t at_us,
                        const char *sha, const char *reason, struct eg_err *err) {
    json_t *payload =
        json_pack("{s:s, s:s, s:s}", "module", freeze->module, "metric", freeze->metric, "reason", reason);
    if (*freeze->repo) { /* that of the freeze: the two must meet */
        json_object_set_new(payload, "repo", json_string(freeze->repo));
    }
    at_us = at_us > freeze->at_us ? at_us : freeze->at_us;
    struct eg_gate_event event = {"spec.drift.unfrozen@v1", at_us, sha, freeze->event_id, payload};
    eg_status status = eg_gate_event_put(sink, &event, err);
    for (size_t i = 0; status == EG_OK && i < past->n_freezes; i++) {
        if (is_same(&past->freezes[i], freeze)) {
            past->freezes[i].open = false; /* the server ends all of them, too */
            past->freezes[i].ended_us = at_us;
        }
    }
    past->told_us = at_us > past->told_us ? at_us : past->told_us;
    return status;
}

/* Those of one (module, metric) end together, with the last of them. */
static bool is_over(const struct eg_past *past, const struct eg_past_freeze *freeze, size_t *at) {
    *at = 0;
    for (size_t i = 0; i < past->n_freezes; i++) {
        const struct eg_past_freeze *other = &past->freezes[i];
        if (other->open && is_same(other, freeze)) {
            size_t passed = eg_freeze_passed(past, other);
            if (passed < (size_t)other->commits) {
                return false;
            }
            size_t index = past->n_commits - 1 - passed + (size_t)other->commits;
            *at = index > *at ? index : *at;
        }
    }
    return true;
}

eg_status eg_freezes_end(struct eg_past *past, struct eg_sink *sink, json_t *unfrozen, struct eg_err *err) {
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < past->n_freezes; i++) {
        struct eg_past_freeze *freeze = &past->freezes[i];
        size_t at;
        if (freeze->open && past->n_commits > 0 && is_over(past, freeze, &at)) {
            char reason[80];
            snprintf(reason, sizeof(reason), "%d commits have passed", freeze->commits);
            json_array_append_new(unfrozen, described(freeze, reason));
            status = eg_freeze_end(past, freeze, sink, past->commits[at]->at_us, past->commits[at]->sha, reason, err);
        }
    }
    return status;
}

struct drift {
    const struct eg_past_commit *commit; /* NULL: none */
    const char *detector;
    double statistic, mean;
};

/* The last drift of the series. */
static struct drift last_drift(const struct eg_gate_policy *policy, const struct eg_past_series *series) {
    struct drift drift = {0};
    struct eg_page_hinkley hinkley;
    struct eg_adwin adwin;
    eg_page_hinkley_begin(&hinkley, &policy->page_hinkley);
    eg_adwin_begin(&adwin, &policy->adwin);
    for (size_t i = 0; i < series->n; i++) {
        const struct eg_past_value *value = &series->v[i];
        bool is_frozen = drift.commit && value->commit->index < drift.commit->index + (size_t)policy->freeze_commits;
        double rise = 0, distance = 0;
        if (value->commit->bad || is_frozen) {
            continue;
        }
        bool rose = eg_page_hinkley_add(&hinkley, value->x, &rise), changed = eg_adwin_add(&adwin, value->x, &distance);
        if (rose || changed) {
            drift = (struct drift){value->commit, rose ? "page-hinkley" : "adwin", rose ? rise : distance,
                                   eg_adwin_mean(&adwin)};
            eg_page_hinkley_begin(&hinkley, &policy->page_hinkley);
            eg_adwin_begin(&adwin, &policy->adwin);
        }
    }
    return drift;
}

/* Whether the freeze for it is there already, ended or not, or another one is open. */
static bool is_known(const struct eg_past *past, const struct eg_past_series *series, const struct drift *drift) {
    for (size_t i = 0; i < past->n_freezes; i++) {
        const struct eg_past_freeze *freeze = &past->freezes[i];
        if (strcmp(freeze->module, series->module) == 0 && strcmp(freeze->metric, series->metric) == 0 &&
            (freeze->open || (freeze->sha && strcmp(freeze->sha, drift->commit->sha) == 0))) {
            return true;
        }
    }
    return false;
}

static eg_status begin_freeze(struct eg_past *past, const struct eg_gate_policy *policy,
                              const struct eg_past_series *series, const struct drift *drift, struct eg_sink *sink,
                              json_t *frozen, struct eg_err *err) {
    bool rose = strcmp(drift->detector, "page-hinkley") == 0;
    double threshold = rose ? policy->page_hinkley.threshold : policy->adwin.delta;
    struct eg_past_freeze freeze = {.event_id = "",
                                    .repo = past->repo,
                                    .module = series->module,
                                    .metric = series->metric,
                                    .detector = drift->detector,
                                    .reason = "drift guard",
                                    .sha = drift->commit->sha,
                                    .at_us = drift->commit->at_us,
                                    .commits = policy->freeze_commits,
                                    .open = true};
    json_t *payload =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:{s:s, s:o, s:o, s:o}}", "repo", past->repo, "module", freeze.module,
                  "metric", freeze.metric, "detector", freeze.detector, "commits", freeze.commits, "reason",
                  freeze.reason, "details", "sha", freeze.sha, "statistic", eg_gate_number(drift->statistic),
                  rose ? "threshold" : "delta", eg_gate_number(threshold), "mean", eg_gate_number(drift->mean));
    struct eg_gate_event event = {"spec.drift.frozen@v1", freeze.at_us, freeze.sha, NULL, payload};
    struct eg_past_freeze *list = eg_arena_alloc(past->arena, (past->n_freezes + 1) * sizeof(*list));
    if (!list) {
        json_decref(payload);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    list[0] = freeze;
    if (past->n_freezes > 0) {
        memcpy(list + 1, past->freezes, past->n_freezes * sizeof(*list));
    }
    past->freezes = list;
    past->n_freezes++;
    json_array_append_new(frozen, described(&freeze, freeze.reason));
    return eg_gate_event_put(sink, &event, err);
}

eg_status eg_threshold_tend(struct eg_past *past, const struct eg_gate_policy *policy, struct eg_sink *sink,
                            json_t *unfrozen, json_t *frozen, struct eg_err *err) {
    eg_status status = eg_freezes_end(past, sink, unfrozen, err);
    for (size_t i = 0; status == EG_OK && i < past->n_series; i++) {
        const struct eg_past_series *series = &past->series[i];
        if (!eg_gate_policy_is_watched(policy, series->metric)) {
            continue;
        }
        struct drift drift = last_drift(policy, series);
        bool lasts = drift.commit && drift.commit->index + (size_t)policy->freeze_commits >= past->n_commits;
        if (lasts && !is_known(past, series, &drift)) {
            status = begin_freeze(past, policy, series, &drift, sink, frozen, err);
        }
    }
    return status;
}
