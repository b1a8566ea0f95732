/* Compressing an answer: a pure function, so that a large one can be done on another thread. */
#ifndef EG_HTTP_ENCODE_H
#define EG_HTTP_ENCODE_H

#include "server/http/check.h"

/* *out is malloc'ed and the caller's. False when memory is out or nothing was gained; then the answer goes as it is. */
bool eg_encode(enum eg_coding coding, const char *bytes, size_t len, char **out, size_t *out_len);

/* The same piece by piece, for an answer that is made while it is sent. */
struct eg_encoder;
enum eg_encode_mode {
    EG_ENCODE_MORE,  /* what comes out may be held back */
    EG_ENCODE_FLUSH, /* the client can read all that went in */
    EG_ENCODE_END
};
struct eg_encoder *eg_encoder_new(enum eg_coding coding); /* NULL when memory is out */
void eg_encoder_free(struct eg_encoder *encoder);         /* NULL is fine */
/* Takes up to len bytes and puts up to room into out. *taken and *made say how many; true when the mode is done: all is taken, and
 * nothing is held back that the mode would give. Until then it is to be called with the same mode and what is left. */
bool eg_encoder_run(struct eg_encoder *encoder, enum eg_encode_mode mode, const char *bytes, size_t len, size_t *taken,
                    char *out, size_t room, size_t *made);

const char *eg_coding_name(enum eg_coding coding);

#endif
