/* Writes commit.recorded@v1. All but the branch comes from the commit alone, and the id from that alone. */
#include "git/event.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"
#include "git/diff.h"
#include "git/text.h"

#define TOPIC "commit.recorded@v1"
#define AUTHOR_MOST_B 1000
#define MESSAGE_MOST_B 1000000
#define PATH_MOST 1024
#define FILES_MOST 100000
#define FILES_MOST_B ((size_t)6 << 20)
#define TEXT_MOST_B ((size_t)32 << 20)

struct writer {
    struct eg_buf *out;
    struct eg_buf clean; /* a string before it is escaped */
    size_t diff_left_b;  /* what the event may still hold of hunks */
};

static void put_string(struct writer *w, struct eg_str text, size_t most_b) {
    w->clean.len = 0;
    eg_git_clean(&w->clean, text, most_b);
    eg_buf_json_string(w->out, w->clean.data ? w->clean.data : "", w->clean.len);
}

/* A commit may say any time. */
static void put_moment(struct eg_buf *out, int64_t seconds) {
    char text[EG_TIME_TEXT_B];
    eg_time_format(eg_time_of_seconds(seconds), text);
    eg_buf_printf(out, "\"%s\"", text);
}

static void put_parents(struct eg_buf *out, struct eg_str parents) {
    size_t n = 0;
    eg_buf_char(out, '[');
    for (size_t i = 0; i < parents.n;) {
        const char *p = parents.p + i;
        const char *space = memchr(p, ' ', parents.n - i);
        size_t len = space ? (size_t)(space - p) : parents.n - i;
        if (len > 0) {
            eg_buf_str(out, n++ ? "," : "");
            eg_buf_json_string(out, p, len);
        }
        i += len + 1;
    }
    eg_buf_char(out, ']');
}

static size_t line_end(const char *text, size_t n) {
    const char *end = n ? memrchr(text, '\n', n) : NULL;
    return end ? (size_t)(end + 1 - text) : 0;
}

/* What goes beyond the bounds is cut behind a line, and the last line says how much that was. Where not even one fits, nothing is said. */
static void put_diff(struct writer *w, const struct eg_git_source *source, const struct eg_commit_file *file) {
    struct eg_buf *out = w->out;
    w->clean.len = 0;
    if (file->diff.n > 0) {
        eg_git_diff_text(source->secrets, file->diff, &w->clean);
    }
    size_t start = out->len, whole = w->clean.len, kept = whole;
    while (kept > 0) {
        size_t cut = file->diff_cut_b + whole - kept;
        w->clean.len = kept;
        if (cut > 0) {
            eg_buf_printf(&w->clean, "\\ cut: %zu more bytes\n", cut);
        }
        out->len = start;
        eg_buf_str(out, ",\"diff_text\":");
        eg_buf_json_string(out, w->clean.data, w->clean.len);
        size_t size_b = out->len - start;
        if (size_b <= w->diff_left_b) {
            w->diff_left_b -= size_b;
            return;
        }
        kept = line_end(w->clean.data, kept * w->diff_left_b / size_b);
    }
    out->len = start;
}

/* False when the path is one that the schema does not take. */
static bool put_file(struct writer *w, const struct eg_git_source *source, const struct eg_commit_file *file,
                     bool first) {
    size_t most_b = 4 * PATH_MOST;
    w->clean.len = 0;
    size_t characters = eg_git_clean(&w->clean, file->path, most_b);
    if (characters == 0 || characters > PATH_MOST || file->path.n > most_b || file->path.p[0] == '/') {
        return false;
    }
    eg_buf_str(w->out, first ? "{\"path\":" : ",{\"path\":");
    eg_buf_json_string(w->out, w->clean.data, w->clean.len);
    eg_buf_printf(w->out, ",\"change_type\":\"%s\",\"status\":\"%c\"",
                  eg_change_type(source->types, w->clean.data, w->clean.len), file->status);
    if (file->old_path.p) {
        w->clean.len = 0;
        characters = eg_git_clean(&w->clean, file->old_path, most_b);
        if (characters > 0 && characters <= PATH_MOST && file->old_path.n <= most_b && file->old_path.p[0] != '/') {
            eg_buf_str(w->out, ",\"old_path\":");
            eg_buf_json_string(w->out, w->clean.data, w->clean.len);
        }
    }
    int64_t added = file->added < INT32_MAX ? file->added : INT32_MAX,
            removed = file->removed < INT32_MAX ? file->removed : INT32_MAX;
    eg_buf_printf(w->out, ",\"added\":%lld,\"removed\":%lld", (long long)added, (long long)removed);
    put_diff(w, source, file);
    eg_buf_char(w->out, '}');
    return true;
}

static void put_payload(struct writer *w, const struct eg_git_source *source, const struct eg_commit *commit,
                        size_t *left_out) {
    struct eg_buf *out = w->out;
    size_t start = out->len, n = 0;
    w->diff_left_b = EG_DIFF_MOST_B;
    eg_buf_str(out, "{\"sha\":");
    eg_buf_json_string(out, commit->sha.p, commit->sha.n);
    eg_buf_str(out, ",\"parents\":");
    put_parents(out, commit->parents);
    eg_buf_str(out, ",\"repo\":");
    put_string(w, (struct eg_str){source->repo, strlen(source->repo)}, 200);
    eg_buf_str(out, ",\"author\":");
    put_string(w, commit->author, AUTHOR_MOST_B);
    eg_buf_str(out, ",\"message\":");
    put_string(w, commit->message, MESSAGE_MOST_B);
    eg_buf_str(out, ",\"authored_at\":");
    put_moment(out, commit->authored_s);
    eg_buf_str(out, ",\"files\":[");
    for (size_t i = 0; i < commit->n_files; i++) {
        bool fits = n < FILES_MOST && out->len - start - (EG_DIFF_MOST_B - w->diff_left_b) < FILES_MOST_B;
        if (fits && put_file(w, source, &commit->files[i], n == 0)) {
            n++;
        } else {
            (*left_out)++;
        }
    }
    eg_buf_char(out, ']');
}

static void put_branch(struct writer *w, const struct eg_git_source *source, const char *member) {
    if (source->branch && *source->branch) {
        eg_buf_printf(w->out, ",\"%s\":", member);
        put_string(w, (struct eg_str){source->branch, strlen(source->branch)}, 1000);
    }
}

eg_status eg_git_event(const struct eg_git_source *source, const struct eg_commit *commit, struct eg_buf *out,
                       size_t *left_out, struct eg_err *err) {
    struct eg_buf payload;
    unsigned char hash[SHA256_DIGEST_LENGTH];
    char id[EG_ULID_B];
    eg_buf_init(&payload, TEXT_MOST_B);
    struct writer w = {.out = &payload};
    eg_buf_init(&w.clean, TEXT_MOST_B);
    put_payload(&w, source, commit, left_out); /* not yet closed: the branch is no part of what the id is made of */
    SHA256((const unsigned char *)eg_buf_text(&payload), payload.len, hash);
    eg_ulid_from(eg_time_of_seconds(commit->committed_s), hash, id);
    out->len = 0;
    eg_buf_printf(out, "{\"id\":\"%s\",\"topic\":\"" TOPIC "\",\"ts_utc\":", id);
    put_moment(out, commit->committed_s);
    eg_buf_str(out, ",\"source\":\"git\",\"correlation_id\":");
    eg_buf_json_string(out, commit->sha.p, commit->sha.n);
    eg_buf_str(out, ",\"repo_sha\":");
    eg_buf_json_string(out, commit->sha.p, commit->sha.n);
    w.out = out;
    put_branch(&w, source, "repo_branch");
    w.out = &payload;
    put_branch(&w, source, "branch");
    eg_buf_str(out, ",\"payload\":");
    eg_buf_add(out, payload.data ? payload.data : "", payload.len);
    eg_buf_str(out, "}}");
    bool failed = payload.failed || w.clean.failed || out->failed;
    eg_buf_free(&payload);
    eg_buf_free(&w.clean);
    return failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "a commit's event does not fit into memory") : EG_OK;
}

void eg_git_last_part(char *text) {
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '/') {
        text[--n] = '\0';
    }
    if (n > 4 && strcmp(text + n - 4, ".git") == 0) {
        text[n - 4] = '\0';
    }
    const char *slash = strrchr(text, '/');
    const char *colon = strrchr(text, ':');
    const char *start = slash ? slash + 1 : colon ? colon + 1 : text;
    const char *scheme = strstr(text, "://");
    const char *at = scheme && start == scheme + 3 ? strrchr(start, '@') : NULL; /* "https://token@host": no secret is a name */
    start = at ? at + 1 : start;
    memmove(text, start, strlen(start) + 1);
}

void eg_git_clean_name(char *text, size_t size_b) {
    struct eg_buf clean;
    eg_buf_init(&clean, size_b + 4);
    eg_git_clean(&clean, (struct eg_str){text, strlen(text)}, size_b - 1);
    snprintf(text, size_b, "%s", eg_buf_text(&clean));
    eg_buf_free(&clean);
}

void eg_git_repo_name(const char *folder, char *out, size_t size_b) {
    static const char *const origin[] = {"config", "--get", "remote.origin.url", NULL};
    static const char *const top[] = {"rev-parse", "--show-toplevel", NULL};
    eg_git_line(folder, origin, out, size_b);
    eg_git_last_part(out);
    if (!*out) {
        eg_git_line(folder, top, out, size_b);
        eg_git_last_part(out);
    }
}
