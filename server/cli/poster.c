/* A batch and what becomes of it. The server answers item by item; what it refused for reasons of its own (5xx) is sent
 * again. A body that is too large is sent by halves, so that only an event that is so alone is refused. */
#include "server/cli/poster.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/ulid.h"

#define BATCH_MOST_B ((size_t)8 << 20)
#define BODY_MOST_B ((size_t)64 << 20)
#define REPLY_MOST_B ((size_t)64 << 20)
#define WAIT_MOST_S 30
#define SHOWN_MOST 20 /* refused events that are told of by name */

struct line {
    size_t at, len;
    bool again; /* stays in the batch */
};

struct eg_poster {
    struct eg_poster_config config;
    struct eg_buf text; /* the batch as NDJSON */
    struct line *lines;
    size_t n;
    size_t n_sent; /* of the lines, the first, in one body */
    uint64_t stored_again; /* lines that are sent again, though they were stored and counted: their answer will be `duplicate` */
    struct eg_reply reply;
    struct eg_posted posted;
    char key[EG_ULID_B];
};

struct eg_poster *eg_poster_new(const struct eg_poster_config *config) {
    struct eg_poster *poster = calloc(1, sizeof(*poster));
    if (!poster) {
        return NULL;
    }
    poster->config = *config;
    poster->config.name = config->name ? config->name : "egdb post";
    poster->lines = calloc(config->most_events, sizeof(*poster->lines));
    eg_buf_init(&poster->text, BODY_MOST_B);
    eg_buf_init(&poster->reply.body, REPLY_MOST_B);
    if (!poster->lines) {
        eg_poster_free(poster);
        return NULL;
    }
    return poster;
}

void eg_poster_free(struct eg_poster *poster) {
    if (poster) {
        eg_buf_free(&poster->text);
        eg_buf_free(&poster->reply.body);
        free(poster->lines);
        free(poster);
    }
}

const struct eg_posted *eg_poster_result(const struct eg_poster *poster) { return &poster->posted; }

void eg_poster_trust(struct eg_poster *poster) { poster->posted.answered = true; }

static void pause_ms(long ms) {
    struct timespec rest = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

static void show_rejected(struct eg_poster *poster, const json_t *id, const char *code, const char *detail) {
    poster->posted.rejected++;
    if (poster->config.quiet || poster->posted.rejected > SHOWN_MOST + 1) {
        return;
    }
    if (poster->posted.rejected == SHOWN_MOST + 1) {
        fprintf(stderr, "%s: more events were refused; GET /v1/dlq lists them\n", poster->config.name);
        return;
    }
    fprintf(stderr, "%s: refused %s: %s: %s\n", poster->config.name,
            json_is_string(id) ? json_string_value(id) : "(an event without an id)", code ? code : "?",
            detail ? detail : "");
}

static bool is_named(const struct eg_poster *poster, size_t index) {
    const char *topic = poster->config.named_topic;
    json_t *event = topic ? json_loadb(poster->text.data + poster->lines[index].at, poster->lines[index].len, 0, NULL) : NULL;
    const char *has = json_string_value(json_object_get(event, "topic"));
    bool named = poster->config.named || (has && strcmp(has, topic) == 0);
    json_decref(event);
    return named;
}

/* What was sent goes, but for lines that are to be sent again. next: how many go in the next body. */
static void keep_lines(struct eg_poster *poster, size_t next) {
    size_t at = 0, n = 0;
    for (size_t i = 0; i < poster->n; i++) {
        struct line from = poster->lines[i];
        if (i < poster->n_sent && !from.again) {
            continue;
        }
        memmove(poster->text.data + at, poster->text.data + from.at, from.len + 1);
        poster->lines[n++] = (struct line){.at = at, .len = from.len};
        at += from.len + 1;
    }
    poster->text.len = at;
    poster->n = n;
    poster->n_sent = next < n ? next : n;
    eg_ulid_make(eg_clock_now_us(), poster->key);
}

static size_t half(const struct eg_poster *poster) { return poster->n_sent > 1 ? poster->n_sent / 2 : 1; }

/* An answer with too little room names none of the events that were refused. Their halves are sent when nothing is stored twice by that:
 * each has an id, or none was stored. */
static bool take_unnamed(struct eg_poster *poster, uint64_t stored, uint64_t duplicates) {
    if (poster->n_sent < 2 || (poster->config.keyed && stored + duplicates > 0)) {
        return false;
    }
    poster->posted.stored += stored;
    poster->stored_again += stored;
    poster->n_sent = half(poster);
    eg_ulid_make(eg_clock_now_us(), poster->key);
    return true;
}

static void count_unnamed(struct eg_poster *poster, uint64_t n) {
    poster->posted.rejected += n;
    if (n > 0 && !poster->config.quiet) {
        fprintf(stderr, "%s: %llu events were refused that the answer has no room to name (http.max_answer_b): send fewer at once\n",
                poster->config.name, (unsigned long long)n);
    }
}

/* Reads {"stored","duplicates","rejected","items"}; what may be sent again stays in the batch. *unavailable: how many of these the server
 * could not take for reasons of its own. */
static eg_status take_answer(struct eg_poster *poster, const json_t *answer, size_t *unavailable, struct eg_err *err) {
    struct eg_posted *posted = &poster->posted;
    const json_t *items = json_object_get(answer, "items"), *item;
    size_t i, next = 2 * poster->n_sent;
    if (!json_is_array(items)) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "the server's answer cannot be read");
    }
    uint64_t stored = (uint64_t)json_integer_value(json_object_get(answer, "stored"));
    uint64_t duplicates = (uint64_t)json_integer_value(json_object_get(answer, "duplicates"));
    uint64_t rejected = (uint64_t)json_integer_value(json_object_get(answer, "rejected")), named = json_array_size(items);
    int64_t position = json_integer_value(json_object_get(answer, "safe_position"));
    posted->position = position > posted->position ? position : posted->position;
    if (rejected > named && named == 0 && take_unnamed(poster, stored, duplicates)) {
        return EG_OK;
    }
    uint64_t again = duplicates < poster->stored_again ? duplicates : poster->stored_again;
    poster->stored_again -= again;
    posted->stored += stored;
    posted->duplicates += duplicates - again;
    count_unnamed(poster, rejected > named ? rejected - named : 0);
    json_array_foreach(items, i, item) {
        const json_t *error = json_object_get(item, "error");
        size_t index = (size_t)json_integer_value(json_object_get(item, "index"));
        if (!error || index >= poster->n_sent) {
            continue;
        }
        const char *code = json_string_value(json_object_get(error, "code"));
        json_int_t status = json_integer_value(json_object_get(error, "status"));
        if (status >= 500) {
            poster->lines[index].again = true;
            ++*unavailable;
        } else if (status == 413 && poster->n_sent > 1) { /* beside the others, perhaps */
            poster->lines[index].again = true;
            next = half(poster);
        } else if (code && strcmp(code, eg_code_name(EG_E_ID_CONFLICT)) == 0 && is_named(poster, index)) {
            posted->duplicates++;
        } else {
            show_rejected(poster, json_object_get(item, "id"), code, json_string_value(json_object_get(error, "detail")));
        }
    }
    keep_lines(poster, next);
    return EG_OK;
}

static void show_line_rejected(struct eg_poster *poster, size_t index, const char *code, const char *detail) {
    json_t *event = json_loadb(poster->text.data + poster->lines[index].at, poster->lines[index].len, 0, NULL);
    show_rejected(poster, json_object_get(event, "id"), code, detail);
    json_decref(event);
}

static eg_status refused_whole(struct eg_poster *poster, const json_t *problem, struct eg_err *err) {
    const char *code = json_string_value(json_object_get(problem, "code"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    long status = poster->reply.status;
    if (status == 413 && poster->n_sent > 1) {
        poster->n_sent = half(poster);
        eg_ulid_make(eg_clock_now_us(), poster->key);
        return EG_OK;
    }
    if (status == 400 || status == 413 || status == 422) { /* no line of it was an event, or the only one is too large */
        for (size_t i = 0; i < poster->n_sent; i++) {
            show_line_rejected(poster, i, code, detail);
        }
        keep_lines(poster, 2 * poster->n_sent);
        return EG_OK;
    }
    enum eg_code kind = status == 401 ? EG_E_UNAUTHORIZED : status == 403 ? EG_E_FORBIDDEN : EG_E_INTERNAL;
    return eg_err_set(err, kind, eg_client_server(poster->config.client), "the server answered %ld%s%s%s%s", status,
                      code ? " " : "", code ? code : "", detail ? ": " : "", detail ? detail : "");
}

/* How many bytes the first lines have. */
static size_t sent_b(const struct eg_poster *poster) {
    return poster->n_sent < poster->n ? poster->lines[poster->n_sent].at : poster->text.len;
}

enum turn { TURN_DONE, TURN_AGAIN, TURN_FAILED };

static enum turn send_once(struct eg_poster *poster, struct eg_err *err) {
    struct eg_reply *reply = &poster->reply;
    eg_client_post(poster->config.client, "/v1/events?return=failed", "application/x-ndjson",
                   poster->config.keyed ? poster->key : NULL, poster->text.data, sent_b(poster), reply);
    if (!reply->answered) {
        eg_err_clear(err);
        eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(poster->config.client), "no answer: %s", reply->error);
        return poster->posted.answered ? TURN_AGAIN : TURN_FAILED;
    }
    if (reply->status == 502 || reply->status == 504) { /* of a proxy before a server that is away */
        eg_err_clear(err);
        eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(poster->config.client), "the server answered %ld", reply->status);
        return poster->posted.answered ? TURN_AGAIN : TURN_FAILED;
    }
    poster->posted.answered = true;
    eg_err_clear(err);
    json_t *answer = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, NULL);
    eg_status status = EG_OK;
    if (reply->status == 503 || reply->status == 429) {
        const char *detail = json_string_value(json_object_get(answer, "detail"));
        status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, eg_client_server(poster->config.client),
                            "the server answered %ld: %s", reply->status, detail ? detail : "it is full");
    } else if (reply->status == 200 || reply->status == 207) {
        size_t unavailable = 0;
        status = take_answer(poster, answer, &unavailable, err);
        if (status == EG_OK && unavailable) {
            status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "the server could not store %zu events", unavailable);
        }
    } else {
        status = refused_whole(poster, answer, err);
    }
    json_decref(answer);
    return status == EG_OK ? TURN_DONE : err->code == EG_E_STORE_UNAVAILABLE ? TURN_AGAIN : TURN_FAILED;
}

eg_status eg_poster_flush(struct eg_poster *poster, struct eg_err *err) {
    long back_off_ms = 200;
    int64_t begun_us = eg_clock_mono_us();
    poster->posted.sent += poster->n;
    eg_ulid_make(eg_clock_now_us(), poster->key);
    poster->n_sent = poster->n;
    poster->stored_again = 0;
    for (int attempt = 0; poster->n > 0; attempt++) {
        enum turn turn = send_once(poster, err);
        if (turn == TURN_DONE) { /* with these: there may be more */
            attempt--;
            continue;
        }
        if (turn == TURN_FAILED || attempt >= poster->config.retries) {
            return EG_FAIL;
        }
        long asked_ms = poster->reply.answered ? poster->reply.retry_after_s * 1000 : 0;
        long wait_ms = asked_ms > 0 ? asked_ms : back_off_ms;
        wait_ms = wait_ms < WAIT_MOST_S * 1000 ? wait_ms : WAIT_MOST_S * 1000;
        long patience_ms = poster->config.patience_ms;
        if (patience_ms > 0 && (eg_clock_mono_us() - begun_us) / 1000 + wait_ms > patience_ms) {
            return EG_FAIL;
        }
        pause_ms(wait_ms);
        back_off_ms = back_off_ms < 5000 ? back_off_ms * 2 : back_off_ms;
        poster->posted.waits++;
    }
    poster->n = 0;
    poster->text.len = 0;
    return EG_OK;
}

eg_status eg_poster_add(struct eg_poster *poster, const char *json, size_t len, struct eg_err *err) {
    bool full = poster->n == poster->config.most_events || (poster->n > 0 && poster->text.len + len > BATCH_MOST_B);
    if (full && eg_poster_flush(poster, err)) {
        return EG_FAIL;
    }
    size_t at = poster->text.len;
    eg_buf_add(&poster->text, json, len);
    eg_buf_char(&poster->text, '\n');
    if (poster->text.failed) {
        eg_buf_free(&poster->text);
        poster->n = 0;
        return eg_err_set(err, EG_E_BODY_TOO_LARGE, NULL, "an event of %zu bytes is larger than any server takes", len);
    }
    for (size_t i = at; i < at + len; i++) {
        if (poster->text.data[i] == '\n' || poster->text.data[i] == '\r') {
            poster->text.data[i] = ' ';
        }
    }
    poster->lines[poster->n++] = (struct line){.at = at, .len = len};
    return EG_OK;
}
