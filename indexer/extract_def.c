/* Definitions: where the name stands, how it is qualified, parameters; and, once the whole file was walked, the hashes of what
 * stands in their ranges. */
#include "indexer/extract.h"

#include <stdlib.h>

#define CHAIN_MOST 32 /* declarators around a name */
#define STEPS_MOST 100000000

/* C: the name is at the end of a chain of declarators; the function's parameters are those of the innermost one. */
static TSNode declared(struct eg_extractor *x, TSNode node, TSNode *function, uint64_t *mark) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSNode at = eg_node_field(node, f->declarator);
    for (int i = 0; i < CHAIN_MOST && !ts_node_is_null(at); i++) {
        if (eg_node_is(at, "function_declarator")) {
            *function = at;
        } else {
            *mark = eg_mix64(*mark, eg_node_is(at, "pointer_declarator"));
        }
        TSNode next = eg_node_field(at, f->declarator);
        if (ts_node_is_null(next) && (eg_node_is(at, "parenthesized_declarator") || eg_node_is(at, "attributed_declarator"))) {
            next = ts_node_named_child(at, 0);
        }
        if (ts_node_is_null(next)) {
            return at;
        }
        at = next;
    }
    return (TSNode){0};
}

static bool is_plain(struct eg_str text) {
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (!(c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("_$.#", c))) {
            return false;
        }
    }
    return text.n > 0;
}

static bool starts(struct eg_str text, const char *with) {
    return text.n >= strlen(with) && memcmp(text.p, with, strlen(with)) == 0;
}

static struct eg_str behind(struct eg_str text, size_t n) { return (struct eg_str){text.p + n, text.n - n}; }

/* `module.exports.load`, `exports.load`, `this.load`: what is assigned to is called load. */
static struct eg_str assigned_name(struct eg_str text) {
    static const char *const prefixes[] = {"module.exports.", "exports.", "this."};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (starts(text, prefixes[i])) {
            return behind(text, strlen(prefixes[i]));
        }
    }
    return text;
}

/* The function or class that a name is given to; null when it is something else. */
static TSNode named_value(struct eg_extractor *x, TSNode node, TSNode *name, bool *is_class) {
    static const char *const functions[] = {"arrow_function", "function_expression", "generator_function"};
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSNode value = eg_node_field(node, f->value);
    *name = eg_node_field(node, f->name);
    if (ts_node_is_null(value)) {
        value = eg_node_field(node, f->right);
    }
    if (ts_node_is_null(*name)) {
        *name = eg_node_field(node, eg_node_is(node, "assignment_expression") ? f->left : f->property);
    }
    *is_class = eg_node_is(value, "class");
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]) && !ts_node_is_null(*name); i++) {
        if (*is_class || eg_node_is(value, functions[i])) {
            return value;
        }
    }
    return (TSNode){0};
}

/* Go: the type of the receiver, without pointer and type parameters. Rust: the type that is implemented. */
static struct eg_str bare_type(struct eg_extractor *x, TSNode type) {
    for (int i = 0; i < CHAIN_MOST && !ts_node_is_null(type); i++) {
        if (eg_node_is(type, "pointer_type") || eg_node_is(type, "parenthesized_type")) {
            type = ts_node_named_child(type, 0);
        } else if (eg_node_is(type, "generic_type") || eg_node_is(type, "reference_type")) {
            type = eg_node_field(type, x->grammar->fields.type);
        } else {
            break;
        }
    }
    return ts_node_is_null(type) ? (struct eg_str){0} : eg_extract_tidy(x, eg_node_text(x, type), EG_NAME_MOST_B);
}

static struct eg_str receiver_type(struct eg_extractor *x, TSNode node) {
    TSNode list = eg_node_field(node, x->grammar->fields.receiver);
    TSNode one = ts_node_is_null(list) ? list : ts_node_named_child(list, 0);
    return ts_node_is_null(one) ? (struct eg_str){0} : bare_type(x, eg_node_field(one, x->grammar->fields.type));
}

static struct eg_str qualified(struct eg_extractor *x, struct eg_str prefix, struct eg_str name) {
    if (prefix.n == 0) {
        return name;
    }
    char text[EG_QUAL_MOST_B + EG_NAME_MOST_B + 2];
    size_t n = prefix.n + 1 + name.n;
    memcpy(text, prefix.p, prefix.n);
    text[prefix.n] = '.';
    memcpy(text + prefix.n + 1, name.p, name.n);
    return eg_extract_keep(x, (struct eg_str){text, n}, EG_QUAL_MOST_B);
}

/* Pieces of a signature, none longer than EG_SIGNATURE_MOST_B; two of them are short. */
static struct eg_str joined(struct eg_extractor *x, struct eg_str a, struct eg_str b, struct eg_str c) {
    char text[2 * EG_SIGNATURE_MOST_B];
    size_t n = 0;
    for (const struct eg_str *piece = (struct eg_str[]){a, b, c, {NULL, 0}}; piece->p; piece++) {
        EG_ASSERT(piece->n <= sizeof(text) - n);
        memcpy(text + n, piece->p, piece->n);
        n += piece->n;
    }
    return eg_extract_keep(x, (struct eg_str){text, n}, sizeof(text));
}

static void take_signature(struct eg_extractor *x, struct eg_def *def, struct eg_def_place *place, TSNode list, TSNode result) {
    struct eg_str params = ts_node_is_null(list) ? (struct eg_str){0} : eg_extract_signature(x, list, EG_SIGNATURE_MOST_B);
    struct eg_str type = ts_node_is_null(result) ? (struct eg_str){0} : eg_extract_signature(x, result, EG_NAME_MOST_B);
    if (!ts_node_is_null(result)) {
        place->result = eg_node_span(result);
    }
    while (type.n && (*type.p == ':' || *type.p == ' ')) { /* TypeScript's annotation has its colon */
        type = behind(type, 1);
    }
    def->signature = params;
    if (type.n && params.n) {
        def->signature = joined(x, params, (struct eg_str){" -> ", 4}, type);
    }
}

/* `async def`, `async function`, `async fn`. */
static bool is_async(const struct eg_extractor *x, TSNode node) {
    uint32_t n = ts_node_child_count(node);
    for (uint32_t i = 0; i < n && i < 8; i++) {
        TSNode child = ts_node_child(node, i);
        struct eg_str text = eg_node_is(child, "function_modifiers") ? eg_node_text(x, child) : (struct eg_str){0};
        if (eg_node_is(child, "async") || (text.n >= 5 && memmem(text.p, text.n, "async", 5))) {
            return true;
        }
    }
    return false;
}

/* What is awaited is another contract. Where a result's type stands, as a Promise, it says so already. */
static void take_async(struct eg_extractor *x, struct eg_def *def, struct eg_def_place *place, TSNode node, bool typed) {
    if (!is_async(x, node) || (typed && x->grammar->lang->imports == EG_IMPORT_ES)) {
        return;
    }
    def->signature = joined(x, (struct eg_str){"async ", 6}, def->signature, (struct eg_str){"", 0});
    place->mark = eg_mix64(place->mark, 3);
}

static void take_function(struct eg_extractor *x, struct eg_def *def, struct eg_def_place *place, TSNode node, TSNode holder) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSNode list = eg_node_field(holder, f->parameters), result = eg_node_field(node, f->return_type);
    if (ts_node_is_null(result)) {
        result = eg_node_field(node, f->result);
    }
    if (ts_node_is_null(result) && !eg_node_is(node, "preproc_function_def")) {
        result = eg_node_field(node, f->type);
    }
    def->params = (int)x->params.n;
    if (!ts_node_is_null(list)) {
        eg_extract_params(x, list);
    } else {
        TSNode one = ts_node_child_by_field_name(holder, "parameter", 9); /* x => … */
        if (!ts_node_is_null(one)) {
            EG_PUSH(x, x->params, (struct eg_param){.name = eg_extract_keep(x, eg_node_text(x, one), EG_NAME_MOST_B)});
            EG_PUSH(x, x->param_places, (struct eg_param_place){.all = eg_node_span(one), .name = eg_node_span(one)});
            list = one;
        }
    }
    def->n_params = (int)x->params.n - def->params;
    take_signature(x, def, place, list, result);
    take_async(x, def, place, node, !ts_node_is_null(result));
}

static void open_def(struct eg_extractor *x, struct eg_def *def, struct eg_def_place *place, const struct eg_scope *outer,
                     struct eg_str prefix, uint32_t depth) {
    bool fresh;
    if (!eg_extract_more(x, x->defs.n)) {
        return;
    }
    def->qual = qualified(x, prefix, def->name);
    int *ordinal = eg_seen_at(&x->seen_quals, eg_bytes64(def->qual.p, def->qual.n), &fresh);
    if (!ordinal) {
        x->failed = true;
        return;
    }
    def->ordinal = ++*ordinal;
    int own = (int)x->defs.n;
    struct eg_scope scope = {.depth = depth, .def = own, .prefix = def->qual};
    scope.function = def->cls == EG_DEF_FUNCTION ? own : outer->function;
    scope.all_public = def->is_public && (strcmp(def->kind, "InterfaceDef") == 0 || (x->grammar->lang->publics == EG_PUBLIC_EXPORT));
    EG_PUSH(x, x->defs, *def);
    EG_PUSH(x, x->def_places, *place);
    EG_PUSH(x, x->scopes, scope);
}

void eg_extract_def(struct eg_extractor *x, TSNode node, const struct eg_lang_row *row, uint32_t depth) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    struct eg_scope outer = *eg_extract_scope(x);
    struct eg_def def = {.kind = row->kind, .parent = outer.def, .cc = 1};
    def.cls = row->role == EG_ROLE_FUNCTION ? EG_DEF_FUNCTION : EG_DEF_CLASS;
    struct eg_def_place place = {0};
    TSNode name = eg_node_field(node, f->name), holder = node, content = node;
    bool is_class = false;
    if (row->role == EG_ROLE_SPACE) {
        def.cls = EG_DEF_SPACE;
    } else if (row->role == EG_ROLE_VALUE) {
        content = holder = named_value(x, node, &name, &is_class);
        if (ts_node_is_null(content)) {
            return;
        }
        def.cls = is_class ? EG_DEF_CLASS : EG_DEF_FUNCTION;
        def.kind = is_class ? "ClassDef" : row->kind;
    } else if (row->role == EG_ROLE_ALIAS) {
        content = eg_node_field(node, f->type);
        if (ts_node_is_null(content) || ts_node_is_null(eg_node_field(content, f->body)) ||
            !ts_node_is_null(eg_node_field(content, f->name))) {
            return;
        }
        name = declared(x, node, &holder, &place.mark);
    } else if (ts_node_is_null(name)) {
        name = declared(x, node, &holder, &place.mark);
    }
    TSNode body = eg_node_field(content, f->body);
    if (ts_node_is_null(body)) {
        body = eg_node_field(content, eg_node_is(content, "type_spec") ? f->type : f->value);
    }
    if (ts_node_is_null(name) || (row->role == EG_ROLE_RECORD && ts_node_is_null(body))) {
        return;
    }
    struct eg_str text = row->role == EG_ROLE_VALUE ? assigned_name(eg_node_text(x, name)) : eg_node_text(x, name);
    if (text.n > 1 && (*text.p == '"' || *text.p == '\'')) {
        text = (struct eg_str){text.p + 1, text.n - 2};
    }
    bool must_be_plain = row->role == EG_ROLE_VALUE || memchr(text.p, '\n', text.n);
    if (text.n == 0 || (must_be_plain && !is_plain(text))) {
        return;
    }
    def.name = eg_extract_keep(x, text, EG_NAME_MOST_B);
    TSPoint start = ts_node_start_point(node), end = ts_node_end_point(node);
    def.line = (int)start.row + 1;
    def.col = (int)start.column;
    def.end_line = (int)end.row + (end.column > 0 || end.row == start.row);
    place.body = ts_node_is_null(body) ? (struct eg_span){0} : eg_node_span(body);
    if (def.cls == EG_DEF_FUNCTION) {
        take_function(x, &def, &place, content, holder);
        def.is_test = eg_extract_is_test(x, node, def.name);
        x->n_tests += def.is_test;
    }
    x->pending_test = false;
    place.within = receiver_type(x, node);
    def.is_hidden = eg_extract_is_hidden(x, node, def.name);
    def.is_public = !def.is_hidden && eg_extract_public(x, node, name, row);
    open_def(x, &def, &place, &outer, place.within.n ? place.within : outer.prefix, depth);
}

/* Rust's impl names what is inside; an export only makes it public. */
void eg_extract_space(struct eg_extractor *x, TSNode node, uint32_t depth) {
    struct eg_scope scope = *eg_extract_scope(x);
    const struct eg_lang_row *row = eg_grammar_row(x->grammar, node);
    scope.depth = depth;
    if (row->role == EG_ROLE_EXPORT) {
        scope.exported = true;
        TSNode value = eg_node_field(node, x->grammar->fields.value);
        if (eg_node_is(value, "identifier")) { /* export default load */
            EG_PUSH(x, x->exported, eg_node_text(x, value));
        }
    } else {
        struct eg_str type = bare_type(x, eg_node_field(node, x->grammar->fields.type));
        scope.all_public = !ts_node_is_null(ts_node_child_by_field_name(node, "trait", 5));
        scope.prefix = type.n ? qualified(x, scope.prefix, type) : scope.prefix;
    }
    EG_PUSH(x, x->scopes, scope);
}

void eg_extract_exported(struct eg_extractor *x, TSNode node) {
    TSNode name = eg_node_field(node, x->grammar->fields.name);
    if (!ts_node_is_null(name)) {
        EG_PUSH(x, x->exported, eg_node_text(x, name));
    }
}

/* The first token at or behind a byte. */
static int token_at(const struct eg_extractor *x, uint32_t byte) {
    size_t low = 0, high = x->places.n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (x->places.v[middle] < byte) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return (int)low;
}

/* A hash of the tokens of `all` that are in neither of the others; 0 when there are none. */
static uint64_t hash_span(const struct eg_extractor *x, struct eg_span all, struct eg_span one, struct eg_span other) {
    uint64_t h = 0;
    int end = token_at(x, all.to);
    for (int i = token_at(x, all.from); i < end; i++) {
        uint32_t at = x->places.v[i];
        bool left_out = (at >= one.from && at < one.to) || (at >= other.from && at < other.to);
        if (!left_out && x->tokens.v[i] != eg_mix64(7, '=') && x->tokens.v[i] != eg_mix64(7, ',')) {
            h = eg_mix64(h, x->tokens.v[i]);
        }
    }
    return h;
}

static void finish_def(struct eg_extractor *x, struct eg_def *def, const struct eg_def_place *place) {
    static const struct eg_span none;
    def->token = token_at(x, place->body.from);
    def->n_tokens = token_at(x, place->body.to) - def->token;
    x->steps += (size_t)def->n_tokens; /* definitions within definitions: a token counts once for each */
    for (int i = 0; i < def->n_params; i++) {
        struct eg_span all = x->param_places.v[def->params + i].all;
        x->steps += all.to - all.from;
    }
    if (x->steps > STEPS_MOST) {
        x->over = true;
        return;
    }
    for (int i = 0; i < def->n_tokens; i++) {
        def->body = eg_mix64(def->body, x->tokens.v[def->token + i]);
    }
    def->result = hash_span(x, place->result, none, none);
    def->result = place->mark ? eg_mix64(def->result, place->mark) : def->result;
    for (int i = 0; i < def->n_params && (x->keep & EG_KEEP_PARAMS); i++) {
        struct eg_param *param = &x->params.v[def->params + i];
        const struct eg_param_place *at = &x->param_places.v[def->params + i];
        param->type = hash_span(x, at->all, at->name, at->value);
        param->value = hash_span(x, at->value, none, none);
    }
}

/* The number that a name was given; −1 when it has none. */
static int *name_at(struct eg_extractor *x, const char *p, size_t n) {
    bool fresh;
    int *at = eg_seen_at(&x->seen_names, eg_bytes64(p, n), &fresh);
    if (at && fresh) {
        *at = -1;
    }
    x->failed = x->failed || !at;
    return at;
}

/* What Go's receivers and Rust's impl name may stand before or behind: the parent is found by its name. */
static void find_parents(struct eg_extractor *x) {
    eg_seen_clear(&x->seen_names);
    for (size_t i = 0; i < x->defs.n && !x->failed; i++) {
        const struct eg_def *def = &x->defs.v[i];
        int *at = def->cls != EG_DEF_FUNCTION ? name_at(x, def->qual.p, def->qual.n) : NULL;
        if (at && *at < 0) {
            *at = (int)i;
        }
    }
    for (size_t i = 0; i < x->defs.n && !x->failed; i++) {
        struct eg_def *def = &x->defs.v[i];
        size_t prefix = def->qual.n > def->name.n ? def->qual.n - def->name.n - 1 : 0;
        int *at = def->parent < 0 && prefix > 0 ? name_at(x, def->qual.p, prefix) : NULL;
        if (at) {
            def->parent = *at;
        }
    }
}

static void mark_exported(struct eg_extractor *x) {
    eg_seen_clear(&x->seen_names);
    for (size_t i = 0; i < x->exported.n && !x->failed; i++) {
        int *at = name_at(x, x->exported.v[i].p, x->exported.v[i].n);
        if (at) {
            *at = 1;
        }
    }
    for (size_t i = 0; i < x->defs.n && !x->failed; i++) {
        struct eg_def *def = &x->defs.v[i];
        int *at = def->parent < 0 && !def->is_public ? name_at(x, def->name.p, def->name.n) : NULL;
        def->is_public = def->is_public || (at && *at == 1);
    }
    for (size_t i = 0; i < x->defs.n; i++) { /* the members of what was exported by its name */
        struct eg_def *def = &x->defs.v[i];
        if (def->parent >= 0 && x->defs.v[def->parent].cls != EG_DEF_FUNCTION && x->defs.v[def->parent].is_public && !def->is_hidden) {
            def->is_public = true;
        }
    }
}

void eg_extract_finish(struct eg_extractor *x) {
    for (size_t i = 0; i < x->defs.n && !x->over && !x->failed; i++) {
        finish_def(x, &x->defs.v[i], &x->def_places.v[i]);
    }
    if (x->over || x->failed) {
        return;
    }
    find_parents(x);
    if (x->exported.n > 0) {
        mark_exported(x);
    }
}
