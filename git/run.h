/* Starts git with its output in a pipe. No shell is involved. */
#ifndef EG_GIT_RUN_H
#define EG_GIT_RUN_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"
#include "git/view.h"

struct eg_git {
    pid_t pid;
    int out; /* read end; eg_git_end closes it */
};

/* words end with NULL and stand behind `git -C folder`. view: git sees it in place of the repository; NULL: what stands
 * in folder. quiet: git's own messages are dropped. err: usage. */
EG_MUST_CHECK eg_status eg_git_start(const char *folder, const struct eg_git_view *view, const char *const *words,
                                     bool quiet, struct eg_git *git, struct eg_err *err);
/* Waits; whether git ended with 0. abandon: it is told to end first. */
bool eg_git_end(struct eg_git *git, bool abandon);

#endif
