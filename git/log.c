/* Reads `git log -z --raw --numstat`: fields that NUL ends. A commit is six fields of the format, the first marked by
 * \x01, then for each file `:modes shas status` with one or two paths, then for each file `added TAB removed TAB path`,
 * where a rename has an empty path and two fields behind. Nothing in a name or message can hold a NUL, so nothing can
 * be mistaken. */
#include "git/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "git/run.h"

#define COMMIT_MOST_B ((size_t)512 << 20)
#define FIELD_MOST_B ((size_t)256 << 20)
#define N_HEADS 6
#define SHAS_MOST 2048

enum head { SHA, PARENTS, AUTHOR, AUTHORED, COMMITTED, MESSAGE };

struct log {
    eg_commit_take take;
    void *ctx;
    struct eg_err *err;
    const char *shallow;    /* the file with the commits at a shallow clone's edge */
    size_t *edge;           /* those that were left out */
    bool at_commits;        /* git ran, and something is wrong with what it tells of */
    struct eg_arena *arena; /* the commit's */
    struct eg_buf field;    /* the one that is being read */
    struct eg_str heads[N_HEADS];
    size_t n_heads; /* 0: no commit was begun */
    struct eg_commit_file *files;
    size_t n_files, room;
    size_t n_counted; /* files whose numstat came */
    int paths_wanted; /* fields that are paths of the last file */
    int skip;         /* fields of a rename's numstat that are left to read */
};

static eg_status odd(struct log *log, const char *what) {
    log->at_commits = true;
    return eg_err_set(log->err, EG_E_USAGE, "git log", "git's output cannot be understood: %s", what);
}

static int64_t number(struct eg_str text) { return text.p ? strtoll(text.p, NULL, 10) : 0; }

/* Of a root only; a commit of the list that has parents cannot be. */
static bool is_edge(const struct log *log, const struct eg_commit *commit) {
    char line[128];
    FILE *file = commit->parents.n == 0 ? fopen(log->shallow, "re") : NULL;
    bool found = false;
    while (file && !found && fgets(line, sizeof(line), file)) {
        found = commit->sha.n > 0 && strncmp(line, commit->sha.p, commit->sha.n) == 0;
    }
    if (file) {
        fclose(file);
    }
    return found;
}

static eg_status finish_commit(struct log *log) {
    if (log->n_heads == 0) {
        return EG_OK;
    }
    if (log->n_heads < N_HEADS || log->paths_wanted || log->skip) {
        return odd(log, "a commit is cut off");
    }
    const struct eg_commit commit = {
        .sha = log->heads[SHA],
        .parents = log->heads[PARENTS],
        .author = log->heads[AUTHOR],
        .message = log->heads[MESSAGE],
        .authored_s = number(log->heads[AUTHORED]),
        .committed_s = number(log->heads[COMMITTED]),
        .n_files = log->n_files,
        .files = log->files,
    };
    bool at_edge = is_edge(log, &commit);
    *log->edge += at_edge;
    eg_status status = at_edge ? EG_OK : log->take(log->ctx, &commit, log->err);
    log->n_heads = log->n_files = log->n_counted = 0;
    log->files = NULL;
    log->room = 0;
    eg_arena_reset(log->arena);
    return status;
}

static eg_status keep(struct log *log, const char *p, size_t n, struct eg_str *out) {
    *out = (struct eg_str){eg_arena_dup(log->arena, p, n), n};
    return out->p ? EG_OK : eg_err_set(log->err, EG_E_INTERNAL, "git log", "a commit is larger than 512 MiB");
}

/* ":100644 100644 abc def R086" */
static eg_status begin_file(struct log *log, const char *p, size_t n) {
    const char *space = memrchr(p, ' ', n);
    if (!space || space + 1 == p + n) {
        return odd(log, "a file has no status");
    }
    if (log->n_files == log->room) {
        size_t room = log->room ? 2 * log->room : 64;
        struct eg_commit_file *more = eg_arena_alloc(log->arena, room * sizeof(*more));
        if (!more) {
            return eg_err_set(log->err, EG_E_INTERNAL, "git log", "a commit is larger than 512 MiB");
        }
        if (log->n_files) {
            memcpy(more, log->files, log->n_files * sizeof(*more));
        }
        log->files = more;
        log->room = room;
    }
    char status = space[1];
    bool two = status == 'R' || status == 'C';
    log->files[log->n_files++] = (struct eg_commit_file){.status = strchr("AMDR", status) ? status
                                                                   : status == 'C'        ? 'A'
                                                                                          : 'M'};
    log->paths_wanted = two ? 2 : 1;
    return EG_OK;
}

static eg_status take_path(struct log *log, const char *p, size_t n) {
    struct eg_commit_file *file = &log->files[log->n_files - 1];
    struct eg_str path;
    if (keep(log, p, n, &path)) {
        return EG_FAIL;
    }
    if (log->paths_wanted == 2 && file->status == 'R') {
        file->old_path = path;
    }
    file->path = path; /* the last one stays */
    log->paths_wanted--;
    return EG_OK;
}

/* "12\t3\tpath": the same files in the same order as before. */
static eg_status take_counts(struct log *log, const char *p, size_t n) {
    const char *tab = memchr(p, '\t', n);
    const char *second = tab ? memchr(tab + 1, '\t', (size_t)(p + n - tab - 1)) : NULL;
    if (!second || log->n_counted >= log->n_files) {
        return odd(log, "counts without a file");
    }
    struct eg_commit_file *file = &log->files[log->n_counted++];
    file->added = *p == '-' ? 0 : strtoll(p, NULL, 10);
    file->removed = tab[1] == '-' ? 0 : strtoll(tab + 1, NULL, 10);
    log->skip = second + 1 == p + n ? 2 : 0;
    return EG_OK;
}

static eg_status take_field(struct log *log, const char *p, size_t n) {
    if (log->skip) {
        log->skip--;
        return EG_OK;
    }
    if (log->paths_wanted) {
        return take_path(log, p, n);
    }
    if (log->n_heads > 0 && log->n_heads < N_HEADS) {
        return keep(log, p, n, &log->heads[log->n_heads++]);
    }
    if (n > 0 && *p == '\x01') {
        if (finish_commit(log)) {
            return EG_FAIL;
        }
        log->n_heads = 1;
        return keep(log, p + 1, n - 1, &log->heads[SHA]);
    }
    if (n > 0 && *p == '\n') { /* stands before the first file */
        p++;
        n--;
    }
    if (n == 0) {
        return EG_OK;
    }
    return *p == ':' ? begin_file(log, p, n) : take_counts(log, p, n);
}

static eg_status take_bytes(struct log *log, const char *p, size_t n) {
    while (n > 0) {
        const char *end = memchr(p, 0, n);
        size_t len = end ? (size_t)(end - p) : n;
        eg_buf_add(&log->field, p, len);
        if (log->field.failed) {
            return eg_err_set(log->err, EG_E_INTERNAL, "git log", "a message or name is larger than 256 MiB");
        }
        if (end) {
            eg_status status = take_field(log, eg_buf_text(&log->field), log->field.len);
            log->field.len = 0;
            if (status) {
                return EG_FAIL;
            }
        }
        len += end != NULL;
        p += len;
        n -= len;
    }
    return EG_OK;
}

static eg_status read_all(struct log *log, int fd) {
    char piece[65536];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n == 0) {
            return EG_OK;
        }
        if (n < 0 && errno != EINTR) {
            return eg_err_set(log->err, EG_E_INTERNAL, "git log", "git's output cannot be read: %s", strerror(errno));
        }
        if (n > 0 && take_bytes(log, piece, (size_t)n)) {
            return EG_FAIL;
        }
    }
}

static eg_status run(struct log *log, const char *folder, const struct eg_git_view *view, const char *const *words) {
    struct eg_git git;
    if (eg_git_start(folder, view, words, false, &git, log->err)) {
        return EG_FAIL;
    }
    eg_status status = read_all(log, git.out);
    bool well = eg_git_end(&git, status != EG_OK);
    if (status == EG_OK && !well) {
        log->at_commits = true;
        status = eg_err_set(log->err, EG_E_USAGE, folder,
                            "git log failed; are objects missing (a partial clone, a damaged one)? "
                            "`git fetch --refetch` brings them");
    }
    return status == EG_OK ? finish_commit(log) : status;
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
                                        "--format=%x01%H%x00%P%x00%an <%ae>%x00%at%x00%ct%x00%B"};
#define N_LOG_WORDS (sizeof(log_words) / sizeof(log_words[0]))

/* The words of git log, with its revisions: shas, or n_shas 0 and head. */
static void ask_for(const char *words[], const char *const *shas, size_t n_shas, const char *head) {
    size_t n = N_LOG_WORDS;
    memcpy(words, log_words, sizeof(log_words));
    words[n++] = n_shas ? "--no-walk=unsorted" : "--topo-order";
    words[n++] = n_shas ? "--ignore-missing" : "--reverse";
    for (size_t i = 0; i < n_shas && i < SHAS_MOST; i++) {
        words[n++] = shas[i];
    }
    if (n_shas == 0) {
        words[n++] = head;
    }
    words[n++] = "--";
    words[n] = NULL;
}

eg_status eg_git_log(const char *folder, const char *const *shas, size_t n_shas, eg_commit_take take, void *ctx,
                     size_t *edge, bool *at_commits, struct eg_err *err) {
    static const char *const at[] = {"rev-parse", "--verify", "--quiet", "HEAD", NULL};
    const char *words[N_LOG_WORDS + SHAS_MOST + 5];
    char head[128];
    struct eg_git_view view;
    if (at_commits) {
        *at_commits = false;
    }
    if (eg_git_view_make(folder, &view, err)) {
        eg_git_view_drop(&view);
        return EG_FAIL;
    }
    eg_git_line(folder, at, head, sizeof(head));
    ask_for(words, shas, n_shas, head);
    struct log log = {.take = take, .ctx = ctx, .err = err, .edge = edge, .shallow = eg_git_view_shallow(&view)};
    log.arena = eg_arena_new(COMMIT_MOST_B);
    eg_buf_init(&log.field, FIELD_MOST_B);
    eg_status status = log.arena ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    if (status == EG_OK && (n_shas > 0 || *head)) {
        status = run(&log, folder, &view, words);
    }
    if (at_commits) {
        *at_commits = log.at_commits;
    }
    eg_git_view_drop(&view);
    eg_buf_free(&log.field);
    eg_arena_free(log.arena);
    return status;
}
