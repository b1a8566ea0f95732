/* Log lines: formatted on the stack, escaped, and written with one write(2), so that lines of several threads do not
 * mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#define MOST_MESSAGE_B 2048
#define MOST_LINE_B 16384

static enum eg_log_level least_level = EG_LOG_INFO;
static bool as_json;
static const char *const level_names[] = {"debug", "info", "warn", "error"};

void eg_log_setup(enum eg_log_level least, bool json) {
    least_level = least;
    as_json = json;
}

bool eg_log_level_parse(const char *name, enum eg_log_level *level) {
    for (int i = 0; i < 4; i++)
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum eg_log_level)i;
            return true;
        }
    return false;
}

/* A quoted string of either form: JSON's escapes are readable in logfmt too. Bytes that are no UTF-8 become U+FFFD, and
 * DEL and the C1 controls, which terminals obey, are escaped. */
static void add_quoted(struct eg_buf *line, const char *text) {
    size_t len = strlen(text);
    eg_buf_char(line, '"');
    for (size_t at = 0; at < len;) {
        const unsigned char *p = (const unsigned char *)text + at;
        size_t n = eg_utf8_char(text + at, len - at, NULL);
        if (n == 0)
            eg_buf_str(line, "\\ufffd");
        else if (*p == '"' || *p == '\\')
            eg_buf_printf(line, "\\%c", *p);
        else if (*p == '\n')
            eg_buf_str(line, "\\n");
        else if (*p < 0x20 || *p == 0x7F || (n == 2 && p[0] == 0xC2 && p[1] < 0xA0))
            eg_buf_printf(line, "\\u%04x", n == 2 ? p[1] : p[0]);
        else
            eg_buf_add(line, p, n);
        at += n ? n : 1;
    }
    eg_buf_char(line, '"');
}

static bool is_plain(const char *text) {
    if (!*text)
        return false;
    for (; *text; text++)
        if (*text <= 0x20 || *text >= 0x7F || *text == '"' || *text == '=' || *text == '\\')
            return false;
    return true;
}

static void add_pair(struct eg_buf *line, const char *key, const char *value) {
    if (line->len > (as_json ? 1 : 0))
        eg_buf_char(line, as_json ? ',' : ' ');
    if (as_json)
        eg_buf_printf(line, "\"%s\":", key);
    else
        eg_buf_printf(line, "%s=", key);
    if (!as_json && is_plain(value))
        eg_buf_str(line, value);
    else
        add_quoted(line, value);
}

static void write_all(const char *bytes, size_t len) {
    while (len > 0) {
        ssize_t n = write(STDERR_FILENO, bytes, len);
        if (n <= 0)
            return; /* there is nobody left to tell */
        bytes += n;
        len -= (size_t)n;
    }
}

void eg_log_write(const struct eg_log *log, enum eg_log_level level, const char *format, ...) {
    if (level < least_level)
        return;
    char message[MOST_MESSAGE_B], now[EG_TIME_TEXT_B];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    eg_time_format(eg_clock_now_us(), now);

    struct eg_buf line;
    eg_buf_init(&line, MOST_LINE_B);
    if (as_json)
        eg_buf_char(&line, '{');
    add_pair(&line, "time", now);
    add_pair(&line, "level", level_names[level]);
    if (log) {
        add_pair(&line, "object", log->object);
        if (log->id[0])
            add_pair(&line, "id", log->id);
    }
    add_pair(&line, "msg", message);
    eg_buf_str(&line, as_json ? "}\n" : "\n");
    if (!line.failed)
        write_all(line.data, line.len);
    eg_buf_free(&line);
}
