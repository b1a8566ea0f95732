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

struct eg_encoder {
    z_stream z; /* gzip, when zstd is NULL */
    ZSTD_CCtx *zstd;
};

struct eg_encoder *eg_encoder_new(enum eg_coding coding) {
    struct eg_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder)
        return NULL;
    bool made;
    if (coding == EG_CODING_GZIP) {
        made = deflateInit2(&encoder->z, GZIP_LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    } else {
        encoder->zstd = ZSTD_createCCtx();
        made = encoder->zstd &&
               !ZSTD_isError(ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
    }
    if (made)
        return encoder;
    ZSTD_freeCCtx(encoder->zstd);
    free(encoder);
    return NULL;
}

void eg_encoder_free(struct eg_encoder *encoder) {
    if (!encoder)
        return;
    if (!encoder->zstd)
        deflateEnd(&encoder->z);
    ZSTD_freeCCtx(encoder->zstd);
    free(encoder);
}

/* A flush that just fits is told by room that is left; with none left, zlib is asked again, and answers Z_BUF_ERROR when that was all. */
static bool run_gzip(z_stream *z, enum eg_encode_mode mode, const char *bytes, size_t len, size_t *taken, char *out,
                     size_t room, size_t *made) {
    static const int flush[] = {Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH};
    z->next_in = (const Bytef *)bytes;
    z->avail_in = (uInt)len;
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)room;
    int code = deflate(z, flush[mode]);
    *taken = len - z->avail_in;
    *made = room - z->avail_out;
    return mode == EG_ENCODE_END ? code == Z_STREAM_END : z->avail_in == 0 && z->avail_out > 0;
}

bool eg_encoder_run(struct eg_encoder *encoder, enum eg_encode_mode mode, const char *bytes, size_t len, size_t *taken,
                    char *out, size_t room, size_t *made) {
    static const ZSTD_EndDirective directive[] = {ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end};
    if (!encoder->zstd)
        return run_gzip(&encoder->z, mode, bytes, len, taken, out, room, made);
    ZSTD_inBuffer in = {bytes, len, 0};
    ZSTD_outBuffer to = {out, room, 0};
    size_t left = ZSTD_compressStream2(encoder->zstd, &to, &in, directive[mode]);
    *taken = in.pos;
    *made = to.pos;
    return in.pos == len && (mode == EG_ENCODE_MORE || left == 0);
}

const char *eg_coding_name(enum eg_coding coding) {
    static const char *const names[] = {"identity", "gzip", "zstd", "unknown"};
    return names[coding];
}
