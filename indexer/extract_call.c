/* Calls: the callee as a dotted name. One entry for each pair of a definition and a callee, with a count. */
#include "indexer/extract.h"

#include <stdlib.h>

#define CALLEE_MOST_B 200
#define CHAIN_MOST 32

static bool is_word(unsigned char c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' || c == '#';
}

/* `a->b`, `a::b` and `a?.b` become a.b. 0: it is no chain of names. */
static size_t dotted(struct eg_str text, char *out, size_t most_b) {
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *p = text.p + i;
        size_t left = text.n - i;
        bool two = left > 1 && (memcmp(p, "->", 2) == 0 || memcmp(p, "::", 2) == 0 || memcmp(p, "?.", 2) == 0);
        if (n + 1 >= most_b || !(two || *p == '.' || is_word((unsigned char)*p))) {
            return 0;
        }
        out[n++] = is_word((unsigned char)*p) ? *p : '.';
        i += two;
    }
    return n && out[n - 1] != '.' && (out[0] < '0' || out[0] > '9') ? n : 0;
}

/* The last name of a callee that is more than names: `f(x).load`, `a[0].load`, `load::<T>`. */
static TSNode last_name(TSNode node) {
    static const char *const fields[] = {"attribute", "property", "field", "name", "function", "argument", "type", "operand"};
    for (int i = 0; i < CHAIN_MOST; i++) {
        TSNode next = {0};
        if (strstr(ts_node_type(node), "identifier") && !strstr(ts_node_type(node), "scoped")) {
            return node;
        }
        for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]) && ts_node_is_null(next); f++) {
            next = ts_node_child_by_field_name(node, fields[f], (uint32_t)strlen(fields[f]));
        }
        if (eg_node_is(node, "generic_type") && ts_node_is_null(next)) { /* Java's has no fields */
            next = ts_node_named_child(node, 0);
        }
        if (ts_node_is_null(next) || eg_node_is(node, "call") || eg_node_is(node, "call_expression")) {
            break;
        }
        node = next;
    }
    return (TSNode){0};
}

static TSNode callee_of(const struct eg_extractor *x, TSNode node, TSNode *object) {
    const struct eg_lang_fields *f = &x->grammar->fields;
    TSNode callee = eg_node_field(node, f->function);
    if (ts_node_is_null(callee) && !ts_node_is_null(callee = eg_node_field(node, f->name))) {
        *object = eg_node_field(node, f->object); /* Java */
    }
    if (ts_node_is_null(callee)) {
        callee = ts_node_child_by_field_name(node, "constructor", 11);
    }
    if (ts_node_is_null(callee)) {
        callee = ts_node_child_by_field_name(node, "macro", 5);
    }
    return ts_node_is_null(callee) ? eg_node_field(node, f->type) : callee;
}

static size_t callee_text(const struct eg_extractor *x, TSNode callee, TSNode object, char *out) {
    size_t n = 0;
    if (!ts_node_is_null(object)) {
        n = dotted(eg_node_text(x, object), out, CALLEE_MOST_B / 2);
        out[n++] = '.';
        size_t more = dotted(eg_node_text(x, callee), out + n, CALLEE_MOST_B / 2);
        return more ? n + more : 0;
    }
    n = dotted(eg_node_text(x, callee), out, CALLEE_MOST_B);
    if (n > 0) {
        return n;
    }
    bool alone = eg_node_is(callee, "generic_function") || eg_node_is(callee, "generic_type") || eg_node_is(callee, "generic_name");
    TSNode inner = alone ? eg_node_field(callee, x->grammar->fields.function) : (TSNode){0};
    if (!ts_node_is_null(inner) && (n = dotted(eg_node_text(x, inner), out, CALLEE_MOST_B)) > 0) {
        return n;
    }
    TSNode last = last_name(callee);
    if (ts_node_is_null(last)) {
        return 0;
    }
    out[0] = '.';
    n = dotted(eg_node_text(x, last), out + !alone, CALLEE_MOST_B - 1);
    return n ? n + !alone : 0;
}

/* `require("./a")` and `import("./a")` are imports as well. */
static void take_required(struct eg_extractor *x, TSNode node, TSNode callee) {
    TSNode arguments = ts_node_child_by_field_name(node, "arguments", 9);
    bool one = !ts_node_is_null(arguments) && ts_node_named_child_count(arguments) == 1;
    TSNode first = one ? ts_node_named_child(arguments, 0) : (TSNode){0};
    struct eg_str text = eg_node_text(x, callee);
    if (!eg_node_is(first, "string") || !(eg_str_is(text, "require") || eg_str_is(text, "import"))) {
        return;
    }
    struct eg_str path = eg_node_text(x, first);
    if (path.n > 2) {
        path = (struct eg_str){path.p + 1, path.n - 2};
        int line = (int)ts_node_start_point(node).row + 1;
        EG_PUSH(x, x->imports, (struct eg_import){.module = eg_extract_keep(x, path, CALLEE_MOST_B), .line = line});
    }
}

void eg_extract_call(struct eg_extractor *x, TSNode node) {
    char text[CALLEE_MOST_B + 2];
    bool fresh;
    TSNode object = {0}, callee = callee_of(x, node, &object);
    if (ts_node_is_null(callee)) {
        return;
    }
    if (x->grammar->lang->tests == EG_TEST_CALL) {
        struct eg_str name = eg_node_text(x, callee);
        x->n_tests += eg_str_is(name, "it") || eg_str_is(name, "test");
    }
    if (x->grammar->lang->imports == EG_IMPORT_ES) {
        take_required(x, node, callee);
    }
    size_t n = callee_text(x, callee, object, text);
    int def = eg_extract_scope(x)->def;
    if (n == 0) {
        return;
    }
    int *at = eg_seen_at(&x->seen_calls, eg_mix64(eg_bytes64(text, n), (uint64_t)(def + 1)), &fresh);
    if (!at) {
        x->failed = true;
    } else if (!fresh) {
        x->calls.v[*at].count++;
    } else if (eg_extract_more(x, x->calls.n)) {
        *at = (int)x->calls.n;
        struct eg_call call = {.def = def, .line = (int)ts_node_start_point(node).row + 1, .count = 1};
        if (x->keep & EG_KEEP_CALLS) {
            call.callee = eg_extract_keep(x, (struct eg_str){text, n}, CALLEE_MOST_B);
        }
        EG_PUSH(x, x->calls, call);
    }
}
