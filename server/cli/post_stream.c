/* Cuts a stream into events. A first line that is JSON by itself means NDJSON, which may go on for ever; anything else
 * is one document, read whole. What is not JSON is sent all the same: the server says why, and keeps it. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"
#include "server/cli/post.h"

#define DOCUMENT_MOST_B ((size_t)64 << 20)

static bool is_blank(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!strchr(" \t\r\n", p[i]) || !p[i]) {
            return false;
        }
    }
    return true;
}

static eg_status too_large(const char *name, struct eg_err *err) {
    return eg_err_set(err, EG_E_BODY_TOO_LARGE, name, "a line or document is larger than 64 MiB; send NDJSON");
}

static eg_status add_lines(struct eg_poster *poster, FILE *stream, char **line, size_t *room, ssize_t n,
                           const char *name, struct eg_err *err) {
    for (; n >= 0; n = getline(line, room, stream)) {
        if ((size_t)n > DOCUMENT_MOST_B) {
            return too_large(name, err);
        }
        size_t len = (size_t)n;
        while (len > 0 && strchr(" \t\r\n", (*line)[len - 1]) && (*line)[len - 1]) {
            len--;
        }
        if (!is_blank(*line, len) && eg_poster_add(poster, *line, len, err)) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status add_document(struct eg_poster *poster, const char *text, size_t len, const char *name,
                              struct eg_err *err) {
    size_t start = 0, at = 0;
    struct eg_str element;
    int more;
    while (start < len && is_blank(text + start, 1)) {
        start++;
    }
    if (start == len) {
        return EG_OK;
    }
    if (text[start] != '[') {
        return eg_poster_add(poster, text + start, len - start, err);
    }
    while ((more = eg_jscan_element(text + start, len - start, &at, &element, err)) > 0) {
        if (eg_poster_add(poster, element.p, element.n, err)) {
            return EG_FAIL;
        }
    }
    if (more < 0) {
        snprintf(err->place, sizeof(err->place), "%s", name);
        return EG_FAIL;
    }
    return EG_OK;
}

static eg_status read_rest(FILE *stream, struct eg_buf *text, const char *name, struct eg_err *err) {
    char piece[65536];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), stream)) > 0) {
        eg_buf_add(text, piece, n);
        if (text->failed) {
            return too_large(name, err);
        }
    }
    return EG_OK;
}

eg_status eg_post_stream(struct eg_poster *poster, FILE *stream, const char *name, struct eg_err *err) {
    char *line = NULL;
    size_t room = 0;
    ssize_t n = getline(&line, &room, stream);
    while (n >= 0 && is_blank(line, (size_t)n)) {
        n = getline(&line, &room, stream);
    }
    eg_status status = EG_OK;
    json_t *first = n < 0 ? NULL : json_loadb(line, (size_t)n, JSON_ALLOW_NUL, NULL);
    bool by_lines = json_is_object(first);
    json_decref(first);
    if (n >= 0 && by_lines) {
        status = add_lines(poster, stream, &line, &room, n, name, err);
    } else if (n >= 0) {
        struct eg_buf text;
        eg_buf_init(&text, DOCUMENT_MOST_B);
        eg_buf_add(&text, line, (size_t)n);
        status = read_rest(stream, &text, name, err);
        if (status == EG_OK) {
            status = add_document(poster, eg_buf_text(&text), text.len, name, err);
        }
        eg_buf_free(&text);
    }
    free(line);
    if (status == EG_OK && ferror(stream)) {
        status = eg_err_set(err, EG_E_USAGE, name, "the file cannot be read");
    }
    return status;
}
