/* The parser's inside, shared by parse*.c and complete.c: its state, and what it expected at the furthest place it came
 * to. */
#ifndef EGQL_PARSE_H
#define EGQL_PARSE_H

#include "egql/lex.h"

enum egql_word {
#define X(name, text, kind) EGQL_W_##name,
#include "egql/words.def"
#undef X
    EGQL_W_COUNT
};

struct egql_expected {
    size_t at;            /* offset of the token that was looked at */
    uint64_t mask;        /* bits of enum egql_word */
    struct egql_key *key; /* the key whose operator or value is expected there */
};

struct egql_parser {
    struct egql_ast *ast;
    struct eg_arena *arena;
    struct egql_diag *diag;
    struct egql_token token; /* the next one, as egql_lex sees it */
    size_t end;              /* of the token before */
    struct egql_expected expected;
    int depth;
    size_t nodes, conditions;
    struct egql_key *key; /* the latest */
};

/* egql_parse that also says what it expected last; ast is set even when the text is wrong, as far as it was read. */
eg_status egql_parse_expecting(const char *text, size_t len, struct eg_arena *arena, struct egql_ast **ast,
                               struct egql_diag *diag, struct egql_expected *expected);
const char *egql_word_text(enum egql_word word);
const char *egql_word_kind(enum egql_word word); /* NULL: no completion of its own */
/* "FROM, WHERE or the end" */
const char *egql_expected_text(uint64_t mask, struct eg_arena *arena);

/* All of these return false when diag was set. */
void egql_p_next(struct egql_parser *p);
void egql_p_expect(struct egql_parser *p, enum egql_word word);
bool egql_p_is(const struct egql_parser *p, struct egql_token token, const char *word); /* in any case of letters */
bool egql_p_keyword(struct egql_parser *p, enum egql_word word); /* notes it as expected; true: consumed */
bool egql_p_take(struct egql_parser *p, enum egql_token_kind kind, enum egql_word word); /* the same for signs */
bool egql_p_wrong(struct egql_parser *p); /* sets diag: the token is not one of those expected */
bool egql_p_fail(struct egql_parser *p, struct egql_span span, const char *format, ...) EG_PRINTF(3, 4);
bool egql_p_node(struct egql_parser *p);                  /* counts one */
void *egql_p_alloc(struct egql_parser *p, size_t size_b); /* zeroed; NULL with diag */
/* list: the address of a pointer to n elements. Grows it by one, zeroed, and gives that; NULL with diag. */
void *egql_p_grow(struct egql_parser *p, void *list, size_t n, size_t element_b);
bool egql_p_unquote(struct egql_parser *p, struct egql_span span, struct eg_str *text);
bool egql_p_param(struct egql_parser *p, struct egql_span span, int *index); /* span with its $ */
struct eg_str egql_p_text(const struct egql_parser *p, struct egql_span span);
struct egql_span egql_p_since(const struct egql_parser *p, size_t from); /* to the end of what was read */

/* parse_cond.c */
bool egql_p_key(struct egql_parser *p, struct egql_key **key);
bool egql_p_where(struct egql_parser *p, struct egql_cond **cond);
bool egql_p_key_follows(
    const struct egql_parser *p); /* the word is a key, whatever it is called: an operator stands behind it */
/* parse_scope.c */
bool egql_p_scope(struct egql_parser *p, struct egql_scope *scope);
bool egql_p_window(struct egql_parser *p, struct egql_window *window);
bool egql_p_duration(struct egql_parser *p, struct egql_duration *duration);
bool egql_p_limit(struct egql_parser *p, bool *limited, int64_t *limit, struct egql_span *span);
/* parse_path.c */
bool egql_p_path(struct egql_parser *p);

#endif
