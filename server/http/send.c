/* From a set answer to libmicrohttpd's response: compression, headers, the last counters. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "server/http/encode.h"
#include "server/http/http_int.h"

#define LEAST_ENCODED_B 1024
#define MOST_INLINE_B (128U << 10) /* beyond, another thread compresses: the loop must not stand still */
#define TIMING_B 512

static void too_long(struct eg_exchange *x) {
    eg_err_clear(&x->pub.err);
    (void)eg_err_set(&x->pub.err, EG_E_ANSWER_TOO_LARGE, NULL,
                     "The answer does not fit into http.max_answer_b (%zu bytes); ask for less at once.",
                     x->http->config.max_answer_b);
    x->coded = false;
    eg_request_problem(&x->pub, NULL);
}

static void encode(struct eg_exchange *x) {
    if (!eg_encode(x->coding, x->pub.answer.data, x->pub.answer.len, &x->encoded, &x->encoded_len))
        x->coding = EG_CODING_IDENTITY;
}

static void work_here(uv_work_t *work) { encode(work->data); }

static void work_done(uv_work_t *work, int status) {
    struct eg_exchange *x = work->data;
    if (status != 0)
        x->coding = EG_CODING_IDENTITY;
    x->phase = EG_PHASE_READY;
    if (x->gone)
        eg_exchange_end(x);
    else
        eg_exchange_queue(x);
}

void eg_send_prepare(struct eg_exchange *x) {
    x->phase = EG_PHASE_READY;
    if (x->stream.on) {
        eg_stream_prepare(x);
        return;
    }
    if (x->pub.answer.failed)
        too_long(x);
    x->coding = x->coded && !x->pub.answer.failed ? EG_CODING_GZIP : EG_CODING_IDENTITY;
    size_t len = x->pub.answer.len;
    if (x->coded || len <= LEAST_ENCODED_B || x->http->config.no_compression)
        return;
    x->coding = eg_accept_coding(x->head.accept_encoding);
    if (x->coding == EG_CODING_IDENTITY)
        return;
    x->work.data = x;
    if (len > MOST_INLINE_B && uv_queue_work(x->http->loop, &x->work, work_here, work_done) == 0)
        x->phase = EG_PHASE_ENCODE;
    else
        encode(x);
}

/* ", name;dur=12.345", six times an answer: printf would be a fiftieth of what an event costs. Answers how many bytes, 0 without room. */
static size_t add_ms(char *out, size_t room, const char *name, int64_t us) {
    char digits[24];
    size_t at = sizeof digits, n_name = strlen(name), n_comma = room == TIMING_B ? 0 : 2;
    for (int i = 0; i < 3 || us > 0; i++, us /= 10) {
        digits[--at] = (char)('0' + us % 10);
        if (i == 2) {
            digits[--at] = '.';
            if (us < 10)
                digits[--at] = '0';
        }
    }
    size_t n_digits = sizeof digits - at, n = n_comma + n_name + 5 + n_digits;
    if (n >= room)
        return 0;
    memcpy(out, ", ", n_comma);
    memcpy(out + n_comma, name, n_name);
    memcpy(out + n_comma + n_name, ";dur=", 5);
    memcpy(out + n_comma + n_name + 5, digits + at, n_digits);
    return n;
}

static void server_timing(const struct eg_exchange *x, int64_t took_us, char out[TIMING_B]) {
    size_t len = add_ms(out, TIMING_B, "total", took_us);
    if (x->step_at_us == 0) /* no flow has begun */
        return;
    const struct eg_flow *flow = x->http->routes[x->route].flow;
    for (size_t i = 0; i < flow->n_steps && i <= x->step && i < EG_STATS_STEPS; i++)
        len += add_ms(out + len, TIMING_B - len, flow->steps[i].name, x->step_us[i]);
    out[len] = '\0';
}

static struct MHD_Response *with_body(struct eg_exchange *x) {
    char *data = x->encoded;
    size_t len = x->encoded_len;
    if (data)
        x->encoded = NULL;
    else
        data = eg_buf_detach(&x->pub.answer, &len);
    x->sent_b = len;
    if (len == 0) {
        free(data);
        return MHD_create_response_from_buffer_with_free_callback(0, NULL, NULL);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(len, data, free);
    if (!response)
        free(data);
    return response;
}

static void add(struct MHD_Response *response, const char *name, const char *value) {
    if (value)
        (void)MHD_add_response_header(response, name, value);
}

static void add_headers(struct eg_exchange *x, struct MHD_Response *response, int64_t took_us, bool long_enough) {
    char timing[TIMING_B];
    bool cache = false;
    server_timing(x, took_us, timing);
    if (x->sent_b > 0 || x->stream.on)
        add(response, "Content-Type", x->pub.content_type);
    for (const struct eg_header *h = x->headers; h; h = h->next) {
        add(response, h->name, h->value);
        cache = cache || strcasecmp(h->name, "Cache-Control") == 0;
    }
    if (!cache)
        add(response, "Cache-Control", "no-store");
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "X-Request-Id", x->pub.log.id);
    add(response, "Server-Timing", timing);
    add(response, "traceparent", x->head.traceparent);
    if (x->coding != EG_CODING_IDENTITY)
        add(response, "Content-Encoding", eg_coding_name(x->coding));
    if (long_enough && !x->http->config.no_compression)
        add(response, "Vary", "Accept-Encoding");
    if (x->close || x->http->draining)
        add(response, "Connection", "close");
}

enum MHD_Result eg_send(struct eg_exchange *x) {
    bool long_enough = x->stream.on ? x->stream.config.compress : x->coded || x->pub.answer.len > LEAST_ENCODED_B;
    int64_t took_us = eg_clock_mono_us() - x->pub.started_us;
    struct MHD_Response *response = x->stream.on ? eg_stream_response(x) : with_body(x);
    if (!response)
        return MHD_NO;
    add_headers(x, response, took_us, long_enough);
    x->phase = EG_PHASE_SENT;
    eg_conn_become(x->conn, x->stream.on ? EG_CONN_STREAMING : EG_CONN_SENDING);
    eg_stats_answered(&x->http->stats, x->route, x->pub.status, took_us);
    if (x->stream.on)
        eg_stream_begun(x);
    x->http->stats.sent_b += x->head_only ? 0 : x->sent_b;
    if (x->http->config.access_log && !x->stream.on)
        eg_info(&x->pub.log, "method=%s path=%s status=%d took_us=%" PRId64 " received_b=%zu sent_b=%zu", x->pub.method,
                x->pub.path, x->pub.status, took_us, x->pub.body_len, x->sent_b);
    enum MHD_Result result = MHD_queue_response(x->mhd, (unsigned)x->pub.status, response);
    MHD_destroy_response(response);
    return result;
}
