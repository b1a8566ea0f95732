/* spec_state.json: {"version", "repo", "sha", "thresholds": [{module, alpha, beta, zeta, basis, sha}], "freezes": […]}.
 * The same past gives the same bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "indexer/gate_event.h"
#include "indexer/threshold.h"

#define VERSION 1
#define COMMITS_MOST 1000000

static int by_module(const void *a, const void *b) {
    const struct eg_past_thresholds *x = a, *y = b;
    return strcmp(x->module, y->module);
}

static json_t *thresholds_of(const struct eg_past *past) {
    json_t *list = json_array();
    if (past->n_thresholds > 0) {
        qsort(past->thresholds, past->n_thresholds, sizeof(*past->thresholds), by_module);
    }
    for (size_t i = 0; i < past->n_thresholds; i++) {
        const struct eg_past_thresholds *one = &past->thresholds[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:s, s:s}", "module", one->module, "alpha",
                                              eg_gate_number(one->bounds.alpha), "beta",
                                              eg_gate_number(one->bounds.beta), "zeta",
                                              eg_gate_number(one->bounds.zeta), "basis", one->basis, "sha", one->sha));
    }
    return list;
}

static json_t *freezes_of(const struct eg_past *past) {
    json_t *list = json_array();
    for (size_t i = 0; i < past->n_freezes; i++) {
        const struct eg_past_freeze *freeze = &past->freezes[i];
        char time[EG_TIME_TEXT_B];
        eg_time_format(freeze->at_us, time);
        if (freeze->open) {
            size_t passed = eg_freeze_passed(past, freeze);
            int left = passed < (size_t)freeze->commits ? freeze->commits - (int)passed : 0;
            json_array_append_new(list,
                                  json_pack("{s:s, s:s, s:s, s:i, s:i, s:s, s:s}", "module", freeze->module, "metric",
                                            freeze->metric, "detector", freeze->detector, "commits", freeze->commits,
                                            "left", left, "reason", freeze->reason, "since", time));
        }
    }
    return list;
}

eg_status eg_state_write(const struct eg_past *past, const char *path, struct eg_err *err) {
    const char *sha = past->n_commits ? past->commits[past->n_commits - 1]->sha : "";
    json_t *state = json_pack("{s:i, s:s, s:s, s:o, s:o}", "version", VERSION, "repo", past->repo, "sha", sha,
                              "thresholds", thresholds_of(past), "freezes", freezes_of(past));
    char *text = state ? json_dumps(state, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(state);
    eg_status status = text ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    status = status ? status : eg_file_write_line(path, text, err);
    free(text);
    return status;
}

static eg_status take(struct eg_past *past, const json_t *item, struct eg_past_thresholds *one) {
    const char *module = json_string_value(json_object_get(item, "module")),
               *basis = json_string_value(json_object_get(item, "basis"));
    const char *sha = json_string_value(json_object_get(item, "sha"));
    const json_t *alpha = json_object_get(item, "alpha"), *beta = json_object_get(item, "beta"),
                 *zeta = json_object_get(item, "zeta");
    if (!module || !*module || !json_is_number(alpha) || !json_is_number(beta) || !json_is_number(zeta) ||
        !(basis && (strcmp(basis, "ewma") == 0 || strcmp(basis, "quantile") == 0))) {
        return EG_FAIL;
    }
    *one = (struct eg_past_thresholds){
        .bounds = {json_number_value(alpha), json_number_value(beta), json_number_value(zeta)},
        .module = eg_arena_dup(past->arena, module, strlen(module)),
        .basis = eg_arena_dup(past->arena, basis, strlen(basis)),
        .sha = eg_arena_dup(past->arena, sha ? sha : "", sha ? strlen(sha) : 0)};
    return one->bounds.alpha <= one->bounds.beta && one->bounds.beta <= one->bounds.zeta ? EG_OK : EG_FAIL;
}

/* A freeze that has no commits left is over. */
static eg_status take_freeze(struct eg_past *past, const json_t *item, struct eg_past_freeze *one, bool *open) {
    const char *words[] = {"module", "metric", "detector", "reason"}, *said[4];
    const char *since = json_string_value(json_object_get(item, "since"));
    json_int_t commits = json_integer_value(json_object_get(item, "commits")), left = json_integer_value(json_object_get(item, "left"));
    *one = (struct eg_past_freeze){.event_id = "", .repo = past->repo, .commits = (int)commits, .left = (int)left, .open = true};
    *open = left > 0;
    for (size_t i = 0; i < 4; i++) {
        const char *text = json_string_value(json_object_get(item, words[i]));
        said[i] = text ? eg_arena_dup(past->arena, text, strlen(text)) : NULL;
        if (!said[i]) {
            return EG_FAIL;
        }
    }
    one->module = said[0];
    one->metric = said[1];
    one->detector = said[2];
    one->reason = said[3];
    bool good = since && eg_time_parse(since, strlen(since), false, &one->at_us) && *one->module && *one->metric;
    return good && commits > 0 && commits <= COMMITS_MOST && left <= commits ? EG_OK : EG_FAIL;
}

static eg_status take_freezes(struct eg_past *past, const json_t *list, const char *path, struct eg_err *err) {
    struct eg_past_freeze *freezes = eg_arena_zalloc(past->arena, (json_array_size(list) + 1) * sizeof(*freezes));
    const json_t *item;
    size_t i, n = 0;
    if (!freezes) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    json_array_foreach(list, i, item) {
        bool open;
        if (take_freeze(past, item, &freezes[n], &open)) {
            return eg_err_set(err, EG_E_USAGE, path, "freezes[%zu] needs module, metric, detector, reason, since, commits and left", i);
        }
        n += open;
    }
    past->freezes = freezes;
    past->n_freezes = n;
    return EG_OK;
}

eg_status eg_state_read(struct eg_past *past, const char *path, struct eg_err *err) {
    json_error_t error;
    json_t *state = json_load_file(path, JSON_REJECT_DUPLICATES, &error), *list = json_object_get(state, "thresholds"),
           *item;
    size_t i, n = json_array_size(list);
    if (!state || json_integer_value(json_object_get(state, "version")) != VERSION || !json_is_array(list)) {
        eg_err_set(err, EG_E_USAGE, path, "%s", state ? "this is no spec_state.json of version 1" : error.text);
        json_decref(state);
        return EG_FAIL;
    }
    struct eg_past_thresholds *thresholds = eg_arena_zalloc(past->arena, (n + 1) * sizeof(*thresholds));
    eg_status status = thresholds ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    json_array_foreach(list, i, item) {
        if (status == EG_OK && take(past, item, &thresholds[i])) {
            status = eg_err_set(err, EG_E_USAGE, path,
                                "thresholds[%zu] needs module, alpha ≤ beta ≤ zeta, and basis ewma or quantile", i);
        }
    }
    status = status ? status : take_freezes(past, json_object_get(state, "freezes"), path, err);
    json_decref(state);
    if (status == EG_OK && !eg_arena_failed(past->arena)) {
        past->thresholds = thresholds;
        past->n_thresholds = n;
    }
    return status;
}
