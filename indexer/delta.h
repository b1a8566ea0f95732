/* The change between two states of a repository as Δ tokens. */
#ifndef EG_INDEXER_DELTA_H
#define EG_INDEXER_DELTA_H

#include "indexer/facts.h"
#include "indexer/policy.h"
#include "indexer/repo.h"
#include "indexer/token.h"

#define EG_RENAME_SIMILARITY 0.85
#define EG_EXTRACT_SIMILARITY 0.6
#define EG_PAIRS_MOST 200 /* definitions on either side that are compared with each other by their tokens */

struct eg_def_ref { /* pair −1: none */
    int pair, def;
};

struct eg_delta_side { /* a file before or after */
    const struct eg_facts *facts; /* without definitions when there is no file */
    const char *path;
    struct eg_str module;
    struct eg_def_ref *match; /* of each definition: what it is on the other side */
};

struct eg_delta_pair {
    const struct eg_change *change;
    struct eg_delta_side old, new;
};

struct eg_delta {
    struct eg_arena *arena;
    struct eg_delta_pair *pairs;
    int n_pairs;
    size_t steps;  /* of comparing, so far */
    bool degraded; /* there was too much to compare */
    struct eg_def_ref *across[2]; /* functions that came from, and went into, one in another file */
    int n_across[2];
};

/* Finds what became of each definition. */
EG_MUST_CHECK eg_status eg_delta_match(struct eg_delta *delta, struct eg_err *err);
/* Of two additions or deletions in other words: whether a new definition was taken out of another one's old body, or (inline) the
 * reverse. */
bool eg_delta_extracted(struct eg_delta *delta, int pair, int def, bool inlined);
/* delta_across.c: finds those whose other one is in another file. Before the first eg_delta_extracted. False: memory is out. */
bool eg_delta_across(struct eg_delta *delta);

/* delta_match.c, for delta_across.c. Whether more than EG_EXTRACT_SIMILARITY of a function's body is among the tokens that a caller of it
 * has no more; inlined: has now and had not. call: of pair `caller`, on the function's side. False, too, when enough was compared. */
bool eg_delta_is_part(struct eg_delta *delta, struct eg_def_ref function, int caller, const struct eg_call *call, bool inlined);
/* The tokens, weighed and normalized. */
EG_MUST_CHECK eg_status eg_delta_tokens(struct eg_delta *delta, const struct eg_policy *policy, struct eg_tokens *tokens,
                                        struct eg_err *err);

/* delta_read.c: the delta of a commit against its first parent, or of two commits. The result lives in the reader until the next call. */
struct eg_delta_reader;
EG_MUST_CHECK eg_status eg_delta_reader_new(git_repository *repo, const struct eg_policy *policy, struct eg_delta_reader **reader,
                                            struct eg_err *err);
void eg_delta_reader_free(struct eg_delta_reader *reader);
/* The caller goes on without this commit; that is said in the end. */
void eg_delta_leave_out(struct eg_delta_reader *reader, const git_oid *commit);
/* from NULL: from nothing. Without a policy no tokens are made: tokens is then empty. err: not_found, when a folder is not in this
 * clone. */
EG_MUST_CHECK eg_status eg_delta_read(struct eg_delta_reader *reader, const git_oid *from, const git_oid *to, const struct eg_delta **delta,
                                      const struct eg_tokens **tokens, struct eg_err *err);

#endif
