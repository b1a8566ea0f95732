/* Compressing an answer with gzip or zstd, at levels that favour speed. */
#include "server/http/encode.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#define GZIP_LEVEL 4
#define ZSTD_LEVEL 1

static bool with_gzip(const char *bytes, size_t len, char *out, size_t room, size_t *out_len) {
    z_stream z = {0};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z.next_in = (const Bytef *)bytes;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    bool done = deflate(&z, Z_FINISH) == Z_STREAM_END;
    *out_len = room - z.avail_out;
    deflateEnd(&z);
    return done;
}

bool eg_encode(enum eg_coding coding, const char *bytes, size_t len, char **out, size_t *out_len) {
    *out = malloc(len); /* what does not fit in the original's length is not worth sending */
    if (!*out)
        return false;
    bool done;
    if (coding == EG_CODING_GZIP) {
        done = with_gzip(bytes, len, *out, len, out_len);
    } else {
        *out_len = ZSTD_compress(*out, len, bytes, len, ZSTD_LEVEL);
        done = !ZSTD_isError(*out_len);
    }
    if (done)
        return true;
    free(*out);
    *out = NULL;
    return false;
}

const char *eg_coding_name(enum eg_coding coding) {
    static const char *const names[] = {"identity", "gzip", "zstd", "unknown"};
    return names[coding];
}
