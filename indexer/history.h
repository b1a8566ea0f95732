/* Walks commits, parents first, and says each one's tokens and energy. */
#ifndef EG_INDEXER_HISTORY_H
#define EG_INDEXER_HISTORY_H

#include "indexer/delta.h"
#include "indexer/energy.h"

struct eg_history_step {
    const struct eg_commit_info *commit;
    const struct eg_delta *delta;
    const struct eg_tokens *tokens;
    const struct eg_energy *energy;
    size_t done, of;
    bool wanted; /* within the range; else only its energy counts */
};

typedef eg_status (*eg_history_take)(void *ctx, const struct eg_history_step *step, struct eg_err *err);

/* All ancestors of `to`, `to` included, but those at the edge of a shallow clone: what these changed cannot be known. from: its ancestors
 * and itself are not wanted; NULL: all are. When few are wanted, the others are not told of, and only those are read that the energy of the
 * wanted ones follows from. */
EG_MUST_CHECK eg_status eg_history_walk(git_repository *repo, struct eg_delta_reader *reader, struct eg_energies *energies,
                                        const git_oid *from, const git_oid *to, eg_history_take take, void *ctx, struct eg_err *err);

/* history_one.c: one change, with the energy that it has after the past of `from` (NULL: from nothing). */
struct eg_history_change {
    const struct eg_delta *delta;
    const struct eg_tokens *tokens; /* both until the reader reads again */
    struct eg_energy energy;        /* its modules: the caller frees them, in every case */
};
EG_MUST_CHECK eg_status eg_history_change(git_repository *repo, struct eg_delta_reader *reader, const git_oid *from, const git_oid *to,
                                          struct eg_history_change *change, struct eg_err *err);
/* That commit alone, with the energy that the walk gives it. */
EG_MUST_CHECK eg_status eg_history_one(git_repository *repo, struct eg_delta_reader *reader, const struct eg_commit_info *commit,
                                       eg_history_take take, void *ctx, struct eg_err *err);

#endif
