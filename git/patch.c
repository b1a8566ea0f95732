/* Line by line: `diff --git` begins a file's patch, its `index` says of which texts, `@@` how many lines the hunk has. Names
 * are not looked at: the files come in the order of the list, and what has no patch there is passed over. */
#include "git/patch.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MOST_B (EG_DIFF_FILE_MOST_B + 1) /* a longer one is kept nowhere; its length counts */

void eg_patch_init(struct eg_patch *patch) {
    *patch = (struct eg_patch){0};
    eg_buf_init(&patch->line, LINE_MOST_B + 1);
    eg_buf_init(&patch->hunks, EG_DIFF_FILE_MOST_B + 1);
}

void eg_patch_free(struct eg_patch *patch) {
    eg_buf_free(&patch->line);
    eg_buf_free(&patch->hunks);
}

void eg_patch_begin(struct eg_patch *patch, struct eg_arena *arena, struct eg_commit_file *files, const struct eg_patch_of *of,
                    size_t n_files) {
    struct eg_buf line = patch->line, hunks = patch->hunks;
    line.len = hunks.len = 0;
    *patch = (struct eg_patch){.arena = arena, .files = files, .of = of, .n_files = n_files, .left_b = EG_DIFF_MOST_B,
                               .line = line, .hunks = hunks};
}

static bool begins(const struct eg_buf *line, const char *with) {
    size_t n = strlen(with);
    return line->len >= n && memcmp(line->data, with, n) == 0;
}

static void finish_file(struct eg_patch *patch) {
    if (patch->hunks.len > 0) {
        patch->files[patch->at - 1].diff =
            (struct eg_str){eg_arena_dup(patch->arena, patch->hunks.data, patch->hunks.len), patch->hunks.len};
        patch->left_b -= patch->hunks.len;
        patch->hunks.len = 0;
    }
}

static void next_file(struct eg_patch *patch) {
    bool stays = patch->at > 0 && patch->of[patch->at - 1].split && !patch->again;
    patch->again = stays;
    patch->in_hunks = false;
    if (!stays) {
        finish_file(patch);
        patch->odd = patch->at == patch->n_files;
        patch->at += !patch->odd;
    }
}

static bool is_oid(const char *text, size_t n, struct eg_str oid, bool may_lack) {
    return n == oid.n && (memcmp(text, oid.p, n) == 0 || (may_lack && strspn(text, "0") >= n));
}

/* "index <old>..<new>", with the mode behind where that stays. */
static void check_texts(struct eg_patch *patch) {
    const char *old = eg_buf_text(&patch->line) + strlen("index ");
    size_t old_n = strspn(old, "0123456789abcdef");
    const char *new = strncmp(old + old_n, "..", 2) == 0 ? old + old_n + 2 : old + old_n;
    size_t new_n = strspn(new, "0123456789abcdef");
    for (; patch->at <= patch->n_files; patch->at++) {
        const struct eg_patch_of *of = &patch->of[patch->at - 1];
        if (is_oid(old, old_n, of->old_oid, of->split) && is_oid(new, new_n, of->new_oid, of->split)) {
            return;
        }
        finish_file(patch);
        patch->again = false;
    }
    patch->odd = true;
    patch->at = patch->n_files;
}

/* "-12,3" or "-12"; *at: behind it. */
static int64_t lines_of(const char **at) {
    char *end;
    int64_t n = 1;
    (void)strtoll(*at + 1, &end, 10);
    if (*end == ',') {
        n = strtoll(end + 1, &end, 10);
    }
    *at = end;
    return n;
}

static void begin_hunk(struct eg_patch *patch) {
    const char *at = eg_buf_text(&patch->line) + strlen("@@ ");
    patch->odd = *at != '-' || patch->at == 0;
    patch->old_left = patch->odd ? 0 : lines_of(&at);
    patch->odd = patch->odd || strncmp(at, " +", 2) != 0;
    at += !patch->odd;
    patch->new_left = patch->odd ? 0 : lines_of(&at);
    patch->odd = patch->odd || strncmp(at, " @@", 3) != 0 || patch->old_left < 0 || patch->new_left < 0;
    patch->in_hunks = true;
}

/* From the first line on that is too much, all is cut. */
static void keep_line(struct eg_patch *patch) {
    struct eg_commit_file *file = &patch->files[patch->at - 1];
    size_t room = patch->left_b < EG_DIFF_FILE_MOST_B ? patch->left_b : EG_DIFF_FILE_MOST_B;
    if (file->diff_cut_b > 0 || patch->line_b > room - patch->hunks.len) {
        file->diff_cut_b += patch->line_b;
    } else {
        eg_buf_add(&patch->hunks, patch->line.data, patch->line.len);
    }
}

static void take_line(struct eg_patch *patch) {
    char first = *eg_buf_text(&patch->line);
    if (patch->old_left > 0 || patch->new_left > 0) {
        bool both = first == ' ' || first == '\n'; /* some versions can leave out the space of an empty line */
        patch->old_left -= both || first == '-';
        patch->new_left -= both || first == '+';
        patch->odd = patch->old_left < 0 || patch->new_left < 0 || !(both || first == '-' || first == '+' || first == '\\');
        keep_line(patch);
    } else if (first == '\\' && patch->in_hunks) { /* "\ No newline at end of file" */
        keep_line(patch);
    } else if (begins(&patch->line, "@@ ")) {
        begin_hunk(patch);
        if (!patch->odd) {
            keep_line(patch);
        }
    } else if (begins(&patch->line, "diff --git ")) {
        next_file(patch);
    } else if (begins(&patch->line, "index ") && patch->at > 0 && !patch->in_hunks) {
        check_texts(patch);
    }
    patch->line.len = 0;
    patch->line_b = 0;
}

size_t eg_patch_feed(struct eg_patch *patch, const char *bytes, size_t n) {
    size_t at = 0;
    while (at < n && !patch->odd) {
        const char *p = bytes + at;
        if (patch->line_b == 0 && patch->old_left == 0 && patch->new_left == 0 && (*p == '\0' || *p == '\x01')) {
            break;
        }
        const char *end = memchr(p, '\n', n - at);
        size_t len = end ? (size_t)(end - p) + 1 : n - at, room = LINE_MOST_B - patch->line.len;
        eg_buf_add(&patch->line, p, len < room ? len : room);
        patch->line_b += len;
        at += len;
        if (end) {
            take_line(patch);
        }
    }
    return at;
}

bool eg_patch_end(struct eg_patch *patch) {
    bool whole = !patch->odd && patch->line_b == 0 && patch->old_left == 0 && patch->new_left == 0;
    if (patch->at > 0) {
        finish_file(patch);
    }
    patch->odd = patch->odd || !whole;
    return whole && !patch->line.failed && !patch->hunks.failed && !eg_arena_failed(patch->arena);
}
