/* git as a child, by posix_spawn, with an environment of its own: what points git to another repository (a hook's GIT_DIR)
 * is left out, and nothing is fetched, asked or locked. The configuration that the user chose stays, but not in a view. */
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

static const char *const set[] = {"GIT_NO_LAZY_FETCH=1",      "GIT_ALLOW_PROTOCOL=none", "GIT_TERMINAL_PROMPT=0",
                                  "GIT_OPTIONAL_LOCKS=0",     "GIT_NO_REPLACE_OBJECTS=1", "GIT_ATTR_NOSYSTEM=1",
                                  "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"};
enum { N_SET = sizeof(set) / sizeof(set[0]), N_SET_IN_VIEW = 2, N_VIEW = 3 }; /* the last two hold in a view only */

static bool stays(const char *variable, bool in_view) {
    static const char *const users[] = {"GIT_EXEC_PATH=",        "GIT_CEILING_DIRECTORIES=", "GIT_DISCOVERY_ACROSS_FILESYSTEM=",
                                        "GIT_CONFIG_GLOBAL=",    "GIT_CONFIG_SYSTEM=",       "GIT_CONFIG_NOSYSTEM=",
                                        "GIT_CONFIG_COUNT=",     "GIT_CONFIG_KEY_",          "GIT_CONFIG_VALUE_"};
    size_t n = in_view ? 1 : sizeof(users) / sizeof(users[0]);
    bool found = strncmp(variable, "GIT_", 4) != 0;
    for (size_t i = 0; !found && i < n; i++) {
        found = strncmp(variable, users[i], strlen(users[i])) == 0;
    }
    return found;
}

/* malloc, the strings are not; NULL when memory is out. */
static const char **environment(const struct eg_git_view *view) {
    size_t n = 0, kept = 0;
    while (environ[n]) {
        n++;
    }
    const char **out = calloc(n + N_SET + N_VIEW + 1, sizeof(*out));
    for (size_t i = 0; out && i < n; i++) {
        if (stays(environ[i], view != NULL)) {
            out[kept++] = environ[i];
        }
    }
    for (size_t i = 0; out && i < N_SET - (view ? 0 : N_SET_IN_VIEW); i++) {
        out[kept++] = set[i];
    }
    if (out && view) {
        out[kept++] = view->dir;
        out[kept++] = view->objects;
        out[kept++] = view->shallow;
    }
    return out;
}

static int spawn(const char *const *words, const char *const *variables, int out, bool quiet, pid_t *pid) {
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
    } argv = {.given = words}, envp = {.given = variables};
    code = posix_spawnp(pid, "git", &actions, NULL, argv.wanted, envp.wanted);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

eg_status eg_git_start(const char *folder, const struct eg_git_view *view, const char *const *words, bool quiet,
                       struct eg_git *git, struct eg_err *err) {
    const char **argv = calloc(WORDS_MOST, sizeof(*argv)), **envp = environment(view);
    int ends[2];
    size_t n = 0;
    if (!argv || !envp || pipe2(ends, O_CLOEXEC)) {
        free(argv);
        free(envp);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "git cannot be started: %s", strerror(errno));
    }
    argv[n++] = "git";
    argv[n++] = "-C";
    argv[n++] = view ? view->folder : folder;
    for (; *words && n < WORDS_MOST - 1; words++) {
        argv[n++] = *words;
    }
    int code = spawn(argv, envp, ends[1], quiet, &git->pid);
    close(ends[1]);
    free(argv);
    free(envp);
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
    if (eg_git_start(folder, NULL, words, true, &git, &err)) {
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
