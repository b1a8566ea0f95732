/* Typed values between the event path and the stores: what a column, a parameter or a result cell holds. A value never owns its
 * bytes; the arena of the request or the batch does. */
#ifndef EG_BASE_VALUE_H
#define EG_BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum eg_type {
    EG_TEXT,   /* s: UTF-8 without NUL */
    EG_INT4,   /* i: −2^31 … 2^31−1 */
    EG_INT8,   /* i */
    EG_FLOAT8, /* d: finite */
    EG_BOOL,   /* b */
    EG_TIME,   /* i: µs since 1970-01-01T00:00:00Z; timestamptz, or UTC text with six decimals in SQLite */
    EG_JSON,   /* s: JSON text; jsonb, or TEXT in SQLite */
    EG_BYTES   /* s: any bytes */
};

/* Whether the values of a type are in s. */
static inline bool eg_type_is_str(enum eg_type type) { return type == EG_TEXT || type == EG_JSON || type == EG_BYTES; }

struct eg_str {
    const char *p;
    size_t n;
};

struct eg_value {
    bool null;
    union {
        struct eg_str s;
        int64_t i;
        double d;
        bool b;
    };
};

static inline struct eg_value eg_null(void) { return (struct eg_value){.null = true}; }
static inline struct eg_value eg_text(const char *p, size_t n) { return (struct eg_value){.s = {p, n}}; }
static inline struct eg_value eg_cstr(const char *p) { return p ? eg_text(p, strlen(p)) : eg_null(); }
static inline struct eg_value eg_int(int64_t i) { return (struct eg_value){.i = i}; }
static inline struct eg_value eg_double(double d) { return (struct eg_value){.d = d}; }
static inline struct eg_value eg_bool(bool b) { return (struct eg_value){.b = b}; }

#endif
