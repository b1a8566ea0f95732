/* What makes a folder a bare git directory: HEAD, refs/, objects/ and config. */
#include "git/view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git/log.h"

static const char *const files[] = {"HEAD", "config"}, *const folders[] = {"refs", "objects"};

static bool write_file(const char *folder, const char *name, const char *text) {
    char path[EG_GIT_PATH_B + 16];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    return fd >= 0 && close(fd) == 0 && good;
}

static bool make(const char *folder, const char *format) {
    char path[EG_GIT_PATH_B + 16], config[200];
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, folders[i]);
        if (mkdir(path, 0700)) {
            return false;
        }
    }
    snprintf(config, sizeof(config),
             "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n[extensions]\n\tobjectFormat = %.20s\n", format);
    return write_file(folder, files[0], "ref: refs/heads/none\n") && write_file(folder, files[1], config);
}

/* git's own answer about the folder; it refuses a repository that is somebody else's. */
static bool ask(const char *folder, const char *const *words, char *out, size_t size_b) {
    eg_git_line(folder, words, out, size_b);
    return *out && strlen(out) + 1 < size_b;
}

eg_status eg_git_view_make(const char *folder, struct eg_git_view *view, struct eg_err *err) {
    static const char *const objects[] = {"rev-parse", "--path-format=absolute", "--git-path", "objects", NULL},
                             *const shallow[] = {"rev-parse", "--path-format=absolute", "--git-path", "shallow", NULL},
                             *const format[] = {"rev-parse", "--show-object-format", NULL};
    char path[EG_GIT_PATH_B], kind[64];
    const char *place = getenv("TMPDIR");
    *view = (struct eg_git_view){0};
    if (!ask(folder, objects, path, sizeof(path))) {
        return eg_err_set(err, EG_E_USAGE, folder, "this is no git repository, or not yours to read, or git is not installed");
    }
    snprintf(view->objects, sizeof(view->objects), "GIT_OBJECT_DIRECTORY=%s", path);
    if (!ask(folder, shallow, path, sizeof(path)) || !ask(folder, format, kind, sizeof(kind))) {
        return eg_err_set(err, EG_E_USAGE, folder, "git is too old to tell of this repository; 2.31 is needed");
    }
    snprintf(view->shallow, sizeof(view->shallow), "GIT_SHALLOW_FILE=%s", path);
    int n = snprintf(view->folder, sizeof(view->folder), "%s/egdb-git.XXXXXX", place && *place == '/' ? place : "/tmp");
    bool made = n < EG_GIT_PATH_B - 64 && mkdtemp(view->folder);
    if (!made || !make(view->folder, kind)) {
        eg_err_set(err, EG_E_USAGE, "TMPDIR", "no temporary folder can be made: %s", strerror(errno));
        view->folder[made ? n : 0] = '\0';
        return EG_FAIL;
    }
    snprintf(view->dir, sizeof(view->dir), "GIT_DIR=%s", view->folder);
    return EG_OK;
}

void eg_git_view_drop(struct eg_git_view *view) {
    char path[EG_GIT_PATH_B + 16];
    for (size_t i = 0; *view->folder && i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", view->folder, files[i]);
        (void)unlink(path);
        snprintf(path, sizeof(path), "%s/%s", view->folder, folders[i]);
        (void)rmdir(path);
    }
    if (*view->folder) {
        (void)rmdir(view->folder);
    }
    view->folder[0] = '\0';
}

const char *eg_git_view_shallow(const struct eg_git_view *view) { return strchr(view->shallow, '=') + 1; }
