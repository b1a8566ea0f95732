/* I4, stability: tests that fail, and metrics that pass what they used to be. */
#include <stdio.h>
#include <string.h>

#include "indexer/gate.h"
#include "indexer/gate_event.h"

#include "base/clock.h"

#define METRICS_TOLD 50

static void take_reports(const struct eg_judged *judged, struct eg_verdict *verdict) {
    json_t *seen = json_object(), *row;
    long long failed = 0, passed = 0;
    size_t i;
    json_array_foreach(judged->reports, i, row) {
        const char *module = eg_row_text(row, EG_REPORT_MODULE), *time = eg_row_text(row, EG_REPORT_AT);
        int64_t at_us = 0;
        if (json_object_get(seen, module)) {
            continue; /* the newest of a module counts */
        }
        json_object_set_new(seen, module, json_integer(json_integer_value(json_array_get(row, EG_REPORT_FAILED))));
        failed += json_integer_value(json_array_get(row, EG_REPORT_FAILED));
        passed += json_integer_value(json_array_get(row, EG_REPORT_PASSED));
        if (eg_time_parse(time, strlen(time), true, &at_us)) {
            eg_verdict_since(verdict, at_us);
        }
    }
    json_object_set_new(verdict->details, "failed", seen);
    if (failed > 0) {
        verdict->level = EG_LEVEL_BLOCK;
        verdict->score = (double)failed;
        snprintf(verdict->said, sizeof(verdict->said), "%lld tests failed", failed);
    } else {
        snprintf(verdict->said, sizeof(verdict->said), "%lld tests passed", passed);
    }
}

static bool passes(double x, double bound, bool less_is_worse) {
    return less_is_worse ? x < bound - EG_GATE_NEAR : x > bound + EG_GATE_NEAR;
}

static void measure(const struct eg_judged *judged, const struct eg_past_series *series, double x, json_t *metrics,
                    struct eg_verdict *verdict) {
    const struct eg_gate_policy *policy = &judged->gating->policy;
    bool less = eg_gate_policy_less_is_worse(policy, series->metric);
    double beta, zeta, q = policy->beta_quantile, z = policy->zeta_quantile;
    if (!eg_gate_bound(judged, series->module, series->metric, less ? 1 - q : q, &beta, verdict) ||
        !eg_gate_bound(judged, series->module, series->metric, less ? 1 - z : z, &zeta, verdict)) {
        return;
    }
    enum eg_level level = passes(x, zeta, less)   ? EG_LEVEL_BLOCK
                          : passes(x, beta, less) ? EG_LEVEL_REVIEW
                                                  : EG_LEVEL_PASS;
    if (json_array_size(metrics) < METRICS_TOLD) {
        json_array_append_new(metrics,
                              json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "module", series->module, "metric",
                                        series->metric, "value", eg_gate_number(x), "beta", eg_gate_number(beta),
                                        "zeta", eg_gate_number(zeta), "action", eg_level_action(level)));
    }
    if (level > verdict->level) {
        verdict->level = level;
        verdict->score = x;
        verdict->threshold = level == EG_LEVEL_BLOCK ? zeta : beta;
        verdict->module = series->module;
        snprintf(verdict->said, sizeof(verdict->said), "%.100s of %.150s is %.4g, %s is %.4g", series->metric,
                 series->module, x, level == EG_LEVEL_BLOCK ? "ζ" : "β", verdict->threshold);
    }
}

void eg_gate_i4(const struct eg_judged *judged, struct eg_verdict *verdict) {
    const struct eg_past *past = &judged->gating->past;
    json_t *metrics = json_array();
    if (json_array_size(judged->reports) == 0) {
        snprintf(verdict->said, sizeof(verdict->said), "no tests were reported");
        json_decref(metrics);
        return;
    }
    verdict->applies = true;
    take_reports(judged, verdict);
    for (size_t i = 0; i < past->n_series; i++) {
        const struct eg_past_series *series = &past->series[i];
        double x;
        bool of_tests = strcmp(series->metric, "delta_z") != 0 && strcmp(series->metric, "mosaic_e") != 0;
        if (of_tests && eg_gate_value(judged, series, &x)) {
            measure(judged, series, x, metrics, verdict);
        }
    }
    json_object_set_new(verdict->details, "metrics", metrics);
}
