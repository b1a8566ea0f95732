/* Names of Python, JavaScript and TypeScript. */
#include <string.h>

#include "indexer/names_int.h"

static bool starts(struct eg_str text, const char *with) { return text.n >= strlen(with) && memcmp(text.p, with, strlen(with)) == 0; }

/* LIMIT, MAX_2: by convention a constant, which nobody sets. */
static bool is_constant(struct eg_str text) {
    bool letter = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        letter = letter || (c >= 'A' && c <= 'Z');
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return letter && *text.p != '_';
}

static void python_target(struct eg_names *names, TSNode left) {
    static const char *const lists[] = {"pattern_list", "tuple_pattern", "list_pattern", NULL};
    if (eg_names_is(left, "identifier")) {
        eg_names_put(names, left, EG_NAME_VALUE, is_constant(eg_names_text(names, left)));
    } else if (eg_names_is(left, "attribute")) { /* Reader.load = …, outside of the class */
        eg_names_put(names, left, EG_NAME_VALUE, false);
    } else if (eg_names_is_any(left, lists)) {
        uint32_t n = ts_node_named_child_count(left);
        for (uint32_t i = 0; i < n && i < 1000; i++) {
            TSNode one = ts_node_named_child(left, i);
            if (eg_names_is(one, "identifier")) {
                eg_names_put(names, one, EG_NAME_VALUE, is_constant(eg_names_text(names, one)));
            }
        }
    }
}

/* `import a.b` gives the name a. */
static void python_imports(struct eg_names *names, TSNode node) {
    TSNode module = eg_names_field(node, "module_name");
    TSTreeCursor cursor = ts_tree_cursor_new(node);
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
        TSNode one = ts_tree_cursor_current_node(&cursor);
        if (eg_names_is(one, "aliased_import")) {
            eg_names_put(names, eg_names_field(one, "alias"), EG_NAME_IMPORTED, false);
        } else if (eg_names_is(one, "dotted_name") && (ts_node_is_null(module) || !ts_node_eq(one, module))) {
            eg_names_put(names, ts_node_named_child(one, 0), EG_NAME_IMPORTED, false);
        }
    }
    ts_tree_cursor_delete(&cursor);
}

bool eg_names_python(struct eg_names *names, TSNode node) {
    static const char *const none[] = {"lambda", "string", "comment", "call", NULL};
    if (eg_names_is(node, "function_definition") || eg_names_is(node, "class_definition")) {
        struct eg_str name = eg_names_text(names, eg_names_field(node, "name"));
        eg_names_bind(names, node, name, EG_NAME_DEFINED, starts(name, "_") == false);
        return eg_names_is(node, "class_definition") && eg_names_open(names, name);
    }
    if (eg_names_is(node, "assignment")) {
        if (!ts_node_is_null(eg_names_field(node, "right"))) { /* else it only says a type */
            python_target(names, eg_names_field(node, "left"));
        }
        return true; /* a = b = c */
    }
    if (eg_names_is(node, "import_statement") || eg_names_is(node, "import_from_statement")) {
        python_imports(names, node);
        return false;
    }
    return !eg_names_is_any(node, none);
}

static const char *const es_bodies[] = {"function_declaration", "generator_function_declaration", "function_expression", "function",
                                        "arrow_function",       "generator_function",             "statement_block",     NULL};
static const char *const es_classes[] = {"class_declaration", "abstract_class_declaration", "interface_declaration", "enum_declaration",
                                         NULL};

/* const a = …, function f() …, class A …, type T = …: what an export stands before. */
static void es_declared(struct eg_names *names, TSNode node) {
    if (eg_names_is(node, "lexical_declaration") || eg_names_is(node, "variable_declaration")) {
        uint32_t n = ts_node_named_child_count(node);
        for (uint32_t i = 0; i < n && i < 1000; i++) {
            TSNode name = eg_names_field(ts_node_named_child(node, i), "name");
            if (eg_names_is(name, "identifier")) {
                eg_names_put(names, name, EG_NAME_VALUE, true);
            }
        }
    } else if (eg_names_is(node, "type_alias_declaration")) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_VALUE, true);
    } else if (!ts_node_is_null(node)) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_DEFINED, true);
    }
}

/* module.exports = {a, b: c, d() {}} */
static void es_object(struct eg_names *names, TSNode object) {
    uint32_t n = ts_node_named_child_count(object);
    for (uint32_t i = 0; i < n && i < 1000; i++) {
        TSNode one = ts_node_named_child(object, i);
        TSNode name = eg_names_is(one, "pair")                ? eg_names_field(one, "key")
                      : eg_names_is(one, "method_definition") ? eg_names_field(one, "name")
                                                              : one;
        if (eg_names_is(name, "property_identifier") || eg_names_is(name, "shorthand_property_identifier")) {
            eg_names_put(names, name, EG_NAME_VALUE, true);
        }
    }
}

static void es_assigned(struct eg_names *names, TSNode node) {
    static const char *const prefixes[] = {"module.exports.", "exports."};
    struct eg_str left = eg_names_text(names, eg_names_field(node, "left"));
    TSNode right = eg_names_field(node, "right");
    if ((left.n == 14 && starts(left, "module.exports")) || (left.n == 7 && starts(left, "exports"))) {
        if (eg_names_is(right, "object")) {
            es_object(names, right);
        } else if (eg_names_is(right, "identifier")) {
            eg_names_put(names, right, EG_NAME_VALUE, false);
        }
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (starts(left, prefixes[i])) {
            size_t n = strlen(prefixes[i]);
            eg_names_bind(names, node, (struct eg_str){left.p + n, left.n - n}, EG_NAME_VALUE, true);
            return;
        }
    }
    if (eg_names_is(eg_names_field(node, "left"), "member_expression")) { /* Reader.load = … */
        eg_names_bind(names, node, left, EG_NAME_VALUE, false);
    }
}

bool eg_names_es(struct eg_names *names, TSNode node) {
    if (eg_names_is(node, "export_statement")) {
        TSNode value = eg_names_field(node, "value");
        es_declared(names, eg_names_field(node, "declaration"));
        if (eg_names_is(value, "identifier")) { /* export default load */
            eg_names_put(names, value, EG_NAME_VALUE, false);
        }
    } else if (eg_names_is(node, "export_specifier")) {
        TSNode alias = eg_names_field(node, "alias");
        eg_names_put(names, ts_node_is_null(alias) ? eg_names_field(node, "name") : alias, EG_NAME_IMPORTED, true);
    } else if (eg_names_is(node, "namespace_export")) {
        eg_names_put(names, ts_node_named_child_count(node) ? ts_node_named_child(node, 0) : (TSNode){0}, EG_NAME_IMPORTED, true);
    } else if (eg_names_is(node, "assignment_expression")) {
        es_assigned(names, node);
    } else if (eg_names_is_any(node, es_classes) || eg_names_is(node, "internal_module") || eg_names_is(node, "module")) {
        return eg_names_open(names, eg_names_text(names, eg_names_field(node, "name")));
    } else if (names->n_scopes && (eg_names_is(node, "field_definition") || eg_names_is(node, "public_field_definition"))) {
        TSNode name = eg_names_field(node, "property");
        eg_names_put(names, ts_node_is_null(name) ? eg_names_field(node, "name") : name, EG_NAME_VALUE, false);
        return false;
    } else if (names->n_scopes && eg_names_is(node, "method_definition")) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_DEFINED, false);
        return false;
    }
    return !eg_names_is_any(node, es_bodies);
}
