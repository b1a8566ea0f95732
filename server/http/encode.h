/* Compressing an answer: a pure function, so that a large one can be done on another thread. */
#ifndef EG_HTTP_ENCODE_H
#define EG_HTTP_ENCODE_H

#include "server/http/check.h"

/* *out is malloc'ed and the caller's. False when memory is out or nothing was gained; then the answer goes as it is. */
bool eg_encode(enum eg_coding coding, const char *bytes, size_t len, char **out, size_t *out_len);
const char *eg_coding_name(enum eg_coding coding);

#endif
