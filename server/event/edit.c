/* RFC 6902 and RFC 7396 over jansson. An operation that does not fit ends the edit: the caller throws the document away. */
#include "server/event/edit.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

#define TOKEN_MOST_B 1024
#define DEPTH_MOST EG_JSON_MAX_DEPTH /* no event has more levels, and jansson goes down by recursion */
#define OPERATIONS_MOST 1000
#define COPIED_MOST_B ((size_t)1 << 20) /* by all copies of an edit: each could double the event */
#define VALUE_B 32                      /* of a value besides its text, roughly */
#define VISITS_MOST ((size_t)2 << 20)   /* of values, to see how deep what is put somewhere is */

struct budget { /* of one edit */
    size_t copied_b, visits;
};

enum op { ADD, REMOVE, REPLACE, MOVE, COPY, TEST, UNKNOWN };

static enum op op_of(const json_t *operation) {
    static const char *const names[] = {"add", "remove", "replace", "move", "copy", "test"};
    const char *name = json_string_value(json_object_get(operation, "op"));
    for (int i = 0; name && i < UNKNOWN; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum op)i;
    }
    return UNKNOWN;
}

/* A JSON Pointer: empty, or tokens that each begin with a slash and escape with ~0 and ~1. */
static bool is_pointer(const json_t *value) {
    const char *p = json_string_value(value);
    if (!p || (*p && *p != '/') || strlen(p) != json_string_length(value))
        return false;
    for (; *p; p++) {
        if (*p == '~' && p[1] != '0' && p[1] != '1')
            return false;
    }
    return true;
}

static eg_status check_operation(const json_t *operation, size_t i, struct eg_err *err) {
    enum op op = op_of(operation);
    if (op == UNKNOWN)
        return eg_err_set(err, EG_E_USAGE, "edit", "/edit/patch/%zu: op is add, remove, replace, move, copy or test", i);
    if (!is_pointer(json_object_get(operation, "path")))
        return eg_err_set(err, EG_E_USAGE, "edit", "/edit/patch/%zu: path is a JSON Pointer such as /payload/idx", i);
    if ((op == MOVE || op == COPY) && !is_pointer(json_object_get(operation, "from")))
        return eg_err_set(err, EG_E_USAGE, "edit", "/edit/patch/%zu: from is a JSON Pointer such as /payload/idx", i);
    if ((op == ADD || op == REPLACE || op == TEST) && !json_object_get(operation, "value"))
        return eg_err_set(err, EG_E_USAGE, "edit", "/edit/patch/%zu: `value` is missing", i);
    return EG_OK;
}

eg_status eg_edit_check(const json_t *edit, struct eg_err *err) {
    const json_t *patch = json_object_get(edit, "patch"), *merge = json_object_get(edit, "merge");
    const json_t *whole = json_object_get(edit, "replace");
    if (json_object_size(edit) != 1 || (!patch && !merge && !whole))
        return eg_err_set(err, EG_E_USAGE, "edit",
                          "edit is {\"patch\": [operations of a JSON Patch]}, {\"merge\": {a JSON Merge Patch}} or "
                          "{\"replace\": {a whole event}}");
    if ((merge && !json_is_object(merge)) || (whole && !json_is_object(whole)))
        return eg_err_set(err, EG_E_USAGE, "edit", "what stands for a whole event is an object");
    if (!patch)
        return EG_OK;
    if (!json_is_array(patch) || json_array_size(patch) > OPERATIONS_MOST)
        return eg_err_set(err, EG_E_USAGE, "edit", "a JSON Patch is an array of at most %d operations", OPERATIONS_MOST);
    for (size_t i = 0; i < json_array_size(patch); i++) {
        if (check_operation(json_array_get(patch, i), i, err) != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

/* The next token of the pointer, unescaped; false when it is too long. *at moves behind it. */
static bool next_token(const char **at, char token[TOKEN_MOST_B]) {
    const char *p = *at + 1;
    size_t n = 0;
    for (; *p && *p != '/'; p++) {
        if (n + 1 == TOKEN_MOST_B)
            return false;
        token[n++] = *p != '~' ? *p : *++p == '0' ? '~' : '/';
    }
    token[n] = '\0';
    *at = p;
    return true;
}

/* "0", or digits without a leading zero; "-" is the end, where that is allowed. false: no index up to most. */
static bool index_of(const char *token, size_t most, bool end_allowed, size_t *index) {
    if (end_allowed && strcmp(token, "-") == 0) {
        *index = most;
        return true;
    }
    size_t n = strspn(token, "0123456789");
    if (n == 0 || n > 9 || token[n] || (token[0] == '0' && n > 1))
        return false;
    *index = (size_t)strtoul(token, NULL, 10);
    return *index <= most;
}

static json_t *child(json_t *value, const char *token) {
    size_t i;
    if (json_is_object(value))
        return json_object_get(value, token);
    return json_is_array(value) && index_of(token, json_array_size(value), false, &i) ? json_array_get(value, i) : NULL;
}

static eg_status nothing_there(const char *pointer, struct eg_err *err) {
    return eg_err_set(err, EG_E_EDIT_FAILED, pointer, "the dead letter has nothing at %.200s", pointer);
}

/* The value above the last token, and that token. */
static eg_status find_parent(json_t *doc, const char *pointer, json_t **parent, char last[TOKEN_MOST_B], struct eg_err *err) {
    const char *at = pointer;
    *parent = doc;
    while (*parent && next_token(&at, last) && *at)
        *parent = child(*parent, last);
    return *parent && !*at ? EG_OK : nothing_there(pointer, err);
}

static json_t *find(json_t *doc, const char *pointer) {
    char token[TOKEN_MOST_B];
    const char *at = pointer;
    while (doc && *at)
        doc = next_token(&at, token) ? child(doc, token) : NULL;
    return doc;
}

/* Whether value has at most so many levels; each value within costs a visit. */
static bool is_flat(const json_t *value, int levels, size_t *visits) {
    json_t *within = (json_t *)(uintptr_t)value, *member;
    const char *key;
    size_t i;
    bool nests = json_is_object(value) || json_is_array(value);
    if (*visits == 0 || (nests && levels <= 0))
        return false;
    --*visits;
    json_array_foreach(value, i, member) {
        if (!is_flat(member, levels - 1, visits))
            return false;
    }
    json_object_foreach(within, key, member) {
        if (!is_flat(member, levels - 1, visits))
            return false;
    }
    return true;
}

/* jansson goes down by recursion: a patch that nests by itself would end at the stack's end. */
static bool fits_under(const char *pointer, const json_t *value, struct budget *budget) {
    int levels = EG_JSON_MAX_DEPTH;
    for (; *pointer && levels >= 0; pointer++)
        levels -= *pointer == '/';
    return is_flat(value, levels, &budget->visits);
}

/* Takes value over. replace: what stands there must be there. */
static eg_status put(json_t **doc, const char *pointer, json_t *value, bool replace, struct budget *budget, struct eg_err *err) {
    char last[TOKEN_MOST_B];
    json_t *parent;
    size_t i;
    if (!fits_under(pointer, value, budget)) {
        json_decref(value);
        return eg_err_set(err, EG_E_EDIT_FAILED, pointer, "an event has at most %d levels, or the edit moves too much", EG_JSON_MAX_DEPTH);
    }
    if (!*pointer) {
        json_decref(*doc);
        *doc = value;
        return EG_OK;
    }
    bool found = find_parent(*doc, pointer, &parent, last, err) == EG_OK && (!replace || child(parent, last));
    if (found && json_is_object(parent))
        return json_object_set_new(parent, last, value) == 0 ? EG_OK : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory");
    if (found && json_is_array(parent) && index_of(last, json_array_size(parent), !replace, &i)) {
        int failed = replace ? json_array_set_new(parent, i, value) : json_array_insert_new(parent, i, value);
        return failed ? eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory") : EG_OK;
    }
    json_decref(value);
    return nothing_there(pointer, err);
}

static eg_status take_out(json_t *doc, const char *pointer, struct eg_err *err) {
    char last[TOKEN_MOST_B];
    json_t *parent;
    size_t i;
    if (!*pointer)
        return eg_err_set(err, EG_E_EDIT_FAILED, "", "the whole event cannot be removed");
    if (find_parent(doc, pointer, &parent, last, err) != EG_OK || !child(parent, last))
        return nothing_there(pointer, err);
    if (json_is_object(parent))
        json_object_del(parent, last);
    else if (index_of(last, json_array_size(parent), false, &i))
        json_array_remove(parent, i);
    return EG_OK;
}

static bool is_inside(const char *pointer, const char *of) {
    size_t n = strlen(of);
    return strncmp(pointer, of, n) == 0 && pointer[n] == '/';
}

/* 1 and 1.0 are one number to RFC 6902, two values to jansson. */
static bool same(const json_t *a, const json_t *b) {
    return (json_is_number(a) && json_is_number(b) && json_number_value(a) == json_number_value(b)) || json_equal(a, b);
}

/* Takes the value's bytes, roughly, from *left; false: there are not so many. */
static bool take_size(const json_t *value, size_t *left) {
    json_t *within = (json_t *)(uintptr_t)value, *member;
    size_t size_b = VALUE_B + json_string_length(value), i;
    const char *key;
    if (size_b > *left)
        return false;
    *left -= size_b;
    json_array_foreach(value, i, member) {
        if (!take_size(member, left))
            return false;
    }
    json_object_foreach(within, key, member) {
        size_t key_b = strlen(key);
        if (key_b > *left)
            return false;
        *left -= key_b;
        if (!take_size(member, left))
            return false;
    }
    return true;
}

static eg_status copy(json_t **doc, const char *from, const char *path, struct budget *budget, struct eg_err *err) {
    const json_t *found = find(*doc, from);
    if (!found)
        return nothing_there(from, err);
    if (!take_size(found, &budget->copied_b))
        return eg_err_set(err, EG_E_EDIT_FAILED, path, "the copies of an edit have at most %zu bytes", COPIED_MOST_B);
    json_t *value = json_deep_copy(found);
    return value ? put(doc, path, value, false, budget, err) : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory");
}

static eg_status move(json_t **doc, const char *from, const char *path, struct budget *budget, struct eg_err *err) {
    json_t *found = find(*doc, from);
    if (!found)
        return nothing_there(from, err);
    if (is_inside(path, from))
        return eg_err_set(err, EG_E_EDIT_FAILED, path, "%.100s cannot be moved into itself", from);
    json_incref(found);
    if (*from && take_out(*doc, from, err) != EG_OK) {
        json_decref(found);
        return EG_FAIL;
    }
    return put(doc, path, found, false, budget, err);
}

static eg_status operate(json_t **doc, const json_t *operation, struct budget *budget, struct eg_err *err) {
    const char *path = json_string_value(json_object_get(operation, "path"));
    const char *from = json_string_value(json_object_get(operation, "from"));
    const json_t *value = json_object_get(operation, "value");
    enum op op = op_of(operation);
    switch (op) {
    case ADD:
    case REPLACE: return put(doc, path, json_deep_copy(value), op == REPLACE, budget, err);
    case REMOVE: return take_out(*doc, path, err);
    case MOVE: return move(doc, from, path, budget, err);
    case COPY: return copy(doc, from, path, budget, err);
    case TEST: {
        const json_t *found = find(*doc, path);
        if (found && same(found, value))
            return EG_OK;
        return eg_err_set(err, EG_E_EDIT_FAILED, path, "the test of %.200s does not hold", path);
    }
    case UNKNOWN: break;
    }
    return eg_err_set(err, EG_E_INTERNAL, NULL, "an operation that was not checked");
}

/* Members with null go, objects are merged, all else replaces. target is the caller's. */
static bool merge(json_t *target, const json_t *patch) {
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)patch, key, value) {
        json_t *old = json_object_get(target, key);
        if (json_is_null(value)) {
            json_object_del(target, key);
        } else if (json_is_object(value)) {
            if (!json_is_object(old) && json_object_set_new(target, key, json_object()) != 0)
                return false;
            if (!merge(json_object_get(target, key), value))
                return false;
        } else if (json_object_set_new(target, key, json_deep_copy(value)) != 0) {
            return false;
        }
    }
    return true;
}

eg_status eg_edit_apply(json_t **doc, const json_t *edit, struct eg_err *err) {
    const json_t *patch = json_object_get(edit, "patch"), *merged = json_object_get(edit, "merge");
    const json_t *whole = json_object_get(edit, "replace");
    struct budget budget = {COPIED_MOST_B, VISITS_MOST};
    if (whole)
        return put(doc, "", json_deep_copy(whole), false, &budget, err);
    if (merged && !json_is_object(*doc) && put(doc, "", json_object(), false, &budget, err) != EG_OK)
        return EG_FAIL;
    if (merged)
        return merge(*doc, merged) ? EG_OK : eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory");
    for (size_t i = 0; i < json_array_size(patch); i++) {
        if (operate(doc, json_array_get(patch, i), &budget, err) != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}
