/* Compiling: one node a subschema, its keywords taken by the table of schema_keywords.def; then the references, until
 * none is left; then a search for references that come back to themselves. The keywords stand in schema_rules.c and
 * schema_logic.c. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/registry/schema_impl.h"

static const struct {
    const char *name;
    unsigned vocabulary;
    eg_keyword_fn compile;
} keywords[] = {
#define X(name, vocabulary, subschemas, compiler) {name, EG_VOCAB_##vocabulary, eg_schema_kw_##compiler},
#include "server/registry/schema_keywords.def"
#undef X
};

eg_status eg_schema_bad(struct eg_scompiler *c, const struct eg_snode *node, const char *format, ...) {
    char text[320], place[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(place, sizeof place, "%s#%s%s%s", node->doc->uri, node->pointer, c->keyword ? "/" : "",
             c->keyword ? c->keyword : "");
    return eg_err_set(c->err, EG_E_CONFIG, place, "%s", text);
}

void *eg_schema_alloc(struct eg_scompiler *c, size_t size_b) {
    void *p = eg_arena_zalloc(c->set->arena, size_b > 0 ? size_b : 1);
    if (!p)
        (void)eg_schema_full(c->err);
    return p;
}

static eg_status compile_keywords(struct eg_scompiler *c, struct eg_snode *node) {
    const char *outer = c->keyword;
    const char *name;
    json_t *arg;
    json_object_foreach(node->json, name, arg) {
        for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
            if (!(keywords[i].vocabulary & node->scope->vocabularies) || strcmp(name, keywords[i].name) != 0)
                continue;
            c->keyword = keywords[i].name;
            if (keywords[i].compile(c, node, arg))
                return EG_FAIL;
            break;
        }
    }
    c->keyword = outer;
    return node->object ? eg_schema_object_finish(c, node->object) : EG_OK;
}

static eg_status compile_loc(struct eg_scompiler *c, const struct eg_sloc *loc, struct eg_snode **made);

/* The resource as this schema sees it; its dynamic anchors are compiled with it, since any reference may end there. */
static eg_status scope_of(struct eg_scompiler *c, const struct eg_sres *res, struct eg_sscope **made) {
    struct eg_sscope *scope = *made = eg_map_get(c->scopes, &res->json, sizeof res->json);
    if (scope && scope->res == res)
        return EG_OK;
    *made = scope = eg_schema_alloc(c, sizeof *scope);
    if (!scope)
        return EG_FAIL;
    scope->res = res;
    if (eg_schema_dialect(c->set, res, &scope->vocabularies, c->err))
        return EG_FAIL;
    if (!eg_map_put(c->scopes, &res->json, sizeof res->json, scope))
        return eg_schema_full(c->err);
    size_t n = 0;
    for (const struct eg_sanchor *anchor = res->dynamic; anchor; anchor = anchor->next)
        n++;
    scope->entries = eg_schema_alloc(c, n * sizeof *scope->entries);
    if (!scope->entries)
        return EG_FAIL;
    for (const struct eg_sanchor *anchor = res->dynamic; anchor; anchor = anchor->next) {
        struct eg_snode *node;
        if (compile_loc(c, anchor->loc, &node))
            return EG_FAIL;
        scope->entries[scope->n++] = (struct eg_scope_entry){anchor->name, node};
    }
    return EG_OK;
}

static eg_status compile_loc(struct eg_scompiler *c, const struct eg_sloc *loc, struct eg_snode **made) {
    struct eg_snode *node = *made =
        json_is_object(loc->json) ? eg_map_get(c->nodes, &loc->json, sizeof loc->json) : NULL;
    if (node)
        return EG_OK;
    struct eg_sscope *scope;
    if (scope_of(c, loc->res, &scope))
        return EG_FAIL;
    node = json_is_object(loc->json) ? eg_map_get(c->nodes, &loc->json, sizeof loc->json) : NULL;
    if (node) { /* made meanwhile: it is a dynamic anchor of its resource */
        *made = node;
        return EG_OK;
    }
    *made = node = eg_schema_alloc(c, sizeof *node);
    if (!node)
        return EG_FAIL;
    *node = (struct eg_snode){
        .types = EG_T_ANY, .scope = scope, .doc = loc->res->doc, .pointer = loc->pointer, .json = loc->json};
    node->kind = json_is_true(loc->json) ? EG_NODE_TRUE : json_is_false(loc->json) ? EG_NODE_FALSE : EG_NODE_RULES;
    if (!json_is_object(loc->json))
        return json_is_boolean(loc->json) ? EG_OK : eg_schema_bad(c, node, "A schema must be an object or a boolean.");
    if (!eg_map_put(c->nodes, &node->json, sizeof node->json, node))
        return eg_schema_full(c->err);
    node->next = c->all;
    c->all = node;
    return compile_keywords(c, node);
}

eg_status eg_schema_child(struct eg_scompiler *c, const struct eg_snode *node, json_t *json, const char *key,
                          const struct eg_snode **child) {
    const struct eg_sloc *loc = eg_schema_loc(c->set, json);
    if (!loc) { /* a boolean, or no schema at all */
        char *pointer = eg_schema_pointer_add(c->set->arena, node->pointer, c->keyword);
        if (pointer && key)
            pointer = eg_schema_pointer_add(c->set->arena, pointer, key);
        if (!pointer)
            return eg_schema_full(c->err);
        if (!json_is_boolean(json))
            return eg_schema_bad(c, node, "%s%s%.100s must be a schema: an object or a boolean.", c->keyword,
                                 key ? "/" : "", key ? key : "");
        struct eg_snode *made = eg_schema_alloc(c, sizeof *made);
        if (!made)
            return EG_FAIL;
        *made = (struct eg_snode){
            .types = EG_T_ANY, .scope = node->scope, .doc = node->doc, .pointer = pointer, .json = json};
        made->kind = json_is_true(json) ? EG_NODE_TRUE : EG_NODE_FALSE;
        *child = made;
        return EG_OK;
    }
    struct eg_snode *made;
    if (compile_loc(c, loc, &made))
        return EG_FAIL;
    *child = made;
    return EG_OK;
}

eg_status eg_schema_children(struct eg_scompiler *c, const struct eg_snode *node, json_t *list, size_t *n,
                             const struct eg_snode ***children) {
    if (!json_is_array(list) || json_array_size(list) == 0)
        return eg_schema_bad(c, node, "%s must be an array of at least one schema.", c->keyword);
    *children = eg_schema_alloc(c, json_array_size(list) * sizeof **children);
    if (!*children)
        return EG_FAIL;
    for (*n = 0; *n < json_array_size(list); ++*n) {
        char key[24];
        snprintf(key, sizeof key, "%zu", *n);
        if (eg_schema_child(c, node, json_array_get(list, *n), key, &(*children)[*n]))
            return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_schema_pattern(struct eg_scompiler *c, const struct eg_snode *node, const char *text, size_t len,
                            const struct eg_regex **regex) {
    char why[200];
    struct eg_regex *known = eg_map_get(c->set->patterns, text, len);
    *regex = known;
    if (known)
        return EG_OK;
    struct eg_regex_item *item = eg_schema_alloc(c, sizeof *item);
    if (!item)
        return EG_FAIL;
    item->regex = eg_regex_new(text, len, why, sizeof why);
    if (!item->regex)
        return eg_schema_bad(c, node, "The pattern %.80s%s cannot be used: %s.", text, len > 80 ? "…" : "", why);
    item->next = c->set->regexes;
    c->set->regexes = item;
    *regex = item->regex;
    return eg_map_put(c->set->patterns, eg_regex_source(item->regex), len, item->regex) ? EG_OK
                                                                                        : eg_schema_full(c->err);
}

static eg_status resolve(struct eg_scompiler *c, const struct eg_spending *ref) {
    const struct eg_sloc *loc;
    c->keyword = ref->dynamic ? "$dynamicRef" : "$ref";
    if (eg_schema_locate(c->set, ref->uri, &loc, c->err))
        return EG_FAIL;
    if (!loc)
        return eg_schema_bad(c, ref->node, "%s names %.200s, which is not there.", c->keyword, ref->uri);
    struct eg_snode *target;
    if (compile_loc(c, loc, &target))
        return EG_FAIL;
    if (!ref->dynamic) {
        ref->node->logic->ref = target;
        return EG_OK;
    }
    ref->node->logic->dynamic_ref = target;
    const char *fragment = strchr(ref->uri, '#');
    for (size_t i = 0; fragment && i < target->scope->n; i++)
        if (strcmp(target->scope->entries[i].name, fragment + 1) == 0)
            ref->node->logic->dynamic_name = fragment + 1;
    return EG_OK;
}

eg_status eg_schema_compile(struct eg_schema_set *set, const char *uri, const struct eg_schema **schema,
                            struct eg_err *err) {
    struct eg_scompiler c = {.set = set, .err = err};
    const struct eg_sloc *loc;
    char *absolute = eg_schema_uri_resolve(set->arena, "", uri);
    c.nodes = eg_map_new(set->arena, 64);
    c.scopes = eg_map_new(set->arena, 8);
    struct eg_schema *made = eg_arena_zalloc(set->arena, sizeof *made);
    if (!absolute || !c.nodes || !c.scopes || !made)
        return eg_schema_full(err);
    if (eg_schema_locate(set, absolute, &loc, err))
        return EG_FAIL;
    if (!loc)
        return eg_err_set(err, EG_E_CONFIG, uri, "No schema of that name was added.");
    struct eg_snode *root;
    if (compile_loc(&c, loc, &root))
        return EG_FAIL;
    while (c.pending) {
        const struct eg_spending *ref = c.pending;
        c.pending = ref->next;
        if (resolve(&c, ref))
            return EG_FAIL;
    }
    c.keyword = NULL;
    if (eg_schema_no_loops(&c))
        return EG_FAIL;
    *made = (struct eg_schema){.set = set, .root = root};
    *schema = made;
    return EG_OK;
}
