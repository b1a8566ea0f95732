/* Diagnostics: made from a span, printed with a caret, written as JSON. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "egql/ast.h"

#define MOST_SHOWN_B 60

static bool is_continuation(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

static void locate(struct egql_diag *diag, const char *text, size_t len) {
    diag->line = diag->column = 1;
    for (size_t i = 0; i < diag->offset && i < len; i++) {
        if (text[i] == '\n') {
            diag->line++;
            diag->column = 1;
        } else if (!is_continuation(text[i])) {
            diag->column++;
        }
    }
}

int egql_shown(struct eg_str text) {
    size_t n = text.n > MOST_SHOWN_B ? MOST_SHOWN_B : text.n;
    while (n > 0 && n < text.n && is_continuation(text.p[n]))
        n--;
    return (int)n;
}

eg_status egql_fail(struct egql_diag *diag, const struct egql_ast *ast, struct eg_arena *arena, struct egql_span span,
                    enum eg_code code, const char *format, ...) {
    if (diag->code != EG_E_NONE)
        return EG_FAIL;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *message = n < 0 || eg_arena_failed(arena) ? NULL : eg_arena_alloc(arena, (size_t)n + 1);
    if (message) {
        va_start(args, format);
        vsnprintf(message, (size_t)n + 1, format, args);
        va_end(args);
    }
    *diag =
        (struct egql_diag){.code = message ? code : EG_E_QUERY_INVALID,
                           .offset = span.offset,
                           .length = span.length,
                           .message = message ? message : "the query needs more memory than one may have: shorten it"};
    locate(diag, ast->text, ast->len);
    return EG_FAIL;
}

static size_t width(const char *text, size_t len) { /* in characters */
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += !is_continuation(text[i]);
    return n;
}

/* A line is shown as it is, but for control characters, which would move the caret or the terminal. */
static void show_line(const char *line, size_t len, struct eg_buf *out) {
    for (size_t i = 0; i < len; i++)
        eg_buf_char(out, (unsigned char)line[i] < 0x20 || line[i] == 0x7F ? ' ' : line[i]);
}

void egql_diag_print(const struct egql_diag *diag, const char *text, size_t len, struct eg_buf *out) {
    size_t at = diag->offset < len ? diag->offset : len, from = at, to = at;
    while (from > 0 && text[from - 1] != '\n')
        from--;
    while (to < len && text[to] != '\n')
        to++;
    eg_buf_printf(out, "%s\n%s", diag->message, to > from ? "  " : "");
    show_line(text + from, to - from, out);
    eg_buf_str(out, "\n  ");
    for (size_t n = width(text + from, at - from); n > 0; n--)
        eg_buf_char(out, ' ');
    size_t end = at + diag->length < to ? at + diag->length : to;
    size_t marks = end > at ? width(text + at, end - at) : 0;
    eg_buf_char(out, '^');
    for (; marks > 1; marks--)
        eg_buf_char(out, '~');
    eg_buf_char(out, '\n');
    if (diag->expected)
        eg_buf_printf(out, "  expected: %s\n", diag->expected);
    if (diag->suggestion)
        eg_buf_printf(out, "  did you mean: %s\n", diag->suggestion);
}

static void member(struct eg_buf *out, const char *name, const char *value) {
    eg_buf_printf(out, ",\"%s\":", name);
    if (value)
        eg_buf_json_string(out, value, strlen(value));
    else
        eg_buf_str(out, "null");
}

void egql_diag_json(const struct egql_diag *diag, struct eg_buf *out) {
    eg_buf_printf(out, "{\"code\":\"%s\",\"message\":", eg_code_name(diag->code));
    eg_buf_json_string(out, diag->message, strlen(diag->message));
    eg_buf_printf(out, ",\"offset\":%zu,\"length\":%zu,\"line\":%d,\"column\":%d", diag->offset, diag->length,
                  diag->line, diag->column);
    member(out, "expected", diag->expected);
    member(out, "suggestion", diag->suggestion);
    eg_buf_char(out, '}');
}
