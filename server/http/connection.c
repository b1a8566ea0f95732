/* Connections: what libmicrohttpd tells of them, and the deadlines that it does not keep. Its own time-out counts
 * inactivity only, so a client that sends a byte a second would live for ever. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/http/http_int.h"
#include "server/http/progress.h"

#define SLOWEST_B_PER_MS 16 /* who takes less of an answer in a deadline's time is cut */
#define SLACK_US 50000
#define CLIENT_GONE 499 /* a status that nobody reads */
#define MOST_ARGS 128 /* libmicrohttpd keeps each in the connection's memory; when that is full it says nothing and hangs */
#define LOOK_US 1000000 /* so often is a stream's client looked at, and one that a flow heeds */

static struct eg_conn *conn_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct eg_conn *conn = info ? info->socket_context : NULL;
    EG_ASSERT(!conn || conn->magic == EG_CONN_MAGIC);
    return conn;
}

static int64_t deadline_us(const struct eg_http *http) { return (int64_t)http->config.request_deadline_ms * 1000; }
static int64_t idle_us(const struct eg_http *http) { return (int64_t)http->config.idle_timeout_ms * 1000; }

static int64_t look_us(const struct eg_http *http) {
    return deadline_us(http) / 4 < LOOK_US ? deadline_us(http) / 4 : LOOK_US;
}

void eg_conn_become(struct eg_conn *conn, enum eg_conn_state state) {
    int64_t now_us = eg_clock_mono_us();
    conn->state = state;
    conn->since_us = now_us;
    conn->begun = false;
    switch (state) {
    case EG_CONN_IDLE: {
        int64_t next_us = deadline_us(conn->http) < idle_us(conn->http) ? deadline_us(conn->http) : idle_us(conn->http);
        conn->until_us = now_us + next_us;
        break;
    }
    case EG_CONN_RECEIVING:
        conn->until_us = now_us + deadline_us(conn->http);
        break;
    case EG_CONN_WORKING:
        conn->until_us = INT64_MAX;
        break;
    case EG_CONN_SENDING:
        conn->taken_b = 0;
        conn->until_us = now_us + deadline_us(conn->http);
        break;
    case EG_CONN_STREAMING:
        conn->taken_b = 0;
        conn->moved_us = now_us;
        conn->until_us = now_us + look_us(conn->http);
        break;
    }
}

void eg_conn_refused(struct eg_conn *conn, enum eg_refusal reason) {
    conn->http->stats.refused[reason] += !conn->refused;
    conn->refused = true;
}

/* The end of the connection's request, answered or not. */
static void end_request(struct eg_conn *conn, bool whole) {
    struct eg_exchange *x = conn->exchange;
    if (!whole)
        eg_conn_refused(conn, EG_REFUSED_ABORTED);
    if (x->phase == EG_PHASE_STREAM)
        eg_stream_over(x, whole);
    conn->exchange = NULL;
    eg_exchange_end(x);
}

void eg_conn_notify(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode code) {
    struct eg_http *http = cls;
    struct eg_conn *conn = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        conn = info ? calloc(1, sizeof *conn) : NULL;
        *context = conn;
        if (!conn)
            return; /* its first request ends it */
        *conn = (struct eg_conn){.magic = EG_CONN_MAGIC, .http = http, .fd = info->connect_fd};
        eg_list_append(&http->conns, &conn->link);
        http->n_conns++;
        eg_conn_become(conn, EG_CONN_IDLE);
    } else if (conn) {
        if (conn->exchange) /* libmicrohttpd tells of no end when it had no memory for the request line's arguments */
            end_request(conn, false);
        eg_list_remove(&conn->link);
        http->n_conns--;
        conn->magic = 0;
        free(conn);
        *context = NULL;
    }
}

static size_t count_args(const char *uri) {
    size_t n = 0;
    for (const char *p = strchr(uri, '?'); p; p = strchr(p + 1, '&'))
        n++;
    return n;
}

void *eg_conn_request_line(void *cls, const char *uri, struct MHD_Connection *mhd) {
    struct eg_http *http = cls;
    struct eg_conn *conn = conn_of(mhd);
    struct eg_exchange *x = conn ? eg_exchange_new(http, mhd, conn) : NULL;
    if (!x)
        return NULL;
    EG_ASSERT(!conn->exchange);
    conn->exchange = x;
    x->raw = eg_arena_dup(x->pub.arena, uri, strlen(uri));
    eg_conn_become(conn, EG_CONN_RECEIVING);
    if (count_args(uri) > MOST_ARGS) {
        eg_conn_last_words(conn, EG_E_URI_TOO_LONG, "414 URI Too Long");
        eg_conn_cut(conn, EG_REFUSED_FRAMING);
    }
    return x;
}

void eg_conn_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code) {
    struct eg_exchange *x = *context;
    (void)cls;
    (void)mhd;
    if (!x)
        return;
    struct eg_conn *conn = x->conn;
    end_request(conn, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    *context = NULL;
    eg_conn_become(conn, EG_CONN_IDLE);
}

void eg_conn_cut(struct eg_conn *conn, enum eg_refusal reason) {
    eg_conn_refused(conn, reason);
    conn->until_us = INT64_MAX;
    shutdown(conn->fd, SHUT_RDWR);
}

void eg_conn_last_words(const struct eg_conn *conn, enum eg_code code, const char *status_line) {
    char body[512], text[1024];
    int len =
        snprintf(body, sizeof body,
                 "{\"type\":\"/docs/errors#%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\",\"code\":\"%s\"}",
                 eg_code_name(code), eg_code_title(code), eg_code_status(code), eg_code_hint(code), eg_code_name(code));
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     status_line, len, body);
    if (n > 0 && (size_t)n < sizeof text)
        (void)!send(conn->fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Bytes that came since the connection became idle are a request that has begun, of which libmicrohttpd tells nothing
 * yet. And when a peer's end comes together with its last bytes, libmicrohttpd overlooks it. */
static void look_at_idle(struct eg_conn *conn, int64_t now_us) {
    struct eg_progress progress = {.silent_us = INT64_MAX / 2};
    int64_t end_us = conn->since_us + idle_us(conn->http);
    bool known = eg_progress_read(conn->fd, &progress);
    if (conn->begun) {
        eg_conn_last_words(conn, EG_E_REQUEST_TIMEOUT, "408 Request Timeout");
        eg_conn_cut(conn, EG_REFUSED_SLOW_REQUEST);
    } else if (now_us >= end_us || (known && progress.peer_finished)) {
        eg_conn_cut(conn, EG_REFUSED_IDLE);
    } else {
        conn->begun = progress.silent_us + SLACK_US < now_us - conn->since_us;
        conn->until_us = now_us + deadline_us(conn->http) < end_us ? now_us + deadline_us(conn->http) : end_us;
    }
}

/* An answer may take long when it is long, but the client must take a fair part of it between two looks. */
static void look_at_sending(struct eg_conn *conn, int64_t now_us) {
    struct eg_progress progress;
    uint64_t fair_b = (uint64_t)conn->http->config.request_deadline_ms * SLOWEST_B_PER_MS;
    if (!eg_progress_read(conn->fd, &progress) || progress.taken_b < conn->taken_b + fair_b) {
        eg_conn_cut(conn, EG_REFUSED_SLOW_CLIENT);
        return;
    }
    conn->taken_b = progress.taken_b;
    conn->until_us = now_us + deadline_us(conn->http);
}

/* A stream may be silent for long, but what waits for its client must move. A suspended connection does not notice its peer's end. */
static void look_at_stream(struct eg_conn *conn, int64_t now_us) {
    struct eg_exchange *x = conn->exchange;
    struct eg_progress progress = {0};
    bool known = eg_progress_read(conn->fd, &progress);
    bool owing = !x->suspended || progress.owing;
    if (!owing || progress.taken_b != conn->taken_b)
        conn->moved_us = now_us;
    conn->taken_b = progress.taken_b;
    conn->until_us = now_us + look_us(conn->http);
    bool stuck = now_us - conn->moved_us >= deadline_us(conn->http);
    if (known && !stuck && !(x->suspended && progress.peer_finished))
        return;
    if (stuck)
        eg_conn_refused(conn, EG_REFUSED_SLOW_CLIENT);
    eg_stream_cut(x);
}

/* The answer is read by nobody; its status stands in the figures. */
static void look_at_heeded(struct eg_conn *conn, int64_t now_us) {
    struct eg_exchange *x = conn->exchange;
    struct eg_progress progress = {0};
    conn->until_us = INT64_MAX;
    if (!x || !x->heeds || x->phase != EG_PHASE_FLOW || !x->suspended)
        return;
    conn->until_us = now_us + look_us(conn->http);
    if (!eg_progress_read(conn->fd, &progress) || !progress.peer_finished)
        return;
    eg_flow_drop(x);
    x->close = true;
    eg_buf_free(&x->pub.answer);
    eg_request_answer(&x->pub, CLIENT_GONE, NULL);
    eg_send_prepare(x);
    eg_exchange_queue(x);
    eg_conn_cut(conn, EG_REFUSED_ABORTED);
}

void eg_request_heed_client(struct eg_request *req) {
    struct eg_exchange *x = eg_exchange_of(req);
    x->heeds = true;
    if (x->conn->state == EG_CONN_WORKING)
        x->conn->until_us = eg_clock_mono_us() + look_us(x->http);
}

void eg_conn_sweep(struct eg_http *http) {
    int64_t now_us = eg_clock_mono_us();
    for (struct eg_link *at = http->conns.next; at != &http->conns; at = at->next) {
        struct eg_conn *conn = EG_CONTAINER(at, struct eg_conn, link);
        if (now_us < conn->until_us)
            continue;
        if (conn->state == EG_CONN_IDLE) {
            look_at_idle(conn, now_us);
        } else if (conn->state == EG_CONN_RECEIVING) {
            eg_conn_last_words(conn, EG_E_REQUEST_TIMEOUT, "408 Request Timeout");
            eg_conn_cut(conn, EG_REFUSED_SLOW_REQUEST);
        } else if (conn->state == EG_CONN_SENDING) {
            look_at_sending(conn, now_us);
        } else if (conn->state == EG_CONN_STREAMING) {
            look_at_stream(conn, now_us);
        } else if (conn->state == EG_CONN_WORKING) {
            look_at_heeded(conn, now_us);
        }
    }
}

void eg_conn_close_idle(struct eg_http *http) {
    for (struct eg_link *at = http->conns.next; at != &http->conns; at = at->next) {
        struct eg_conn *conn = EG_CONTAINER(at, struct eg_conn, link);
        int unread = 0;
        if (conn->state == EG_CONN_IDLE && ioctl(conn->fd, FIONREAD, &unread) == 0 && unread == 0 &&
            conn->until_us != INT64_MAX)
            eg_conn_cut(conn, EG_REFUSED_DRAINED);
    }
}
