/* ECMA-262 patterns on PCRE2. The pattern is translated (schema_regex_translate), compiled with JIT, and matched in
 * windows of start positions: PCRE2 counts its match limit anew for each start, so a long subject is cut into windows,
 * and the processor time is looked at between two of them. */
#include "server/registry/schema_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "server/registry/schema_regex_translate.h"

#define MOST_PATTERN_B 8192
#define MATCH_LIMIT 20000 /* backtracking steps from one start */
#define DEPTH_LIMIT 1000  /* nesting of the interpreter; JIT has its own stack */
#define HEAP_LIMIT_KIB 1024
#define FIRST_WINDOW 16      /* start positions before the clock is looked at */
#define FAST_WINDOW_NS 50000 /* a window that took less lets the next be twice as wide */
#define MOST_MATCH_NS 1500000

struct eg_regex {
    pcre2_code *code;
    bool jit;
    bool one_start; /* anchored: only position 0 can match */
    char source[];
};

struct eg_regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static const uint32_t options = PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;

static bool compile(struct eg_regex *regex, const struct eg_buf *text, char *why, size_t why_b) {
    int code;
    size_t at;
    uint32_t all = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        snprintf(why, why_b, "memory is out");
        return false;
    }
    pcre2_set_parens_nest_limit(context, 100);
    regex->code = pcre2_compile((PCRE2_SPTR)text->data, text->len, options, &code, &at, context);
    pcre2_compile_context_free(context);
    if (!regex->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, why_b);
        return false;
    }
    regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
    pcre2_pattern_info(regex->code, PCRE2_INFO_ALLOPTIONS, &all);
    regex->one_start = (all & PCRE2_ANCHORED) != 0;
    return true;
}

struct eg_regex *eg_regex_new(const char *pattern, size_t len, char *why, size_t why_b) {
    struct eg_buf text;
    snprintf(why, why_b, "memory is out");
    if (len > MOST_PATTERN_B) {
        snprintf(why, why_b, "it is longer than %d bytes", MOST_PATTERN_B);
        return NULL;
    }
    struct eg_regex *regex = calloc(1, sizeof *regex + len + 1);
    if (!regex)
        return NULL;
    memcpy(regex->source, pattern, len);
    eg_buf_init(&text, 256 * MOST_PATTERN_B);
    eg_buf_str(&text, ""); /* so that there is a pointer for the empty pattern */
    const char *wrong = eg_regex_translate(&text, pattern, len);
    bool ok = false;
    if (wrong)
        snprintf(why, why_b, "%s", wrong);
    else if (!text.failed)
        ok = compile(regex, &text, why, why_b);
    eg_buf_free(&text);
    if (ok)
        return regex;
    free(regex);
    return NULL;
}

void eg_regex_free(struct eg_regex *regex) {
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex);
}

const char *eg_regex_source(const struct eg_regex *regex) { return regex->source; }

struct eg_regex_scratch *eg_regex_scratch_new(void) {
    struct eg_regex_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch)
        return NULL;
    scratch->data = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (!scratch->data || !scratch->context) {
        eg_regex_scratch_free(scratch);
        return NULL;
    }
    pcre2_set_match_limit(scratch->context, MATCH_LIMIT);
    pcre2_set_depth_limit(scratch->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(scratch->context, HEAP_LIMIT_KIB);
    return scratch;
}

void eg_regex_scratch_free(struct eg_regex_scratch *scratch) {
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    free(scratch);
}

static int64_t thread_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Matches that start at from … last. */
static int match_window(const struct eg_regex *regex, struct eg_regex_scratch *s, const char *subject, size_t len,
                        size_t from, size_t last) {
    pcre2_set_offset_limit(s->context, last);
    if (regex->jit) {
        int found = pcre2_jit_match(regex->code, (PCRE2_SPTR)subject, len, from, 0, s->data, s->context);
        if (found != PCRE2_ERROR_JIT_STACKLIMIT)
            return found;
    }
    return pcre2_match(regex->code, (PCRE2_SPTR)subject, len, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, s->data,
                       s->context);
}

enum eg_regex_answer eg_regex_match(const struct eg_regex *regex, struct eg_regex_scratch *scratch, const char *subject,
                                    size_t len) {
    size_t from = 0, width = regex->one_start || len <= FIRST_WINDOW ? len : FIRST_WINDOW;
    int64_t start = 0, before = 0;
    for (;;) {
        size_t last = len - from > width ? from + width : len;
        while (last < len && ((unsigned char)subject[last] & 0xC0) == 0x80)
            last++;
        int found = match_window(regex, scratch, subject, len, from, last);
        if (found >= 0)
            return EG_REGEX_YES;
        if (found == PCRE2_ERROR_NOMEMORY)
            return EG_REGEX_MEMORY;
        if (found != PCRE2_ERROR_NOMATCH)
            return EG_REGEX_LIMIT;
        if (last >= len)
            return EG_REGEX_NO;
        int64_t now = thread_ns();
        if (start == 0)
            start = before = now;
        if (now - start > MOST_MATCH_NS)
            return EG_REGEX_LIMIT;
        width = now - before < FAST_WINDOW_NS ? width * 2 : FIRST_WINDOW;
        before = now;
        from = last + 1;
        while (from < len && ((unsigned char)subject[from] & 0xC0) == 0x80)
            from++;
    }
}
