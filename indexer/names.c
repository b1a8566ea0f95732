/* One walk over the syntax tree that leaves out the bodies of functions. Each style of imports has a function that says what a node binds,
 * and whether the walk goes into it. */
#include "indexer/names.h"

#include <string.h>
#include <tree_sitter/api.h>

#include "indexer/lang.h"
#include "indexer/names_int.h"
#include "indexer/pool.h"

#define TEXT_MOST_B ((size_t)2 << 20)
#define PARSE_MOST_US ((uint64_t)20000000)

bool eg_names_is(TSNode node, const char *type) { return !ts_node_is_null(node) && strcmp(ts_node_type(node), type) == 0; }

bool eg_names_is_any(TSNode node, const char *const *types) {
    for (; !ts_node_is_null(node) && *types; types++) {
        if (strcmp(ts_node_type(node), *types) == 0) {
            return true;
        }
    }
    return false;
}

TSNode eg_names_field(TSNode node, const char *field) {
    return ts_node_is_null(node) ? node : ts_node_child_by_field_name(node, field, (uint32_t)strlen(field));
}

struct eg_str eg_names_text(const struct eg_names *names, TSNode node) {
    uint32_t from = ts_node_is_null(node) ? 0 : ts_node_start_byte(node);
    return (struct eg_str){names->text + from, ts_node_is_null(node) ? 0 : ts_node_end_byte(node) - from};
}

void eg_names_bind(struct eg_names *names, TSNode at, struct eg_str text, enum eg_name_what what, bool is_public) {
    if (text.n > 0) {
        struct eg_name name = {.scope = {names->scope, names->n_scopes ? names->scopes[names->n_scopes - 1].len : 0}, .name = text,
                               .what = what, .is_public = is_public, .line = (int)ts_node_start_point(at).row + 1};
        names->take(names->ctx, &name);
    }
}

void eg_names_put(struct eg_names *names, TSNode name, enum eg_name_what what, bool is_public) {
    if (!ts_node_is_null(name)) {
        eg_names_bind(names, name, eg_names_text(names, name), what, is_public);
    }
}

bool eg_names_open(struct eg_names *names, struct eg_str name) {
    size_t before = names->n_scopes ? names->scopes[names->n_scopes - 1].len : 0, dot = before > 0;
    if (name.n == 0 || names->n_scopes == EG_SCOPES_MOST || before + dot + name.n > sizeof(names->scope)) {
        return false;
    }
    if (dot) {
        names->scope[before] = '.';
    }
    memcpy(names->scope + before + dot, name.p, name.n);
    names->scopes[names->n_scopes].depth = names->depth;
    names->scopes[names->n_scopes++].len = before + dot + name.n;
    return true;
}

static bool enter(struct eg_names *names, enum eg_import_style style, TSNode node) {
    while (names->n_scopes && names->scopes[names->n_scopes - 1].depth >= names->depth) {
        names->n_scopes--;
    }
    switch (style) {
    case EG_IMPORT_PYTHON: return eg_names_python(names, node);
    case EG_IMPORT_ES: return eg_names_es(names, node);
    case EG_IMPORT_INCLUDE: return eg_names_c(names, node);
    case EG_IMPORT_GO: return eg_names_go(names, node);
    case EG_IMPORT_RUST: return eg_names_rust(names, node);
    case EG_IMPORT_JAVA: return eg_names_java(names, node);
    }
    return false;
}

static void walk(struct eg_names *names, enum eg_import_style style, TSNode root) {
    TSTreeCursor cursor = ts_tree_cursor_new(root);
    bool more = true;
    while (more) {
        if (enter(names, style, ts_tree_cursor_current_node(&cursor)) && ts_tree_cursor_goto_first_child(&cursor)) {
            names->depth++;
            continue;
        }
        while (!(more = ts_tree_cursor_goto_next_sibling(&cursor)) && names->depth > 0 && ts_tree_cursor_goto_parent(&cursor)) {
            names->depth--;
        }
    }
    ts_tree_cursor_delete(&cursor);
}

bool eg_names_each(const char *path, const char *text, size_t len, eg_name_take take, void *ctx) {
    const struct eg_grammar *grammar = eg_grammar_of_path(path, strlen(path));
    size_t n = strlen(path);
    struct eg_names names = {.text = text, .take = take, .ctx = ctx, .is_header = n > 2 && strcmp(path + n - 2, ".h") == 0};
    if (!grammar || len > TEXT_MOST_B || memchr(text, '\0', len)) {
        return false;
    }
    TSParser *parser = ts_parser_new();
    ts_parser_set_timeout_micros(parser, PARSE_MOST_US);
    ts_parser_set_language(parser, grammar->language);
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)len);
    ts_parser_delete(parser);
    if (tree) {
        walk(&names, grammar->lang->imports, ts_tree_root_node(tree));
    }
    eg_pool_reset();
    return tree != NULL;
}

bool eg_name_is(const struct eg_name *name, const char *qual) {
    size_t n = strlen(qual), dot = name->scope.n > 0;
    return n == name->scope.n + dot + name->name.n && memcmp(qual, name->scope.p, name->scope.n) == 0 &&
           (!dot || qual[name->scope.n] == '.') &&
           memcmp(qual + name->scope.n + dot, name->name.p, name->name.n) == 0;
}
