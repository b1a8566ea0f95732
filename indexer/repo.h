/* A git repository, by libgit2: states, files, changes. One handle a thread. */
#ifndef EG_INDEXER_REPO_H
#define EG_INDEXER_REPO_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct eg_commit_info {
    git_oid oid;
    char sha[GIT_OID_HEXSZ + 1];
    int64_t time_s; /* the committer's */
    size_t n_parents;
    git_oid parent; /* the first; only when there is one */
    bool edge;      /* of a shallow clone: its parents are not here, and n_parents is 0 */
};

struct eg_tree_file {
    const char *path; /* UTF-8, at most EG_PATH_MOST characters */
    size_t path_len;
    git_oid oid;
};

struct eg_tree_files {
    struct eg_tree_file *v; /* sorted by path; malloc, the caller frees it. Paths stand in the arena. */
    size_t n;
    size_t n_left_out; /* paths that are too long or not UTF-8, and folders that are too deep to have others */
};

struct eg_change {
    char status; /* A M D R */
    const char *path, *old_path; /* old_path: of R, and of M and D the same as path; NULL of A */
    git_oid oid, old_oid;
    bool link; /* a symbolic link or a submodule on either side: not read */
};

struct eg_changes {
    struct eg_change *v; /* sorted by path; malloc, the caller frees it */
    size_t n;
};

#define EG_PATH_MOST 1024

/* Once, around all use of this header. */
void eg_repo_begin(void);
void eg_repo_end(void);

/* err: usage, when there is no repository. */
EG_MUST_CHECK eg_status eg_repo_open(const char *folder, git_repository **repo, struct eg_err *err);
/* What the events call it: `given`, as the user wants it; NULL: the last part of the origin's URL, else of the folder. As UTF-8. repo:
 * not needed when it is given. */
void eg_repo_name(git_repository *repo, const char *given, char *out, size_t size_b);
#define EG_REPO_EDGE "the history before it is not here (a shallow clone): `git fetch --unshallow` brings it; in CI, fetch-depth: 0"
/* err: usage, when rev names no commit. */
EG_MUST_CHECK eg_status eg_repo_commit(git_repository *repo, const char *rev, struct eg_commit_info *info, struct eg_err *err);
EG_MUST_CHECK eg_status eg_repo_commit_of(git_repository *repo, const git_oid *oid, struct eg_commit_info *info, struct eg_err *err);
struct eg_lacking { /* commits of which something cannot be told */
    size_t n;
    char first[GIT_OID_HEXSZ + 1];
};
void eg_repo_lacks(struct eg_lacking *lacking, const git_oid *commit);
#define EG_REPO_REFETCH "`git fetch --refetch` brings them"
#define EG_REPO_LACKING "folders of theirs are not in this clone (the first is %.12s): " EG_REPO_REFETCH "\n"
/* What reads trees fails with not_found when one is not in this clone. The regular files of a commit: */
EG_MUST_CHECK eg_status eg_repo_files(git_repository *repo, const git_oid *commit, struct eg_arena *arena, struct eg_tree_files *files,
                                      struct eg_err *err);
/* From one commit (NULL: from nothing) to another, with renames. */
EG_MUST_CHECK eg_status eg_repo_changes(git_repository *repo, const git_oid *from, const git_oid *to, struct eg_arena *arena,
                                        struct eg_changes *changes, struct eg_err *err);
#define EG_BLOB_MOST_B ((size_t)16 << 20)
/* The bytes live until git_blob_free. *blob is NULL, and *skipped says why, when the object is not here (a partial or damaged clone:
 * "missing") or larger than EG_BLOB_MOST_B ("huge"). */
EG_MUST_CHECK eg_status eg_repo_blob(git_repository *repo, const git_oid *oid, git_blob **blob, const char **skipped, struct eg_err *err);
#define EG_REPO_MISSING "the texts of %zu files are not in this clone, so that nothing is said of them: `git fetch --refetch` brings them\n"

#endif
