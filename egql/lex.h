/* Tokens of EGQL. What a stretch of text is depends on where it stands: the parser asks for a plain token, for a value
 * (after an operator any word is text), or for the raw text of a scope. A token is a span of the text; nothing is
 * copied. */
#ifndef EGQL_LEX_H
#define EGQL_LEX_H

#include "egql/ast.h"

enum egql_token_kind {
    EGQL_T_END,
    EGQL_T_WORD,   /* letters, digits, _ and -; begins with a letter or _ */
    EGQL_T_DIGITS, /* begins with a digit: a number, or what follows LAST */
    EGQL_T_STRING, /* with its quotes */
    EGQL_T_PARAM,  /* with its $ */
    EGQL_T_EQ,
    EGQL_T_NE,
    EGQL_T_LT,
    EGQL_T_LE,
    EGQL_T_GT,
    EGQL_T_GE,
    EGQL_T_MATCH,
    EGQL_T_NO_MATCH,
    EGQL_T_OPEN,
    EGQL_T_CLOSE,
    EGQL_T_COMMA,
    EGQL_T_DOT,
    EGQL_T_COLON,
    EGQL_T_ARROW,
    EGQL_T_OPEN_STRING, /* a quote without its end */
    EGQL_T_BAD          /* one character that begins nothing; or == and <> */
};

struct egql_token {
    enum egql_token_kind kind;
    struct egql_span span;
};

/* The token at or behind `at`, white space skipped. */
struct egql_token egql_lex(const char *text, size_t len, size_t at);
/* The same where a value stands: a word (kind WORD) may also hold . @ / : + and begin with any of these or a digit. */
struct egql_token egql_lex_value(const char *text, size_t len, size_t at);
/* The index of the first byte that is not UTF-8, or is NUL; len when all is well. */
size_t egql_lex_bad_byte(const char *text, size_t len);
bool egql_lex_is_number(const char *text, size_t len);         /* as JSON writes it */
size_t egql_lex_skip(const char *text, size_t len, size_t at); /* over white space */

#endif
