/* The error contract: the table of errors.def, and setting an error once. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct row {
    const char *name;
    int status;
    const char *title;
    const char *hint;
};

static const struct row rows[EG_E_COUNT] = {
    [EG_E_NONE] = {"none", 200, "", ""},
#define X(name, code, status, title, hint) [EG_E_##name] = {code, status, title, hint},
#include "base/errors.def"
#undef X
};

static const struct row *row_of(enum eg_code code) {
    EG_ASSERT((unsigned)code < EG_E_COUNT);
    return &rows[code];
}

/* Texts end up in JSON and in the database: bytes of a header, and characters that a bound has cut in two, must not. What is cut at
 * the end goes, other such bytes become question marks. */
static void keep_utf8(char *text, size_t cap) {
    char *at = text, *end = text + strlen(text);
    while (at < end) {
        size_t len = eg_utf8_char(at, (size_t)(end - at), NULL);
        if (len == 0 && end == text + cap - 1 && end - at < 4)
            *at = '\0';
        if (*at == '\0')
            return;
        if (len == 0)
            *at = '?';
        at += len ? len : 1;
    }
}

eg_status eg_err_set(struct eg_err *err, enum eg_code code, const char *place, const char *format, ...) {
    EG_ASSERT(code != EG_E_NONE && (unsigned)code < EG_E_COUNT);
    if (err->code != EG_E_NONE)
        return EG_FAIL;
    err->code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    keep_utf8(err->message, sizeof err->message);
    snprintf(err->place, sizeof err->place, "%s", place ? place : "");
    keep_utf8(err->place, sizeof err->place);
    return EG_FAIL;
}

void eg_err_clear(struct eg_err *err) {
    err->code = EG_E_NONE;
    err->message[0] = '\0';
    err->place[0] = '\0';
}

const char *eg_code_name(enum eg_code code) { return row_of(code)->name; }
int eg_code_status(enum eg_code code) { return row_of(code)->status; }
const char *eg_code_title(enum eg_code code) { return row_of(code)->title; }
const char *eg_code_hint(enum eg_code code) { return row_of(code)->hint; }

void eg_assert_failed(const char *what, const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, what);
    abort();
}
