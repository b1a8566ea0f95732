/* What all of the parser uses: taking tokens, noting what was expected, lists in the arena, texts without their quotes,
 * errors. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "egql/parse.h"
#include "egql/suggest.h"

static const struct {
    const char *text;
    const char *kind;
} words[EGQL_W_COUNT] = {
#define X(name, text, kind) [EGQL_W_##name] = {text, kind},
#include "egql/words.def"
#undef X
};

_Static_assert(EGQL_W_COUNT <= 64, "egql_expected.mask has 64 bits");

const char *egql_word_text(enum egql_word word) { return words[word].text; }
const char *egql_word_kind(enum egql_word word) { return words[word].kind; }

const char *egql_expected_text(uint64_t mask, struct eg_arena *arena) {
    const char *text = NULL, *last = NULL;
    for (int i = 0; i < EGQL_W_COUNT; i++) {
        if (!(mask >> i & 1))
            continue;
        if (last)
            text = text ? eg_arena_printf(arena, "%s, %s", text, last) : last;
        last = words[i].text;
    }
    return text && last ? eg_arena_printf(arena, "%s or %s", text, last) : last;
}

void egql_p_next(struct egql_parser *p) {
    p->end = p->token.span.offset + p->token.span.length;
    p->token = egql_lex(p->ast->text, p->ast->len, p->end);
}

void egql_p_expect(struct egql_parser *p, enum egql_word word) {
    if (p->token.span.offset > p->expected.at || p->expected.mask == 0)
        p->expected = (struct egql_expected){.at = p->token.span.offset, .key = p->key};
    p->expected.mask |= UINT64_C(1) << word;
}

struct eg_str egql_p_text(const struct egql_parser *p, struct egql_span span) {
    return (struct eg_str){p->ast->text + span.offset, span.length};
}

struct egql_span egql_p_since(const struct egql_parser *p, size_t from) {
    return (struct egql_span){from, p->end - from};
}

bool egql_p_is(const struct egql_parser *p, struct egql_token token, const char *word) {
    return token.kind == EGQL_T_WORD && strlen(word) == token.span.length &&
           strncasecmp(p->ast->text + token.span.offset, word, token.span.length) == 0;
}

bool egql_p_keyword(struct egql_parser *p, enum egql_word word) {
    egql_p_expect(p, word);
    if (word != EGQL_W_GROUP && word != EGQL_W_ORDER) {
        bool is = egql_p_is(p, p->token, words[word].text);
        if (is)
            egql_p_next(p);
        return is;
    }
    if (!egql_p_is(p, p->token, word == EGQL_W_GROUP ? "GROUP" : "ORDER"))
        return false;
    egql_p_next(p);
    egql_p_expect(p, EGQL_W_BY);
    if (!egql_p_is(p, p->token, "BY"))
        return egql_p_wrong(p);
    egql_p_next(p);
    return true;
}

bool egql_p_take(struct egql_parser *p, enum egql_token_kind kind, enum egql_word word) {
    egql_p_expect(p, word);
    if (p->token.kind != kind)
        return false;
    egql_p_next(p);
    return true;
}

bool egql_p_fail(struct egql_parser *p, struct egql_span span, const char *format, ...) {
    char message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    egql_fail(p->diag, p->ast, p->arena, span, EG_E_QUERY_INVALID, "%s", message);
    return false;
}

static void suggest_word(struct egql_parser *p, struct eg_str word) {
    static const struct {
        enum egql_word expected;
        const char *name;
    } names[] = {{EGQL_W_SCOPE, "all"},    {EGQL_W_SCOPE, "sha"},     {EGQL_W_SCOPE, "range"},
                 {EGQL_W_SCOPE, "branch"}, {EGQL_W_SCOPE, "run"},     {EGQL_W_SCOPE, "correlation"},
                 {EGQL_W_SCOPE, "causes"}, {EGQL_W_SCOPE, "effects"}, {EGQL_W_AGG, "count"},
                 {EGQL_W_AGG, "sum"},      {EGQL_W_AGG, "avg"},       {EGQL_W_AGG, "min"},
                 {EGQL_W_AGG, "max"},      {EGQL_W_BUCKET, "bucket"}};
    struct egql_suggest suggest = {.word = word.p, .len = word.n};
    for (int i = 0; i < EGQL_W_COUNT; i++)
        if (p->expected.mask >> i & 1 && words[i].kind && strcmp(words[i].kind, "keyword") == 0)
            egql_suggest_try(&suggest, words[i].text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (p->expected.mask >> names[i].expected & 1)
            egql_suggest_try(&suggest, names[i].name);
    p->diag->suggestion = suggest.best;
    if (!suggest.best && p->expected.mask >> EGQL_W_SCOPE & 1) /* FROM main */
        p->diag->suggestion = eg_arena_printf(p->arena, "branch(%.*s)", (int)word.n, word.p);
    if (p->expected.mask >> EGQL_W_OP & 1 && (egql_p_is(p, p->token, "LIKE") || egql_p_is(p, p->token, "ILIKE")))
        p->diag->suggestion = "~";
}

/* A word quoted in a message, cut where it is long. */
#define SHOWN(text) egql_shown(text), (text).p

bool egql_p_wrong(struct egql_parser *p) {
    if (p->diag->code != EG_E_NONE)
        return false;
    struct egql_token t = p->token;
    struct eg_str text = egql_p_text(p, t.span);
    if (t.kind == EGQL_T_END)
        egql_p_fail(p, t.span, "the query ends too early");
    else if (t.kind == EGQL_T_OPEN_STRING)
        return egql_p_fail(p, t.span, "the string has no closing quote");
    else if (t.kind == EGQL_T_BAD && text.n == 2 && text.p[0] < 0x7F && text.p[0] > 0)
        egql_p_fail(p, t.span, "there is no operator %.*s", SHOWN(text));
    else
        egql_p_fail(p, t.span, "%.*s is not expected here", SHOWN(text));
    p->diag->expected = egql_expected_text(p->expected.mask, p->arena);
    if (t.kind == EGQL_T_WORD)
        suggest_word(p, text);
    else if (t.kind == EGQL_T_BAD && text.n == 2 && *text.p == '=')
        p->diag->suggestion = "=";
    else if (t.kind == EGQL_T_BAD && text.n == 2 && *text.p == '<')
        p->diag->suggestion = "!=";
    return false;
}

bool egql_p_node(struct egql_parser *p) {
    return ++p->nodes <= EGQL_MOST_NODES ||
           egql_p_fail(p, p->token.span, "the query has more than %d parts (columns, conditions, values)",
                       EGQL_MOST_NODES);
}

void *egql_p_alloc(struct egql_parser *p, size_t size_b) {
    void *bytes = eg_arena_zalloc(p->arena, size_b);
    if (!bytes)
        egql_p_fail(p, p->token.span, "memory");
    return bytes;
}

void *egql_p_grow(struct egql_parser *p, void *list, size_t n, size_t element_b) {
    char *bytes;
    memcpy(&bytes, list, sizeof bytes);
    if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
        char *more = egql_p_alloc(p, (n == 0 ? 4 : 2 * n) * element_b);
        if (!more)
            return NULL;
        if (n > 0)
            memcpy(more, bytes, n * element_b);
        bytes = more;
        memcpy(list, &bytes, sizeof bytes);
    }
    return bytes + n * element_b;
}

bool egql_p_unquote(struct egql_parser *p, struct egql_span span, struct eg_str *text) {
    const char *from = p->ast->text + span.offset + 1;
    size_t n = span.length - 2;
    if (!memchr(from, from[-1], n)) {
        *text = (struct eg_str){from, n};
        return true;
    }
    char *to = egql_p_alloc(p, n);
    *text = (struct eg_str){to, 0};
    if (!to)
        return false;
    for (size_t i = 0; i < n; i++) {
        to[text->n++] = from[i];
        i += from[i] == from[-1];
    }
    return true;
}

bool egql_p_param(struct egql_parser *p, struct egql_span span, int *index) {
    struct egql_ast *ast = p->ast;
    struct eg_str name = {ast->text + span.offset + 1, span.length - 1};
    for (size_t i = 0; i < ast->n_params; i++) {
        if (ast->params[i].name.n == name.n && memcmp(ast->params[i].name.p, name.p, name.n) == 0) {
            *index = (int)i;
            return true;
        }
    }
    if (ast->n_params == EGQL_MOST_PARAMS)
        return egql_p_fail(p, span, "the query has more than %d parameters", EGQL_MOST_PARAMS);
    struct egql_param *param = egql_p_grow(p, &ast->params, ast->n_params, sizeof *param);
    if (!param)
        return false;
    param->name = name;
    *index = (int)ast->n_params++;
    return true;
}
