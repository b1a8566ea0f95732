/* What a request's head must satisfy before anything of it is believed: pure functions over bytes, without
 * libmicrohttpd. */
#ifndef EG_HTTP_CHECK_H
#define EG_HTTP_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"

enum eg_coding { EG_CODING_IDENTITY, EG_CODING_GZIP, EG_CODING_ZSTD, EG_CODING_UNKNOWN };

/* Gathered header by header, then judged. */
struct eg_head {
    unsigned n_length, n_host, n_transfer, n_origin, n_authorization;
    bool bad_name, bad_value, chunked, expects_continue, has_length;
    uint64_t length; /* of the body, when has_length */
    const char *host, *origin, *request_id, *traceparent, *authorization, *content_encoding, *accept_encoding;
};

/* Notes one header; name and value are NUL-terminated, with their lengths, and must outlive head. */
void eg_head_note(struct eg_head *head, const char *name, size_t name_len, const char *value, size_t value_len);
/* Errors: bad_framing. */
EG_MUST_CHECK eg_status eg_head_judge(const struct eg_head *head, bool http_1_0, struct eg_err *err);

/* Walks the head's memory as libmicrohttpd 0.9.75 leaves it (each colon one NUL, each CR LF two): from behind the
 * version to behind the empty line. False when a line ends with a bare LF, or continues the one before it (obs-fold):
 * both are read differently by different servers. */
bool eg_head_lines_strict(const char *from, const char *end);

/* Whether a Host value, or an Origin's ("scheme://host:port"), names this machine: localhost, *.localhost, 127.0.0.0/8,
 * [::1]. */
bool eg_host_is_local(const char *host);
bool eg_origin_is_local(const char *origin);

/* A client's request id that may be logged and answered: 1 to 39 of A–Z a–z 0–9 - _ . : */
bool eg_request_id_sane(const char *id);

enum eg_coding eg_content_coding(const char *value); /* of a Content-Encoding; NULL: identity */
int eg_accept_quality(const char *value, enum eg_coding wanted); /* 0 to 1000, by an Accept-Encoding; NULL: 0 */
enum eg_coding eg_accept_coding(const char *value);  /* the one to answer with, by an Accept-Encoding; never unknown */

/* Percent-decodes into the arena (plus: + is a space). NULL on a broken %, a NUL, or bytes that are no UTF-8. */
char *eg_uri_decode(struct eg_arena *arena, const char *raw, size_t len, bool plus, size_t *out_len);

/* Cuts a request target ("/a?b", "http://host/a?b", "*") into its parts; authority.p is NULL in the first and last. */
struct eg_target {
    struct eg_str authority, path, query;
};
bool eg_target_cut(const char *raw, size_t len, struct eg_target *target);

#endif
