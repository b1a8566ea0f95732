/* The line protocol of Server-Sent Events, as EGDB writes it: lines end with LF. An id counts when its event is whole: a client that is
 * cut within an event asks for it again. */
#include "server/cli/sse.h"

#include <stdio.h>
#include <string.h>

#define LINE_MOST_B ((size_t)64 << 20)
#define ALIVE_MOST_MS 86400000

void eg_sse_init(struct eg_sse *sse, bool (*event)(void *ctx, const char *kind, const char *id, const char *data, size_t len),
                 void *ctx) {
    *sse = (struct eg_sse){.event = event, .ctx = ctx};
    eg_buf_init(&sse->line, LINE_MOST_B);
    eg_buf_init(&sse->data, LINE_MOST_B);
}

void eg_sse_begin(struct eg_sse *sse) {
    eg_buf_free(&sse->line);
    eg_buf_free(&sse->data);
    sse->has_data = false;
    sse->alive_ms = 0;
    sse->kind[0] = sse->next_id[0] = '\0';
}

void eg_sse_free(struct eg_sse *sse) {
    eg_buf_free(&sse->line);
    eg_buf_free(&sse->data);
}

static bool is_field(const char *line, const char *name, const char **value) {
    size_t n = strlen(name);
    if (strncmp(line, name, n) != 0 || line[n] != ':')
        return false;
    *value = line + n + 1 + (line[n + 1] == ' ');
    return true;
}

/* An empty line: the event is whole. */
static bool end_event(struct eg_sse *sse) {
    bool go_on = true;
    if (sse->next_id[0])
        memcpy(sse->last_id, sse->next_id, sizeof sse->last_id);
    if (sse->has_data)
        go_on = sse->event(sse->ctx, sse->kind[0] ? sse->kind : "message", sse->last_id, eg_buf_text(&sse->data), sse->data.len);
    sse->data.len = 0;
    sse->has_data = false;
    sse->kind[0] = sse->next_id[0] = '\0';
    return go_on;
}

static bool take_line(struct eg_sse *sse, const char *line) {
    const char *value;
    if (!*line)
        return end_event(sse);
    if (is_field(line, "", &value)) { /* a comment */
        long long ms;
        if (sscanf(value, "alive every %lld ms", &ms) == 1 && ms > 0 && ms <= ALIVE_MOST_MS)
            sse->alive_ms = ms;
    } else if (is_field(line, "id", &value)) {
        snprintf(sse->next_id, sizeof sse->next_id, "%s", value);
    } else if (is_field(line, "event", &value)) {
        snprintf(sse->kind, sizeof sse->kind, "%s", value);
    } else if (is_field(line, "data", &value)) {
        if (sse->has_data)
            eg_buf_char(&sse->data, '\n');
        eg_buf_str(&sse->data, value);
        sse->has_data = true;
    }
    return !sse->data.failed;
}

bool eg_sse_take(struct eg_sse *sse, const char *bytes, size_t len) {
    while (len > 0) {
        const char *end = memchr(bytes, '\n', len);
        size_t n = end ? (size_t)(end - bytes) : len;
        eg_buf_add(&sse->line, bytes, n);
        if (sse->line.failed)
            return false;
        if (!end)
            return true;
        if (!take_line(sse, eg_buf_text(&sse->line)))
            return false;
        sse->line.len = 0;
        bytes += n + 1;
        len -= n + 1;
    }
    return true;
}
