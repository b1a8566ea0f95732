/* SARIF's rules: found by reference, index or id, in the driver or an extension; they fill in what results leave out. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "findings/sarif.h"

#define TAGS_MOST 64 /* of a rule, which are looked at again for each of its results */

static const json_t *item(const json_t *list, const json_t *index) {
    json_int_t i = json_is_integer(index) ? json_integer_value(index) : -1;
    return i >= 0 ? json_array_get(list, (size_t)i) : NULL;
}

static void keep_rules(struct eg_findings *set, struct eg_map *map, const json_t *rules, const char *prefix) {
    const json_t *one;
    size_t i;
    json_array_foreach(rules, i, one) {
        const char *id = eg_text_of(one, "id");
        const char *key = id ? eg_arena_printf(set->arena, "%s%s", prefix, id) : NULL;
        if (key && !eg_map_get(map, key, strlen(key))) {
            (void)eg_map_put(map, key, strlen(key), (void *)(uintptr_t)one);
        }
    }
}

void eg_sarif_rules(struct eg_findings *set, struct eg_sarif_run *run) {
    const json_t *extensions = json_object_get(eg_object_of(run->json, "tool"), "extensions"), *one;
    char prefix[24];
    size_t i;
    run->rules = eg_map_new(set->arena, 64);
    if (!run->rules) {
        set->full = true;
        return;
    }
    keep_rules(set, run->rules, json_object_get(run->driver, "rules"), "d");
    json_array_foreach(extensions, i, one) {
        snprintf(prefix, sizeof prefix, "%zu:", i);
        keep_rules(set, run->rules, json_object_get(one, "rules"), prefix);
        keep_rules(set, run->rules, json_object_get(one, "rules"), "e");
    }
    set->full = set->full || eg_arena_failed(set->arena);
}

/* By id; "CA1000/1" is a rule of its own, or the rule CA1000. */
static const json_t *rule_by_id(const struct eg_sarif_run *run, const char *prefix, const char *id) {
    char key[EG_NAME_MOST_B + 32];
    int n = snprintf(key, sizeof key, "%s%s", prefix, id);
    size_t len = n > 0 && (size_t)n < sizeof key ? (size_t)n : 0;
    const json_t *rule = NULL;
    while (run->rules && len > 0 && !rule) {
        rule = eg_map_get(run->rules, key, len);
        while (len > 0 && key[--len] != '/') {
        }
    }
    return rule;
}

static const json_t *rule_of(const struct eg_sarif_run *run, const json_t *result, const char *id) {
    const json_t *reference = eg_object_of(result, "rule");
    const json_t *extensions = json_object_get(eg_object_of(run->json, "tool"), "extensions");
    const json_t *index = json_object_get(eg_object_of(reference, "toolComponent"), "index");
    const json_t *component = item(extensions, index);
    const json_t *rules = json_object_get(component ? component : run->driver, "rules");
    const json_t *rule = item(rules, json_object_get(reference, "index"));
    char prefix[24] = "d";
    rule = rule ? rule : item(rules, json_object_get(result, "ruleIndex"));
    if (rule || !id) {
        return rule;
    }
    if (component) {
        snprintf(prefix, sizeof prefix, "%" JSON_INTEGER_FORMAT ":", json_integer_value(index));
    }
    rule = rule_by_id(run, prefix, id);
    return rule ? rule : rule_by_id(run, "e", id);
}

/* {0} … with arguments, {{ and }} as braces. */
static const char *fill(struct eg_buf *out, const char *text, const json_t *arguments) {
    for (; *text; text++) {
        if ((*text == '{' || *text == '}') && text[1] == *text) {
            eg_buf_char(out, *text++);
        } else if (*text == '{' && isdigit((unsigned char)text[1])) {
            char *end;
            unsigned long i = strtoul(text + 1, &end, 10);
            const char *argument = *end == '}' ? json_string_value(json_array_get(arguments, i)) : NULL;
            if (argument) {
                eg_buf_str(out, argument);
                text = end;
            } else {
                eg_buf_char(out, *text);
            }
        } else {
            eg_buf_char(out, *text);
        }
    }
    return out->failed ? NULL : eg_buf_text(out);
}

static const char *message_of(const struct eg_sarif_run *run, const json_t *result, const json_t *rule, struct eg_buf *out) {
    const json_t *message = eg_object_of(result, "message");
    const char *text = eg_text_of(message, "text"), *id = eg_text_of(message, "id");
    if (!text && id) {
        text = eg_text_of(eg_object_of(eg_object_of(rule, "messageStrings"), id), "text");
        text = text ? text : eg_text_of(eg_object_of(eg_object_of(run->driver, "globalMessageStrings"), id), "text");
    }
    text = text ? text : eg_text_of(message, "markdown");
    return text ? fill(out, text, json_object_get(message, "arguments")) : NULL;
}

/* The rule's own words. */
static const char *description_of(const json_t *rule) {
    static const char *const names[] = {"shortDescription", "fullDescription"};
    for (size_t i = 0; i < 2; i++) {
        const char *text = eg_text_of(eg_object_of(rule, names[i]), "text");
        if (text) {
            return text;
        }
    }
    return eg_text_of(rule, "name");
}

static int cwe_of_tags(const json_t *properties) {
    const json_t *tag;
    size_t i;
    const json_t *tags = json_object_get(properties, "tags");
    for (i = 0; i < TAGS_MOST && (tag = json_array_get(tags, i)); i++) {
        int cwe = eg_cwe_of(tag);
        if (cwe) {
            return cwe;
        }
    }
    return eg_cwe_of(json_object_get(properties, "cwe"));
}

/* A reference into a taxonomy: its id counts when the taxonomy is CWE, or when it says so itself. */
static int cwe_of_reference(const json_t *reference) {
    const char *taxonomy = eg_text_of(eg_object_of(reference, "toolComponent"), "name"), *id = eg_text_of(reference, "id");
    long number = taxonomy && id && strcasecmp(taxonomy, "CWE") == 0 ? strtol(id, NULL, 10) : 0;
    return number > 0 && number < 100000 ? (int)number : id ? eg_cwe_of(json_object_get(reference, "id")) : 0;
}

static int cwe_of(const json_t *result, const json_t *rule) {
    const json_t *one;
    size_t i;
    int cwe = cwe_of_tags(eg_object_of(result, "properties"));
    cwe = cwe ? cwe : cwe_of_tags(eg_object_of(rule, "properties"));
    const json_t *taxa = json_object_get(result, "taxa"), *related = json_object_get(rule, "relationships");
    for (i = 0; !cwe && i < TAGS_MOST && (one = json_array_get(taxa, i)); i++) {
        cwe = cwe_of_reference(one);
    }
    for (i = 0; !cwe && i < TAGS_MOST && (one = json_array_get(related, i)); i++) {
        cwe = cwe_of_reference(eg_object_of(one, "target"));
    }
    return cwe;
}

/* security-severity wins over the level; a level over the rule's; without any it is a warning. */
static const char *severity_of(const struct eg_findings *set, const json_t *result, const json_t *rule) {
    const struct eg_findings_policy *policy = set->config.policy;
    double score = eg_number_of(json_object_get(eg_object_of(result, "properties"), "security-severity"));
    score = score >= 0 ? score : eg_number_of(json_object_get(eg_object_of(rule, "properties"), "security-severity"));
    const char *level = eg_text_of(result, "level");
    level = level ? level : eg_text_of(eg_object_of(rule, "defaultConfiguration"), "level");
    return score >= 0 ? eg_policy_severity_of_score(policy, score)
                      : eg_text_of(json_object_get(policy->sast, "sarif_levels"), level ? level : "warning");
}

static double confidence_of(const struct eg_findings *set, const json_t *result, const json_t *rule) {
    const json_t *own = eg_object_of(result, "properties"), *of_rule = eg_object_of(rule, "properties");
    static const char *const names[] = {"confidence", "issue_confidence", "precision"};
    for (size_t i = 0; i < 3; i++) {
        const json_t *value = json_object_get(own, names[i]) ? json_object_get(own, names[i]) : json_object_get(of_rule, names[i]);
        double number = eg_number_of(value);
        number = number >= 0 && number <= 1 ? number : eg_policy_confidence(set->config.policy, json_string_value(value));
        if (number >= 0) {
            return number;
        }
    }
    return -1;
}

/* A tag that is "secret" or "secrets" is as good as a CWE. */
static bool tells_secret(const json_t *rule) {
    const json_t *tag;
    size_t i;
    json_array_foreach(json_object_get(eg_object_of(rule, "properties"), "tags"), i, tag) {
        const char *text = json_string_value(tag);
        if (text && strncasecmp(text, "secret", 6) == 0) {
            return true;
        }
    }
    return false;
}

void eg_sarif_rule(struct eg_findings *set, const struct eg_sarif_run *run, const json_t *result, struct eg_draft *draft,
                   struct eg_buf *message) {
    const char *id = eg_text_of(result, "ruleId");
    id = id ? id : eg_text_of(eg_object_of(result, "rule"), "id");
    const json_t *rule = rule_of(run, result, id);
    draft->rule = id ? id : eg_text_of(rule, "id");
    draft->message = message_of(run, result, rule, message);
    draft->describes = description_of(rule);
    draft->cwe = cwe_of(result, rule);
    draft->severity = severity_of(set, result, rule);
    draft->confidence = confidence_of(set, result, rule);
    draft->category = eg_text_of(eg_object_of(rule, "properties"), "category");
    draft->secret = tells_secret(rule);
}
