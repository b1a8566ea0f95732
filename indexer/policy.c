/* The policy of weights. Patterns are the policy's own, checked when it is loaded. */
#include "indexer/policy.h"

#include <jansson.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/spec.h"

#define FACTORS_MOST 100

struct factor {
    pcre2_code *pattern;
    double factor;
};

struct eg_policy {
    json_t *document;
    double weights[EG_TOKEN_KINDS], fewer_tests, more_tests, public_api;
    const json_t *modules;
    struct factor factors[FACTORS_MOST];
    size_t n_factors;
    pcre2_match_data *match;
};

static double number(const json_t *object, const char *name, double otherwise) {
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static eg_status take_factors(struct eg_policy *policy, const char *path, struct eg_err *err) {
    const json_t *list = json_object_get(policy->document, "factors"), *item;
    size_t i;
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(json_object_get(item, "pattern"));
        int code = 0;
        size_t at = 0;
        pcre2_code *pattern = text && i < FACTORS_MOST ? pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF,
                                                                       &code, &at, NULL) : NULL;
        if (!pattern) {
            return eg_err_set(err, EG_E_CONFIG, path, "factors[%zu]: the pattern is none, or there are too many", i);
        }
        policy->factors[policy->n_factors++] = (struct factor){pattern, number(item, "factor", 1)};
    }
    return EG_OK;
}

static eg_status take(struct eg_policy *policy, const char *path, struct eg_err *err) {
    const json_t *weights = json_object_get(policy->document, "weights");
    double otherwise = number(policy->document, "default", 0.05);
    for (int kind = 0; kind < EG_TOKEN_KINDS; kind++) {
        policy->weights[kind] = number(weights, eg_token_name((enum eg_token_kind)kind), otherwise);
    }
    policy->fewer_tests = number(weights, "ΔTESTS-", otherwise);
    policy->more_tests = number(weights, "ΔTESTS+", otherwise);
    policy->public_api = number(policy->document, "public_api", 1);
    policy->modules = json_object_get(policy->document, "modules");
    policy->match = pcre2_match_data_create(1, NULL);
    return policy->match ? take_factors(policy, path, err) : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

eg_status eg_policy_load(const char *folder, struct eg_policy **out, struct eg_err *err) {
    struct eg_policy *policy = *out = calloc(1, sizeof(*policy));
    char path[EG_SPEC_PATH_B];
    if (!policy) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    if (eg_spec_path(folder, "tokens", path, err) || eg_spec_policy(folder, "tokens", &policy->document, err) || take(policy, path, err)) {
        eg_policy_free(policy);
        *out = NULL;
        return EG_FAIL;
    }
    return EG_OK;
}

void eg_policy_free(struct eg_policy *policy) {
    if (policy) {
        for (size_t i = 0; i < policy->n_factors; i++) {
            pcre2_code_free(policy->factors[i].pattern);
        }
        pcre2_match_data_free(policy->match);
        json_decref(policy->document);
        free(policy);
    }
}

double eg_policy_weight(const struct eg_policy *policy, const struct eg_token *token) {
    double weight = policy->weights[token->kind];
    const char *name = eg_token_name(token->kind);
    if (token->kind == EG_TOKEN_TESTS) {
        bool fewer = strtol(token->after.p, NULL, 10) < strtol(token->before.p, NULL, 10);
        weight = fewer ? policy->fewer_tests : policy->more_tests;
        name = fewer ? "ΔTESTS-" : "ΔTESTS+";
    }
    char module[512];
    snprintf(module, sizeof(module), "%.*s", (int)token->module.n, token->module.p);
    weight = number(json_object_get(policy->modules, module), name, weight);
    for (size_t i = 0; i < policy->n_factors; i++) {
        if (pcre2_match(policy->factors[i].pattern, (PCRE2_SPTR)token->file.p, token->file.n, 0, 0, policy->match, NULL) >= 0) {
            weight *= policy->factors[i].factor;
            break;
        }
    }
    return token->public_api ? weight * policy->public_api : weight;
}
