/* What a change of a file is about, by the rules of spec/policies/change_types.json: the first pattern that fits the
 * path. */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "git/event.h"
#include "server/registry/schema_regex.h"

#define PATH_MOST_B 4096

struct rule {
    const char *type; /* the document's */
    struct eg_regex *regex;
};

struct eg_change_types {
    json_t *document;
    const char *fallback;
    size_t n;
    struct rule *rules;
    struct eg_regex_scratch *scratch;
};

static eg_status compile(struct eg_change_types *types, const char *path, struct eg_err *err) {
    const json_t *list = json_object_get(types->document, "rules"), *rule;
    size_t i;
    types->fallback = json_string_value(json_object_get(types->document, "default"));
    types->rules = calloc(json_array_size(list) + 1, sizeof(*types->rules));
    types->scratch = eg_regex_scratch_new();
    if (!types->rules || !types->scratch) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    json_array_foreach(list, i, rule) {
        const char *type = json_string_value(json_object_get(rule, "type"));
        const char *pattern = json_string_value(json_object_get(rule, "pattern"));
        char why[200] = "type and pattern are strings";
        struct eg_regex *regex = type && pattern ? eg_regex_new(pattern, strlen(pattern), why, sizeof(why)) : NULL;
        if (!regex) {
            return eg_err_set(err, EG_E_CONFIG, path, "rules[%zu]: %s", i, why);
        }
        types->rules[types->n++] = (struct rule){type, regex};
    }
    return types->fallback ? EG_OK : eg_err_set(err, EG_E_CONFIG, path, "`default` names no type");
}

eg_status eg_change_types_load(const char *path, struct eg_change_types **out, struct eg_err *err) {
    struct eg_change_types *types = calloc(1, sizeof(*types));
    json_error_t error;
    *out = NULL;
    if (!types) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    types->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!types->document) {
        eg_err_set(err, EG_E_CONFIG, path, "line %d: %s", error.line, error.text);
    }
    if (!types->document || compile(types, path, err)) {
        eg_change_types_free(types);
        return EG_FAIL;
    }
    *out = types;
    return EG_OK;
}

void eg_change_types_free(struct eg_change_types *types) {
    if (types) {
        for (size_t i = 0; i < types->n; i++) {
            eg_regex_free(types->rules[i].regex);
        }
        eg_regex_scratch_free(types->scratch);
        free(types->rules);
        json_decref(types->document);
        free(types);
    }
}

/* The patterns are in lower case, so the path is made so too. */
const char *eg_change_type(const struct eg_change_types *types, const char *path, size_t len) {
    char lower[PATH_MOST_B];
    if (len > sizeof(lower)) {
        return types->fallback;
    }
    for (size_t i = 0; i < len; i++) {
        lower[i] = (unsigned char)path[i] < 0x80 ? (char)tolower((unsigned char)path[i]) : path[i];
    }
    for (size_t i = 0; i < types->n; i++) {
        if (eg_regex_match(types->rules[i].regex, types->scratch, lower, len) == EG_REGEX_YES) {
            return types->rules[i].type;
        }
    }
    return types->fallback;
}
