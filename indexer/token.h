/* Δ tokens and their algebra: ⟨sequences of tokens, ⊕, ε⟩, associative and not commutative. */
#ifndef EG_INDEXER_TOKEN_H
#define EG_INDEXER_TOKEN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

enum eg_token_kind {
#define X(id, name, category) EG_TOKEN_##id,
#include "indexer/tokens.def"
#undef X
    EG_TOKEN_KINDS
};

struct eg_token { /* texts live in the arena of whoever made it */
    enum eg_token_kind kind;
    struct eg_str file, module;
    struct eg_str symbol; /* qualified name; empty of files */
    struct eg_str uid;    /* "AST::…" of what there is now, of a deletion of what there was; empty without */
    struct eg_str origin; /* uid of what there was, where that is another one */
    struct eg_str before, after; /* names, signatures, numbers; empty: none */
    uint64_t body;        /* what it is told by where it has no uid */
    int line;             /* 0 without */
    int sequence;
    bool public_api;             /* what there is, or what there was, can be used by others */
    bool was_public, now_public; /* each alone; was_public of changes, moves and deletions */
    double weight;
};

struct eg_tokens {
    struct eg_token *v; /* malloc; the owner calls eg_tokens_free */
    size_t n, room;
    bool failed; /* memory is out */
};

const char *eg_token_name(enum eg_token_kind kind);
const char *eg_token_category(enum eg_token_kind kind);

void eg_tokens_add(struct eg_tokens *tokens, const struct eg_token *token); /* sets its sequence */
void eg_tokens_free(struct eg_tokens *tokens);
/* The normal form: what cancels is gone, chains are one, duplicates are fused; sorted by file, line and sequence. */
void eg_tokens_normalize(struct eg_tokens *tokens);
/* a ⊕ b, normalized, into a. */
void eg_tokens_compose(struct eg_tokens *a, const struct eg_tokens *b);
/* "fp:sha256:<hex>" of normalized tokens: kind@module#line of each, then the pairs of neighbours of a file (a>b), joined by |. */
void eg_tokens_fingerprint(const struct eg_tokens *tokens, char out[80]);

#endif
