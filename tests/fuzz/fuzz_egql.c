/* Fuzzes the query language: whatever the text is, the parser, the checker and the compiler end, and what they say of
 * it lies within it; completion at any caret gives JSON; a regular expression that is let through is one for PCRE2 too.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <jansson.h>
#include <pcre2.h>
#include <stdint.h>
#include <string.h>

#include "egql/ast.h"
#include "egql/lex.h"
#include "egql/plan.h"
#include "egql/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct egql_sources *sources(void) {
    static struct egql_sources *loaded;
    struct eg_err err = {0};
    if (!loaded)
        EG_ASSERT(egql_sources_load("spec", &loaded, &err) == EG_OK);
    return loaded;
}

static void check_json(struct eg_buf *out) {
    EG_ASSERT(!out->failed);
    json_t *json = json_loadb(out->data, out->len, 0, NULL);
    EG_ASSERT(json != NULL);
    json_decref(json);
    eg_buf_free(out);
}

static void check_diag(const struct egql_diag *diag, const char *text, size_t len) {
    struct eg_buf out;
    EG_ASSERT(diag->code != EG_E_NONE && diag->message && diag->line > 0 && diag->column > 0);
    EG_ASSERT(diag->offset <= len && diag->length <= len - diag->offset);
    EG_ASSERT(diag->code == EG_E_QUERY_INVALID || diag->code == EG_E_PARAM_INVALID);
    eg_buf_init(&out, 4 << 20);
    egql_diag_print(diag, text, len, &out);
    EG_ASSERT(!out.failed);
    eg_buf_free(&out);
    if (egql_lex_bad_byte(text, len) < len)
        return; /* a message may quote bytes, but JSON is UTF-8: callers give text that is */
    egql_diag_json(diag, &out);
    check_json(&out);
}

static void check_regex(const char *text, size_t len, struct eg_arena *arena) {
    struct egql_regex_wrong wrong;
    struct eg_str pattern;
    int code;
    size_t at;
    if (egql_lex_bad_byte(text, len) < len)
        return;
    if (!egql_regex_check(text, len, arena, &pattern, &wrong)) {
        EG_ASSERT(wrong.message && wrong.at <= len && wrong.length <= len - wrong.at);
        return;
    }
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
                                         PCRE2_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY, &code, &at, NULL);
    EG_ASSERT(compiled != NULL);
    pcre2_code_free(compiled);
}

/* What was checked compiles for both stores, and the texts have as many columns. */
static void check_compiled(const char *text, size_t len, const struct egql_ast *ast, struct eg_arena *arena) {
    static const char *const dialects[] = {"postgresql", "sqlite"};
    const struct egql_compiled *compiled[2];
    struct egql_diag diag;
    struct eg_buf out;
    for (int i = 0; i < 2; i++) {
        EG_ASSERT(egql_compile(sources(), egql_dialect_find(dialects[i]), text, len, ast->params, ast->n_params, arena,
                               &compiled[i], &diag) == EG_OK);
        eg_buf_init(&out, 16 << 20);
        egql_compiled_print(compiled[i], &out);
        EG_ASSERT(!out.failed);
        eg_buf_free(&out);
    }
    EG_ASSERT(compiled[0]->n_columns == compiled[1]->n_columns && compiled[0]->n_columns > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    struct eg_arena *arena = eg_arena_new(32 << 20);
    struct egql_ast *ast;
    struct egql_diag diag;
    struct eg_buf out;
    size_t caret = size ? data[0] % (size + 1) : 0;
    eg_status status = egql_parse(text, size, arena, &ast, &diag);
    if (status == EG_OK) {
        for (size_t i = 0; i < ast->n_params; i++)
            ast->params[i].null = i % 2;
        status = egql_check(ast, sources(), ast->params, ast->n_params, arena, &diag);
    }
    if (status != EG_OK)
        check_diag(&diag, text, size);
    else
        check_compiled(text, size, ast, arena);
    check_regex(text, size, arena);
    if (egql_lex_bad_byte(text, size) == size) {
        const char *topics[] = {"core.step.finished@v1", "delta.tokens@v1"};
        eg_buf_init(&out, 4 << 20);
        egql_complete(sources(), text, size, caret, topics, 2, arena, &out);
        check_json(&out);
    }
    eg_arena_free(arena);
    return 0;
}
