/* regexp() for SQLite by PCRE2: by compiled back-tracking, which is quick, and by sets of states where that would try too
 * many ways: as long as the text, however the pattern is built, but slower. Each has bounds: what PCRE2 counts, and a
 * callout that looks at the clock. */
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
#define LOOK_EVERY 16      /* starts; looking costs more than most of them */
#define SETS_MOST_US 20000
#define SETS_MOST_NS_A_BYTE 1000
#define TEXT_MOST_US 1000000 /* of any text: no deadline and no cancelling is seen meanwhile */
#define SETS_LOOK_EVERY 4                 /* characters: each may cost the square of the states */
#define SETS_WORKSPACE (2 + 2 * 3 * 2000) /* ints: two lists of 2,000 states, which is twice what EGQL's repeats multiply to */
#define JIT_STACK_LEAST_B (32U << 10)
#define JIT_STACK_MOST_B (512U << 10)

struct pattern {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    pcre2_code *sets; /* the same pattern for pcre2_dfa_match, with its workspace; made when first needed */
    int *workspace;
    unsigned looks, look_every;
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
    pcre2_code_free(p->sets);
    free(p->workspace);
    free(p);
}

static int64_t cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

/* Most texts are done with at the first starts, and cost no look at all. The cheap clock runs on while a busy machine
 * lets the thread wait, so its word alone does not count. */
static int look(pcre2_callout_block *block, void *arg) {
    (void)block;
    struct pattern *p = arg;
    if (++p->looks % p->look_every)
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
    pcre2_set_callout(p->context, look, p);
    pcre2_jit_stack_assign(p->context, NULL, p->stack);
    return p;
}

static void budget(struct pattern *p, unsigned look_every, int64_t most_us, int64_t most_ns_a_byte, size_t len) {
    p->looks = 0;
    p->look_every = look_every;
    p->from_us = 0;
    int64_t budget_us = most_us + (int64_t)len * most_ns_a_byte / 1000;
    p->budget_us = budget_us < TEXT_MOST_US ? budget_us : TEXT_MOST_US;
}

static bool too_much(int found) {
    return found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT ||
           found == PCRE2_ERROR_JIT_STACKLIMIT || found == PCRE2_ERROR_DFA_WSSIZE;
}

/* How many bytes the next part of a pattern has: one character, or one set; EGQL writes a ] of a set as \]. */
static size_t part_b(const char *text, size_t len) {
    size_t n = *text == '\\' && len > 1 ? 2 : 1;
    if (*text == '[') {
        while (n < len && text[n] != ']')
            n += text[n] == '\\' && n + 1 < len ? 2 : 1;
        n += n < len;
    }
    while (n < len && ((unsigned char)text[n] & 0xC0) == 0x80)
        n++; /* the rest of one character */
    return n;
}

/* For pcre2_dfa_match, which counts how often a single character came where that has no upper bound, and takes each count
 * for another state: in a group it has one. before: all starts at once; the callout comes with each character. */
static size_t rewritten(char *out, const char *text, size_t len) {
    static const char before[] = "^(?:(?C1).)*(?:";
    size_t n = sizeof before - 1;
    memcpy(out, before, n);
    for (size_t at = 0; at < len;) {
        size_t b = part_b(text + at, len - at), next = at + b;
        bool single = text[at] != '(' && text[at] != ')' && next < len && (text[next] == '+' || text[next] == '{');
        memcpy(out + n, "(?:", single ? 3 : 0);
        n += single ? 3 : 0;
        memcpy(out + n, text + at, b);
        n += b;
        if (single)
            out[n++] = ')';
        at = next;
    }
    out[n++] = ')';
    return n;
}

static bool sets_ready(struct pattern *p, const char *text, size_t len) {
    if (p->sets)
        return true;
    char *whole = malloc(32 + 3 * len); /* a+ becomes (?:a)+ */
    p->workspace = p->workspace ? p->workspace : malloc(SETS_WORKSPACE * sizeof *p->workspace);
    int why;
    PCRE2_SIZE at;
    if (whole && p->workspace)
        p->sets = pcre2_compile((PCRE2_SPTR)whole, rewritten(whole, text, len), OPTIONS, &why, &at, NULL);
    free(whole);
    return p->sets != NULL;
}

/* Whether the pattern is in the text, as pcre2_match says it. The second way knows no back-references, and then the first
 * one's word stands. */
static int match(struct pattern *p, const char *pattern, size_t pattern_len, const char *text, size_t len) {
    budget(p, LOOK_EVERY, MOST_US, MOST_NS_A_BYTE, len);
    int found = pcre2_match(p->code, (PCRE2_SPTR)text, len, 0, 0, p->data, p->context);
    if (!too_much(found) || !sets_ready(p, pattern, pattern_len))
        return found;
    budget(p, SETS_LOOK_EVERY, SETS_MOST_US, SETS_MOST_NS_A_BYTE, len);
    int again = pcre2_dfa_match(p->sets, (PCRE2_SPTR)text, len, 0, PCRE2_DFA_SHORTEST, p->data, p->context, p->workspace,
                                SETS_WORKSPACE);
    return again == PCRE2_ERROR_DFA_UITEM || again == PCRE2_ERROR_DFA_UCOND ? found : again;
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
    if (too_much(found))
        fail(sql, "the pattern needs too much work on a text; fewer and smaller repeats need less: ", found);
    else if (found < 0 && found != PCRE2_ERROR_NOMATCH)
        fail(sql, "", found);
    else
        sqlite3_result_int(sql, found != PCRE2_ERROR_NOMATCH);
}

static void regexp(sqlite3_context *sql, int n, sqlite3_value **args) {
    (void)n;
    struct pattern *p = sqlite3_get_auxdata(sql, 0);
    const char *text = (const char *)sqlite3_value_text(args[1]);
    const char *pattern = (const char *)sqlite3_value_text(args[0]);
    if (!text || !pattern)
        return; /* NULL */
    size_t len = (size_t)sqlite3_value_bytes(args[1]), pattern_len = (size_t)sqlite3_value_bytes(args[0]);
    bool kept = p != NULL;
    if (!p) {
        int error;
        p = pattern_new(pattern, pattern_len, &error);
        if (!p) {
            fail(sql, error == PCRE2_ERROR_MATCHLIMIT ? "the pattern is longer than 4096 bytes: " : "", error);
            return;
        }
    }
    result(sql, match(p, pattern, pattern_len, text, len));
    if (!kept)
        sqlite3_set_auxdata(sql, 0, p, pattern_free); /* last: SQLite may free it at once */
}

eg_status eg_sqlite_add_regexp(sqlite3 *db, struct eg_err *err) {
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    if (sqlite3_create_function_v2(db, "regexp", 2, flags, NULL, regexp, NULL, NULL, NULL) != SQLITE_OK)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "regexp() cannot be registered: %s", sqlite3_errmsg(db));
    return EG_OK;
}
