/* A growing byte buffer with a maximum at birth. The first failure (memory or maximum) is kept: later writes do nothing, and
 * the owner looks at `failed` once, at the end. data is NUL-terminated after eg_buf_text() only. */
#ifndef EG_BASE_BUF_H
#define EG_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct eg_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

void eg_buf_init(struct eg_buf *buf, size_t max_b);
void eg_buf_free(struct eg_buf *buf); /* back to the state after init */
void eg_buf_add_slow(struct eg_buf *buf, const void *bytes, size_t size_b); /* of eg_buf_add: it makes room, or fails */
/* Rows are written by millions of these: what fits is copied in place. */
static inline void eg_buf_add(struct eg_buf *buf, const void *bytes, size_t size_b) {
    if (buf->failed || size_b >= buf->cap - buf->len || size_b == 0) {
        eg_buf_add_slow(buf, bytes, size_b);
        return;
    }
    memcpy(buf->data + buf->len, bytes, size_b);
    buf->len += size_b;
}
int eg_buf_sink(const char *bytes, size_t size_b, void *buf); /* adds; −1 when failed: for those who call with pieces */
static inline void eg_buf_str(struct eg_buf *buf, const char *text) { eg_buf_add(buf, text, strlen(text)); }
static inline void eg_buf_char(struct eg_buf *buf, char c) { eg_buf_add(buf, &c, 1); }
void eg_buf_int(struct eg_buf *buf, int64_t value); /* in decimal */
/* Room for size_b bytes behind what is there; the caller writes them and adds what it wrote to len. NULL: failed. */
char *eg_buf_room(struct eg_buf *buf, size_t size_b);
void eg_buf_printf(struct eg_buf *buf, const char *format, ...) EG_PRINTF(2, 3);
void eg_buf_json_string(struct eg_buf *buf, const char *bytes, size_t size_b); /* quoted, escaped; bytes are UTF-8 */
void eg_buf_json_part(struct eg_buf *buf, const char *bytes, size_t size_b);   /* the same without its quotes */
void eg_buf_base64(struct eg_buf *buf, const void *bytes, size_t size_b);               /* by RFC 4648, padded */
void eg_buf_pointer_token(struct eg_buf *buf, const char *name, size_t len);           /* of a JSON Pointer: "/" and name, escaped */
void eg_buf_json_double(struct eg_buf *buf, double value);                     /* shortest that reads back; not finite: null */
const char *eg_buf_text(struct eg_buf *buf);                                   /* NUL-terminated; "" when failed or empty */
char *eg_buf_detach(struct eg_buf *buf, size_t *len); /* the caller frees it; the buffer is empty after */

#endif
