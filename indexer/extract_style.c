/* What languages differ in beyond their tables: how parameters are written, what is public, what is a test. */
#include "indexer/extract.h"

#include <stdlib.h>

#define CHAIN_MOST 32

static bool is_name(TSNode node) {
    const char *type = ts_node_type(node);
    const char *tail = strstr(type, "identifier");
    return tail || strcmp(type, "object_pattern") == 0 || strcmp(type, "array_pattern") == 0 || strcmp(type, "tuple_pattern") == 0 ||
           strcmp(type, "mut_pattern") == 0 || strcmp(type, "this") == 0;
}

/* The name within a parameter, below patterns and declarators; null when it has none. */
static TSNode name_of(struct eg_extractor *x, TSNode param) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSNode at = param;
    for (int i = 0; i < CHAIN_MOST && !ts_node_is_null(at); i++) {
        if (is_name(at)) {
            return at;
        }
        TSNode next = eg_node_field(at, f->name);
        next = ts_node_is_null(next) ? eg_node_field(at, f->pattern) : next;
        next = ts_node_is_null(next) ? eg_node_field(at, f->declarator) : next;
        next = ts_node_is_null(next) ? eg_node_field(at, f->left) : next;
        if (ts_node_is_null(next)) { /* `*args`, `...rest`, `mut x`, Python's typed parameter */
            const char *type = ts_node_type(at);
            if (strstr(type, "pattern") || strstr(type, "typed_parameter") || strstr(type, "parenthesized_declarator")) {
                next = ts_node_named_child(at, 0);
            } else if (strcmp(type, "spread_parameter") == 0) {
                next = ts_node_named_child(at, ts_node_named_child_count(at) - 1);
            }
        }
        at = next;
    }
    return (TSNode){0};
}

static void add_param(struct eg_extractor *x, struct eg_param_place place) {
    struct eg_str name = {x->text + place.name.from, place.name.to - place.name.from};
    struct eg_param param = {.name = x->keep & EG_KEEP_PARAMS ? eg_extract_tidy(x, name, EG_NAME_MOST_B) : (struct eg_str){0}};
    EG_PUSH(x, x->params, param);
    EG_PUSH(x, x->param_places, place);
}

/* Go: `a, b int` are two parameters of one type. */
static bool add_group(struct eg_extractor *x, TSNode param) {
    TSNode type = eg_node_field(param, x->grammar->fields.type);
    uint32_t n = ts_node_named_child_count(param), names = 0;
    for (uint32_t i = 0; i < n && i < 1000; i++) {
        TSNode child = ts_node_named_child(param, i);
        if (eg_node_is(child, "identifier") && !ts_node_eq(child, type)) {
            add_param(x, (struct eg_param_place){.all = eg_node_span(type), .name = eg_node_span(child)});
            names++;
        }
    }
    return names > 0;
}

void eg_extract_params(struct eg_extractor *x, TSNode list) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSTreeCursor cursor = ts_tree_cursor_new(list);
    size_t before = x->params.n;
    for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor)) {
        TSNode param = ts_tree_cursor_current_node(&cursor);
        const struct eg_lang_row *row = eg_grammar_row(x->grammar, param);
        if (!ts_node_is_named(param) || (row && row->role == EG_ROLE_COMMENT)) {
            continue;
        }
        if ((x->grammar->lang->flags & EG_LANG_GROUPED_PARAMS) && eg_node_is(param, "parameter_declaration") && add_group(x, param)) {
            continue;
        }
        TSNode name = name_of(x, param), value = eg_node_field(param, f->value);
        value = ts_node_is_null(value) ? eg_node_field(param, f->right) : value;
        struct eg_param_place place = {.all = eg_node_span(param)};
        place.name = ts_node_is_null(name) ? (struct eg_span){place.all.to, place.all.to} : eg_node_span(name);
        place.value = ts_node_is_null(value) ? (struct eg_span){place.all.to, place.all.to} : eg_node_span(value);
        add_param(x, place);
    }
    ts_tree_cursor_delete(&cursor);
    if (x->params.n == before + 1 && x->grammar->lang->publics == EG_PUBLIC_STATIC) { /* C's (void) */
        const struct eg_param_place *only = &x->param_places.v[before];
        if (only->all.to - only->all.from == 4 && memcmp(x->text + only->all.from, "void", 4) == 0) {
            x->params.n = x->param_places.n = before;
        }
    }
}

/* A child, or a child of `modifiers`, that reads like this. */
static bool has_word(const struct eg_extractor *x, TSNode node, const char *holder, const char *word) {
    uint32_t n = ts_node_child_count(node);
    for (uint32_t i = 0; i < n && i < 16; i++) { /* modifiers stand in front */
        TSNode child = ts_node_child(node, i);
        if (eg_node_is(child, "modifiers") && strcmp(holder, "modifiers") == 0) {
            return has_word(x, child, "", word);
        }
        if ((*holder == '\0' || eg_node_is(child, holder)) && eg_str_is(eg_node_text(x, child), word)) {
            return true;
        }
    }
    return false;
}

static bool has_child(TSNode node, const char *type) {
    uint32_t n = ts_node_child_count(node);
    for (uint32_t i = 0; i < n && i < 16; i++) {
        if (eg_node_is(ts_node_child(node, i), type)) {
            return true;
        }
    }
    return false;
}

bool eg_extract_is_hidden(const struct eg_extractor *x, TSNode node, struct eg_str name) {
    return x->grammar->lang->publics == EG_PUBLIC_EXPORT &&
           (*name.p == '#' || has_word(x, node, "accessibility_modifier", "private") ||
            has_word(x, node, "accessibility_modifier", "protected"));
}

static bool public_export(const struct eg_extractor *x, TSNode node, const struct eg_scope *scope) {
    struct eg_str left = eg_node_is(node, "assignment_expression") ? eg_node_text(x, node) : (struct eg_str){0};
    if ((left.n > 8 && memcmp(left.p, "exports.", 8) == 0) || (left.n > 14 && memcmp(left.p, "module.exports", 14) == 0)) {
        return true;
    }
    if (scope->def >= 0 && x->defs.v[scope->def].cls == EG_DEF_SPACE && !x->defs.v[scope->def].is_public) {
        return false;
    }
    bool member = scope->def >= 0 && x->defs.v[scope->def].cls != EG_DEF_FUNCTION;
    return scope->function < 0 && (scope->exported || (member && scope->all_public));
}

bool eg_extract_public(const struct eg_extractor *x, TSNode node, TSNode name_node, const struct eg_lang_row *row) {
    const struct eg_scope *scope = eg_extract_scope(x);
    struct eg_str name = eg_node_text(x, name_node);
    bool outer = scope->def < 0 || x->defs.v[scope->def].is_public;
    switch (x->grammar->lang->publics) {
    case EG_PUBLIC_UNDERSCORE: {
        bool dunder = name.n > 4 && memcmp(name.p, "__", 2) == 0 && memcmp(name.p + name.n - 2, "__", 2) == 0;
        return outer && scope->function < 0 && (dunder || *name.p != '_');
    }
    case EG_PUBLIC_STATIC: /* what a header defines is its includers', static or not */
        if (x->path_len > 2 && memcmp(x->path + x->path_len - 2, ".h", 2) == 0) {
            return true;
        }
        return row->role == EG_ROLE_FUNCTION && strcmp(row->kind, "FunctionDef") == 0 &&
               !has_word(x, node, "storage_class_specifier", "static");
    case EG_PUBLIC_EXPORT: return public_export(x, node, scope);
    case EG_PUBLIC_CAPITAL: return scope->function < 0 && *name.p >= 'A' && *name.p <= 'Z';
    case EG_PUBLIC_MODIFIER: return outer && (scope->all_public || has_word(x, node, "modifiers", "public"));
    case EG_PUBLIC_VISIBILITY:
        return scope->function < 0 && (scope->all_public || has_child(node, "visibility_modifier"));
    }
    return false;
}

static bool starts(struct eg_str text, const char *with) {
    return text.n >= strlen(with) && memcmp(text.p, with, strlen(with)) == 0;
}

static bool annotated_test(const struct eg_extractor *x, TSNode node) {
    static const char *const names[] = {"@Test", "@ParameterizedTest", "@RepeatedTest", "@TestFactory"};
    TSNode modifiers = ts_node_named_child_count(node) ? ts_node_named_child(node, 0) : (TSNode){0};
    uint32_t n = eg_node_is(modifiers, "modifiers") ? ts_node_named_child_count(modifiers) : 0;
    for (uint32_t i = 0; i < n && i < 32; i++) {
        struct eg_str text = eg_node_text(x, ts_node_named_child(modifiers, i));
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            size_t len = strlen(names[j]);
            if (starts(text, names[j]) && (text.n == len || text.p[len] == '(')) {
                return true;
            }
        }
    }
    return false;
}

bool eg_extract_is_test(struct eg_extractor *x, TSNode node, struct eg_str name) {
    bool longer = name.n > 4;
    switch (x->grammar->lang->tests) {
    case EG_TEST_PREFIX: {
        TSNode type = eg_node_field(node, x->grammar->fields.type);
        if (!ts_node_is_null(type) && eg_str_is(eg_node_text(x, type), "START_TEST")) { /* of the library Check */
            return true;
        }
        return starts(name, "test") && (!longer || name.p[4] == '_' || (name.p[4] >= 'A' && name.p[4] <= 'Z'));
    }
    case EG_TEST_CAPITAL:
        return x->path_len > 8 && memcmp(x->path + x->path_len - 8, "_test.go", 8) == 0 && longer && starts(name, "Test") &&
               !(name.p[4] >= 'a' && name.p[4] <= 'z') && !ts_node_is_null(eg_node_field(node, x->grammar->fields.name));
    case EG_TEST_ANNOTATION: return annotated_test(x, node);
    case EG_TEST_ATTRIBUTE: return x->pending_test;
    case EG_TEST_CALL: return false;
    }
    return false;
}
