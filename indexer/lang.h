/* The languages: for each a table that says which kinds of nodes mean what (lang_*.def), compiled once into an array by
 * the grammar's symbols. What cannot be said by a table (how imports are written, what is public) is named by a style. */
#ifndef EG_INDEXER_LANG_H
#define EG_INDEXER_LANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tree_sitter/api.h>

#include "base/err.h"

enum eg_role {
    EG_ROLE_NONE,
    EG_ROLE_COMMENT,    /* with all below it, no token of the program */
    EG_ROLE_WHOLE,      /* one token, whatever stands below it */
    EG_ROLE_LAYOUT,     /* a token that a formatter may add or take away */
    EG_ROLE_QUOTE,      /* a token whose quotes a formatter may change */
    EG_ROLE_BLOCK,      /* statements that only their indentation holds together: it counts as a token on either side */
    EG_ROLE_DOC,        /* a statement that is only documentation when a string is all it has */
    EG_ROLE_FUNCTION,   /* a definition that can be called */
    EG_ROLE_CLASS,      /* a definition that others belong to */
    EG_ROLE_RECORD,     /* the same, but only with a body: without one it names a type defined elsewhere */
    EG_ROLE_SPACE,      /* a namespace */
    EG_ROLE_SCOPE,      /* qualifies the names below it and is no definition itself */
    EG_ROLE_VALUE,      /* gives a name to its value: a definition when that is a function or a class */
    EG_ROLE_ALIAS,      /* names a record that has no name of its own */
    EG_ROLE_BRANCH,     /* one more way through the function */
    EG_ROLE_CALL,
    EG_ROLE_IMPORT,
    EG_ROLE_EXPORT,     /* what is inside is public; may import as well */
    EG_ROLE_ATTRIBUTE,  /* says something of the definition behind it */
    EG_ROLE_EXPORTED    /* a name that makes a definition elsewhere in the file public */
};

enum eg_public_style {
    EG_PUBLIC_UNDERSCORE, /* all but _names */
    EG_PUBLIC_STATIC,     /* functions that are not static; all that a header defines */
    EG_PUBLIC_EXPORT,     /* what stands in an export, and the members of what does */
    EG_PUBLIC_CAPITAL,
    EG_PUBLIC_MODIFIER,   /* Java's modifiers; all members of an interface */
    EG_PUBLIC_VISIBILITY  /* Rust's pub; all members of a public trait */
};

enum eg_import_style {
    EG_IMPORT_PYTHON,
    EG_IMPORT_INCLUDE,
    EG_IMPORT_ES,
    EG_IMPORT_GO,
    EG_IMPORT_JAVA,
    EG_IMPORT_RUST
};

enum eg_test_style {
    EG_TEST_PREFIX,     /* test_… */
    EG_TEST_CAPITAL,    /* Test… in …_test.go */
    EG_TEST_ANNOTATION, /* @Test */
    EG_TEST_ATTRIBUTE,  /* #[test] */
    EG_TEST_CALL        /* calls of it(…) and test(…) */
};

struct eg_lang_row {
    const char *node;
    enum eg_role role;
    const char *kind; /* of definitions: "FunctionDef" */
    bool anonymous;   /* a keyword or an operator */
};

#define EG_LANG_NAMES_ARE_CONTRACT 1u /* callers may name parameters: another name is another signature */
#define EG_LANG_GROUPED_PARAMS 2u     /* `a, b int`: several names, one type */

struct eg_lang {
    const char *name;
    const TSLanguage *(*grammar)(void);
    const char *endings; /* ".py .pyi" */
    enum eg_public_style publics;
    enum eg_import_style imports;
    enum eg_test_style tests;
    unsigned flags;
    const struct eg_lang_row *rows;
    size_t n_rows;
};

struct eg_lang_fields {
    TSFieldId name, body, parameters, declarator, type, value, result, return_type, function, receiver, right, left, key,
        pattern, property, object;
};

/* A language with its grammar's symbols looked up. Immutable, lives as long as the program. */
struct eg_grammar {
    const struct eg_lang *lang;
    const TSLanguage *language;
    const struct eg_lang_row **by_symbol; /* NULL: means nothing */
    size_t n_symbols;
    struct eg_lang_fields fields;
};

/* Once, before the others and before threads start. err: internal, when a table names a node that its grammar has not. */
EG_MUST_CHECK eg_status eg_grammars_load(struct eg_err *err);
void eg_grammars_free(void);
const struct eg_grammar *eg_grammar_of_path(const char *path, size_t len); /* NULL: no language of ours */

static inline const struct eg_lang_row *eg_grammar_row_of(const struct eg_grammar *grammar, TSSymbol symbol) {
    return symbol < grammar->n_symbols ? grammar->by_symbol[symbol] : NULL;
}

static inline const struct eg_lang_row *eg_grammar_row(const struct eg_grammar *grammar, TSNode node) {
    return eg_grammar_row_of(grammar, ts_node_symbol(node));
}

#endif
