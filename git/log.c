/* Runs `git log`. What a user, a repository or a version of git could choose otherwise is said on its command line; where
 * git is new enough it reads no configuration at all (view.h). */
#include "git/log.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "git/log_read.h"
#include "git/run.h"

#define SHAS_MOST 2048

static eg_status read_all(struct eg_log_reader *reader, int fd, struct eg_err *err) {
    char piece[65536];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n == 0) {
            return EG_OK;
        }
        if (n < 0 && errno != EINTR) {
            return eg_err_set(err, EG_E_INTERNAL, "git log", "git's output cannot be read: %s", strerror(errno));
        }
        if (n > 0 && eg_log_reader_feed(reader, piece, (size_t)n, err)) {
            return EG_FAIL;
        }
    }
}

static eg_status run(struct eg_log_reader *reader, const char *folder, const struct eg_git_view *view, const char *const *words,
                     bool *at_commits, struct eg_err *err) {
    struct eg_git git;
    if (eg_git_start(folder, view, words, false, &git, err)) {
        return EG_FAIL;
    }
    eg_status status = read_all(reader, git.out, err);
    bool well = eg_git_end(&git, status != EG_OK);
    if (status == EG_OK && !well) {
        *at_commits = true;
        return eg_err_set(err, EG_E_USAGE, folder,
                          "git log failed; are objects missing (a partial clone, a damaged one)? "
                          "`git fetch --refetch` brings them");
    }
    status = status ? status : eg_log_reader_end(reader, err);
    *at_commits = eg_log_reader_odd(reader);
    return status;
}

/* What configuration could change is set here, for a git that is too old to be told to read none. */
static const char *const log_words[] = {"-c",
                                        "log.showRoot=true",
                                        "-c",
                                        "log.showSignature=false",
                                        "-c",
                                        "diff.renames=true",
                                        "-c",
                                        "diff.relative=false",
                                        "-c",
                                        "core.quotePath=false",
                                        "-c",
                                        "diff.ignoreSubmodules=none",
                                        "-c",
                                        "core.attributesFile=/dev/null",
                                        "-c",
                                        "core.bigFileThreshold=512m",
                                        "-c",
                                        "diff.suppressBlankEmpty=false",
                                        "log",
                                        "-z",
                                        "--raw",
                                        "--numstat",
                                        "--no-abbrev",
                                        "--find-renames=50%",
                                        "-l2000",
                                        "--diff-algorithm=myers",
                                        "--no-ext-diff",
                                        "--no-textconv",
                                        "-O/dev/null",
                                        "--no-color",
                                        "--no-notes",
                                        "--no-decorate",
                                        "--no-mailmap",
                                        "--no-follow",
                                        "--diff-merges=off",
                                        "--encoding=UTF-8",
                                        EG_LOG_FORMAT};
static const char *const diff_words[] = {"--patch",
                                         "--full-index",
                                         "--unified=3",
                                         "--inter-hunk-context=0",
                                         "--indent-heuristic",
                                         "--no-function-context",
                                         "--no-color-moved",
                                         "--ws-error-highlight=none",
                                         "--submodule=short",
                                         "--output-indicator-new=+",
                                         "--output-indicator-old=-",
                                         "--output-indicator-context= "};
#define N_LOG_WORDS (sizeof(log_words) / sizeof(log_words[0]))
#define N_DIFF_WORDS (sizeof(diff_words) / sizeof(diff_words[0]))

/* The words of git log, with its revisions: shas, or none of these and head. */
static void ask_for(const char *words[], const struct eg_git_asked *asked, const char *head) {
    size_t n = N_LOG_WORDS;
    memcpy(words, log_words, sizeof(log_words));
    if (asked->with_diff) {
        memcpy(words + n, diff_words, sizeof(diff_words));
        n += N_DIFF_WORDS;
    }
    words[n++] = asked->n_shas ? "--no-walk=unsorted" : "--topo-order";
    words[n++] = asked->n_shas ? "--ignore-missing" : "--reverse";
    for (size_t i = 0; i < asked->n_shas && i < SHAS_MOST; i++) {
        words[n++] = asked->shas[i];
    }
    if (asked->n_shas == 0) {
        words[n++] = head;
    }
    words[n++] = "--";
    words[n] = NULL;
}

eg_status eg_git_log(const struct eg_git_asked *asked, eg_commit_take take, void *ctx, size_t *edge, bool *at_commits,
                     struct eg_err *err) {
    static const char *const at[] = {"rev-parse", "--verify", "--quiet", "HEAD", NULL};
    const char *words[N_LOG_WORDS + N_DIFF_WORDS + SHAS_MOST + 5];
    char head[128];
    struct eg_git_view view;
    bool ignored;
    at_commits = at_commits ? at_commits : &ignored;
    *at_commits = false;
    if (eg_git_view_make(asked->folder, &view, err)) {
        eg_git_view_drop(&view);
        return EG_FAIL;
    }
    eg_git_line(asked->folder, at, head, sizeof(head));
    ask_for(words, asked, head);
    struct eg_log_reading reading = {
        .take = take, .ctx = ctx, .shallow = eg_git_view_shallow(&view), .edge = edge, .with_diff = asked->with_diff};
    struct eg_log_reader *reader = eg_log_reader_new(&reading);
    eg_status status = reader ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    if (status == EG_OK && (asked->n_shas > 0 || *head)) {
        status = run(reader, asked->folder, &view, words, at_commits, err);
    }
    eg_git_view_drop(&view);
    eg_log_reader_free(reader);
    return status;
}
