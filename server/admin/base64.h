/* Base 64 (RFC 4648, with padding), for bytes that are no text. */
#ifndef EG_ADMIN_BASE64_H
#define EG_ADMIN_BASE64_H

#include <stddef.h>

char *eg_base64(const void *bytes, size_t size_b); /* NUL-terminated; the caller frees it; NULL when memory is out */

#endif
