/* What the files of the repository's room share. */
#ifndef EG_INDEXER_REPO_INT_H
#define EG_INDEXER_REPO_INT_H

#include "indexer/repo.h"

#define EG_FOLDERS_MOST 512 /* within each other: below them every path has more than EG_PATH_MOST characters */

/* Of a commit whose trees were read: not_found, when one is not here. */
eg_status eg_repo_tree_failed(struct eg_err *err, int code, const git_oid *commit);
/* Says what libgit2 said last. */
eg_status eg_repo_failed(struct eg_err *err, enum eg_code code, const char *place);
bool eg_repo_path_fits(const char *path, size_t len); /* is told at all: UTF-8, of EG_PATH_MOST characters at most */
/* name behind folder, in the arena; NULL when it is full. */
char *eg_repo_join(struct eg_arena *arena, const char *folder, const char *name, size_t *len);
int eg_repo_tree(git_repository *repo, const git_oid *commit, git_tree **tree); /* libgit2's code */

#endif
