/* A repository's objects and nothing else of it: git is pointed at a folder of our own, made among the temporary files,
 * so that no configuration, attribute, replacement, graft or hook of the repository has a say in what it answers. */
#ifndef EG_GIT_VIEW_H
#define EG_GIT_VIEW_H

#include "base/err.h"

#define EG_GIT_PATH_B 4096

struct eg_git_view {
    char folder[EG_GIT_PATH_B];       /* "" once it is dropped */
    char dir[EG_GIT_PATH_B + 32];     /* GIT_DIR=folder */
    char objects[EG_GIT_PATH_B + 32]; /* GIT_OBJECT_DIRECTORY=… */
    char shallow[EG_GIT_PATH_B + 32]; /* GIT_SHALLOW_FILE=… */
};

/* folder: anywhere in a repository. Call eg_git_view_drop in every case. err: usage. */
EG_MUST_CHECK eg_status eg_git_view_make(const char *folder, struct eg_git_view *view, struct eg_err *err);
void eg_git_view_drop(struct eg_git_view *view);
/* Of the file with the commits at a shallow clone's edge; it need not be there. */
const char *eg_git_view_shallow(const struct eg_git_view *view);

#endif
