/* spec/policies/sast.json and secrets.json, compiled once: what is wrong in them is said at the start, not at the first report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

static const char *const severities[] = {"LOW", "MEDIUM", "HIGH", "CRITICAL"};
static const char *const binds[] = {NULL, "unchanged", "modified", "added"};

static eg_status number(const json_t *object, const char *name, double *value, struct eg_err *err) {
    const json_t *member = json_object_get(object, name);
    *value = json_number_value(member);
    return json_is_number(member) ? EG_OK : eg_err_set(err, EG_E_CONFIG, "spec/policies/sast.json", "`%s` is missing, or no number", name);
}

static eg_status pattern(const char *text, pcre2_code **code, struct eg_err *err) {
    int error = 0;
    size_t at = 0;
    *code = text ? pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF, &error, &at, NULL) : NULL;
    if (text && !*code)
        return eg_err_set(err, EG_E_CONFIG, "spec/policies/sast.json", "`%.100s` is no regular expression (at %zu)", text, at);
    if (*code)
        (void)pcre2_jit_compile(*code, PCRE2_JIT_COMPLETE); /* without it the interpreter does the same, ten times as slowly */
    return EG_OK;
}

/* Rules and tools are named in any case. */
static eg_status name_pattern(const json_t *category, const char *name, pcre2_code **code, struct eg_err *err) {
    const char *text = eg_text_of(category, name);
    char folded[1000];
    snprintf(folded, sizeof folded, "(?i)%.900s", text ? text : "");
    return pattern(text ? folded : NULL, code, err);
}

static eg_status take_categories(struct eg_findings_policy *policy, struct eg_err *err) {
    const json_t *list = json_object_get(policy->sast, "categories"), *item;
    const json_t *bias = json_object_get(policy->sast, "category_bias");
    size_t i;
    json_array_foreach(list, i, item) {
        const char *name = eg_text_of(item, "category");
        if (!name || i == EG_CATEGORIES_MOST) {
            return eg_err_set(err, EG_E_CONFIG, "spec/policies/sast.json", "categories/%zu has no category, or there are too many", i);
        }
        struct eg_category *category = &policy->categories[policy->n_categories++];
        *category = (struct eg_category){.name = name, .cwe = json_object_get(item, "cwe")};
        category->bias = json_number_value(json_object_get(bias, name));
        if (name_pattern(item, "tool", &category->tool, err) || name_pattern(item, "rule", &category->rule, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status take_figures(struct eg_findings_policy *p, struct eg_err *err) {
    const json_t *by = json_object_get(p->sast, "coefficients"), *reach = json_object_get(p->sast, "reachability");
    const json_t *triage = json_object_get(p->sast, "triage");
    double within;
    for (int i = 0; i < 4; i++) {
        if (number(json_object_get(p->sast, "severity"), severities[i], &p->severity[i], err) ||
            (i > 0 && number(json_object_get(p->sast, "delta_weight"), binds[i], &p->bind[i], err))) {
            return EG_FAIL;
        }
    }
    p->bind[EG_BIND_UNKNOWN] = p->bind[EG_BIND_UNCHANGED];
    const struct {
        const json_t *object;
        const char *name;
        double *value;
    } figures[] = {{by, "severity", &p->by_severity},       {by, "confidence", &p->by_confidence},
                   {by, "reachability", &p->by_reach},      {by, "delta_weight", &p->by_bind},
                   {by, "public_api", &p->by_public},       {by, "category_bias", &p->by_category},
                   {by, "secret", &p->by_secret},           {reach, "traced", &p->reach_traced},
                   {reach, "public", &p->reach_public},     {reach, "called", &p->reach_called},
                   {reach, "unknown", &p->reach_unknown},   {triage, "block", &p->least[0]},
                   {triage, "review", &p->least[1]},        {triage, "fixable", &p->least[2]},
                   {p->sast, "same_within_lines", &within}};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        if (number(figures[i].object, figures[i].name, figures[i].value, err)) {
            return EG_FAIL;
        }
    }
    p->same_within = within >= 0 && within < 1000 ? (int)within : 0;
    return EG_OK;
}

eg_status eg_findings_policy_new(const json_t *sast, const json_t *secrets, struct eg_findings_policy **out, struct eg_err *err) {
    struct eg_findings_policy *policy = *out = calloc(1, sizeof *policy);
    if (!policy) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    policy->sast = json_deep_copy(sast);
    if (!policy->sast) {
        eg_err_set(err, EG_E_CONFIG, "spec/policies/sast.json", "it is missing, or no object");
    }
    if (!policy->sast || take_figures(policy, err) || take_categories(policy, err) ||
        eg_secrets_new(secrets, EG_SECRETS_STEPS, &policy->secrets, err)) {
        eg_findings_policy_free(policy);
        *out = NULL;
        return EG_FAIL;
    }
    return EG_OK;
}

void eg_findings_policy_free(struct eg_findings_policy *policy) {
    if (!policy) {
        return;
    }
    eg_secrets_free(policy->secrets);
    for (size_t i = 0; i < policy->n_categories; i++) {
        pcre2_code_free(policy->categories[i].tool);
        pcre2_code_free(policy->categories[i].rule);
    }
    json_decref(policy->sast);
    free(policy);
}

/* "Very high" and "very-high" are one word. */
static const json_t *word_of(const json_t *words, const char *word) {
    char key[40];
    size_t n = 0;
    for (; word && word[n] && n + 1 < sizeof key; n++) {
        char c = word[n];
        key[n] = c == '_' || c == ' ' ? '-' : c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    key[n] = '\0';
    return json_object_get(words, key);
}

const char *eg_policy_severity(const struct eg_findings_policy *policy, const char *word) {
    return json_string_value(word_of(json_object_get(policy->sast, "severity_words"), word));
}

const char *eg_policy_severity_of_score(const struct eg_findings_policy *policy, double score) {
    const json_t *list = json_object_get(policy->sast, "security_severity"), *item;
    size_t i;
    json_array_foreach(list, i, item) {
        if (score >= json_number_value(json_object_get(item, "min"))) {
            return eg_text_of(item, "severity");
        }
    }
    return NULL;
}

double eg_policy_confidence(const struct eg_findings_policy *policy, const char *word) {
    const json_t *value = word ? word_of(json_object_get(policy->sast, "confidence_words"), word) : NULL;
    return value ? json_number_value(value) : -1;
}

bool eg_policy_is_unstable(const struct eg_findings_policy *policy, const char *name) {
    const json_t *list = json_object_get(policy->sast, "unstable_fingerprints"), *item;
    size_t i;
    json_array_foreach(list, i, item) {
        const char *text = json_string_value(item);
        if (text && strcmp(text, name) == 0) {
            return true;
        }
    }
    return false;
}
