/* A request's body as it arrives: decoded on the way when it is compressed, never larger than its maximum, and charged
 * to a budget that all requests share, decoder windows included. */
#ifndef EG_HTTP_BODY_H
#define EG_HTTP_BODY_H

#include "server/http/check.h"

struct eg_budget {
    size_t used_b;
    size_t max_b;
};

struct eg_decoder;

struct eg_body {
    char *data; /* NUL behind len once anything was taken */
    size_t len;
    size_t cap;
    size_t max_b;
    size_t charged_b;
    struct eg_budget *budget;
    struct eg_decoder *decoder; /* NULL: identity */
};

/* data and cap may be left from a body that was reset. hint_b: the length that was announced, 0 when unknown. Errors:
 * unsupported_media_type, body_too_large, overloaded. */
EG_MUST_CHECK eg_status eg_body_begin(struct eg_body *body, enum eg_coding coding, uint64_t hint_b, size_t max_b,
                                      struct eg_budget *budget, struct eg_err *err);
/* Errors: body_too_large, overloaded, usage (what came is not of its coding). */
EG_MUST_CHECK eg_status eg_body_take(struct eg_body *body, const char *bytes, size_t len, struct eg_err *err);
/* All has come. Errors: usage when a compressed body ends early. */
EG_MUST_CHECK eg_status eg_body_finish(struct eg_body *body, struct eg_err *err);
/* Gives the charge back. A small buffer is kept for the next body, unless all is asked. */
void eg_body_reset(struct eg_body *body, bool all);

#endif
