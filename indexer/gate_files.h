/* What I2 reads of the repository itself, where there is one. */
#ifndef EG_INDEXER_GATE_FILES_H
#define EG_INDEXER_GATE_FILES_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>

#include "indexer/gate.h"
#include "indexer/gate_sig.h"

enum eg_alias { EG_ALIAS_NONE, EG_ALIAS_THERE, EG_ALIAS_UNKNOWN };

/* Whether the file as this commit leaves it still gives the name: "load", "Reader.load". Unknown: there is no repository or it lacks the
 * commit, or the file is in no language of ours. A file that is gone gives nothing. */
enum eg_alias eg_alias_find(git_repository *repo, const char *sha, const char *path, const char *qual);
/* The file of a commit; false: it has none there. The caller frees the blob. */
bool eg_gate_blob(const git_commit *commit, const char *path, git_blob **blob);

struct eg_lost {
    const char *file, *symbol;
    int line; /* where it was */
};
typedef void (*eg_lost_take)(void *ctx, const struct eg_lost *lost);

/* Public names that are no functions and classes, which the commit takes from a file: constants, variables, types, macros, prototypes,
 * exports. None when the repository is not at hand, of first commits, and of changes of more than 2,000 files. */
void eg_lost_each(const struct eg_judged *judged, eg_lost_take take, void *ctx);
/* What a file's move means to those who name it by its path. n_public: of the names that it gave; review and 0, when they are not known. */
enum eg_compat eg_lost_path(const struct eg_judged *judged, const char *old, const char *new, size_t *n_public);

#endif
