/* A set of schema documents: cuts each into resources ($id), anchors and locations when it is added, finds what a
 * reference names, and reads which vocabularies a dialect ($schema) turns on. */
#include <stdlib.h>
#include <string.h>

#include "server/registry/schema_impl.h"

eg_status eg_schema_full(struct eg_err *err) {
    return eg_err_set(err, EG_E_CONFIG, NULL, "The schemas are too large: at most %u MiB compiled.",
                      EG_SCHEMA_ARENA_B >> 20);
}

struct eg_schema_set *eg_schema_set_new(void) {
    struct eg_schema_set *set = calloc(1, sizeof *set);
    if (!set)
        return NULL;
    set->arena = eg_arena_new(EG_SCHEMA_ARENA_B);
    if (set->arena) {
        set->resources = eg_map_new(set->arena, 64);
        set->anchors = eg_map_new(set->arena, 16);
        set->locs = eg_map_new(set->arena, 256);
        set->patterns = eg_map_new(set->arena, 16);
    }
    if (!set->resources || !set->anchors || !set->locs || !set->patterns) {
        eg_schema_set_free(set);
        return NULL;
    }
    return set;
}

void eg_schema_set_free(struct eg_schema_set *set) {
    if (!set)
        return;
    for (struct eg_sdoc *doc = set->docs; doc; doc = doc->next)
        json_decref(doc->json);
    for (struct eg_regex_item *item = set->regexes; item; item = item->next)
        eg_regex_free(item->regex);
    eg_arena_free(set->arena);
    free(set);
}

void eg_schema_set_assert_formats(struct eg_schema_set *set, bool on) { set->assert_formats = on; }

enum eg_subschemas eg_schema_subschemas(const char *keyword) {
#define X(name, vocabulary, subschemas, compiler)                                                                      \
    if (EG_SUB_##subschemas != EG_SUB_NONE && strcmp(keyword, name) == 0)                                              \
        return EG_SUB_##subschemas;
#include "server/registry/schema_keywords.def"
#undef X
    return EG_SUB_NONE;
}

struct eg_sloc *eg_schema_loc(const struct eg_schema_set *set, json_t *json) {
    return json_is_object(json) ? eg_map_get(set->locs, &json, sizeof json) : NULL;
}

/* The place in an error: document and pointer, and the keyword when it is known. */
static const char *place_of(struct eg_schema_set *set, const struct eg_sres *res, const char *pointer,
                            const char *keyword) {
    const char *text =
        eg_arena_printf(set->arena, "%s#%s%s%s", res->doc->uri, pointer, keyword ? "/" : "", keyword ? keyword : "");
    return text ? text : pointer;
}

static eg_status put_resource(struct eg_schema_set *set, const char *uri, struct eg_sres *res, struct eg_err *err) {
    const struct eg_sres *known = eg_map_get(set->resources, uri, strlen(uri));
    if (known && known != res)
        return eg_err_set(err, EG_E_CONFIG, place_of(set, res, res->pointer, NULL), "Two schemas have the $id %.200s.",
                          uri);
    return eg_map_put(set->resources, uri, strlen(uri), res) ? EG_OK : eg_schema_full(err);
}

/* The resource that json begins when it has an $id; res itself when it has none. */
static eg_status enter_resource(struct eg_schema_set *set, json_t *json, struct eg_sres **res, const char *pointer,
                                struct eg_err *err) {
    json_t *id = json_object_get(json, "$id");
    if (!id || (*res)->json == json)
        return EG_OK;
    if (!json_is_string(id))
        return eg_err_set(err, EG_E_CONFIG, place_of(set, *res, pointer, "$id"), "$id must be a string.");
    struct eg_sres *inner = eg_arena_zalloc(set->arena, sizeof *inner);
    char *uri = eg_schema_uri_resolve(set->arena, (*res)->uri, json_string_value(id));
    if (!inner || !uri)
        return eg_schema_full(err);
    char *fragment = strchr(uri, '#');
    if (fragment && fragment[1])
        return eg_err_set(err, EG_E_CONFIG, place_of(set, *res, pointer, "$id"),
                          "$id must not have a fragment: use $anchor.");
    if (fragment)
        *fragment = '\0';
    *inner = (struct eg_sres){.uri = uri, .doc = (*res)->doc, .parent = *res, .json = json, .pointer = pointer};
    *res = inner;
    return put_resource(set, uri, inner, err);
}

static eg_status add_anchor(struct eg_schema_set *set, const struct eg_sloc *loc, const char *keyword,
                            struct eg_err *err) {
    json_t *name = json_object_get(loc->json, keyword);
    if (!json_is_string(name)) /* absent; or wrong, which the compiler says */
        return EG_OK;
    struct eg_sanchor *anchor = eg_arena_zalloc(set->arena, sizeof *anchor);
    char *key = eg_arena_printf(set->arena, "%s#%s", loc->res->uri, json_string_value(name));
    if (!anchor || !key)
        return eg_schema_full(err);
    const struct eg_sanchor *known = eg_map_get(set->anchors, key, strlen(key));
    if (known && known->loc->json != loc->json)
        return eg_err_set(err, EG_E_CONFIG, place_of(set, loc->res, loc->pointer, keyword),
                          "Two anchors are named %.200s.", json_string_value(name));
    *anchor = (struct eg_sanchor){.name = json_string_value(name), .loc = loc, .dynamic = keyword[1] == 'd'};
    if (anchor->dynamic) {
        anchor->next = loc->res->dynamic;
        loc->res->dynamic = anchor;
    }
    return eg_map_put(set->anchors, key, strlen(key), anchor) ? EG_OK : eg_schema_full(err);
}

static eg_status index_children(struct eg_schema_set *set, json_t *arg, enum eg_subschemas kind,
                                const struct eg_sloc *loc, const char *pointer, int depth, struct eg_err *err) {
    if (!pointer)
        return eg_schema_full(err);
    if (kind == EG_SUB_ONE)
        return eg_schema_index(set, arg, loc->res, pointer, depth + 1, err);
    if (kind == EG_SUB_MAP && json_is_object(arg)) {
        const char *key;
        json_t *child;
        json_object_foreach(arg, key, child) {
            char *below = eg_schema_pointer_add(set->arena, pointer, key);
            if (!below)
                return eg_schema_full(err);
            if (eg_schema_index(set, child, loc->res, below, depth + 1, err))
                return EG_FAIL;
        }
    }
    for (size_t i = 0; kind == EG_SUB_LIST && i < json_array_size(arg); i++) {
        char *below = eg_arena_printf(set->arena, "%s/%zu", pointer, i);
        if (!below)
            return eg_schema_full(err);
        if (eg_schema_index(set, json_array_get(arg, i), loc->res, below, depth + 1, err))
            return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_schema_index(struct eg_schema_set *set, json_t *json, struct eg_sres *res, const char *pointer, int depth,
                          struct eg_err *err) {
    if (!json_is_object(json) || eg_schema_loc(set, json))
        return EG_OK;
    if (depth > EG_SCHEMA_MAX_NESTING)
        return eg_err_set(err, EG_E_CONFIG, res->doc->uri, "The schema is nested more than %d levels deep.",
                          EG_SCHEMA_MAX_NESTING);
    if (enter_resource(set, json, &res, pointer, err))
        return EG_FAIL;
    struct eg_sloc *loc = eg_arena_zalloc(set->arena, sizeof *loc);
    if (!loc)
        return eg_schema_full(err);
    *loc = (struct eg_sloc){.json = json, .res = res, .pointer = pointer};
    if (!eg_map_put(set->locs, &loc->json, sizeof loc->json, loc))
        return eg_schema_full(err);
    if (add_anchor(set, loc, "$anchor", err) || add_anchor(set, loc, "$dynamicAnchor", err))
        return EG_FAIL;
    const char *key;
    json_t *arg;
    json_object_foreach(json, key, arg) {
        enum eg_subschemas kind = eg_schema_subschemas(key);
        if (kind != EG_SUB_NONE &&
            index_children(set, arg, kind, loc, eg_schema_pointer_add(set->arena, pointer, key), depth, err))
            return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_schema_set_add(struct eg_schema_set *set, const char *uri, json_t *document, struct eg_err *err) {
    if (!json_is_object(document) && !json_is_boolean(document))
        return eg_err_set(err, EG_E_CONFIG, uri, "A schema must be an object or a boolean.");
    struct eg_sdoc *doc = eg_arena_zalloc(set->arena, sizeof *doc);
    struct eg_sres *res = eg_arena_zalloc(set->arena, sizeof *res);
    char *given = eg_schema_uri_resolve(set->arena, "", uri);
    if (!doc || !res || !given)
        return eg_schema_full(err);
    given[strcspn(given, "#")] = '\0';
    *doc = (struct eg_sdoc){.uri = given, .json = json_incref(document), .next = set->docs};
    set->docs = doc;
    /* Under a path or a plain name, a relative $id is the whole name: "core.step.finished@v1" is not below the file's
     * folder. */
    bool absolute = given[strcspn(given, ":/?#")] == ':';
    *res = (struct eg_sres){.uri = absolute ? given : "", .doc = doc, .pointer = ""};
    struct eg_sres *own = res;
    if (json_is_object(document) && enter_resource(set, document, &own, "", err))
        return EG_FAIL;
    if (own == res)
        res->uri = given;
    own->json = document;
    own->parent = NULL;
    doc->uri = own->uri;
    if (put_resource(set, given, own, err))
        return EG_FAIL;
    return eg_schema_index(set, document, own, "", 0, err);
}

struct eg_sres *eg_schema_resource(struct eg_schema_set *set, const char *uri, struct eg_err *err) {
    struct eg_sres *res = eg_map_get(set->resources, uri, strlen(uri));
    const char *text = res ? NULL : eg_schema_metaschema(uri);
    if (!text)
        return res;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    EG_ASSERT(json);
    eg_status status = eg_schema_set_add(set, uri, json, err);
    json_decref(json);
    return status ? NULL : eg_map_get(set->resources, uri, strlen(uri));
}

/* Follows a JSON Pointer from a resource's root, minding the $id of what it passes. */
static eg_status walk(struct eg_schema_set *set, struct eg_sres *res, const char *pointer, const struct eg_sloc **found,
                      struct eg_err *err) {
    json_t *json = res->json;
    const char *start = pointer, *from = res->pointer;
    while (json && *pointer) {
        json = eg_schema_pointer_step(json, &pointer);
        const struct eg_sloc *loc = json ? eg_schema_loc(set, json) : NULL;
        if (loc) {
            res = loc->res;
            from = loc->pointer;
            start = pointer;
        }
    }
    if (!json)
        return EG_OK;
    if (!json_is_object(json) && !json_is_boolean(json))
        return eg_err_set(err, EG_E_CONFIG, res->doc->uri, "A reference names %.200s, which is no schema.", start);
    char *whole = eg_arena_printf(set->arena, "%s%s", from, start);
    if (!whole)
        return eg_schema_full(err);
    if (eg_schema_index(set, json, res, whole, 0, err))
        return EG_FAIL;
    *found = eg_schema_loc(set, json);
    if (*found)
        return EG_OK;
    struct eg_sloc *made = eg_arena_zalloc(set->arena, sizeof *made);
    if (!made)
        return eg_schema_full(err);
    *made = (struct eg_sloc){.json = json, .res = res, .pointer = whole};
    *found = made;
    return EG_OK;
}

eg_status eg_schema_locate(struct eg_schema_set *set, const char *uri, const struct eg_sloc **loc, struct eg_err *err) {
    size_t n = strcspn(uri, "#");
    char *plain = eg_arena_dup(set->arena, uri, n);
    char *fragment = eg_schema_uri_decode(set->arena, uri + n + (uri[n] == '#'), strlen(uri + n + (uri[n] == '#')));
    *loc = NULL;
    if (!plain)
        return eg_schema_full(err);
    struct eg_sres *res = eg_schema_resource(set, plain, err);
    if (!res || !fragment)
        return EG_OK;
    if (*fragment == '\0' || *fragment == '/')
        return walk(set, res, fragment, loc, err);
    char *key = eg_arena_printf(set->arena, "%s#%s", res->uri, fragment);
    if (!key)
        return eg_schema_full(err);
    const struct eg_sanchor *anchor = eg_map_get(set->anchors, key, strlen(key));
    *loc = anchor ? anchor->loc : NULL;
    return EG_OK;
}
