/* What I2 reads of the repository itself, where there is one. */
#ifndef EG_INDEXER_GATE_FILES_H
#define EG_INDEXER_GATE_FILES_H

#include <git2.h>
#include <stdbool.h>

enum eg_alias { EG_ALIAS_NONE, EG_ALIAS_THERE, EG_ALIAS_UNKNOWN };

/* Whether the file as this commit leaves it still gives the name: "load", "Reader.load". Unknown: there is no repository or it lacks the
 * commit, or the file is in no language of ours. A file that is gone gives nothing. */
enum eg_alias eg_alias_find(git_repository *repo, const char *sha, const char *path, const char *qual);
/* The file of a commit; false: it has none there. The caller frees the blob. */
bool eg_gate_blob(const git_commit *commit, const char *path, git_blob **blob);

#endif
