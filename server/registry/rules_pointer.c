/* Compiles the pointers of a rule: RFC 6901, with "." for the element of the innermost `each` and ".." for the one
 * around it. A pointer that the topic's schema cannot mean is refused, so that a misspelt member is an error at start
 * and not an empty column. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "server/registry/rules.h"

#define MAX_TOKENS 32

/* Unescapes ~0 and ~1 in place; false for any other use of ~. */
static bool unescape(char *token) {
    char *to = token;
    for (const char *from = token; *from; from++) {
        if (*from == '~') {
            from++;
            if (*from != '0' && *from != '1') {
                return false;
            }
            *to++ = *from == '0' ? '~' : '/';
        } else {
            *to++ = *from;
        }
    }
    *to = 0;
    return true;
}

static int token_index(const char *token) {
    char *end;
    if (*token < '0' || *token > '9' || (*token == '0' && token[1])) {
        return -1;
    }
    long index = strtol(token, &end, 10);
    return *end || index >= INT_MAX ? -1 : (int)index;
}

static eg_status tokens_of(struct eg_rules *rules, const char *text, struct eg_pointer *pointer) {
    struct eg_ptoken list[MAX_TOKENS];
    char *copy = eg_arena_dup(rules->arena, text, strlen(text));
    if (!copy) {
        return eg_rules_fail(rules, "the declarations take too much memory");
    }
    pointer->n = 0;
    while (*copy) { /* at a slash */
        char *token = copy + 1;
        size_t len = strcspn(token, "/");
        if (pointer->n == MAX_TOKENS) {
            return eg_rules_fail(rules, "the pointer `%s` has more than %d parts", pointer->text, MAX_TOKENS);
        }
        copy = token + len; /* the next slash, or the end */
        char *own = eg_arena_dup(rules->arena, token, len);
        if (!own || !unescape(own)) {
            return eg_rules_fail(rules, "the pointer `%s` has a ~ that is neither ~0 nor ~1", pointer->text);
        }
        list[pointer->n++] = (struct eg_ptoken){.name = own, .index = token_index(own)};
    }
    struct eg_ptoken *tokens = eg_rules_alloc(rules, (pointer->n + 1) * sizeof *tokens);
    if (!tokens) {
        return EG_FAIL;
    }
    memcpy(tokens, list, pointer->n * sizeof *tokens);
    pointer->tokens = tokens;
    return EG_OK;
}

/* Follows a "$ref": "#/…" inside the document; any other reference means: not known. */
static const json_t *resolved(const json_t *document, const json_t *schema) {
    for (int hops = 0; hops < 8; hops++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        if (!ref) {
            return schema;
        }
        if (strncmp(ref, "#/$defs/", 8) != 0) {
            return NULL;
        }
        schema = json_object_get(json_object_get(document, "$defs"), ref + 8);
    }
    return NULL;
}

static bool open_ended(const json_t *schema) {
    static const char *const keywords[] = {"patternProperties", "allOf", "anyOf", "oneOf", "if", "$dynamicRef"};
    const json_t *additional = json_object_get(schema, "additionalProperties");
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (json_object_get(schema, keywords[i])) {
            return true;
        }
    }
    return additional && !json_is_false(additional);
}

/* The schema of what the tokens lead to; NULL: nothing is said about it. *known is false when it is said not to be. */
static const json_t *descend(const json_t *document, const json_t *schema, const struct eg_pointer *pointer,
                             bool *known) {
    for (size_t i = 0; i < pointer->n; i++) {
        const struct eg_ptoken *token = &pointer->tokens[i];
        schema = resolved(document, schema);
        const json_t *properties = json_object_get(schema, "properties");
        const json_t *items = json_object_get(schema, "items");
        if (token->index >= 0 && items) {
            schema = items;
        } else if (!properties) {
            return NULL;
        } else {
            const json_t *property = json_object_get(properties, token->name);
            if (!property) {
                *known = open_ended(schema);
                return NULL;
            }
            schema = property;
        }
    }
    return resolved(document, schema);
}

static const json_t *schema_of_level(const struct eg_rules *rules, int level) {
    bool known = true;
    if (level == 0) {
        return rules->document;
    }
    const struct eg_pointer *each = &rules->plan->each[level - 1];
    const json_t *outer = schema_of_level(rules, each->level);
    const json_t *array = outer ? descend(rules->document, outer, each, &known) : NULL;
    return json_object_get(array, "items");
}

eg_status eg_rules_pointer(struct eg_rules *rules, const char *text, struct eg_pointer *pointer) {
    const char *rest = text;
    bool known = true;
    pointer->text = text;
    pointer->level = 0;
    if (*text == '.') {
        int up = 0;
        if (text[1] != '.') {
            rest = text + 1;
        } else {
            while (strncmp(rest, "..", 2) == 0) {
                up++;
                rest += strncmp(rest + 2, "/..", 3) == 0 ? 3 : 2;
            }
        }
        pointer->level = (int)rules->plan->n_each - up;
        if (pointer->level < (up ? 0 : 1)) {
            return eg_rules_fail(rules, "the pointer `%s` leaves the payload: the rule has %zu levels of `each`", text,
                                 rules->plan->n_each);
        }
    }
    if (*rest && *rest != '/') {
        return eg_rules_fail(
            rules, "`%s` is no pointer: it begins with / (payload), ./ (element) or ../ (the one around)", text);
    }
    if (tokens_of(rules, rest, pointer) != EG_OK) {
        return EG_FAIL;
    }
    const json_t *schema = schema_of_level(rules, pointer->level);
    if (schema) {
        descend(rules->document, schema, pointer, &known);
    }
    return known ? EG_OK
                 : eg_rules_fail(rules, "the schema declares no member at `%s`: mend the pointer or add the property",
                                 text);
}

bool eg_pointer_same(const struct eg_pointer *a, const struct eg_pointer *b) {
    if (a->level != b->level || a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (strcmp(a->tokens[i].name, b->tokens[i].name) != 0) {
            return false;
        }
    }
    return true;
}
