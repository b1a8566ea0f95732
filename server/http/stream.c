/* An answer that is made while it is sent. The flow appends to req->answer; libmicrohttpd fetches from it when the client has taken what
 * went before, and its connection is suspended while there is nothing to fetch. Flows are called from the loop alone, never while
 * libmicrohttpd fetches. */
#include <inttypes.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/http/http_int.h"

#define ENCODED_AT_ONCE_B (16U << 10) /* the loop must not stand still */
#define BLOCK_B (8U << 10)            /* of a client that takes no chunks */
#define KEPT_B (16U << 10)            /* a silent stream keeps no more memory than this */
#define MOST_IN_KERNEL_B (128 << 10)  /* not yet sent: the rest waits here, where it is seen */

static size_t unsent(const struct eg_exchange *x) { return x->pub.answer.len - x->stream.gone_b; }

enum eg_step_result eg_request_stream(struct eg_request *req, int status, const char *content_type,
                                      const struct eg_stream_config *config) {
    struct eg_exchange *x = eg_exchange_of(req);
    EG_ASSERT(!x->stream.on && config->room && config->window_b > 0 && status >= 200 && status <= 599);
    x->stream.on = true;
    x->stream.config = *config;
    req->status = status;
    req->content_type = content_type;
    return EG_STREAM;
}

static void need_turn(struct eg_exchange *x) {
    if (x->phase == EG_PHASE_STREAM)
        eg_exchange_queue(x);
}

void eg_request_push(struct eg_request *req) {
    struct eg_exchange *x = eg_exchange_of(req);
    EG_ASSERT(x->stream.on && !x->stream.ended);
    if (req->answer.failed) {
        if (!x->stream.aborted)
            eg_error(&req->log, "a stream has more than http.max_answer_b unsent, or memory is out: it is cut");
        eg_stream_cut(x);
        return;
    }
    x->stream.full = x->stream.full || unsent(x) >= x->stream.config.window_b;
    if (x->suspended && unsent(x) > 0)
        need_turn(x);
}

size_t eg_request_unsent(const struct eg_request *req) {
    EG_ASSERT(req->magic == EG_REQUEST_MAGIC);
    return unsent((const struct eg_exchange *)(const void *)req);
}

void eg_request_end(struct eg_request *req) {
    struct eg_exchange *x = eg_exchange_of(req);
    eg_request_push(req);
    x->stream.ended = true;
    need_turn(x);
}

void eg_request_abort(struct eg_request *req) {
    struct eg_exchange *x = eg_exchange_of(req);
    EG_ASSERT(x->stream.on);
    eg_stream_cut(x);
}

void eg_stream_cut(struct eg_exchange *x) {
    x->stream.aborted = true;
    if (x->phase == EG_PHASE_STREAM && !x->suspended) /* it may wait for a client that takes nothing */
        shutdown(x->conn->fd, SHUT_RDWR);
    need_turn(x);
}

bool eg_stream_turn(struct eg_exchange *x) {
    struct eg_stream *s = &x->stream;
    bool open = !s->ended && !s->aborted;
    if (open && x->http->draining && !s->told_stopping) {
        s->told_stopping = true;
        s->config.room(&x->pub, true);
    } else if (open && s->room_due) {
        s->room_due = false;
        s->config.room(&x->pub, false);
    }
    if (!x->suspended || (unsent(x) == 0 && !s->ended && !s->aborted))
        return false;
    x->suspended = false;
    x->http->n_suspended--;
    MHD_resume_connection(x->mhd);
    return true;
}

static void remove_gone(struct eg_exchange *x) {
    struct eg_buf *answer = &x->pub.answer;
    size_t left = unsent(x);
    if (left > 0 && x->stream.gone_b < answer->len / 2)
        return;
    if (left > 0)
        memmove(answer->data, answer->data + x->stream.gone_b, left);
    answer->len = left;
    x->stream.gone_b = 0;
    if (left == 0 && answer->cap > KEPT_B)
        eg_buf_free(answer);
}

/* Of the next piece: all that was pushed is to be readable, but is taken in pieces. */
static enum eg_encode_mode next_mode(const struct eg_exchange *x, size_t len) {
    return len < unsent(x) ? EG_ENCODE_MORE : x->stream.ended ? EG_ENCODE_END : EG_ENCODE_FLUSH;
}

/* Bytes for the client; 0: nothing is left of what was pushed, nor, when the flow has ended, of the coding's own end. */
static size_t encode(struct eg_exchange *x, char *out, size_t room) {
    struct eg_stream *s = &x->stream;
    size_t made = 0;
    while (made == 0 && (s->mid_piece || unsent(x) > 0 || (s->ended && !s->encoded_end))) {
        size_t len = unsent(x) < ENCODED_AT_ONCE_B ? unsent(x) : ENCODED_AT_ONCE_B, taken = 0;
        const char *from = len ? x->pub.answer.data + s->gone_b : "";
        if (!s->mid_piece)
            s->mode = next_mode(x, len);
        bool done = eg_encoder_run(s->encoder, s->mode, from, len, &taken, out, room, &made);
        s->gone_b += taken;
        s->mid_piece = !done && s->mode != EG_ENCODE_MORE;
        s->encoded_end = done && s->mode == EG_ENCODE_END;
    }
    return made;
}

static size_t fetch(struct eg_exchange *x, char *out, size_t room) {
    size_t n = unsent(x) < room ? unsent(x) : room;
    if (n == 0)
        return 0;
    memcpy(out, x->pub.answer.data + x->stream.gone_b, n);
    x->stream.gone_b += n;
    return n;
}

static ssize_t wait_for_more(struct eg_exchange *x) {
    int on = 1;
    if (x->sent_b == 0) /* the head is held back for the body's first bytes: this lets it go */
        (void)setsockopt(x->conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    x->suspended = true;
    x->http->n_suspended++;
    MHD_suspend_connection(x->mhd);
    return 0;
}

/* libmicrohttpd asks for what comes next. */
static ssize_t on_fetch(void *cls, uint64_t at, char *out, size_t room) {
    struct eg_exchange *x = cls;
    struct eg_stream *s = &x->stream;
    (void)at;
    if (s->aborted)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t n = s->encoder ? encode(x, out, room) : fetch(x, out, room);
    remove_gone(x);
    if (s->full && unsent(x) * 2 < s->config.window_b) {
        s->full = false;
        s->room_due = true;
        need_turn(x);
    }
    if (n == 0)
        return s->ended ? MHD_CONTENT_READER_END_OF_STREAM : wait_for_more(x);
    x->sent_b += n;
    x->http->stats.sent_b += n;
    return (ssize_t)n;
}

void eg_stream_prepare(struct eg_exchange *x) {
    struct eg_stream *s = &x->stream;
    x->coding = EG_CODING_IDENTITY;
    if (!s->config.compress || x->http->config.no_compression)
        return;
    x->coding = eg_accept_coding(x->head.accept_encoding);
    if (x->coding == EG_CODING_IDENTITY || x->head_only)
        return;
    s->encoder = eg_encoder_new(x->coding);
    if (!s->encoder)
        x->coding = EG_CODING_IDENTITY;
}

/* To HEAD, libmicrohttpd 0.9.75 would send the last chunk of a body that it leaves out, and a length of 0 would be untrue: without
 * chunks an answer has neither, and its connection ends. */
struct MHD_Response *eg_stream_response(struct eg_exchange *x) {
    int most = MOST_IN_KERNEL_B;
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_B, on_fetch, x, NULL);
    if (x->head_only && response)
        (void)MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    else
        (void)setsockopt(x->conn->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
    return response;
}

void eg_stream_begun(struct eg_exchange *x) {
    x->phase = EG_PHASE_STREAM;
    x->http->n_streams++;
    if (x->http->draining)
        eg_exchange_queue(x);
}

void eg_stream_over(struct eg_exchange *x, bool complete) {
    x->http->n_streams--;
    if (x->http->config.access_log)
        eg_info(&x->pub.log, "method=%s path=%s status=%d took_us=%" PRId64 " received_b=%zu sent_b=%zu complete=%d",
                x->pub.method, x->pub.path, x->pub.status, eg_clock_mono_us() - x->pub.started_us, x->pub.body_len,
                x->sent_b, complete);
}

void eg_stream_free(struct eg_exchange *x) {
    eg_encoder_free(x->stream.encoder);
    x->stream.encoder = NULL;
}
