/* Fields that NUL ends. A commit is six fields of the format, the first marked by \x01, then for each file
 * `:modes texts status` with one or two paths, then for each file `added TAB removed TAB path`, where a rename has an empty
 * path and two fields behind. Nothing in a name or message can hold a NUL, so nothing can be mistaken. Behind an empty field
 * stand the patches, which are read as lines (patch.c). */
#include "git/log_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "git/patch.h"

#define PLACE "git log"
#define COMMIT_MOST_B ((size_t)512 << 20)
#define FIELD_MOST_B ((size_t)256 << 20)
#define N_HEADS 6
#define MODE_B 6 /* "100644" */

enum head { SHA, PARENTS, AUTHOR, AUTHORED, COMMITTED, MESSAGE };

struct eg_log_reader {
    struct eg_log_reading reading;
    bool odd;
    struct eg_arena *arena; /* the commit's */
    struct eg_buf field;    /* the one that is being read */
    struct eg_str heads[N_HEADS];
    size_t n_heads; /* 0: no commit was begun */
    struct eg_commit_file *files;
    struct eg_patch_of *of; /* as many; with_diff only */
    size_t n_files, room;
    size_t n_counted; /* files whose numstat came */
    int paths_wanted; /* fields that are paths of the last file */
    int skip;         /* fields of a rename's numstat that are left to read */
    bool patching;    /* what comes is lines */
    struct eg_patch patch;
};

struct eg_log_reader *eg_log_reader_new(const struct eg_log_reading *reading) {
    struct eg_log_reader *log = calloc(1, sizeof(*log));
    if (log) {
        log->reading = *reading;
        eg_buf_init(&log->field, FIELD_MOST_B);
        eg_patch_init(&log->patch);
        log->arena = eg_arena_new(COMMIT_MOST_B);
    }
    if (log && !log->arena) {
        eg_log_reader_free(log);
        return NULL;
    }
    return log;
}

void eg_log_reader_free(struct eg_log_reader *log) {
    if (log) {
        eg_patch_free(&log->patch);
        eg_buf_free(&log->field);
        eg_arena_free(log->arena);
        free(log);
    }
}

bool eg_log_reader_odd(const struct eg_log_reader *log) { return log->odd; }

static eg_status odd(struct eg_log_reader *log, struct eg_err *err, const char *what) {
    log->odd = true;
    return eg_err_set(err, EG_E_USAGE, PLACE, "git's output cannot be understood: %s", what);
}

static eg_status too_large(struct eg_err *err) { return eg_err_set(err, EG_E_INTERNAL, PLACE, "a commit is larger than 512 MiB"); }

static int64_t number(struct eg_str text) { return text.p ? strtoll(text.p, NULL, 10) : 0; }

/* Of a root only; a commit of the list that has parents cannot be. */
static bool is_edge(const struct eg_log_reader *log, const struct eg_commit *commit) {
    char line[128];
    FILE *file = commit->parents.n == 0 && log->reading.shallow ? fopen(log->reading.shallow, "re") : NULL;
    bool found = false;
    while (file && !found && fgets(line, sizeof(line), file)) {
        found = commit->sha.n > 0 && strncmp(line, commit->sha.p, commit->sha.n) == 0;
    }
    if (file) {
        fclose(file);
    }
    return found;
}

static eg_status finish_patches(struct eg_log_reader *log, struct eg_err *err) {
    if (!log->patching) {
        return EG_OK;
    }
    log->patching = false;
    if (eg_patch_end(&log->patch)) {
        return EG_OK;
    }
    return log->patch.odd ? odd(log, err, "a patch is cut off, or of other files") : too_large(err);
}

/* Hexadecimal digits; a message, a name or a path may be anything. */
static bool is_named(const struct eg_str *heads) {
    static const char *const hex = "0123456789abcdef", *const list = "0123456789abcdef ";
    return heads[SHA].n > 0 && strspn(heads[SHA].p, hex) == heads[SHA].n && strspn(heads[PARENTS].p, list) == heads[PARENTS].n;
}

static eg_status finish_commit(struct eg_log_reader *log, struct eg_err *err) {
    if (finish_patches(log, err)) {
        return EG_FAIL;
    }
    if (log->n_heads == 0) {
        return EG_OK;
    }
    if (log->n_heads < N_HEADS || log->paths_wanted || log->skip) {
        return odd(log, err, "a commit is cut off");
    }
    if (!is_named(log->heads)) {
        return odd(log, err, "a commit has no name");
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
    *log->reading.edge += at_edge;
    eg_status status = at_edge ? EG_OK : log->reading.take(log->reading.ctx, &commit, err);
    log->n_heads = log->n_files = log->n_counted = 0;
    log->files = NULL;
    log->of = NULL;
    log->room = 0;
    eg_arena_reset(log->arena);
    return status;
}

static eg_status keep(struct eg_log_reader *log, const char *p, size_t n, struct eg_str *out, struct eg_err *err) {
    *out = (struct eg_str){eg_arena_dup(log->arena, p, n), n};
    return out->p ? EG_OK : too_large(err);
}

static void *grown(struct eg_arena *arena, const void *old, size_t n, size_t room, size_t size_b) {
    void *more = eg_arena_alloc(arena, room * size_b);
    if (more && n > 0) {
        memcpy(more, old, n * size_b);
    }
    return more;
}

static bool make_room(struct eg_log_reader *log) {
    size_t room = log->room ? 2 * log->room : 64;
    if (log->n_files < log->room) {
        return true;
    }
    log->files = grown(log->arena, log->files, log->n_files, room, sizeof(*log->files));
    if (log->reading.with_diff) {
        log->of = grown(log->arena, log->of, log->n_files, room, sizeof(*log->of));
    }
    log->room = room;
    return log->files && (log->of || !log->reading.with_diff);
}

/* ":100644 120000 <old> <new> T" */
static eg_status take_texts(struct eg_log_reader *log, const char *p, size_t n, struct eg_err *err) {
    struct eg_patch_of *of = &log->of[log->n_files];
    const size_t before = 1 + MODE_B + 1 + MODE_B + 1; /* the texts */
    const char *texts = p + before, *end = p + n, *second = n > before ? memchr(texts, ' ', n - before) : NULL;
    const char *third = second ? memchr(second + 1, ' ', (size_t)(end - second - 1)) : NULL;
    if (!third) {
        return odd(log, err, "a file has no texts");
    }
    of->split = third[1] == 'T';
    return keep(log, texts, (size_t)(second - texts), &of->old_oid, err) ||
                   keep(log, second + 1, (size_t)(third - second - 1), &of->new_oid, err)
               ? EG_FAIL
               : EG_OK;
}

/* ":100644 100644 abc def R086" */
static eg_status begin_file(struct eg_log_reader *log, const char *p, size_t n, struct eg_err *err) {
    const char *space = memrchr(p, ' ', n);
    if (!space || space + 1 == p + n) {
        return odd(log, err, "a file has no status");
    }
    if (!make_room(log)) {
        return too_large(err);
    }
    if (log->reading.with_diff && take_texts(log, p, n, err)) {
        return EG_FAIL;
    }
    char status = space[1];
    bool two = status == 'R' || status == 'C';
    log->files[log->n_files++] = (struct eg_commit_file){.status = strchr("AMDR", status) ? status
                                                                   : status == 'C'        ? 'A'
                                                                                          : 'M'};
    log->paths_wanted = two ? 2 : 1;
    return EG_OK;
}

static eg_status take_path(struct eg_log_reader *log, const char *p, size_t n, struct eg_err *err) {
    struct eg_commit_file *file = &log->files[log->n_files - 1];
    struct eg_str path;
    if (keep(log, p, n, &path, err)) {
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
static eg_status take_counts(struct eg_log_reader *log, const char *p, size_t n, struct eg_err *err) {
    const char *tab = memchr(p, '\t', n);
    const char *second = tab ? memchr(tab + 1, '\t', (size_t)(p + n - tab - 1)) : NULL;
    if (!second || log->n_counted >= log->n_files) {
        return odd(log, err, "counts without a file");
    }
    struct eg_commit_file *file = &log->files[log->n_counted++];
    file->added = *p == '-' ? 0 : strtoll(p, NULL, 10);
    file->removed = tab[1] == '-' ? 0 : strtoll(tab + 1, NULL, 10);
    log->skip = second + 1 == p + n ? 2 : 0;
    return EG_OK;
}

static eg_status take_field(struct eg_log_reader *log, const char *p, size_t n, struct eg_err *err) {
    if (log->skip) {
        log->skip--;
        return EG_OK;
    }
    if (log->paths_wanted) {
        return take_path(log, p, n, err);
    }
    if (log->n_heads > 0 && log->n_heads < N_HEADS) {
        return keep(log, p, n, &log->heads[log->n_heads++], err);
    }
    if (n > 0 && *p == '\x01') {
        if (finish_commit(log, err)) {
            return EG_FAIL;
        }
        log->n_heads = 1;
        return keep(log, p + 1, n - 1, &log->heads[SHA], err);
    }
    if (n > 0 && *p == '\n') { /* stands before the first file */
        p++;
        n--;
    }
    if (n == 0) {
        return EG_OK;
    }
    return *p == ':' ? begin_file(log, p, n, err) : take_counts(log, p, n, err);
}

/* Where a field could begin: no path, no count and no mark of a commit begins so. */
static bool begins_patches(const struct eg_log_reader *log, char first) {
    bool at_field = log->field.len == 0 && log->n_heads == N_HEADS && log->paths_wanted == 0 && log->skip == 0;
    return at_field && first == 'd' && log->reading.with_diff;
}

/* *taken: of the bytes, when what follows is no patch any more. */
static eg_status take_patches(struct eg_log_reader *log, const char *p, size_t n, size_t *taken, struct eg_err *err) {
    if (!log->patching) {
        eg_patch_begin(&log->patch, log->arena, log->files, log->of, log->n_files);
        log->patching = true;
    }
    *taken = eg_patch_feed(&log->patch, p, n);
    return *taken < n ? finish_patches(log, err) : EG_OK;
}

static eg_status take_bytes(struct eg_log_reader *log, const char *p, size_t n, size_t *taken, struct eg_err *err) {
    const char *end = memchr(p, 0, n);
    size_t len = end ? (size_t)(end - p) : n;
    eg_status status = EG_OK;
    eg_buf_add(&log->field, p, len);
    if (log->field.failed) {
        return eg_err_set(err, EG_E_INTERNAL, PLACE, "a message or name is larger than 256 MiB");
    }
    if (end) {
        status = take_field(log, eg_buf_text(&log->field), log->field.len, err);
        log->field.len = 0;
    }
    *taken = len + (end != NULL);
    return status;
}

eg_status eg_log_reader_feed(struct eg_log_reader *log, const char *bytes, size_t n, struct eg_err *err) {
    eg_status status = EG_OK;
    for (size_t taken = 0; status == EG_OK && n > 0; bytes += taken, n -= taken) {
        bool lines = log->patching || begins_patches(log, *bytes);
        status = lines ? take_patches(log, bytes, n, &taken, err) : take_bytes(log, bytes, n, &taken, err);
    }
    return status;
}

eg_status eg_log_reader_end(struct eg_log_reader *log, struct eg_err *err) {
    return log->field.len > 0 ? odd(log, err, "a field is cut off") : finish_commit(log, err);
}
