/* Base 64 by OpenSSL's encoder, whose sizes are int: in pieces of whole triples. */
#include "server/admin/base64.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define PIECE_B ((size_t)3 << 20)

char *eg_base64(const void *bytes, size_t size_b) {
    const unsigned char *from = bytes;
    char *out = malloc(size_b / 3 * 4 + 5);
    size_t at = 0;
    if (!out) {
        return NULL;
    }
    out[0] = '\0';
    for (size_t done = 0; done < size_b; done += PIECE_B) {
        size_t n = size_b - done < PIECE_B ? size_b - done : PIECE_B;
        at += (size_t)EVP_EncodeBlock((unsigned char *)out + at, from + done, (int)n);
    }
    return out;
}
