/* Compiles the values of `set`: where a column's value comes from. Literals and policies become typed values here, so
 * that an event pays nothing for them and a wrong one is found at start. */
#include <string.h>

#include "server/registry/json_write.h"
#include "server/registry/rules.h"

#define POLICY_MOST_B ((size_t)16 << 20)

static const struct {
    const char *name;
    enum eg_type type;
} members[] = {
    [EG_MEMBER_ID] = {"$id", EG_TEXT},
    [EG_MEMBER_TOPIC] = {"$topic", EG_TEXT},
    [EG_MEMBER_TS_UTC] = {"$ts_utc", EG_TIME},
    [EG_MEMBER_SHA] = {"$sha", EG_TEXT},
    [EG_MEMBER_BRANCH] = {"$branch", EG_TEXT},
    [EG_MEMBER_SOURCE] = {"$source", EG_TEXT},
    [EG_MEMBER_CORRELATION_ID] = {"$correlation_id", EG_TEXT},
    [EG_MEMBER_CAUSATION_ID] = {"$causation_id", EG_TEXT},
    [EG_MEMBER_TRUST] = {"$trust", EG_TEXT},
    [EG_MEMBER_POSITION] = {"$position", EG_INT8},
};

static eg_status compile_member(struct eg_rules *rules, const char *text, enum eg_type type, struct eg_source *source) {
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (strcmp(members[i].name, text) != 0) {
            continue;
        }
        if (members[i].type != type && (type != EG_JSON || i == EG_MEMBER_POSITION)) {
            return eg_rules_fail(rules, "`%s` is %s, the column is %s", text, eg_type_name(members[i].type),
                                 eg_type_name(type));
        }
        source->kind = EG_SOURCE_MEMBER;
        source->member = (enum eg_member)i;
        return EG_OK;
    }
    return eg_rules_fail(
        rules,
        "`%s` is no member of the envelope: use $id $topic $ts_utc $sha $branch $source $correlation_id "
        "$causation_id $trust $position or $policy.…",
        text);
}

static eg_status compile_literal(struct eg_rules *rules, const char *text, enum eg_type type,
                                 struct eg_source *source) {
    source->kind = EG_SOURCE_CONST;
    source->pointer.text = text;
    if (!eg_value_from_text(text + 1, type, &source->value)) {
        return eg_rules_fail(rules, "the literal `%s` is not %s", text, eg_type_name(type));
    }
    return EG_OK;
}

static eg_status compile_policy(struct eg_rules *rules, const char *text, enum eg_type type, struct eg_source *source) {
    enum eg_code code;
    const char *what = NULL;
    json_t *json = eg_rules_policy(rules, text);
    if (!json) {
        return EG_FAIL;
    }
    source->kind = EG_SOURCE_CONST;
    source->pointer.text = text;
    if (type == EG_JSON) {
        struct eg_buf written;
        eg_buf_init(&written, POLICY_MOST_B);
        eg_json_write(&written, json);
        char *copy = written.failed ? NULL : eg_rules_alloc(rules, written.len + 1);
        if (copy) {
            memcpy(copy, eg_buf_text(&written), written.len + 1);
            source->value = eg_text(copy, written.len);
        }
        eg_buf_free(&written);
        if (!copy) {
            return EG_FAIL;
        }
    } else if (eg_value_from_json(json, type, &source->value, &code, &what) != EG_OK) {
        return eg_rules_fail(rules, "`%s` %s", text, what);
    }
    return EG_OK;
}

static eg_status compile_first(struct eg_rules *rules, json_t *array, enum eg_type type, struct eg_source *source) {
    size_t n = json_array_size(array);
    struct eg_source *list = eg_rules_alloc(rules, (n + 1) * sizeof *list);
    if (!list) {
        return EG_FAIL;
    }
    source->kind = EG_SOURCE_FIRST;
    source->n = n;
    source->list = list;
    for (size_t i = 0; i < n; i++) {
        if (eg_rules_source(rules, json_array_get(array, i), type, &list[i]) != EG_OK) {
            return EG_FAIL;
        }
        if (list[i].kind == EG_SOURCE_REST) {
            return eg_rules_fail(rules, "`rest` stands alone, not in a list");
        }
    }
    return n ? EG_OK : eg_rules_fail(rules, "a list of values needs at least one");
}

static eg_status compile_object(struct eg_rules *rules, json_t *object, enum eg_type type, struct eg_source *source) {
    const char *name;
    json_t *value;
    size_t n = json_object_size(object);
    struct eg_source *list = eg_rules_alloc(rules, (n + 1) * sizeof *list);
    const char **names = eg_rules_alloc(rules, (n + 1) * sizeof *names);
    if (!list || !names) {
        return EG_FAIL;
    }
    if (type != EG_JSON) {
        return eg_rules_fail(rules, "`object` makes JSON, the column is %s", eg_type_name(type));
    }
    if (n == 0) {
        return eg_rules_fail(rules, "`object` needs members");
    }
    source->kind = EG_SOURCE_OBJECT;
    source->list = list;
    source->names = names;
    json_object_foreach(object, name, value) {
        const char *text = json_string_value(value);
        if (text && strcmp(text, "rest") == 0) {
            return eg_rules_fail(rules, "`rest` is a column's whole value, not a member of `object`");
        }
        if (eg_rules_source(rules, value, EG_JSON, &list[source->n]) != EG_OK) {
            return EG_FAIL;
        }
        names[source->n++] = name;
    }
    return EG_OK;
}

/* {"begins": "AST::", "value": "./dst"} */
static eg_status compile_begins(struct eg_rules *rules, json_t *object, enum eg_type type, struct eg_source *source) {
    const char *beginning = json_string_value(json_object_get(object, "begins"));
    json_t *value = json_object_get(object, "value");
    struct eg_source *list = eg_rules_alloc(rules, sizeof *list);
    if (!list) {
        return EG_FAIL;
    }
    if (!beginning || !*beginning || !value || json_object_size(object) != 2) {
        return eg_rules_fail(rules, "a value with a beginning is {\"begins\": \"text\", \"value\": …}");
    }
    if (type != EG_TEXT) {
        return eg_rules_fail(rules, "`begins` is asked of text, the column is %s", eg_type_name(type));
    }
    *source = (struct eg_source){.kind = EG_SOURCE_BEGINS, .pointer.text = beginning, .n = 1, .list = list};
    return eg_rules_source(rules, value, type, list);
}

eg_status eg_rules_source(struct eg_rules *rules, json_t *json, enum eg_type type, struct eg_source *source) {
    const char *text = json_string_value(json);
    if (type == EG_BYTES) {
        return eg_rules_fail(rules, "a declaration cannot set a column of bytes");
    }
    if (json_is_array(json)) {
        return compile_first(rules, json, type, source);
    }
    if (json_is_object(json_object_get(json, "object")) && json_object_size(json) == 1) {
        return compile_object(rules, json_object_get(json, "object"), type, source);
    }
    if (json_object_get(json, "begins")) {
        return compile_begins(rules, json, type, source);
    }
    if (!text) {
        return eg_rules_fail(
            rules, "a value is a pointer, $member, \"=literal\", \"rest\", a list of these, {\"object\": …}, {\"begins\": …} or "
                   "{\"lookup\": …}; write constants as \"=…\"");
    }
    if (strcmp(text, "rest") == 0) {
        source->kind = EG_SOURCE_REST;
        return type == EG_JSON ? EG_OK : eg_rules_fail(rules, "`rest` is JSON, the column is %s", eg_type_name(type));
    }
    if (*text == '=') {
        return compile_literal(rules, text, type, source);
    }
    if (strncmp(text, "$policy.", 8) == 0) {
        return compile_policy(rules, text, type, source);
    }
    if (*text == '$') {
        return compile_member(rules, text, type, source);
    }
    source->kind = EG_SOURCE_POINTER;
    return eg_rules_pointer(rules, text, &source->pointer);
}

/* Columns that every derived row has, set when the rule does not. */

bool eg_rules_is_engine(const char *column) {
    return strcmp(column, "event_id") == 0 || strcmp(column, "branch") == 0 || strcmp(column, "repo") == 0 ||
           strcmp(column, "created_utc") == 0;
}

eg_status eg_rules_engine(struct eg_rules *rules, const char *column, struct eg_source *source) {
    static const struct eg_ptoken repo_token = {"repo", -1};
    struct eg_source *list;
    *source = (struct eg_source){.kind = EG_SOURCE_MEMBER};
    if (strcmp(column, "repo") != 0) {
        source->member = column[0] == 'e' ? EG_MEMBER_ID : column[0] == 'b' ? EG_MEMBER_BRANCH : EG_MEMBER_TS_UTC;
        return EG_OK;
    }
    list = eg_rules_alloc(rules, 2 * sizeof *list);
    if (!list) {
        return EG_FAIL;
    }
    list[0] = (struct eg_source){.kind = EG_SOURCE_POINTER, .pointer = {"/repo", 0, 1, &repo_token}};
    list[1] = (struct eg_source){.kind = EG_SOURCE_CONST, .pointer.text = "=", .value = eg_text("", 0)};
    *source = (struct eg_source){.kind = EG_SOURCE_FIRST, .n = 2, .list = list};
    return EG_OK;
}

bool eg_source_same(const struct eg_source *a, const struct eg_source *b) {
    if (a->kind != b->kind) {
        return false;
    }
    switch (a->kind) {
    case EG_SOURCE_POINTER:
        return eg_pointer_same(&a->pointer, &b->pointer);
    case EG_SOURCE_MEMBER:
        return a->member == b->member;
    case EG_SOURCE_FIRST:
        for (size_t i = 0; i < a->n; i++) {
            if (a->n != b->n || !eg_source_same(&a->list[i], &b->list[i])) {
                return false;
            }
        }
        return true;
    case EG_SOURCE_CONST:
        return strcmp(a->pointer.text, b->pointer.text) == 0;
    case EG_SOURCE_BEGINS:
        return strcmp(a->pointer.text, b->pointer.text) == 0 && eg_source_same(a->list, b->list);
    case EG_SOURCE_REST:
    case EG_SOURCE_OBJECT:
        return false;
    }
    return false;
}
