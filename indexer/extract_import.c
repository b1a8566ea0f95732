/* Imports, one entry for each name that comes in. */
#include "indexer/extract.h"

#include <stdlib.h>

#define MODULE_MOST_B 300
#define NEST_MOST 16 /* braces within braces of a `use` */

static void add(struct eg_extractor *x, TSNode at, struct eg_str module, struct eg_str symbol, struct eg_str alias) {
    if (module.n == 0 || !eg_extract_more(x, x->imports.n)) {
        return;
    }
    struct eg_import import = {.module = eg_extract_tidy(x, module, MODULE_MOST_B), .symbol = eg_extract_tidy(x, symbol, EG_NAME_MOST_B),
                               .alias = eg_extract_tidy(x, alias, EG_NAME_MOST_B), .line = (int)ts_node_start_point(at).row + 1};
    if (import.module.n > 0) { /* white space in quotes is nothing */
        EG_PUSH(x, x->imports, import);
    }
}

static struct eg_str field_text(const struct eg_extractor *x, TSNode node, const char *field) {
    TSNode child = ts_node_is_null(node) ? node : ts_node_child_by_field_name(node, field, (uint32_t)strlen(field));
    return ts_node_is_null(child) ? (struct eg_str){0} : eg_node_text(x, child);
}

static struct eg_str unquoted(struct eg_str text) {
    return text.n >= 2 ? (struct eg_str){text.p + 1, text.n - 2} : (struct eg_str){0};
}

static const struct eg_str nothing = {0}, everything = {"*", 1};

static void python(struct eg_extractor *x, TSNode node) {
    struct eg_str module = field_text(x, node, "module_name");
    bool future = eg_node_is(node, "future_import_statement");
    TSTreeCursor cursor = ts_tree_cursor_new(node);
    module = future ? (struct eg_str){"__future__", 10} : module;
    TSNode module_node = ts_node_child_by_field_name(node, "module_name", 11);
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
        TSNode child = ts_tree_cursor_current_node(&cursor);
        bool aliased = eg_node_is(child, "aliased_import");
        if (eg_node_is(child, "wildcard_import")) {
            add(x, child, module, everything, nothing);
        } else if ((aliased || eg_node_is(child, "dotted_name")) && !(module_node.id && ts_node_eq(child, module_node))) {
            struct eg_str name = aliased ? field_text(x, child, "name") : eg_node_text(x, child);
            struct eg_str alias = aliased ? field_text(x, child, "alias") : nothing;
            add(x, child, module.n ? module : name, module.n ? name : nothing, alias);
        }
    }
    ts_tree_cursor_delete(&cursor);
}

static void es_clause(struct eg_extractor *x, TSNode clause, struct eg_str module) {
    uint32_t n = ts_node_named_child_count(clause);
    for (uint32_t i = 0; i < n; i++) {
        TSNode child = ts_node_named_child(clause, i);
        if (eg_node_is(child, "identifier")) {
            add(x, child, module, (struct eg_str){"default", 7}, eg_node_text(x, child));
        } else if (eg_node_is(child, "namespace_import") || eg_node_is(child, "namespace_export")) {
            TSNode name = ts_node_named_child(child, 0);
            add(x, child, module, nothing, ts_node_is_null(name) ? nothing : eg_node_text(x, name));
        } else if (eg_node_is(child, "import_specifier") || eg_node_is(child, "export_specifier")) {
            add(x, child, module, field_text(x, child, "name"), field_text(x, child, "alias"));
        } else if (eg_node_is(child, "named_imports")) {
            es_clause(x, child, module); /* once: it holds specifiers only */
        }
    }
}

static void es(struct eg_extractor *x, TSNode node) {
    struct eg_str module = unquoted(field_text(x, node, "source"));
    uint32_t n = ts_node_named_child_count(node);
    size_t before = x->imports.n;
    if (module.n == 0) {
        return; /* an export of the file's own */
    }
    for (uint32_t i = 0; i < n; i++) {
        TSNode child = ts_node_named_child(node, i);
        if (eg_node_is(child, "import_clause") || eg_node_is(child, "export_clause")) {
            es_clause(x, child, module);
        }
    }
    if (x->imports.n == before) {
        add(x, node, module, eg_node_is(node, "export_statement") ? everything : nothing, nothing);
    }
}

static void go_spec(struct eg_extractor *x, TSNode spec) {
    add(x, spec, unquoted(field_text(x, spec, "path")), nothing, field_text(x, spec, "name"));
}

static void go(struct eg_extractor *x, TSNode node) {
    uint32_t n = ts_node_named_child_count(node);
    for (uint32_t i = 0; i < n; i++) {
        TSNode child = ts_node_named_child(node, i);
        uint32_t m = eg_node_is(child, "import_spec_list") ? ts_node_named_child_count(child) : 0;
        if (eg_node_is(child, "import_spec")) {
            go_spec(x, child);
        }
        for (uint32_t j = 0; j < m; j++) {
            TSNode spec = ts_node_named_child(child, j);
            if (eg_node_is(spec, "import_spec")) {
                go_spec(x, spec);
            }
        }
    }
}

static void java(struct eg_extractor *x, TSNode node) {
    uint32_t n = ts_node_named_child_count(node);
    struct eg_str name = nothing;
    bool all = false;
    for (uint32_t i = 0; i < n; i++) {
        TSNode child = ts_node_named_child(node, i);
        all = all || eg_node_is(child, "asterisk");
        name = eg_node_is(child, "scoped_identifier") || eg_node_is(child, "identifier") ? eg_node_text(x, child) : name;
    }
    const char *dot = name.n ? memrchr(name.p, '.', name.n) : NULL;
    if (all || !dot) {
        add(x, node, name, all ? everything : nothing, nothing);
    } else {
        size_t before = (size_t)(dot - name.p);
        add(x, node, (struct eg_str){name.p, before}, (struct eg_str){dot + 1, name.n - before - 1}, nothing);
    }
}

static struct eg_str joined(struct eg_extractor *x, struct eg_str prefix, struct eg_str path) {
    if (prefix.n == 0 || path.n == 0) {
        return prefix.n ? prefix : path;
    }
    char *text = eg_arena_printf(x->arena, "%.*s::%.*s", (int)prefix.n, prefix.p, (int)path.n, path.p);
    return text ? (struct eg_str){text, strlen(text)} : nothing;
}

static void rust_path(struct eg_extractor *x, TSNode at, struct eg_str whole, struct eg_str alias) {
    size_t cut = whole.n;
    while (cut > 1 && !(whole.p[cut - 1] == ':' && whole.p[cut - 2] == ':')) {
        cut--;
    }
    if (cut <= 1) {
        add(x, at, whole, nothing, alias);
    } else if (eg_str_is((struct eg_str){whole.p + cut, whole.n - cut}, "self")) {
        add(x, at, (struct eg_str){whole.p, cut - 2}, nothing, alias);
    } else {
        add(x, at, (struct eg_str){whole.p, cut - 2}, (struct eg_str){whole.p + cut, whole.n - cut}, alias);
    }
}

/* Bounded by NEST_MOST: deeper braces are left out. */
static void rust_use(struct eg_extractor *x, TSNode node, struct eg_str prefix, int nest) {
    if (nest > NEST_MOST || ts_node_is_null(node) || prefix.n > MODULE_MOST_B) {
        return;
    }
    if (eg_node_is(node, "scoped_use_list")) {
        TSNode list = ts_node_child_by_field_name(node, "list", 4);
        rust_use(x, list, joined(x, prefix, field_text(x, node, "path")), nest + 1);
    } else if (eg_node_is(node, "use_list")) {
        uint32_t n = ts_node_named_child_count(node);
        for (uint32_t i = 0; i < n; i++) {
            rust_use(x, ts_node_named_child(node, i), prefix, nest + 1);
        }
    } else if (eg_node_is(node, "use_as_clause")) {
        rust_path(x, node, joined(x, prefix, field_text(x, node, "path")), field_text(x, node, "alias"));
    } else if (eg_node_is(node, "use_wildcard")) {
        TSNode path = ts_node_named_child_count(node) ? ts_node_named_child(node, 0) : (TSNode){0};
        add(x, node, joined(x, prefix, ts_node_is_null(path) ? nothing : eg_node_text(x, path)), everything, nothing);
    } else if (!eg_node_is(node, "line_comment") && !eg_node_is(node, "block_comment")) {
        rust_path(x, node, joined(x, prefix, eg_node_text(x, node)), nothing);
    }
}

void eg_extract_import(struct eg_extractor *x, TSNode node) {
    switch (x->grammar->lang->imports) {
    case EG_IMPORT_PYTHON: python(x, node); break;
    case EG_IMPORT_INCLUDE: add(x, node, unquoted(field_text(x, node, "path")), nothing, nothing); break;
    case EG_IMPORT_ES: es(x, node); break;
    case EG_IMPORT_GO: go(x, node); break;
    case EG_IMPORT_JAVA: java(x, node); break;
    case EG_IMPORT_RUST: rust_use(x, ts_node_child_by_field_name(node, "argument", 8), nothing, 0); break;
    }
}
