/* git as a child, by posix_spawn. */
#include "git/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git/log.h"

#define WORDS_MOST 4096

static int spawn(const char *const *words, int out, bool quiet, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);
    if (code) {
        return code;
    }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (quiet) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    /* posix_spawn takes char *const * for history's sake and changes nothing. */
    union {
        const char *const *given;
        char *const *wanted;
    } argv = {.given = words};
    code = posix_spawnp(pid, "git", &actions, NULL, argv.wanted, environ);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

eg_status eg_git_start(const char *folder, const char *const *words, bool quiet, struct eg_git *git,
                       struct eg_err *err) {
    const char **argv = calloc(WORDS_MOST, sizeof(*argv));
    int ends[2];
    size_t n = 0;
    if (!argv || pipe2(ends, O_CLOEXEC)) {
        free(argv);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "git cannot be started: %s", strerror(errno));
    }
    argv[n++] = "git";
    argv[n++] = "-C";
    argv[n++] = folder;
    for (; *words && n < WORDS_MOST - 1; words++) {
        argv[n++] = *words;
    }
    int code = spawn(argv, ends[1], quiet, &git->pid);
    close(ends[1]);
    free(argv);
    if (code) {
        close(ends[0]);
        return eg_err_set(err, EG_E_USAGE, NULL, "git cannot be started: %s; is it installed?", strerror(code));
    }
    git->out = ends[0];
    return EG_OK;
}

bool eg_git_end(struct eg_git *git, bool abandon) {
    int status = 0;
    close(git->out);
    if (abandon) {
        kill(git->pid, SIGTERM);
    }
    while (waitpid(git->pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void eg_git_line(const char *folder, const char *const *words, char *out, size_t size_b) {
    struct eg_git git;
    struct eg_err err = {0};
    size_t n = 0;
    ssize_t got;
    out[0] = '\0';
    if (eg_git_start(folder, words, true, &git, &err)) {
        return;
    }
    while (n + 1 < size_b && ((got = read(git.out, out + n, size_b - 1 - n)) > 0 || (got < 0 && errno == EINTR))) {
        n += got > 0 ? (size_t)got : 0;
    }
    out[n] = '\0';
    out[strcspn(out, "\n")] = '\0';
    if (!eg_git_end(&git, false) && n + 1 < size_b) {
        out[0] = '\0';
    }
}
