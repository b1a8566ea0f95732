/* Server-Sent Events, cut out of bytes as they come. */
#ifndef EG_CLI_SSE_H
#define EG_CLI_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct eg_sse {
    char last_id[32]; /* of the last whole event, which may have been without data; "" before one */
    char next_id[32]; /* of the one that is coming */
    char kind[32];    /* "message" unless the server says otherwise */
    struct eg_buf line, data;
    bool has_data;
    int64_t alive_ms; /* how often the server gives a sign of life on this connection; 0: it has not said */
    /* One whole event; false ends. data is NUL-terminated and valid during the call. */
    bool (*event)(void *ctx, const char *kind, const char *id, const char *data, size_t len);
    void *ctx;
};

void eg_sse_init(struct eg_sse *sse, bool (*event)(void *ctx, const char *kind, const char *id, const char *data, size_t len),
                 void *ctx);
void eg_sse_begin(struct eg_sse *sse); /* a new connection: what was left of an event is forgotten, the id is kept */
bool eg_sse_take(struct eg_sse *sse, const char *bytes, size_t len); /* false: event said so, or a line is too long */
void eg_sse_free(struct eg_sse *sse);

#endif
