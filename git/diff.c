/* Places that patterns find are marked byte by byte, as they may overlap; then the lines are written without them. */
#include "git/diff.h"

#include <stdlib.h>
#include <string.h>

#include "git/text.h"

#define TEXT_MOST_B ((size_t)16 << 20)

eg_status eg_git_secrets_load(const char *path, struct eg_secrets **secrets, struct eg_err *err) {
    json_error_t error;
    json_t *policy = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!policy) {
        *secrets = NULL;
        return eg_err_set(err, EG_E_CONFIG, path, "line %d: %s", error.line, error.text);
    }
    eg_status status = eg_secrets_new(policy, EG_SECRETS_STEPS, secrets, err);
    json_decref(policy);
    return status;
}

static void mark(void *ctx, size_t from, size_t to) { memset((char *)ctx + from, 1, to - from); }

/* How much of a line is git's own: the sign, or "@@ -1,2 +3,4 @@". */
static size_t own_part(const char *line, size_t n) {
    const char *end = n > 3 && memcmp(line, "@@ ", 3) == 0 ? memmem(line + 3, n - 3, " @@", 3) : NULL;
    return end ? (size_t)(end + 3 - line) : 1;
}

static void write_line(const char *line, const char *marks, size_t n, struct eg_buf *out) {
    size_t own = own_part(line, n);
    eg_buf_add(out, line, own);
    for (size_t i = own; i < n;) {
        size_t from = i;
        bool hidden = marks[i] && line[i] != '\n';
        while (i < n && (marks[i] && line[i] != '\n') == hidden) {
            i++;
        }
        eg_buf_add(out, hidden ? EG_REDACTED : line + from, hidden ? strlen(EG_REDACTED) : i - from);
    }
}

static void write_lines(struct eg_str diff, const char *marks, struct eg_buf *out) {
    for (size_t at = 0; at < diff.n;) {
        const char *end = memchr(diff.p + at, '\n', diff.n - at);
        size_t n = end ? (size_t)(end + 1 - diff.p) - at : diff.n - at;
        write_line(diff.p + at, marks + at, n, out);
        at += n;
    }
}

void eg_git_diff_text(const struct eg_secrets *secrets, struct eg_str diff, struct eg_buf *out) {
    struct eg_buf clean; /* first: over a byte that is no UTF-8 no pattern goes */
    eg_buf_init(&clean, TEXT_MOST_B);
    eg_git_clean(&clean, diff, SIZE_MAX);
    struct eg_str text = {eg_buf_text(&clean), clean.len};
    if (secrets && eg_secrets_find(secrets, text.p, text.n)) {
        char *marks = calloc(text.n, 1);
        if (marks) {
            eg_secrets_each(secrets, text.p, text.n, mark, marks);
            write_lines(text, marks, out);
        }
        out->failed = out->failed || !marks;
        free(marks);
    } else {
        eg_buf_add(out, text.p, text.n);
    }
    out->failed = out->failed || clean.failed;
    eg_buf_free(&clean);
}
