/* The commits of a range, parents first. */
#ifndef EG_INDEXER_RANGE_H
#define EG_INDEXER_RANGE_H

#include "indexer/repo.h"

struct eg_range {
    git_oid *v;
    size_t n, room;
};

/* Ancestors of `to`, `to` included, without `from` and its ancestors; from NULL: all. Call eg_range_free in every case. err: usage, when
 * the history cannot be read; internal. */
EG_MUST_CHECK eg_status eg_range_list(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_range *range,
                                      struct eg_err *err);
EG_MUST_CHECK eg_status eg_range_one(struct eg_range *range, const git_oid *commit, struct eg_err *err);
void eg_range_free(struct eg_range *range);

#endif
