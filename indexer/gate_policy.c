/* Numbers that are absent have the values of this file; patterns are the policy's own, compiled when it is loaded. */
#include "indexer/gate_policy.h"

#include <jansson.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/spec.h"

static double number(const json_t *object, const char *name, double otherwise) {
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static size_t count(const json_t *object, const char *name, size_t otherwise) {
    double value = number(object, name, (double)otherwise);
    return value >= 1 && value <= 1e6 ? (size_t)value : otherwise;
}

static bool is_listed(const json_t *list, const char *text) {
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0) {
            return true;
        }
    }
    return false;
}

static const json_t *at(const struct eg_gate_policy *policy, const char *part, const char *name) {
    return json_object_get(json_object_get(policy->document, part), name);
}

static eg_status take_patterns(struct eg_gate_policy *policy, const char *path, struct eg_err *err) {
    const json_t *list = at(policy, "i2", "not_public"), *item;
    size_t i;
    pcre2_code **codes = calloc(json_array_size(list) + 1, sizeof(*codes));
    policy->not_public = codes;
    json_array_foreach(list, i, item) {
        int code = 0;
        size_t place = 0;
        const char *text = json_string_value(item);
        codes[i] = codes && text
                       ? pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &code, &place, NULL)
                       : NULL;
        if (!codes[i]) {
            return eg_err_set(err, EG_E_CONFIG, path, "i2.not_public[%zu] is no regular expression", i);
        }
        policy->n_not_public++;
    }
    return EG_OK;
}

/* "block" (also when it is absent) or "warn". */
static bool take_action(const json_t *object, const char *name, bool *blocks) {
    const char *text = json_string_value(json_object_get(object, name));
    *blocks = !text || strcmp(text, "block") == 0;
    return (*blocks || strcmp(text, "warn") == 0) && (text || !json_object_get(object, name));
}

static eg_status take(struct eg_gate_policy *policy, const char *path, struct eg_err *err) {
    const json_t *i1 = json_object_get(policy->document, "i1"), *i3 = json_object_get(policy->document, "i3");
    const json_t *i4 = json_object_get(policy->document, "i4"), *drift = json_object_get(policy->document, "drift");
    const json_t *ph = json_object_get(drift, "page_hinkley"), *adwin = json_object_get(drift, "adwin");
    const json_t *learn = json_object_get(policy->document, "thresholds");
    policy->i1 = (struct eg_bounds){number(i1, "alpha", 0.35), number(i1, "beta", 0.55), number(i1, "zeta", 0.8)};
    policy->tau = number(i3, "tau", 0.15);
    policy->i3_quantile = number(i3, "quantile", 0.95);
    policy->beta_quantile = number(i4, "beta_quantile", 0.95);
    policy->zeta_quantile = number(i4, "zeta_quantile", 0.99);
    policy->least_commits = count(learn, "least_commits", count(i3, "least_commits", 20));
    policy->lambda = number(learn, "lambda", 0.15);
    policy->window_days = (int)count(learn, "window_days", 90);
    policy->freeze_commits = (int)count(drift, "commits", 20);
    policy->page_hinkley = (struct eg_page_hinkley_config){number(ph, "delta", 0.005), number(ph, "threshold", 50),
                                                           number(ph, "alpha", 0.9999), count(ph, "least", 30)};
    policy->adwin = (struct eg_adwin_config){number(adwin, "delta", 0.002), 1, 10, 5};
    if (!(policy->i1.alpha <= policy->i1.beta && policy->i1.beta <= policy->i1.zeta) ||
        !(policy->lambda > 0 && policy->lambda <= 1) || !(policy->adwin.delta > 0 && policy->adwin.delta < 1)) {
        return eg_err_set(err, EG_E_CONFIG, path,
                          "i1 needs alpha ≤ beta ≤ zeta, lambda and adwin.delta are between 0 and 1");
    }
    if (!take_action(i3, "action", &policy->i3_blocks) || !take_action(i3, "untaught", &policy->i3_blocks_untaught)) {
        return eg_err_set(err, EG_E_CONFIG, path, "i3.action and i3.untaught are block or warn");
    }
    return take_patterns(policy, path, err);
}

eg_status eg_gate_policy_load(const char *folder, struct eg_gate_policy *policy, struct eg_err *err) {
    char path[EG_SPEC_PATH_B];
    json_t *document;
    *policy = (struct eg_gate_policy){0};
    if (eg_spec_path(folder, "gates", path, err) || eg_spec_policy(folder, "gates", &document, err)) {
        return EG_FAIL;
    }
    policy->document = document;
    return take(policy, path, err);
}

void eg_gate_policy_free(struct eg_gate_policy *policy) {
    pcre2_code **codes = policy->not_public;
    for (size_t i = 0; i < policy->n_not_public; i++) {
        pcre2_code_free(codes[i]);
    }
    free(codes);
    json_decref(policy->document);
    *policy = (struct eg_gate_policy){0};
}

bool eg_gate_policy_is_private(const struct eg_gate_policy *policy, const char *path) {
    pcre2_code **codes = policy->not_public;
    bool found = false;
    for (size_t i = 0; !found && i < policy->n_not_public; i++) {
        pcre2_match_data *match = pcre2_match_data_create(1, NULL);
        found = match && pcre2_match(codes[i], (PCRE2_SPTR)path, strlen(path), 0, 0, match, NULL) >= 0;
        pcre2_match_data_free(match);
    }
    return found;
}

bool eg_gate_policy_less_is_worse(const struct eg_gate_policy *policy, const char *metric) {
    return is_listed(at(policy, "i4", "less_is_worse"), metric);
}

bool eg_gate_policy_is_watched(const struct eg_gate_policy *policy, const char *metric) {
    return is_listed(at(policy, "drift", "metrics"), metric);
}

bool eg_gate_policy_raises(const struct eg_gate_policy *policy, const char *severity) {
    return is_listed(json_object_get(policy->document, "raise_on_open"), severity);
}

const char *eg_gate_policy_order(const struct eg_gate_policy *policy, size_t i) {
    static const char *const otherwise[] = {"I2", "I3", "I4", "I1", NULL};
    const json_t *order = json_object_get(policy->document, "order");
    return json_array_size(order) ? json_string_value(json_array_get(order, i)) : otherwise[i < 4 ? i : 4];
}
