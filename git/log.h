/* Commits as git tells of them: `git log` is run, and its output read as it comes, one commit in memory at a time. */
#ifndef EG_GIT_LOG_H
#define EG_GIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/value.h"

#define EG_DIFF_FILE_MOST_B ((size_t)64 << 10) /* of a file's hunks */
#define EG_DIFF_MOST_B ((size_t)4 << 20)       /* of a commit's: with its files and message it stays below what a server takes */

struct eg_commit_file {
    char status;            /* A M D R */
    struct eg_str path;     /* of a rename the new one */
    struct eg_str old_path; /* of a rename; p NULL otherwise */
    int64_t added, removed; /* lines; 0 of a binary file */
    struct eg_str diff;     /* its hunks from the first "@@" on, whole lines; n 0: there are none, or none were asked for */
    size_t diff_cut_b;      /* of them, what is beyond the bounds */
};

struct eg_commit { /* bytes are as git has them, not necessarily UTF-8; they live during the call */
    struct eg_str sha;
    struct eg_str parents; /* separated by spaces; empty for a root */
    struct eg_str author;  /* "Name <address>" */
    struct eg_str message;
    int64_t authored_s, committed_s; /* since 1970 */
    size_t n_files;                  /* 0 for a merge: its changes stand in the commits it merges */
    const struct eg_commit_file *files;
};

typedef eg_status (*eg_commit_take)(void *ctx, const struct eg_commit *commit, struct eg_err *err);

#define EG_GIT_EDGE "a shallow clone ends there: `git fetch --unshallow` brings what is before them; in CI, fetch-depth: 0"

struct eg_git_asked {
    const char *folder;      /* anywhere in the repository */
    const char *const *shas; /* these only, and unknown ones are left out; n_shas 0: all that HEAD reaches */
    size_t n_shas;
    bool with_diff;
};

/* Calls take for each commit, parents before children. Commits at the edge of a shallow clone, which seem to be roots that
 * add every file, are left out and added to *edge. err: usage when git cannot run or fails, else what take said;
 * *at_commits: git ran, and what it has to tell of is at fault, so that fewer commits may go well (NULL is fine). A
 * repository without commits is no error. */
EG_MUST_CHECK eg_status eg_git_log(const struct eg_git_asked *asked, eg_commit_take take, void *ctx, size_t *edge,
                                   bool *at_commits, struct eg_err *err);

/* The first line that `git words…` prints, without its end; "" when it fails or prints none. words end with NULL. */
void eg_git_line(const char *folder, const char *const *words, char *out, size_t size_b);

#endif
