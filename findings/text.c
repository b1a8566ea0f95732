/* Texts of reports: paths made relative, messages cut and cleaned of secrets. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "findings/room.h"

#define WORK_MOST_B ((size_t)1 << 20)
#define SCANNED_MOST_B 65536 /* of one text; what lies behind is cut off anyhow */
#define SET_SCANNED_MOST_B ((size_t)64 << 20) /* of all: results may share the long text of a rule, and each has it cleaned */

bool eg_findings_matches(struct eg_findings *set, const pcre2_code *pattern, const char *text) {
    return pattern && pcre2_match(pattern, (PCRE2_SPTR)text, strlen(text), 0, 0, set->match, set->limits) >= 0;
}

/* Characters of one byte, or the first of several. */
static size_t cut_at(const char *text, size_t len, size_t most_b) {
    if (len <= most_b) {
        return len;
    }
    while (most_b > 0 && ((unsigned char)text[most_b] & 0xC0) == 0x80) {
        most_b--;
    }
    return most_b;
}

const char *eg_findings_clean(struct eg_findings *set, const char *text, size_t most_b, bool *redacted) {
    struct eg_buf out;
    if (!text) {
        return NULL;
    }
    size_t len = cut_at(text, strlen(text), SCANNED_MOST_B);
    set->scanned_b += len;
    if (set->scanned_b > SET_SCANNED_MOST_B) {
        set->full = true;
        return "";
    }
    eg_buf_init(&out, WORK_MOST_B);
    *redacted |= eg_secrets_redact(set->config.policy->secrets, text, len, &out);
    char *kept = out.failed ? NULL : eg_arena_dup(set->arena, out.data ? out.data : "", out.data ? cut_at(out.data, out.len, most_b) : 0);
    eg_buf_free(&out);
    set->full = set->full || !kept;
    return kept ? kept : "";
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; "%00" and what would not be UTF-8 stays as it is. */
static void percent_decode(char *text) {
    char *copy = strdup(text);
    char *out = text;
    for (const char *at = copy; at && *at; at++) {
        int high = *at == '%' ? hex(at[1]) : -1, low = high >= 0 ? hex(at[2]) : -1;
        if (low >= 0 && (high || low)) {
            *out++ = (char)(high * 16 + low);
            at += 2;
        } else {
            *out++ = *at;
        }
    }
    if (copy) {
        *out = '\0';
        if (!eg_utf8_valid(text, strlen(text))) {
            memcpy(text, copy, strlen(copy) + 1);
        }
    }
    free(copy);
}

/* Behind scheme, host, root, drive and slashes. */
static char *relative(char *path, const char *root, bool is_uri) {
    if (is_uri && strncasecmp(path, "file:", 5) == 0) {
        path += 5;
        if (path[0] == '/' && path[1] == '/') {
            path += 2 + strcspn(path + 2, "/");
        }
    }
    for (char *at = path; *at; at++) {
        *at = *at == '\\' ? '/' : *at;
    }
    size_t n = root ? strlen(root) : 0;
    if (n > 1 && strncmp(path, root, n) == 0 && path[n] == '/') {
        path += n;
    }
    path += strspn(path, "/");
    if (isalpha((unsigned char)path[0]) && path[1] == ':') {
        path += 2;
    }
    return path + strspn(path, "/");
}

/* Without "." and ".." and double slashes, in place. What leads out of the root begins there anew. */
static void tidy(char *path) {
    char *out = path, *at = path;
    while (*at) {
        size_t n = strcspn(at, "/");
        if (n == 2 && at[0] == '.' && at[1] == '.') {
            while (out > path && out[-1] != '/') {
                out--;
            }
            out -= out > path;
            while (out > path && out[-1] != '/') {
                out--;
            }
        } else if (n > 0 && !(n == 1 && at[0] == '.')) {
            memmove(out, at, n);
            out += n;
            *out++ = '/';
        }
        at += n + (at[n] == '/');
        if (!*at) {
            break;
        }
    }
    out -= out > path && out[-1] == '/';
    *out = '\0';
}

const char *eg_findings_path(struct eg_findings *set, const char *text, bool is_uri) {
    if (!text) {
        return ".";
    }
    size_t len = cut_at(text, strlen(text), 4 * EG_PATH_MOST_B);
    char *path = eg_arena_dup(set->arena, text, len);
    if (!path) {
        set->full = true;
        return ".";
    }
    if (is_uri) {
        percent_decode(path);
    }
    path = relative(path, set->config.root, is_uri);
    path[cut_at(path, strlen(path), EG_PATH_MOST_B)] = '\0';
    /* one byte more than the longest result is there: the slash behind the last part takes the place of the NUL */
    char *room = eg_arena_alloc(set->arena, strlen(path) + 2);
    if (!room) {
        set->full = true;
        return ".";
    }
    memcpy(room, path, strlen(path) + 1);
    room[strlen(path) + 1] = '\0';
    tidy(room);
    bool redacted = false;
    return *room ? eg_findings_clean(set, room, EG_PATH_MOST_B, &redacted) : ".";
}
