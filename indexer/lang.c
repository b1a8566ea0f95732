/* The tables of languages.def and lang_*.def, and their compilation by symbol. A node that a grammar does not have is an
 * error: a table that was written for another version of its grammar would find nothing, silently. */
#include "indexer/lang.h"

#include <stdlib.h>
#include <string.h>


#define X(name, grammar, ...) const TSLanguage *grammar(void);
#include "indexer/languages.def"
#undef X

#define N(node, role) {node, EG_ROLE_##role, NULL, false},
#define D(node, role, kind) {node, EG_ROLE_##role, kind, false},
#define T(node, role) {node, EG_ROLE_##role, NULL, true},
static const struct eg_lang_row python_rows[] = {
#include "indexer/lang_python.def"
};
static const struct eg_lang_row c_rows[] = {
#include "indexer/lang_c.def"
};
static const struct eg_lang_row javascript_rows[] = {
#include "indexer/lang_javascript.def"
    {"field_definition", EG_ROLE_VALUE, "FunctionDef", false}, /* TypeScript calls it otherwise */
};
static const struct eg_lang_row typescript_rows[] = {
#include "indexer/lang_typescript.def"
};
#define tsx_rows typescript_rows
static const struct eg_lang_row go_rows[] = {
#include "indexer/lang_go.def"
};
static const struct eg_lang_row java_rows[] = {
#include "indexer/lang_java.def"
};
static const struct eg_lang_row rust_rows[] = {
#include "indexer/lang_rust.def"
};
#undef N
#undef D
#undef T

static const struct eg_lang languages[] = {
#define X(name, grammar, endings, publics, imports, tests, flags)                                                          \
    {#name, grammar, endings, EG_PUBLIC_##publics, EG_IMPORT_##imports, EG_TEST_##tests, flags, name##_rows,               \
     sizeof(name##_rows) / sizeof(name##_rows[0])},
#include "indexer/languages.def"
#undef X
};

#define N_LANGUAGES (sizeof(languages) / sizeof(languages[0]))

static struct eg_grammar grammars[N_LANGUAGES];

static TSFieldId field(const TSLanguage *language, const char *name) {
    return ts_language_field_id_for_name(language, name, (uint32_t)strlen(name));
}

static void find_fields(struct eg_grammar *grammar) {
#define F(name) .name = field(grammar->language, #name)
    grammar->fields = (struct eg_lang_fields){F(name),   F(body),     F(parameters), F(declarator), F(type),    F(value),
                                              F(result), F(return_type), F(function), F(receiver), F(right),   F(left),
                                              F(key),    F(pattern),  F(property),   F(object)};
#undef F
}

/* Aliased nodes have several symbols of one name, so all symbols are looked through. */
static eg_status compile(struct eg_grammar *grammar, const struct eg_lang *lang, struct eg_err *err) {
    grammar->lang = lang;
    grammar->language = lang->grammar();
    grammar->n_symbols = ts_language_symbol_count(grammar->language);
    grammar->by_symbol = calloc(grammar->n_symbols, sizeof(*grammar->by_symbol));
    if (!grammar->by_symbol) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    for (size_t r = 0; r < lang->n_rows; r++) {
        const struct eg_lang_row *row = &lang->rows[r];
        bool found = false;
        for (size_t s = 0; s < grammar->n_symbols; s++) {
            bool anonymous = ts_language_symbol_type(grammar->language, (TSSymbol)s) == TSSymbolTypeAnonymous;
            if (anonymous == row->anonymous && strcmp(ts_language_symbol_name(grammar->language, (TSSymbol)s), row->node) == 0) {
                grammar->by_symbol[s] = row;
                found = true;
            }
        }
        if (!found) {
            return eg_err_set(err, EG_E_INTERNAL, lang->name, "the grammar has no node `%s`", row->node);
        }
    }
    find_fields(grammar);
    return EG_OK;
}

eg_status eg_grammars_load(struct eg_err *err) {
    for (size_t i = 0; i < N_LANGUAGES; i++) {
        if (compile(&grammars[i], &languages[i], err)) {
            eg_grammars_free();
            return EG_FAIL;
        }
    }
    return EG_OK;
}

void eg_grammars_free(void) {
    for (size_t i = 0; i < N_LANGUAGES; i++) {
        free(grammars[i].by_symbol);
        grammars[i] = (struct eg_grammar){0};
    }
}

const struct eg_grammar *eg_grammar_of_path(const char *path, size_t len) {
    const char *dot = memrchr(path, '.', len);
    size_t n = dot ? len - (size_t)(dot - path) : 0;
    if (n < 2 || memchr(dot, '/', n)) {
        return NULL;
    }
    for (size_t i = 0; i < N_LANGUAGES; i++) {
        for (const char *at = languages[i].endings; *at; at += strcspn(at, " "), at += *at == ' ') {
            if (strcspn(at, " ") == n && strncmp(at, dot, n) == 0) {
                return &grammars[i];
            }
        }
    }
    return NULL;
}
