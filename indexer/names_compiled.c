/* Names of C, Go, Rust and Java. */
#include <string.h>

#include "indexer/names_int.h"

#define CHAIN_MOST 32 /* declarators around a name */

/* The name at the end of a chain of declarators. function: whether it is a function's, and no pointer to one. */
static TSNode c_name(TSNode at, bool *function) {
    *function = false;
    for (int i = 0; i < CHAIN_MOST && !ts_node_is_null(at); i++) {
        TSNode next = eg_names_field(at, "declarator");
        if (eg_names_is(at, "function_declarator")) {
            *function = eg_names_is(next, "identifier");
        }
        if (ts_node_is_null(next)) {
            next = eg_names_is(at, "parenthesized_declarator") && ts_node_named_child_count(at) ? ts_node_named_child(at, 0) : next;
        }
        if (ts_node_is_null(next)) {
            return eg_names_is(at, "identifier") || eg_names_is(at, "type_identifier") ? at : next;
        }
        at = next;
    }
    return (TSNode){0};
}

/* All declarators of `extern int a, b;` and `typedef struct {…} A, *B;`. */
static void c_declared(struct eg_names *names, TSNode node) {
    bool type = eg_names_is(node, "type_definition"), function;
    TSTreeCursor cursor = ts_tree_cursor_new(node);
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
        const char *field = ts_tree_cursor_current_field_name(&cursor);
        if (field && strcmp(field, "declarator") == 0) {
            TSNode at = ts_tree_cursor_current_node(&cursor), name = c_name(at, &function);
            bool given = type || eg_names_is(at, "init_declarator");
            eg_names_put(names, name, given ? EG_NAME_VALUE : EG_NAME_DECLARED, names->is_header);
        }
    }
    ts_tree_cursor_delete(&cursor);
}

bool eg_names_c(struct eg_names *names, TSNode node) {
    if (eg_names_is(node, "preproc_def") || eg_names_is(node, "preproc_function_def")) {
        bool value = !ts_node_is_null(eg_names_field(node, "value")); /* without one it is a header's guard, or a switch */
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_VALUE, value && names->is_header);
        return false;
    }
    if (eg_names_is(node, "enumerator")) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_VALUE, names->is_header);
        return false;
    }
    if (eg_names_is(node, "declaration") || eg_names_is(node, "type_definition")) {
        c_declared(names, node);
    } else if (eg_names_is(node, "function_definition")) {
        bool function;
        eg_names_put(names, c_name(eg_names_field(node, "declarator"), &function), EG_NAME_DEFINED, names->is_header);
    }
    return !eg_names_is(node, "compound_statement") && !eg_names_is(node, "parameter_list");
}

static bool is_capital(struct eg_str text) { return text.n > 0 && *text.p >= 'A' && *text.p <= 'Z'; }

bool eg_names_go(struct eg_names *names, TSNode node) {
    static const char *const none[] = {"func_literal", "block", "struct_type", "interface_type", "parameter_list", NULL};
    bool value = eg_names_is(node, "const_spec") || eg_names_is(node, "var_spec");
    if (value) {
        uint32_t n = ts_node_named_child_count(node);
        for (uint32_t i = 0; i < n && i < 1000; i++) {
            TSNode name = ts_node_named_child(node, i);
            if (!eg_names_is(name, "identifier")) {
                break; /* the type or the values begin */
            }
            eg_names_put(names, name, EG_NAME_VALUE, is_capital(eg_names_text(names, name)));
        }
        return false;
    }
    if (eg_names_is(node, "type_alias")) {
        TSNode name = eg_names_field(node, "name");
        eg_names_put(names, name, EG_NAME_VALUE, is_capital(eg_names_text(names, name)));
    } else if (eg_names_is(node, "type_spec") || eg_names_is(node, "function_declaration") || eg_names_is(node, "method_declaration")) {
        TSNode name = eg_names_field(node, "name");
        eg_names_put(names, name, EG_NAME_DEFINED, is_capital(eg_names_text(names, name)));
    }
    return !eg_names_is_any(node, none);
}

static bool is_pub(TSNode node) {
    uint32_t n = ts_node_named_child_count(node);
    for (uint32_t i = 0; i < n && i < 4; i++) {
        if (eg_names_is(ts_node_named_child(node, i), "visibility_modifier")) {
            return true;
        }
    }
    return false;
}

/* `pub use a::{b, c as d, e::{f}}` gives b, d and f. Bounded by the depth of braces. */
static void rust_use(struct eg_names *names, TSNode node, int nest) {
    if (eg_names_is(node, "use_list") && nest < CHAIN_MOST) {
        TSTreeCursor cursor = ts_tree_cursor_new(node);
        for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
            rust_use(names, ts_tree_cursor_current_node(&cursor), nest + 1);
        }
        ts_tree_cursor_delete(&cursor);
    } else if (eg_names_is(node, "scoped_use_list") && nest < CHAIN_MOST) {
        rust_use(names, eg_names_field(node, "list"), nest + 1);
    } else if (eg_names_is(node, "use_as_clause")) {
        eg_names_put(names, eg_names_field(node, "alias"), EG_NAME_IMPORTED, true);
    } else if (eg_names_is(node, "scoped_identifier")) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_IMPORTED, true);
    } else if (eg_names_is(node, "identifier")) {
        eg_names_put(names, node, EG_NAME_IMPORTED, true);
    }
}

bool eg_names_rust(struct eg_names *names, TSNode node) {
    static const char *const values[] = {"type_item", "const_item", "static_item", NULL};
    static const char *const defined[] = {"struct_item", "enum_item", "union_item", "function_item", NULL};
    if (eg_names_is(node, "use_declaration")) {
        if (is_pub(node)) {
            rust_use(names, eg_names_field(node, "argument"), 0);
        }
        return false;
    }
    if (eg_names_is_any(node, values)) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_VALUE, is_pub(node));
        return false;
    }
    if (eg_names_is_any(node, defined)) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_DEFINED, is_pub(node));
        return false;
    }
    if (eg_names_is(node, "mod_item") || eg_names_is(node, "trait_item")) {
        return eg_names_open(names, eg_names_text(names, eg_names_field(node, "name")));
    }
    if (eg_names_is(node, "impl_item")) {
        return eg_names_open(names, eg_names_text(names, eg_names_field(node, "type")));
    }
    return !eg_names_is(node, "block") && !eg_names_is(node, "macro_invocation");
}

static bool has_public(const struct eg_names *names, TSNode node) {
    TSNode modifiers = ts_node_named_child_count(node) ? ts_node_named_child(node, 0) : (TSNode){0};
    uint32_t n = eg_names_is(modifiers, "modifiers") ? ts_node_child_count(modifiers) : 0;
    for (uint32_t i = 0; i < n && i < 16; i++) {
        struct eg_str text = eg_names_text(names, ts_node_child(modifiers, i));
        if (text.n == 6 && memcmp(text.p, "public", 6) == 0) {
            return true;
        }
    }
    return false;
}

/* Java has no aliases: its names are only what others use. */
bool eg_names_java(struct eg_names *names, TSNode node) {
    static const char *const classes[] = {"class_declaration",          "record_declaration", "interface_declaration",
                                          "annotation_type_declaration", "enum_declaration",   NULL};
    static const char *const none[] = {"method_declaration", "constructor_declaration", "block", "lambda_expression", NULL};
    if (eg_names_is_any(node, classes)) {
        TSNode name = eg_names_field(node, "name");
        eg_names_put(names, name, EG_NAME_DEFINED, has_public(names, node));
        return eg_names_open(names, eg_names_text(names, name));
    }
    if (eg_names_is(node, "enum_constant")) {
        eg_names_put(names, eg_names_field(node, "name"), EG_NAME_VALUE, true);
        return false;
    }
    if (eg_names_is(node, "field_declaration") || eg_names_is(node, "constant_declaration")) {
        bool is_public = eg_names_is(node, "constant_declaration") || has_public(names, node);
        eg_names_put(names, eg_names_field(eg_names_field(node, "declarator"), "name"), EG_NAME_VALUE, is_public);
        return false;
    }
    return !eg_names_is_any(node, none);
}
