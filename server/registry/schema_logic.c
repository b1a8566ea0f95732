/* Compiling the keywords that apply schemas to the same value (references, allOf … else), and the search for those that
 * would do so without end. */
#include <stdio.h>
#include <string.h>

#include "server/registry/schema_impl.h"

#define KEYWORD(name) eg_status eg_schema_kw_##name(struct eg_scompiler *c, struct eg_snode *node, json_t *arg)

static struct eg_logic_rules *logic(struct eg_scompiler *c, struct eg_snode *node) {
    if (!node->logic)
        node->logic = eg_schema_alloc(c, sizeof *node->logic);
    return node->logic;
}

KEYWORD(ignored) {
    (void)c, (void)node, (void)arg;
    return EG_OK;
}

KEYWORD(anchor) {
    const char *name = json_string_value(arg);
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    if (!name || !*name || !strchr(first, *name) || strcspn(name, "#/%") != strlen(name))
        return eg_schema_bad(c, node, "%s must be a name: a letter or _, then letters, digits, - . _", c->keyword);
    return EG_OK;
}

static eg_status later(struct eg_scompiler *c, struct eg_snode *node, json_t *arg, bool dynamic) {
    if (!json_is_string(arg))
        return eg_schema_bad(c, node, "%s must be a string.", c->keyword);
    struct eg_spending *ref = eg_schema_alloc(c, sizeof *ref);
    if (!ref || !logic(c, node))
        return EG_FAIL;
    *ref = (struct eg_spending){.node = node, .dynamic = dynamic, .next = c->pending};
    ref->uri = eg_schema_uri_resolve(c->set->arena, node->scope->res->uri, json_string_value(arg));
    c->pending = ref;
    return ref->uri ? EG_OK : eg_schema_full(c->err);
}

KEYWORD(ref) { return later(c, node, arg, false); }
KEYWORD(dynamic_ref) { return later(c, node, arg, true); }

KEYWORD(defs) { /* compiled too: a definition that is wrong is an error before anybody uses it */
    const struct eg_snode *unused;
    const char *key;
    json_t *child;
    if (!json_is_object(arg))
        return eg_schema_bad(c, node, "%s must be an object of schemas.", c->keyword);
    json_object_foreach(arg, key, child) {
        if (eg_schema_child(c, node, child, key, &unused))
            return EG_FAIL;
    }
    return EG_OK;
}

KEYWORD(content_schema) {
    const struct eg_snode *unused;
    return eg_schema_child(c, node, arg, NULL, &unused);
}

#define LIST_KEYWORD(name, count, list)                                                                                \
    KEYWORD(name) {                                                                                                    \
        return logic(c, node) ? eg_schema_children(c, node, arg, &node->logic->count, &node->logic->list) : EG_FAIL;   \
    }
LIST_KEYWORD(all_of, n_all, all)
LIST_KEYWORD(any_of, n_any, any)
LIST_KEYWORD(one_of, n_one, one)

#define ONE_KEYWORD(name, member)                                                                                      \
    KEYWORD(name) { return logic(c, node) ? eg_schema_child(c, node, arg, NULL, &node->logic->member) : EG_FAIL; }
ONE_KEYWORD(not, not_node)
ONE_KEYWORD(if, if_node)
ONE_KEYWORD(then, then_node)
ONE_KEYWORD(else, else_node)

KEYWORD(unevaluated_items) { return eg_schema_child(c, node, arg, NULL, &node->unevaluated_items); }
KEYWORD(unevaluated_properties) { return eg_schema_child(c, node, arg, NULL, &node->unevaluated_properties); }

/* ---- endless references: a cycle of keywords that all look at the same value ---- */

enum { NEW, OPEN, DONE };

static eg_status visit(struct eg_scompiler *c, const struct eg_snode *constant, int depth);

static eg_status visit_all(struct eg_scompiler *c, const struct eg_snode **list, size_t n, int depth) {
    for (size_t i = 0; i < n; i++)
        if (visit(c, list[i], depth))
            return EG_FAIL;
    return EG_OK;
}

static eg_status visit_same_value(struct eg_scompiler *c, const struct eg_snode *node, int depth) {
    const struct eg_logic_rules *l = node->logic;
    if (l &&
        (visit(c, l->ref, depth) || visit_all(c, l->all, l->n_all, depth) || visit_all(c, l->any, l->n_any, depth) ||
         visit_all(c, l->one, l->n_one, depth) || visit(c, l->not_node, depth) || visit(c, l->if_node, depth)))
        return EG_FAIL;
    if (l && l->if_node && (visit(c, l->then_node, depth) || visit(c, l->else_node, depth)))
        return EG_FAIL;
    if (l && !l->dynamic_name && visit(c, l->dynamic_ref, depth))
        return EG_FAIL;
    for (size_t i = 0; node->object && i < node->object->n_dependents; i++)
        if (visit(c, node->object->dependents[i].node, depth))
            return EG_FAIL;
    return EG_OK;
}

static eg_status visit(struct eg_scompiler *c, const struct eg_snode *constant, int depth) {
    if (!constant || constant->kind != EG_NODE_RULES || constant->mark == DONE)
        return EG_OK;
    if (constant->mark == OPEN)
        return eg_schema_bad(c, constant,
                             "The schema refers to itself without end: no keyword between steps into the value.");
    if (depth > EG_SCHEMA_MAX_DEPTH / 2)
        return eg_schema_bad(c, constant, "More than %d references follow each other.", EG_SCHEMA_MAX_DEPTH / 2);
    struct eg_snode *node = eg_map_get(c->nodes, &constant->json, sizeof constant->json);
    EG_ASSERT(node);
    node->mark = OPEN;
    if (visit_same_value(c, node, depth + 1))
        return EG_FAIL;
    node->mark = DONE;
    return EG_OK;
}

eg_status eg_schema_no_loops(struct eg_scompiler *c) {
    for (const struct eg_snode *node = c->all; node; node = node->next)
        if (visit(c, node, 0))
            return EG_FAIL;
    return EG_OK;
}
