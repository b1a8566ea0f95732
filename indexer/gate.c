/* A commit goes through the gates in the order of the policy; the worst decides, and open findings raise that by a
 * level. */
#include "indexer/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "indexer/stat.h"
#include "indexer/threshold.h"

static const struct gate {
    const char *name;
    void (*judge)(const struct eg_judged *, struct eg_verdict *);
} gates[] = {{"I1", eg_gate_i1}, {"I2", eg_gate_i2}, {"I3", eg_gate_i3}, {"I4", eg_gate_i4}};

const char *eg_level_action(enum eg_level level) {
    static const char *const names[] = {"pass", "warn", "review", "block", "block"};
    return names[level];
}

const char *eg_row_text(const json_t *row, size_t i) {
    const char *text = json_string_value(json_array_get(row, i));
    return text ? text : "";
}

void eg_gate_clean(char *text) {
    for (size_t left = strlen(text), n; left > 0; text += n, left -= n) {
        n = eg_utf8_char(text, left, NULL);
        if (n == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) { /* a line of its own can command CI */
            *text = '?';
            n = 1;
        }
    }
}

void eg_verdict_since(struct eg_verdict *verdict, int64_t at_us) {
    verdict->at_us = at_us > verdict->at_us ? at_us : verdict->at_us;
}

bool eg_gate_value(const struct eg_judged *judged, const struct eg_past_series *series, double *x) {
    size_t low = 0, high = series->n, index = judged->commit->index;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (series->v[middle].commit->index < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *x = low < series->n ? series->v[low].x : 0;
    return low < series->n && series->v[low].commit == judged->commit;
}

bool eg_gate_bound(const struct eg_judged *judged, const char *module, const char *metric, double q, double *bound,
                   struct eg_verdict *verdict) {
    const struct eg_past *past = &judged->gating->past;
    const struct eg_gate_policy *policy = &judged->gating->policy;
    const struct eg_past_freeze *freeze = eg_past_frozen(past, module, metric);
    struct eg_window window = {.days = policy->window_days};
    size_t end = judged->commit->index;
    double *values;
    if (freeze) { /* what came since is not learned */
        size_t begun = past->n_commits - eg_freeze_passed(past, freeze);
        end = begun < end ? begun : end;
        json_object_set_new(verdict->details, "frozen", json_string(freeze->reason));
        eg_verdict_since(verdict, freeze->at_us);
    }
    size_t n = eg_window_values(past, eg_past_series(past, module, metric), &window, end, &values);
    if (n >= policy->least_commits) {
        eg_sort_doubles(values, n);
        *bound = eg_quantile_sorted(values, n, q);
    }
    free(values);
    return n >= policy->least_commits;
}

static eg_status ask(const struct eg_gating *gating, const char *query, const char *sha, json_t **rows,
                     struct eg_err *err) {
    return eg_ask(gating->asker, query, json_pack("{s:s, s:s}", "repo", gating->name, "sha", sha), rows, err);
}

static eg_status read_rows(const struct eg_gating *gating, const char *sha, struct eg_judged *judged,
                           struct eg_err *err) {
    if (ask(gating,
            "SELECT tokens (token, file, weight, line, symbol, module, public_api, meta.before AS before, meta.after AS after, "
            "meta.was_public AS was_public, meta.now_public AS now_public) FROM all "
            "WHERE sha=$sha repo IN ($repo, \"\") ORDER BY weight DESC, file, line, token, event_id LIMIT 100000",
            sha, &judged->tokens, err)) {
        return EG_FAIL;
    }
    return ask(
        gating,
        "SELECT tests (module, passed, failed, skipped, created_utc) FROM all WHERE sha=$sha repo IN ($repo, \"\") "
        "ORDER BY created_utc DESC, event_id DESC LIMIT 1000",
        sha, &judged->reports, err);
}

static void judge(const struct eg_judged *judged, struct eg_decision *decision) {
    const struct eg_gate_policy *policy = &judged->gating->policy;
    const char *name;
    for (size_t i = 0; (name = eg_gate_policy_order(policy, i)) && decision->n < 4; i++) {
        for (size_t k = 0; k < sizeof(gates) / sizeof(gates[0]); k++) {
            if (strcmp(gates[k].name, name) == 0) {
                struct eg_verdict *verdict = &decision->verdicts[decision->n++];
                *verdict = (struct eg_verdict){
                    .gate = gates[k].name, .details = json_object(), .at_us = judged->commit->at_us};
                gates[k].judge(judged, verdict);
                eg_gate_clean(verdict->said);
                json_object_set_new(verdict->details, "applies", json_boolean(verdict->applies));
                json_object_set_new(verdict->details, "why", json_string(verdict->said));
                decision->level = verdict->level > decision->level ? verdict->level : decision->level;
            }
        }
    }
}

eg_status eg_gate_judge(const struct eg_gating *gating, const char *sha, const char *state_file, const json_t *findings,
                        struct eg_decision *decision, struct eg_err *err) {
    struct eg_judged judged = {
        .gating = gating, .commit = eg_past_commit(&gating->past, sha), .state_file = state_file};
    *decision = (struct eg_decision){.sha = sha, .known = judged.commit != NULL};
    if (!judged.commit) {
        return EG_OK;
    }
    eg_status status = read_rows(gating, sha, &judged, err);
    if (status == EG_OK) {
        judge(&judged, decision);
        decision->before_raise = decision->level;
        if (json_array_size(findings) > 0 && decision->level < EG_LEVEL_HARD) {
            decision->level += decision->level == EG_LEVEL_PASS ? 2 : 1; /* a warning is said, and asks for nothing */
        }
    }
    json_decref(judged.tokens);
    json_decref(judged.reports);
    return status;
}

void eg_decision_free(struct eg_decision *decision) {
    for (size_t i = 0; i < decision->n; i++) {
        json_decref(decision->verdicts[i].details);
    }
    decision->n = 0;
}
