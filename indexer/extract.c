/* The walk over a file's syntax tree, once from the top to the end; extract_*.c have what is done at the nodes that the
 * language's table names. No recursion: the text may nest as deep as it likes. */
#include "indexer/extract.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "git/text.h"
#include "indexer/pool.h"
#include "indexer/tree.h"

#define TEXT_MOST_B ((size_t)2 << 20)  /* larger files are generated, or data */
#define PARSE_MOST_US ((uint64_t)20000000) /* for texts that defeat the parser; files that are read take milliseconds */
#define BLOCK_BEGINS UINT64_C(0x5be6d1a7c3f20941) /* tokens that have no text */
#define BLOCK_ENDS UINT64_C(0x1f83d9abfb41bd6b)
#define KEEP_MOST 4096                 /* elements that a list keeps its room for */
#define KEEP_MOST_B ((size_t)64 << 10) /* of a buffer */

uint64_t eg_bytes64(const char *bytes, size_t len) {
    uint64_t h = 0x2545f4914f6cdd1du ^ len, word;
    for (; len >= 8; bytes += 8, len -= 8) {
        memcpy(&word, bytes, 8);
        h = eg_mix64(h, le64toh(word));
    }
    if (len > 0) {
        word = 0;
        memcpy(&word, bytes, len);
        h = eg_mix64(h, le64toh(word));
    }
    return h;
}

bool eg_extract_room(struct eg_extractor *x, void **v, size_t n, size_t *room, size_t size_b) {
    if (n < *room) {
        return true;
    }
    size_t more = *room ? *room * 2 : 64;
    void *grown = more <= INT32_MAX / 2 ? realloc(*v, more * size_b) : NULL;
    if (!grown) {
        x->failed = true;
        return false;
    }
    *v = grown;
    *room = more;
    return true;
}

int *eg_seen_at(struct eg_seen *seen, uint64_t key, bool *fresh) {
    if (seen->n * 2 >= seen->room) {
        struct eg_seen grown = {.room = seen->room ? seen->room * 2 : 256};
        grown.keys = calloc(grown.room, sizeof(*grown.keys));
        grown.values = calloc(grown.room, sizeof(*grown.values));
        if (!grown.keys || !grown.values) {
            eg_seen_free(&grown);
            return NULL;
        }
        for (size_t i = 0; i < seen->room; i++) {
            if (seen->keys[i]) {
                bool ignored;
                *eg_seen_at(&grown, seen->keys[i], &ignored) = seen->values[i];
            }
        }
        eg_seen_free(seen);
        *seen = grown;
    }
    key = key ? key : 1;
    size_t at = key & (seen->room - 1);
    while (seen->keys[at] && seen->keys[at] != key) {
        at = (at + 1) & (seen->room - 1);
    }
    *fresh = !seen->keys[at];
    seen->n += *fresh;
    seen->keys[at] = key;
    return &seen->values[at];
}

void eg_seen_clear(struct eg_seen *seen) {
    if (seen->room > KEEP_MOST) {
        eg_seen_free(seen);
    } else if (seen->n > 0) {
        memset(seen->keys, 0, seen->room * sizeof(*seen->keys));
        memset(seen->values, 0, seen->room * sizeof(*seen->values));
        seen->n = 0;
    }
}

void eg_seen_free(struct eg_seen *seen) {
    free(seen->keys);
    free(seen->values);
    *seen = (struct eg_seen){0};
}

struct eg_extractor *eg_extractor_new(void) {
    struct eg_extractor *x = calloc(1, sizeof(*x));
    if (x) {
        eg_buf_init(&x->scratch, SIZE_MAX / 2);
        eg_buf_init(&x->tidied, SIZE_MAX / 2);
    }
    return x;
}

void eg_extractor_free(struct eg_extractor *x) {
    if (!x) {
        return;
    }
    eg_pool_drop();
    free(x->defs.v);
    free(x->def_places.v);
    free(x->params.v);
    free(x->param_places.v);
    free(x->imports.v);
    free(x->calls.v);
    free(x->exported.v);
    free(x->tokens.v);
    free(x->places.v);
    free(x->blocks.v);
    free(x->scopes.v);
    eg_buf_free(&x->scratch);
    eg_buf_free(&x->tidied);
    eg_seen_free(&x->seen_calls);
    eg_seen_free(&x->seen_quals);
    eg_seen_free(&x->seen_names);
    eg_intern_free(&x->texts);
    free(x);
}

void eg_extractor_forget(struct eg_extractor *x) { eg_intern_forget(&x->texts); }

/* Empty when the arena is full, which the extractor remembers. */
static struct eg_str keep_text(struct eg_extractor *x, const char *text, size_t n) {
    struct eg_str kept = eg_intern(&x->texts, x->arena, text, n);
    x->failed = x->failed || !kept.p;
    return kept.p ? kept : (struct eg_str){"", 0};
}

struct eg_str eg_extract_keep(struct eg_extractor *x, struct eg_str text, size_t most_b) {
    struct eg_buf clean;
    if (text.n <= most_b && eg_utf8_valid(text.p, text.n) && !memchr(text.p, 0, text.n)) {
        return keep_text(x, text.p, text.n);
    }
    eg_buf_init(&clean, most_b + 64);
    (void)eg_git_clean(&clean, text, text.n <= most_b ? most_b : most_b - 20);
    if (text.n > most_b) {
        eg_buf_printf(&clean, "…%016llx", (unsigned long long)eg_bytes64(text.p, text.n));
    }
    struct eg_str kept = keep_text(x, eg_buf_text(&clean), clean.len);
    eg_buf_free(&clean);
    return kept;
}

enum { SPACE = 1, OPENS = 2, CLOSES = 4, JOINS = 8 }; /* JOINS: like what closes, no white space is before it */

static const unsigned char tidy_class[256] = {
    [' '] = SPACE | OPENS, ['\t'] = SPACE, ['\n'] = SPACE, ['\v'] = SPACE, ['\f'] = SPACE, ['\r'] = SPACE,
    ['('] = OPENS, ['['] = OPENS, ['{'] = OPENS, [')'] = CLOSES, [']'] = CLOSES, ['}'] = CLOSES,
    [','] = JOINS, [':'] = JOINS, ['='] = JOINS,
};

static unsigned class_of(char c) { return tidy_class[(unsigned char)c]; }
static bool is_space(char c) { return class_of(c) & SPACE; }

static void tidy(struct eg_buf *out, struct eg_str text) {
    char *to = eg_buf_room(out, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < text.n; i++) {
        char c = is_space(text.p[i]) ? ' ' : text.p[i], last = n ? to[n - 1] : '(';
        bool assigns = last == '=' && n > 1 && c != '>' && c != '=' && !strchr("=<>!", to[n - 2]);
        if (c == ' ' && ((class_of(last) & OPENS) || assigns)) {
            continue;
        }
        bool arrow = c == '=' && i + 1 < text.n && text.p[i + 1] == '>';
        while (!arrow && (class_of(c) & (CLOSES | JOINS)) && n && (last == ' ' || (last == ',' && (class_of(c) & CLOSES)))) {
            n--;
            last = n ? to[n - 1] : '(';
        }
        to[n++] = c;
    }
    while (n && to[n - 1] == ' ') {
        n--;
    }
    out->len += n;
}

struct eg_str eg_extract_tidy(struct eg_extractor *x, struct eg_str text, size_t most_b) {
    size_t plain = 0;
    if (text.n == 0) {
        return (struct eg_str){"", 0};
    }
    while (plain < text.n && !class_of(text.p[plain])) {
        plain++;
    }
    if (plain == text.n) {
        return eg_extract_keep(x, text, most_b);
    }
    x->tidied.len = 0;
    tidy(&x->tidied, text);
    return eg_extract_keep(x, (struct eg_str){eg_buf_text(&x->tidied), x->tidied.len}, most_b);
}

/* One token of a signature, with a space in front where the text has any gap. */
static void add_token(struct eg_extractor *x, struct eg_buf *out, const struct eg_tree_walk *at, bool quote, uint32_t *end) {
    if (out->len && at->from > *end) {
        eg_buf_char(out, ' ');
    }
    size_t from = out->len;
    eg_buf_add(out, x->text + at->from, at->to - at->from);
    for (size_t i = from; quote && i < out->len; i++) {
        out->data[i] = out->data[i] == '\'' ? '"' : out->data[i];
    }
    *end = at->to;
}

struct eg_str eg_extract_signature(struct eg_extractor *x, TSNode node, size_t most_b) {
    struct eg_buf *out = &x->scratch;
    struct eg_tree_walk at;
    uint32_t end = 0;
    bool into;
    eg_tree_walk_begin(&at, node, x->text);
    out->len = 0;
    do {
        const struct eg_lang_row *row = eg_grammar_row_of(x->grammar, at.symbol);
        enum eg_role role = row ? row->role : EG_ROLE_NONE;
        into = at.children > 0 && role != EG_ROLE_COMMENT && role != EG_ROLE_WHOLE && role != EG_ROLE_QUOTE;
        if (!into && role != EG_ROLE_COMMENT && at.to > at.from) {
            add_token(x, out, &at, role == EG_ROLE_QUOTE, &end);
        }
    } while (eg_tree_walk_next(&at, into) && out->len < 8 * most_b);
    return eg_extract_tidy(x, (struct eg_str){eg_buf_text(out), out->len}, most_b);
}

const struct eg_scope *eg_extract_scope(const struct eg_extractor *x) {
    static const struct eg_scope file = {.def = -1, .function = -1};
    return x->scopes.n ? &x->scopes.v[x->scopes.n - 1] : &file;
}

/* A comma before a closing bracket is the formatter's: it is taken back. */
static void take_token(struct eg_extractor *x, uint32_t from, uint32_t to, bool quote) {
    uint64_t hash;
    char c = x->text[from];
    if (to - from == 1) {
        hash = eg_mix64(7, (uint64_t)(unsigned char)(quote && c == '"' ? '\'' : c));
        if (x->tokens.n && (c == ')' || c == ']' || c == '}') && x->tokens.v[x->tokens.n - 1] == eg_mix64(7, ',')) {
            x->tokens.n--;
            x->places.n--;
        }
    } else if (quote && to - from < 16) {
        char plain[16];
        for (uint32_t i = 0; i < to - from; i++) {
            plain[i] = x->text[from + i] == '"' ? '\'' : x->text[from + i];
        }
        hash = eg_bytes64(plain, to - from);
    } else {
        hash = eg_bytes64(x->text + from, to - from);
    }
    EG_PUSH(x, x->tokens, hash);
    EG_PUSH(x, x->places, from);
}

static void take_branch(struct eg_extractor *x) {
    int function = eg_extract_scope(x)->function;
    if (function >= 0) {
        x->defs.v[function].cc++;
    }
}

/* That of a definition is its body, and needs no marks. */
static void open_block(struct eg_extractor *x, const struct eg_tree_walk *at) {
    if (eg_extract_scope(x)->depth + 1 != at->depth && at->to > at->from && at->children > 0) {
        EG_PUSH(x, x->tokens, BLOCK_BEGINS);
        EG_PUSH(x, x->places, at->from);
        EG_PUSH(x, x->blocks, (struct eg_block){at->depth, at->to});
    }
}

/* What is not around a node of this depth has ended. */
static void leave(struct eg_extractor *x, uint32_t depth) {
    while (x->blocks.n > 0 && x->blocks.v[x->blocks.n - 1].depth >= depth) {
        EG_PUSH(x, x->tokens, BLOCK_ENDS);
        EG_PUSH(x, x->places, x->blocks.v[--x->blocks.n].to - 1);
    }
    while (x->scopes.n > 0 && x->scopes.v[x->scopes.n - 1].depth >= depth) {
        x->scopes.n--;
    }
}

static void take_attribute(struct eg_extractor *x, TSNode node) {
    struct eg_str text = eg_node_text(x, node);
    bool is_test = eg_str_is(text, "#[test]") || (text.n > 8 && memcmp(text.p + text.n - 7, "::test]", 7) == 0);
    x->pending_test = x->pending_test || is_test;
}

/* What the language's table names. False: there is nothing more to do with it or below it. */
static bool enter(struct eg_extractor *x, struct eg_tree_walk *at, const struct eg_lang_row *row) {
    TSNode node;
    switch (row->role) {
    case EG_ROLE_COMMENT:
    case EG_ROLE_LAYOUT: return false;
    case EG_ROLE_WHOLE:
    case EG_ROLE_QUOTE:
        if (at->to > at->from) {
            take_token(x, at->from, at->to, row->role == EG_ROLE_QUOTE);
        }
        return false;
    case EG_ROLE_BLOCK: open_block(x, at); return true;
    case EG_ROLE_BRANCH: take_branch(x); return true;
    default: node = eg_tree_walk_node(at);
    }
    switch (row->role) {
    case EG_ROLE_IMPORT: eg_extract_import(x, node); return false;
    case EG_ROLE_DOC:
        return at->children > 0 && !(ts_node_named_child_count(node) == 1 && eg_node_is(ts_node_named_child(node, 0), "string"));
    case EG_ROLE_EXPORT: eg_extract_import(x, node); /* fall through */
    case EG_ROLE_SCOPE: eg_extract_space(x, node, at->depth); return true;
    case EG_ROLE_CALL: eg_extract_call(x, node); return true;
    case EG_ROLE_EXPORTED: eg_extract_exported(x, node); return true;
    case EG_ROLE_ATTRIBUTE: take_attribute(x, node); return true;
    default: eg_extract_def(x, node, row, at->depth); return true;
    }
}

static void walk(struct eg_extractor *x, TSNode root) {
    struct eg_tree_walk at;
    bool into;
    eg_tree_walk_begin(&at, root, x->text);
    do {
        leave(x, at.depth);
        const struct eg_lang_row *row = eg_grammar_row_of(x->grammar, at.symbol);
        bool plain = !row || enter(x, &at, row);
        into = plain && at.children > 0;
        if (plain && !into && at.to > at.from && !is_space(x->text[at.from])) { /* a line's end is a token of some grammars */
            take_token(x, at.from, at.to, false);
        }
    } while (eg_tree_walk_next(&at, into) && !x->failed && !x->over);
    leave(x, 0);
}

static int count_lines(const char *text, size_t len) {
    int n = 0;
    for (const char *at = text, *end = text + len; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++) {
        n++;
    }
    return n + (len > 0 && text[len - 1] != '\n');
}

static void *kept(struct eg_extractor *x, const void *v, size_t n, size_t size_b) {
    void *copy = n ? eg_arena_alloc(x->arena, n * size_b) : NULL;
    return copy ? memcpy(copy, v, n * size_b) : NULL;
}

static void fill(struct eg_extractor *x, struct eg_facts *facts) {
    facts->n_tests = x->n_tests;
    facts->n_defs = (int)x->defs.n;
    facts->defs = kept(x, x->defs.v, x->defs.n, sizeof(*x->defs.v));
    facts->n_imports = (int)x->imports.n;
    facts->imports = kept(x, x->imports.v, x->imports.n, sizeof(*x->imports.v));
    if (x->keep & EG_KEEP_PARAMS) {
        facts->n_params = (int)x->params.n;
        facts->params = kept(x, x->params.v, x->params.n, sizeof(*x->params.v));
    }
    if (x->keep & EG_KEEP_CALLS) {
        facts->n_calls = (int)x->calls.n;
        facts->calls = kept(x, x->calls.v, x->calls.n, sizeof(*x->calls.v));
    }
    if (x->keep & EG_KEEP_TOKENS) {
        facts->n_tokens = (int)x->tokens.n;
        facts->tokens = kept(x, x->tokens.v, x->tokens.n, sizeof(*x->tokens.v));
    }
}

static void empty(struct eg_buf *buf) {
    buf->len = 0;
    if (buf->failed || buf->cap > KEEP_MOST_B) {
        eg_buf_free(buf);
    }
}

static void begin(struct eg_extractor *x) {
    empty(&x->scratch);
    empty(&x->tidied);
    x->n_tests = 0;
    x->failed = x->over = x->pending_test = false;
    x->steps = 0;
    x->defs.n = x->def_places.n = x->params.n = x->param_places.n = x->imports.n = x->calls.n = x->exported.n = 0;
    x->tokens.n = x->places.n = x->scopes.n = x->blocks.n = 0;
    eg_seen_clear(&x->seen_calls);
    eg_seen_clear(&x->seen_quals);
}

eg_status eg_extract(struct eg_extractor *x, const char *path, const char *text, size_t len, unsigned keep,
                     struct eg_arena *arena, struct eg_facts **out, struct eg_err *err) {
    struct eg_facts *facts = *out = eg_arena_zalloc(arena, sizeof(*facts));
    if (!facts) {
        return eg_err_set(err, EG_E_INTERNAL, path, "memory is out");
    }
    facts->grammar = eg_grammar_of_path(path, strlen(path));
    facts->skipped = memchr(text, '\0', len) ? "binary" : len > TEXT_MOST_B && facts->grammar ? "huge" : NULL;
    facts->lines = facts->skipped && *facts->skipped == 'b' ? 0 : count_lines(text, len);
    if (facts->skipped || !facts->grammar) {
        return EG_OK;
    }
    facts->not_utf8 = !eg_utf8_valid(text, len);
    begin(x);
    x->keep = keep;
    if (!(keep & EG_KEEP_SHARED)) {
        eg_intern_forget(&x->texts);
    }
    x->grammar = facts->grammar;
    x->arena = arena;
    x->path = path;
    x->path_len = strlen(path);
    x->text = text;
    x->len = len;
    /* A parser a file: its tree is not taken apart node by node, the whole pool is forgotten. */
    TSParser *parser = ts_parser_new();
    ts_parser_set_timeout_micros(parser, PARSE_MOST_US);
    ts_parser_set_language(parser, x->grammar->language);
    TSTree *tree = ts_parser_parse_string(parser, NULL, text, (uint32_t)len);
    ts_parser_delete(parser);
    if (tree) {
        facts->broken = ts_node_has_error(ts_tree_root_node(tree));
        walk(x, ts_tree_root_node(tree));
        eg_extract_finish(x);
    }
    if (x->over) {
        facts->skipped = "huge";
    } else if (tree) {
        fill(x, facts);
    } else {
        facts->skipped = "slow";
    }
    eg_pool_reset();
    return x->failed || eg_arena_failed(arena) ? eg_err_set(err, EG_E_INTERNAL, path, "memory is out") : EG_OK;
}
