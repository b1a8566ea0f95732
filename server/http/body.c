/* Taking a body: growth by doubling, one charge for what is allocated, and the two decoders. */
#include "server/http/body.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#define KEEP_B (32U << 10) /* a buffer up to this is kept between requests */
#define FIRST_B (4U << 10)
#define TRUST_B (64U << 10)    /* announced lengths up to this are allocated at once */
#define ZSTD_WINDOW_LOG_MAX 23 /* 8 MiB, what RFC 8878 asks decoders to support */
#define INFLATE_B (44U << 10)  /* what one inflate state costs */

struct eg_decoder {
    enum eg_coding coding;
    size_t charged_b;
    bool ended; /* at the end of a gzip member or zstd frame: the body may end here */
    z_stream gzip;
    ZSTD_DStream *zstd;
};

static eg_status charge(struct eg_budget *budget, size_t *charged_b, size_t want_b, struct eg_err *err) {
    if (want_b <= *charged_b)
        return EG_OK;
    if (want_b - *charged_b > budget->max_b - budget->used_b)
        return eg_err_set(err, EG_E_OVERLOADED, NULL,
                          "The bodies of all requests together exceed http.body_budget_b; send this one again later.");
    budget->used_b += want_b - *charged_b;
    *charged_b = want_b;
    return EG_OK;
}

static eg_status too_large(const struct eg_body *body, struct eg_err *err) {
    return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL,
                      "The body%s is larger than http.max_body_b (%zu bytes); split it.",
                      body->decoder ? ", decompressed," : "", body->max_b);
}

/* Room for `more` bytes and a NUL. */
static eg_status make_room(struct eg_body *body, size_t more, struct eg_err *err) {
    if (more > body->max_b - body->len)
        return too_large(body, err);
    size_t need = body->len + more + 1;
    size_t cap = body->cap ? body->cap : FIRST_B;
    while (cap < need)
        cap *= 2;
    if (cap > body->max_b + 1 && cap > body->cap)
        cap = body->max_b + 1;
    if (charge(body->budget, &body->charged_b, cap, err) != EG_OK)
        return EG_FAIL;
    if (cap == body->cap)
        return EG_OK;
    char *data = realloc(body->data, cap);
    if (!data)
        return eg_err_set(err, EG_E_OVERLOADED, NULL, "Memory is out; send the request again later.");
    body->data = data;
    body->cap = cap;
    return EG_OK;
}

static struct eg_decoder *decoder_new(enum eg_coding coding) {
    struct eg_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder)
        return NULL;
    decoder->coding = coding;
    bool good;
    if (coding == EG_CODING_GZIP) {
        good = inflateInit2(&decoder->gzip, 15 + 16) == Z_OK; /* + 16: the gzip wrapper only */
    } else {
        decoder->zstd = ZSTD_createDStream();
        good = decoder->zstd &&
               !ZSTD_isError(ZSTD_DCtx_setParameter(decoder->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
    }
    if (good)
        return decoder;
    ZSTD_freeDStream(decoder->zstd);
    free(decoder);
    return NULL;
}

static void decoder_free(struct eg_decoder *decoder) {
    if (decoder->coding == EG_CODING_GZIP)
        inflateEnd(&decoder->gzip);
    ZSTD_freeDStream(decoder->zstd);
    free(decoder);
}

eg_status eg_body_begin(struct eg_body *body, enum eg_coding coding, uint64_t hint_b, size_t max_b,
                        struct eg_budget *budget, struct eg_err *err) {
    EG_ASSERT(!body->decoder && body->charged_b == 0);
    body->len = 0;
    body->max_b = max_b;
    body->budget = budget;
    if (coding == EG_CODING_UNKNOWN)
        return eg_err_set(err, EG_E_ENCODING_UNKNOWN, NULL, "Content-Encoding must be gzip, zstd or identity, once.");
    if (hint_b > max_b)
        return too_large(body, err);
    if (coding != EG_CODING_IDENTITY) {
        body->decoder = decoder_new(coding);
        if (!body->decoder)
            return eg_err_set(err, EG_E_OVERLOADED, NULL, "Memory is out; send the request again later.");
        return charge(budget, &body->decoder->charged_b, INFLATE_B, err);
    }
    return hint_b > 0 && hint_b <= TRUST_B ? make_room(body, hint_b, err) : EG_OK;
}

static eg_status broken(const struct eg_decoder *decoder, const char *how, struct eg_err *err) {
    return eg_err_set(err, EG_E_ENCODING_INVALID, NULL, "The body is not valid %s as its Content-Encoding says: %s.",
                      decoder->coding == EG_CODING_GZIP ? "gzip" : "zstd", how);
}

/* At least one byte of room, or the answer that there is none: a full body may still have its trailer to come, so one
 * byte beyond the maximum is tried before it is called too large. */
static eg_status output_room(struct eg_body *body, char extra[1], char **out, size_t *room, struct eg_err *err) {
    if (body->len == body->max_b) {
        *out = extra;
        *room = 1;
        return EG_OK;
    }
    if (body->cap < body->len + 2) {
        size_t more = body->cap ? body->cap : FIRST_B;
        if (more > body->max_b - body->len)
            more = body->max_b - body->len;
        if (make_room(body, more, err) != EG_OK)
            return EG_FAIL;
    } else if (make_room(body, 0, err) != EG_OK) {
        return EG_FAIL;
    }
    *out = body->data + body->len;
    *room = body->cap - body->len - 1;
    if (*room > body->max_b - body->len)
        *room = body->max_b - body->len;
    return EG_OK;
}

static eg_status gzip_step(struct eg_decoder *decoder, const char *bytes, size_t len, size_t *used, char *out,
                           size_t room, size_t *made, struct eg_err *err) {
    z_stream *z = &decoder->gzip;
    if (decoder->ended) { /* members may follow one another */
        inflateReset(z);
        decoder->ended = false;
    }
    z->next_in = (const Bytef *)bytes;
    z->avail_in = (uInt)len;
    z->next_out = (Bytef *)out;
    z->avail_out = (uInt)room;
    int result = inflate(z, Z_NO_FLUSH);
    *used = len - z->avail_in;
    *made = room - z->avail_out;
    decoder->ended = result == Z_STREAM_END;
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return broken(decoder, z->msg ? z->msg : "it cannot be inflated", err);
    return EG_OK;
}

static eg_status zstd_step(struct eg_decoder *decoder, const char *bytes, size_t len, size_t *used, char *out,
                           size_t room, size_t *made, struct eg_err *err) {
    ZSTD_inBuffer in = {bytes, len, 0};
    ZSTD_outBuffer to = {out, room, 0};
    size_t result = ZSTD_decompressStream(decoder->zstd, &to, &in);
    if (ZSTD_isError(result))
        return broken(decoder, ZSTD_getErrorName(result), err);
    *used = in.pos;
    *made = to.pos;
    decoder->ended = result == 0;
    return EG_OK;
}

static eg_status take_encoded(struct eg_body *body, const char *bytes, size_t len, struct eg_err *err) {
    struct eg_decoder *decoder = body->decoder;
    for (bool full = false; len > 0 || full;) {
        char extra[1], *out;
        size_t room, used = 0, made = 0;
        if (output_room(body, extra, &out, &room, err) != EG_OK)
            return EG_FAIL;
        if ((decoder->coding == EG_CODING_GZIP ? gzip_step : zstd_step)(decoder, bytes, len, &used, out, room, &made,
                                                                        err) != EG_OK)
            return EG_FAIL;
        if (out == extra && made > 0)
            return too_large(body, err);
        body->len += made;
        bytes += used;
        len -= used;
        full = made == room && !decoder->ended; /* there may be more that did not fit */
        if (used == 0 && made == 0)
            break;
    }
    if (decoder->zstd && charge(body->budget, &decoder->charged_b, ZSTD_sizeof_DStream(decoder->zstd), err) != EG_OK)
        return EG_FAIL;
    return len == 0 ? EG_OK : broken(decoder, "bytes behind its end", err);
}

eg_status eg_body_take(struct eg_body *body, const char *bytes, size_t len, struct eg_err *err) {
    if (body->decoder)
        return take_encoded(body, bytes, len, err);
    if (make_room(body, len, err) != EG_OK)
        return EG_FAIL;
    memcpy(body->data + body->len, bytes, len);
    body->len += len;
    return EG_OK;
}

eg_status eg_body_finish(struct eg_body *body, struct eg_err *err) {
    if (body->decoder && !body->decoder->ended)
        return broken(body->decoder, "it ends early", err);
    if (body->data)
        body->data[body->len] = '\0';
    return EG_OK;
}

void eg_body_reset(struct eg_body *body, bool all) {
    if (body->decoder) {
        body->budget->used_b -= body->decoder->charged_b;
        decoder_free(body->decoder);
        body->decoder = NULL;
    }
    if (body->budget)
        body->budget->used_b -= body->charged_b;
    body->charged_b = 0;
    body->len = 0;
    if (all || body->cap > KEEP_B) {
        free(body->data);
        body->data = NULL;
        body->cap = 0;
    }
}
