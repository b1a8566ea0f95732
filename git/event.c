/* Writes commit.recorded@v1. All but the branch comes from the commit alone, and the id from that alone. */
#include "git/event.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"

#define TOPIC "commit.recorded@v1"
#define AUTHOR_MOST_B 1000
#define MESSAGE_MOST_B 1000000
#define PATH_MOST 1024
#define FILES_MOST 100000
#define FILES_MOST_B ((size_t)6 << 20)
#define TEXT_MOST_B ((size_t)32 << 20)

/* The length of the UTF-8 character at p, 0 when there is none (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_at(const unsigned char *p, size_t n) {
    static const struct {
        unsigned char least, most, second_least, second_most;
        size_t len;
    } forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
                 {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
                 {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t len = forms[i].len;
        if (p[0] < forms[i].least || p[0] > forms[i].most) {
            continue;
        }
        if (len > n || (len > 1 && (p[1] < forms[i].second_least || p[1] > forms[i].second_most))) {
            return 0;
        }
        for (size_t j = 2; j < len; j++) {
            if ((p[j] & 0xc0) != 0x80) {
                return 0;
            }
        }
        return len;
    }
    return 0;
}

/* text as UTF-8, at most most_b bytes of it, cut between characters; U+FFFD for each byte that is none. Returns the
 * characters. */
static size_t add_clean(struct eg_buf *out, struct eg_str text, size_t most_b) {
    size_t characters = 0, start = out->len;
    for (size_t i = 0; i < text.n;) {
        size_t len = utf8_at((const unsigned char *)text.p + i, text.n - i);
        size_t wanted = len ? len : 3;
        if (out->len - start + wanted > most_b) {
            break;
        }
        eg_buf_add(out, len ? text.p + i : "\xef\xbf\xbd", wanted);
        i += len ? len : 1;
        characters++;
    }
    return characters;
}

struct writer {
    struct eg_buf *out;
    struct eg_buf clean; /* a string before it is escaped */
};

static void put_string(struct writer *w, struct eg_str text, size_t most_b) {
    w->clean.len = 0;
    add_clean(&w->clean, text, most_b);
    eg_buf_json_string(w->out, w->clean.data ? w->clean.data : "", w->clean.len);
}

static void put_moment(struct eg_buf *out, int64_t seconds) {
    static const int64_t most_s = 253402300799; /* the end of year 9999 */
    char text[EG_TIME_TEXT_B];
    eg_time_format((seconds < 0 ? 0 : seconds > most_s ? most_s : seconds) * 1000000, text);
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

/* False when the path is one that the schema does not take. */
static bool put_file(struct writer *w, const struct eg_git_source *source, const struct eg_commit_file *file,
                     bool first) {
    size_t most_b = 4 * PATH_MOST;
    w->clean.len = 0;
    size_t characters = add_clean(&w->clean, file->path, most_b);
    if (characters == 0 || characters > PATH_MOST || file->path.n > most_b || file->path.p[0] == '/') {
        return false;
    }
    eg_buf_str(w->out, first ? "{\"path\":" : ",{\"path\":");
    eg_buf_json_string(w->out, w->clean.data, w->clean.len);
    eg_buf_printf(w->out, ",\"change_type\":\"%s\",\"status\":\"%c\"",
                  eg_change_type(source->types, w->clean.data, w->clean.len), file->status);
    if (file->old_path.p) {
        w->clean.len = 0;
        characters = add_clean(&w->clean, file->old_path, most_b);
        if (characters > 0 && characters <= PATH_MOST && file->old_path.n <= most_b && file->old_path.p[0] != '/') {
            eg_buf_str(w->out, ",\"old_path\":");
            eg_buf_json_string(w->out, w->clean.data, w->clean.len);
        }
    }
    int64_t added = file->added < INT32_MAX ? file->added : INT32_MAX,
            removed = file->removed < INT32_MAX ? file->removed : INT32_MAX;
    eg_buf_printf(w->out, ",\"added\":%lld,\"removed\":%lld}", (long long)added, (long long)removed);
    return true;
}

static void put_payload(struct writer *w, const struct eg_git_source *source, const struct eg_commit *commit,
                        size_t *left_out) {
    struct eg_buf *out = w->out;
    size_t start = out->len, n = 0;
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
        bool fits = n < FILES_MOST && out->len - start < FILES_MOST_B;
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
    eg_ulid_from((commit->committed_s < 0 ? 0 : commit->committed_s) * 1000000, hash, id);
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
    add_clean(&clean, (struct eg_str){text, strlen(text)}, size_b - 1);
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
