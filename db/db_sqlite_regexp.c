/* regexp() for SQLite by PCRE2. Two bounds hold a bad pattern: PCRE2's limits, which count within one starting place,
 * and a callout at each starting place that looks at the clock, since a long text has many. */
#include "db/db_sqlite_regexp.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

/* What PostgreSQL's `~` means: a point is any character, a $ the end alone. */
#define OPTIONS (PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY)
#define MOST_PATTERN_B 4096
#define MOST_MATCHES 20000 /* of PCRE2's own count: about a tenth of a millisecond */
#define MOST_DEPTH 1000
#define MOST_HEAP_KIB 1024
#define MOST_US 2000
#define MOST_NS_A_BYTE 100 /* and this: a long text alone is no fault of the pattern */
#define LOOK_EVERY 16 /* starts; looking costs more than most of them */
#define JIT_STACK_LEAST_B (32U << 10)
#define JIT_STACK_MOST_B (512U << 10)

struct pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    unsigned starts;
    int64_t budget_us; /* of the text that is being looked at */
    int64_t from_us;   /* monotonic; 0: not yet looked */
    int64_t from_cpu_us;
};

static void pattern_free(void *arg) {
    struct pattern *p = arg;
    if (!p)
        return;
    pcre2_code_free(p->code);
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->context);
    pcre2_jit_stack_free(p->stack);
    free(p);
}

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Most texts are done with at the first starts, and cost no look at all. The cheap clock runs on while a busy machine
 * lets the thread wait, so its word alone does not count. */
static int at_start(pcre2_callout_block *block, void *arg) {
    (void)block;
    struct pattern *p = arg;
    if (++p->starts % LOOK_EVERY)
        return 0;
    int64_t now_us = eg_clock_mono_us();
    if (p->from_us == 0) {
        p->from_us = now_us;
        p->from_cpu_us = cpu_us();
    }
    bool late = now_us - p->from_us > p->budget_us && cpu_us() - p->from_cpu_us > p->budget_us;
    return late ? PCRE2_ERROR_MATCHLIMIT : 0;
}

/* The callout stands before the pattern. So verbs that only count at the very start, such as one that raises the
 * limits, are errors, which is as well. */
static struct pattern *pattern_new(const char *text, size_t len, int *error) {
    char with_callout[MOST_PATTERN_B + 8] = "(?C1)";
    *error = PCRE2_ERROR_NOMEMORY;
    if (len > MOST_PATTERN_B) {
        *error = PCRE2_ERROR_MATCHLIMIT;
        return NULL;
    }
    memcpy(with_callout + 5, text, len);
    struct pattern *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    PCRE2_SIZE at;
    int why;
    p->code = pcre2_compile((PCRE2_SPTR)with_callout, len + 5, OPTIONS, &why, &at, NULL);
    if (!p->code) {
        *error = why;
        pattern_free(p);
        return NULL;
    }
    (void)pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE); /* without it the interpreter does the same, slower */
    p->data = pcre2_match_data_create(1, NULL);
    p->context = pcre2_match_context_create(NULL);
    p->stack = pcre2_jit_stack_create(JIT_STACK_LEAST_B, JIT_STACK_MOST_B, NULL);
    if (!p->data || !p->context || !p->stack) {
        pattern_free(p);
        return NULL;
    }
    pcre2_set_match_limit(p->context, MOST_MATCHES);
    pcre2_set_depth_limit(p->context, MOST_DEPTH);
    pcre2_set_heap_limit(p->context, MOST_HEAP_KIB);
    pcre2_set_callout(p->context, at_start, p);
    pcre2_jit_stack_assign(p->context, NULL, p->stack);
    return p;
}

static void fail(sqlite3_context *sql, const char *what, int error) {
    PCRE2_UCHAR says[128];
    pcre2_get_error_message(error, says, sizeof says);
    char *message = sqlite3_mprintf("regular expression: %s%s", what, (const char *)says);
    if (!message) {
        sqlite3_result_error_nomem(sql);
        return;
    }
    sqlite3_result_error(sql, message, -1);
    sqlite3_result_error_code(sql, EG_SQLITE_PATTERN); /* the message stays */
    sqlite3_free(message);
}

static void result(sqlite3_context *sql, int found) {
    switch (found) {
    case PCRE2_ERROR_NOMATCH:
        sqlite3_result_int(sql, 0);
        return;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        fail(sql, "the pattern needs too much work on a text; avoid nested repetition: ", found);
        return;
    default:
        if (found < 0)
            fail(sql, "", found);
        else
            sqlite3_result_int(sql, 1);
    }
}

static void regexp(sqlite3_context *sql, int n, sqlite3_value **args) {
    (void)n;
    struct pattern *p = sqlite3_get_auxdata(sql, 0);
    const char *text = (const char *)sqlite3_value_text(args[1]);
    const char *pattern = (const char *)sqlite3_value_text(args[0]);
    if (!text || !pattern)
        return; /* NULL */
    size_t len = (size_t)sqlite3_value_bytes(args[1]);
    bool kept = p != NULL;
    if (!p) {
        int error;
        p = pattern_new(pattern, (size_t)sqlite3_value_bytes(args[0]), &error);
        if (!p) {
            fail(sql, error == PCRE2_ERROR_MATCHLIMIT ? "the pattern is longer than 4096 bytes: " : "", error);
            return;
        }
    }
    p->starts = 0;
    p->from_us = 0;
    p->budget_us = MOST_US + (int64_t)(len * MOST_NS_A_BYTE / 1000);
    result(sql, pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, 0, p->data, p->context));
    if (!kept)
        sqlite3_set_auxdata(sql, 0, p, pattern_free); /* last: SQLite may free it at once */
}

eg_status eg_sqlite_add_regexp(sqlite3 *db, struct eg_err *err) {
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    if (sqlite3_create_function_v2(db, "regexp", 2, flags, NULL, regexp, NULL, NULL, NULL) != SQLITE_OK)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "regexp() cannot be registered: %s", sqlite3_errmsg(db));
    return EG_OK;
}
