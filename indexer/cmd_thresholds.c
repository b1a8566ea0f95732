/* `thresholds`: learns them, freezes them, labels what they are learned of, writes and reads their state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "indexer/gate.h"
#include "indexer/gate_event.h"
#include "indexer/gating.h"
#include "indexer/threshold.h"

#define COMMITS_MOST 1000000
#define NEAR 1e-9

static eg_status usage(struct eg_err *err, const char *place, const char *text) {
    return eg_err_set(err, EG_E_USAGE, place, "%s", text);
}

static bool read_number(const char *text, long most, char *unit, long *out) {
    char *end;
    long n = strtol(text, &end, 10);
    *out = n;
    if (unit) {
        *unit = *end;
        end += *end != '\0';
    }
    return *text >= '0' && *text <= '9' && *end == '\0' && n >= 1 && n <= most;
}

static eg_status read_window(const struct eg_gating *gating, struct eg_window *window, struct eg_err *err) {
    const char *text = gating->command->flags.window;
    long n = gating->policy.window_days;
    char unit = 'd';
    if (text && (!read_number(text, COMMITS_MOST, &unit, &n) || !strchr("dc", unit) || !unit)) {
        return usage(err, "--window", "days or commits: 90d, 90c");
    }
    *window = (struct eg_window){.days = unit == 'd' ? (int)n : 0, .commits = unit == 'c' ? (size_t)n : 0};
    return EG_OK;
}

static eg_status put_thresholds(struct eg_gating *gating, const struct eg_past_thresholds *one,
                                const struct eg_learned *learned, int64_t at_us, json_t *report, struct eg_err *err) {
    json_t *payload = json_pack("{s:s, s:s, s:o, s:o, s:o, s:s}", "repo", gating->name, "module", one->module, "alpha",
                                eg_gate_number(one->bounds.alpha), "beta", eg_gate_number(one->bounds.beta), "zeta",
                                eg_gate_number(one->bounds.zeta), "basis", one->basis);
    if (*one->sha) {
        json_object_set_new(payload, "sha", json_string(one->sha));
    }
    if (learned) {
        json_object_set_new(payload, "mean", eg_gate_number(learned->mean));
        json_object_set_new(payload, "sigma", eg_gate_number(learned->sigma));
        json_object_set_new(payload, "n", json_integer((json_int_t)learned->n));
    }
    json_array_append(report, payload);
    struct eg_gate_event event = {"spec.thresholds.updated@v1", at_us, one->sha, NULL, payload};
    return eg_gate_event_put(gating->sink, &event, err);
}

static bool is_new(const struct eg_past *past, const struct eg_past_thresholds *one) {
    for (size_t i = 0; i < past->n_thresholds; i++) {
        const struct eg_bounds *a = &past->thresholds[i].bounds, *b = &one->bounds;
        if (strcmp(past->thresholds[i].module, one->module) == 0) {
            double apart[] = {a->alpha - b->alpha, a->beta - b->beta, a->zeta - b->zeta};
            return apart[0] > NEAR || apart[0] < -NEAR || apart[1] > NEAR || apart[1] < -NEAR || apart[2] > NEAR ||
                   apart[2] < -NEAR || strcmp(past->thresholds[i].basis, one->basis) != 0;
        }
    }
    return true;
}

static eg_status update(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    const struct eg_index_flags *flags = &gating->command->flags;
    struct eg_past *past = &gating->past;
    json_t *learned = json_array(), *frozen = json_array(), *skipped = json_array(), *unfrozen = json_array();
    struct eg_window window;
    json_object_set_new(report, "learned", learned);
    json_object_set_new(report, "drifts", frozen);
    json_object_set_new(report, "unfrozen", unfrozen);
    json_object_set_new(report, "frozen", skipped);
    if (flags->basis && strcmp(flags->basis, "ewma") != 0 && strcmp(flags->basis, "quantile") != 0) {
        return usage(err, "--basis", "quantile or ewma");
    }
    bool ewma = flags->basis && *flags->basis == 'e';
    if (read_window(gating, &window, err) ||
        eg_threshold_tend(past, &gating->policy, gating->sink, unfrozen, frozen, err)) {
        return EG_FAIL;
    }
    const struct eg_past_commit *newest = past->n_commits ? past->commits[past->n_commits - 1] : NULL;
    int64_t at_us = newest && newest->at_us > past->told_us ? newest->at_us : past->told_us;
    eg_status status = EG_OK;
    size_t few = 0, same = 0;
    for (size_t i = 0; status == EG_OK && i < past->n_series; i++) {
        const struct eg_past_series *series = &past->series[i];
        struct eg_learned figures;
        if (strcmp(series->metric, "delta_z") != 0 || (!flags->by_module && strcmp(series->module, EG_ALL) != 0)) {
            continue;
        }
        if (eg_past_frozen(past, series->module, "delta_z")) {
            json_array_append_new(skipped, json_string(series->module));
        } else if (!eg_threshold_learn(past, &gating->policy, series, &window, ewma, &figures)) {
            few++;
        } else {
            struct eg_past_thresholds one = {series->module, ewma ? "ewma" : "quantile", newest->sha, figures.bounds,
                                             at_us};
            bool changed = is_new(past, &one);
            same += !changed;
            status = changed ? put_thresholds(gating, &one, &figures, at_us, learned, err) : EG_OK;
        }
    }
    json_object_set_new(report, "unchanged", json_integer((json_int_t)same));
    json_object_set_new(report, "too_few_commits", json_integer((json_int_t)few));
    return status;
}

/* frozen: a list; the event's payload is added to it. */
static eg_status begin_freeze(struct eg_gating *gating, const struct eg_past_freeze *one, const char *sha, int commits, const char *reason,
                              json_t *frozen, struct eg_err *err) {
    json_t *payload = json_pack("{s:s, s:s, s:s, s:s, s:i, s:s}", "repo", gating->name, "module", one->module, "metric", one->metric,
                                "detector", one->detector, "commits", commits, "reason", reason);
    if (sha) {
        json_object_set_new(payload, "details", json_pack("{s:s}", "sha", sha));
    }
    json_array_append(frozen, payload);
    struct eg_gate_event event = {"spec.drift.frozen@v1", eg_clock_now_us(), sha, NULL, payload};
    return eg_gate_event_put(gating->sink, &event, err);
}

static eg_status freeze(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    const struct eg_index_flags *flags = &gating->command->flags;
    const struct eg_past *past = &gating->past;
    long commits = gating->policy.freeze_commits;
    if (!flags->reason || !*flags->reason) {
        return usage(err, "--reason", "say why: people who read the thresholds see it");
    }
    if (flags->commits && !read_number(flags->commits, COMMITS_MOST, NULL, &commits)) {
        return usage(err, "--commits", "a number of commits, from 1 to 1000000");
    }
    const char *sha = past->n_commits ? past->commits[past->n_commits - 1]->sha : NULL;
    struct eg_past_freeze one = {.module = flags->module ? flags->module : EG_ALL, .metric = flags->metric ? flags->metric : EG_ALL,
                                 .detector = "manual"};
    json_t *list = json_array();
    eg_status status = begin_freeze(gating, &one, sha, (int)commits, flags->reason, list, err);
    json_object_set(report, "frozen", json_array_get(list, 0));
    json_decref(list);
    return status;
}

static eg_status unfreeze(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    const struct eg_index_flags *flags = &gating->command->flags;
    struct eg_past *past = &gating->past;
    json_t *unfrozen = json_array();
    eg_status status = EG_OK;
    json_object_set_new(report, "unfrozen", unfrozen);
    for (size_t i = 0; status == EG_OK && i < past->n_freezes; i++) {
        struct eg_past_freeze *one = &past->freezes[i];
        bool meant = (!flags->module || strcmp(one->module, flags->module) == 0) &&
                     (!flags->metric || strcmp(one->metric, flags->metric) == 0);
        if (one->open && meant) {
            json_array_append_new(unfrozen, json_pack("{s:s, s:s}", "module", one->module, "metric", one->metric));
            status = eg_freeze_end(past, one, gating->sink, eg_clock_now_us(),
                                   past->n_commits ? past->commits[past->n_commits - 1]->sha : NULL,
                                   flags->reason ? flags->reason : "diagnosed", err);
        }
    }
    return status;
}

static eg_status label(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    char **words = gating->command->words, sha[GIT_OID_HEXSZ + 1];
    const char *reason = gating->command->flags.reason;
    if (strcmp(words[2], "good") != 0 && strcmp(words[2], "bad") != 0) {
        return usage(err, words[2], "a label is good or bad");
    }
    if (!reason || !*reason) {
        return usage(err, "--reason", "say why the commit is good or bad");
    }
    if (eg_gating_sha(gating, words[1], sha, err)) {
        return EG_FAIL;
    }
    json_t *payload =
        json_pack("{s:s, s:s, s:s, s:s}", "repo", gating->name, "sha", sha, "label", words[2], "reason", reason);
    json_object_set(report, "labelled", payload);
    struct eg_gate_event event = {"commit.labelled@v1", eg_clock_now_us(), sha, NULL, payload};
    return eg_gate_event_put(gating->sink, &event, err);
}

static eg_status export(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    json_object_set_new(report, "thresholds", json_integer((json_int_t)gating->past.n_thresholds));
    return eg_state_write(&gating->past, gating->command->words[1], err);
}

static const struct eg_past_freeze *open_freeze(const struct eg_past *past, const struct eg_past_freeze *like) {
    for (size_t i = 0; i < past->n_freezes; i++) {
        const struct eg_past_freeze *one = &past->freezes[i];
        if (one->open && strcmp(one->module, like->module) == 0 && strcmp(one->metric, like->metric) == 0) {
            return one;
        }
    }
    return NULL;
}

/* Freezes that the file has not end; those that only the file has begin, for as many commits as they had left. */
static eg_status import_freezes(struct eg_gating *gating, struct eg_past *now, json_t *report, struct eg_err *err) {
    const struct eg_past *file = &gating->past;
    const char *sha = now->n_commits ? now->commits[now->n_commits - 1]->sha : NULL, *path = gating->command->words[1];
    json_t *frozen = json_array(), *unfrozen = json_array();
    char reason[600];
    eg_status status = EG_OK;
    json_object_set_new(report, "frozen", frozen);
    json_object_set_new(report, "unfrozen", unfrozen);
    snprintf(reason, sizeof(reason), "import of %.500s", path);
    eg_gate_clean(reason);
    for (size_t i = 0; status == EG_OK && i < now->n_freezes; i++) {
        struct eg_past_freeze *one = &now->freezes[i];
        if (one->open && !open_freeze(file, one)) {
            json_array_append_new(unfrozen, json_pack("{s:s, s:s}", "module", one->module, "metric", one->metric));
            status = eg_freeze_end(now, one, gating->sink, eg_clock_now_us(), sha, reason, err);
        }
    }
    for (size_t i = 0; status == EG_OK && i < file->n_freezes; i++) {
        const struct eg_past_freeze *one = &file->freezes[i];
        if (open_freeze(now, one)) {
            continue;
        }
        snprintf(reason, sizeof(reason), "%.200s (import of %.300s)", one->reason, path);
        eg_gate_clean(reason);
        status = begin_freeze(gating, one, sha, one->left, reason, frozen, err);
    }
    return status;
}

/* What differs from what holds now is set again. */
static eg_status import(struct eg_gating *gating, json_t *report, struct eg_err *err) {
    struct eg_past now = gating->past;
    json_t *set = json_array();
    json_object_set_new(report, "set", set);
    eg_status status = eg_state_read(&gating->past, gating->command->words[1], err);
    status = status ? status : import_freezes(gating, &now, report, err);
    for (size_t i = 0; status == EG_OK && i < gating->past.n_thresholds; i++) {
        if (is_new(&now, &gating->past.thresholds[i])) {
            status = put_thresholds(gating, &gating->past.thresholds[i], NULL, eg_clock_now_us(), set, err);
        }
    }
    return status;
}

static const struct act {
    const char *name;
    int n_words;
    eg_status (*run)(struct eg_gating *, json_t *report, struct eg_err *);
} acts[] = {{"freeze", 1, freeze}, {"unfreeze", 1, unfreeze}, {"update", 1, update},
            {"export", 2, export}, {"import", 2, import},     {"label", 3, label}};

static eg_status run(const struct act *act, struct eg_index_command *command, json_t *report) {
    struct eg_gating gating;
    struct eg_sink_sum sum = {0};
    eg_status status = eg_gating_begin(&gating, command, &command->err);
    status = status ? status : act->run(&gating, report, &command->err);
    status = status ? status : eg_gating_flush(&gating, &sum, &command->err);
    eg_gating_end(&gating);
    json_object_set_new(report, "stored", json_integer((json_int_t)sum.stored));
    json_object_set_new(report, "duplicates", json_integer((json_int_t)sum.duplicates));
    return status;
}

int eg_index_thresholds(struct eg_index_command *command) {
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
        if (strcmp(command->words[0], acts[i].name) != 0 || command->n_words != acts[i].n_words) {
            continue;
        }
        json_t *report = json_pack("{s:s, s:s}", "command", "thresholds", "act", acts[i].name);
        eg_status status = run(&acts[i], command, report);
        char *text = status ? NULL : json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(12));
        json_decref(report);
        if (text) {
            puts(text);
        }
        free(text);
        return status == EG_OK ? EG_EXIT_OK : command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
    }
    eg_err_set(&command->err, EG_E_USAGE, command->words[0],
               "say freeze, unfreeze, update, export FILE, import FILE, or label SHA good|bad; `egdb-index thresholds "
               "--help` shows them");
    return EG_EXIT_USAGE;
}
