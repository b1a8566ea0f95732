/* Judging a request's head: framing, names, hosts, codings, targets. */
#include "server/http/check.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "base/utf8.h"

#define MOST_TRACEPARENT_B 256 /* it is answered; version 00 has 55 */

static bool token_char(unsigned char c) {
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c && strchr(others, c));
}

static bool is_token(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (!token_char((unsigned char)text[i]))
            return false;
    return len > 0;
}

static bool has_control(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7F)
            return true;
    return false;
}

static void note_length(struct eg_head *head, const char *value, size_t len) {
    head->n_length++;
    head->has_length = len > 0 && len < 19 && strspn(value, "0123456789") == len;
    if (head->has_length)
        head->length = strtoull(value, NULL, 10);
    else
        head->bad_value = true;
}

void eg_head_note(struct eg_head *head, const char *name, size_t name_len, const char *value, size_t value_len) {
    if (!is_token(name, name_len))
        head->bad_name = true;
    if (has_control(value, value_len))
        head->bad_value = true;
    switch (name_len) { /* most headers are none of these: their length says so */
    case 4:
        if (strcasecmp(name, "Host") == 0) {
            head->n_host++;
            head->host = value;
        }
        return;
    case 6:
        if (strcasecmp(name, "Origin") == 0) {
            head->n_origin++;
            head->origin = value;
        } else if (strcasecmp(name, "Expect") == 0)
            head->expects_continue = strcasecmp(value, "100-continue") == 0;
        return;
    case 11:
        if (strcasecmp(name, "traceparent") == 0 && value_len <= MOST_TRACEPARENT_B)
            head->traceparent = value;
        return;
    case 12:
        if (strcasecmp(name, "X-Request-Id") == 0)
            head->request_id = value;
        return;
    case 13:
        if (strcasecmp(name, "Authorization") == 0) {
            head->n_authorization++;
            head->authorization = value;
        }
        return;
    case 14:
        if (strcasecmp(name, "Content-Length") == 0)
            note_length(head, value, value_len);
        return;
    case 15:
        if (strcasecmp(name, "Accept-Encoding") == 0)
            head->accept_encoding = value;
        return;
    case 16:
        if (strcasecmp(name, "Content-Encoding") == 0)
            head->content_encoding = head->content_encoding ? "twice" : value;
        return;
    case 17:
        if (strcasecmp(name, "Transfer-Encoding") == 0) {
            head->n_transfer++;
            head->chunked = strcasecmp(value, "chunked") == 0;
        }
        return;
    default:
        return;
    }
}

eg_status eg_head_judge(const struct eg_head *head, bool http_1_0, struct eg_err *err) {
    const char *what = NULL;
    if (head->bad_name)
        what = "a header's name is not a token (white space before the colon?)";
    else if (head->n_length > 1)
        what = "more than one Content-Length";
    else if (head->n_host > 1)
        what = "more than one Host";
    else if (head->n_origin > 1)
        what = "more than one Origin";
    else if (head->n_authorization > 1)
        what = "more than one Authorization";
    else if (head->n_host == 0 && !http_1_0)
        what = "no Host";
    else if (head->n_length > 0 && head->n_transfer > 0)
        what = "both Content-Length and Transfer-Encoding";
    else if (head->n_transfer > 1 || (head->n_transfer == 1 && !head->chunked))
        what = "a Transfer-Encoding other than chunked";
    else if (head->n_transfer > 0 && http_1_0)
        what = "Transfer-Encoding in HTTP/1.0";
    else if (head->bad_value)
        what = "a header's value holds a control byte, or Content-Length is no number";
    return what ? eg_err_set(err, EG_E_BAD_FRAMING, NULL, "The request has %s.", what) : EG_OK;
}

bool eg_head_lines_strict(const char *from, const char *end) {
    const char *p = from; /* at the first NUL of a line's end */
    while (end - p >= 2 && p[0] == '\0' && p[1] == '\0') {
        p += 2;
        if (end - p == 2)
            return p[0] == '\0' && p[1] == '\0';
        if (p >= end || *p == ' ' || *p == '\t')
            return false;
        const char *value = memchr(p, '\0', (size_t)(end - p));
        if (!value)
            return false;
        p = memchr(value + 1, '\0', (size_t)(end - value - 1));
        if (!p)
            return false;
    }
    return false;
}

static bool only_digits(const char *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static bool name_is_local(const char *name, size_t len) {
    if (len == 9 && strncasecmp(name, "localhost", 9) == 0)
        return true;
    if (len > 10 && strncasecmp(name + len - 10, ".localhost", 10) == 0)
        return true;
    if (len == 5 && memcmp(name, "[::1]", 5) == 0)
        return true;
    if (len < 7 || len > 15 || memcmp(name, "127.", 4) != 0)
        return false;
    int dots = 0;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '.')
            dots++;
        else if (name[i] < '0' || name[i] > '9')
            return false; /* 127.evil.example is a name, not an address */
    }
    return dots == 3;
}

static bool authority_is_local(const char *text, size_t len) {
    const char *end = len > 0 && text[0] == '[' ? memchr(text, ']', len) : NULL;
    size_t from = end ? (size_t)(end - text) + 1 : 0;
    const char *colon = memchr(text + from, ':', len - from);
    size_t name_len = colon ? (size_t)(colon - text) : len;
    if (colon && !only_digits(colon + 1, len - name_len - 1))
        return false;
    return name_is_local(text, name_len);
}

bool eg_host_is_local(const char *host) { return authority_is_local(host, strlen(host)); }

bool eg_origin_is_local(const char *origin) {
    const char *authority = strstr(origin, "://");
    return authority && authority_is_local(authority + 3, strlen(authority + 3));
}

bool eg_request_id_sane(const char *id) {
    size_t len = strlen(id);
    if (len < 1 || len > 39)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!(id[i] >= '0' && id[i] <= '9') && !(id[i] >= 'A' && id[i] <= 'Z') && !(id[i] >= 'a' && id[i] <= 'z') &&
            !strchr("-_.:", id[i]))
            return false;
    return true;
}

static enum eg_coding coding_named(const char *name, size_t len) {
    if (len == 8 && strncasecmp(name, "identity", len) == 0)
        return EG_CODING_IDENTITY;
    if ((len == 4 && strncasecmp(name, "gzip", len) == 0) || (len == 6 && strncasecmp(name, "x-gzip", len) == 0))
        return EG_CODING_GZIP;
    if (len == 4 && strncasecmp(name, "zstd", len) == 0)
        return EG_CODING_ZSTD;
    return EG_CODING_UNKNOWN;
}

enum eg_coding eg_content_coding(const char *value) {
    return value ? coding_named(value, strlen(value)) : EG_CODING_IDENTITY;
}

/* The weight of one element's parameters, in thousandths; 1000 without one. */
static int quality(const char *text, size_t len) {
    const char *q = memchr(text, '=', len);
    if (!q)
        return 1000;
    double weight = strtod(q + 1, NULL);
    return weight >= 1 ? 1000 : weight > 0 ? (int)(weight * 1000) : 0;
}

int eg_accept_quality(const char *value, enum eg_coding wanted) {
    int best_q = 0;
    for (const char *p = value; p && *p;) {
        p += strspn(p, " \t,");
        size_t len = strcspn(p, ",");
        size_t name = strcspn(p, " \t;,");
        int q = coding_named(p, name) == wanted ? quality(p, len) : 0;
        if (q > best_q)
            best_q = q;
        p += len;
    }
    return best_q;
}

/* Of equal weight zstd, which costs less at the same size. */
enum eg_coding eg_accept_coding(const char *value) {
    int gzip = eg_accept_quality(value, EG_CODING_GZIP), zstd = eg_accept_quality(value, EG_CODING_ZSTD);
    return zstd > 0 && zstd >= gzip ? EG_CODING_ZSTD : gzip > 0 ? EG_CODING_GZIP : EG_CODING_IDENTITY;
}

char *eg_uri_decode(struct eg_arena *arena, const char *raw, size_t len, bool plus, size_t *out_len) {
    char *out = eg_arena_dup(arena, raw, len);
    if (!out)
        return NULL;
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        char c = raw[i];
        if (c == '%') {
            if (len - i < 3 || eg_text_hex(raw[i + 1]) < 0 || eg_text_hex(raw[i + 2]) < 0)
                return NULL;
            c = (char)(eg_text_hex(raw[i + 1]) * 16 + eg_text_hex(raw[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return NULL;
        out[n++] = c;
    }
    out[n] = '\0';
    if (out_len)
        *out_len = n;
    return eg_utf8_valid(out, n) ? out : NULL;
}

bool eg_target_cut(const char *raw, size_t len, struct eg_target *target) {
    *target = (struct eg_target){{NULL, 0}, {raw, len}, {NULL, 0}};
    if (len == 1 && raw[0] == '*')
        return true;
    if (len > 7 && strncasecmp(raw, "http://", 7) == 0) {
        const char *slash = memchr(raw + 7, '/', len - 7);
        if (!slash)
            return false;
        target->authority = (struct eg_str){raw + 7, (size_t)(slash - raw) - 7};
        target->path = (struct eg_str){slash, len - (size_t)(slash - raw)};
    }
    if (target->path.n == 0 || target->path.p[0] != '/')
        return false;
    const char *mark = memchr(target->path.p, '?', target->path.n);
    if (mark) {
        size_t path_len = (size_t)(mark - target->path.p);
        target->query = (struct eg_str){mark + 1, target->path.n - path_len - 1};
        target->path.n = path_len;
    }
    return true;
}
