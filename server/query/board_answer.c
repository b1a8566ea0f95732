/* A panel's answer: a query's (answer.c), and generated_at. The ETag is made of columns and rows alone, so that an answer that says the
 * same later is the same. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/query/board_int.h"

#define ETAG_BYTES 16
#define ROWS_MOST_B ((size_t)16 << 20)
#define TAIL_MOST_B 1024 /* what stands behind the rows always finds room */

bool eg_board_write_begin(struct eg_board_writer *w, const struct eg_board_ask *ask, const struct eg_board_panel *made,
                          int64_t rows_most, struct eg_arena *arena) {
    *w = (struct eg_board_writer){.panel = ask->panel->name, .rows_most = rows_most};
    eg_buf_init(&w->body, ROWS_MOST_B + TAIL_MOST_B);
    if (!eg_answer_init(&w->answer, ask->format, made->columns, made->n_columns, arena)) {
        return false;
    }
    eg_answer_head(&w->answer, &w->body);
    return !w->body.failed;
}

bool eg_board_write_row(struct eg_board_writer *w, const struct eg_value *cells) {
    size_t before = w->body.len;
    if (w->answer.rows == w->rows_most) {
        w->truncated = true;
        return false;
    }
    eg_answer_row(&w->answer, cells, &w->body);
    if (w->body.failed || w->body.len > ROWS_MOST_B) { /* the row that did not fit goes */
        w->body.failed = false;
        w->body.len = before;
        w->answer.rows--;
        w->truncated = true;
        return false;
    }
    return true;
}

/* To be called while the body is head and rows alone. */
static bool write_etag(const struct eg_board_writer *w, char *etag) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    const unsigned char form[] = {(unsigned char)w->answer.format, w->truncated};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
              EVP_DigestUpdate(ctx, w->panel, strlen(w->panel) + 1) == 1 && EVP_DigestUpdate(ctx, form, sizeof form) == 1 &&
              EVP_DigestUpdate(ctx, w->body.data, w->body.len) == 1 && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    if (ok) {
        etag += sprintf(etag, "W/\"");
        for (int i = 0; i < ETAG_BYTES; i++) {
            etag += sprintf(etag, "%02x", hash[i]);
        }
        (void)sprintf(etag, "\"");
    }
    return ok;
}

struct eg_board_answer *eg_board_write_end(struct eg_board_writer *w, int64_t took_us) {
    struct eg_board_answer *answer = calloc(1, sizeof *answer);
    char now[EG_TIME_TEXT_B];
    const struct eg_answer_end end = {.truncated = w->truncated, .took_us = took_us, .generated_at = now};
    if (!answer || !write_etag(w, answer->etag)) {
        free(answer);
        return NULL;
    }
    eg_time_format(eg_clock_now_us(), now);
    eg_answer_tail(&w->answer, &end, &w->body);
    answer->refs = 1;
    answer->made_us = eg_clock_mono_us();
    answer->body = eg_buf_detach(&w->body, &answer->len);
    if (!answer->body) {
        free(answer);
        return NULL;
    }
    char *fitted = realloc(answer->body, answer->len + 1); /* it may be kept for long */
    answer->body = fitted ? fitted : answer->body;
    return answer;
}
