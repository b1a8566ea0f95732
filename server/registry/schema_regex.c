/* ECMA-262 patterns on PCRE2. The pattern is translated (schema_regex_translate), compiled with JIT, and matched within
 * limits. PCRE2's own match limit counts anew for each place where a match may start, and JIT does not count the steps
 * of a repeated character: so every item of a pattern has a callout, which counts, and looks at the clock now and then.
 */
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
#define MOST_SUBJECT_B (1u << 20)
#define MATCH_LIMIT 1000000 /* the callouts stop far earlier */
#define DEPTH_LIMIT 20000   /* of the interpreter, where there is no JIT */
#define HEAP_LIMIT_KIB 8192
#define JIT_STACK_B (1u << 20) /* when the 32 KiB on the thread's stack did not do */
#define MOST_STEPS 50000       /* callouts of one match, 10 to 20 ns each, beside those of a walk through the subject */
#define STEP_B 8               /* walked in one go: as dear as a callout */
#define STEPS_A_LOOK 64        /* between two looks at the clock */
#define MOST_WALL_NS 1000000   /* then the thread's own clock decides */
#define MOST_THREAD_NS 500000
#define TOOK_TOO_LONG (-1000) /* a callout's answer: none of PCRE2's */

struct eg_regex {
    pcre2_code *code;
    bool jit;
    bool back_references;
    char source[];
};

struct eg_regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* made when first needed */
    int64_t steps;          /* left */
    int64_t step_cost;
    size_t at;
    unsigned callouts;
    int64_t wall_ns, thread_ns; /* when they were first looked at; 0: not yet */
};

static const uint32_t options = PCRE2_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
                                PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;

static bool compile(struct eg_regex *regex, struct eg_buf *text, char *why, size_t why_b) {
    int code;
    size_t at;
    uint32_t references = 0;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context)
        return false;
    pcre2_set_parens_nest_limit(context, 100);
    regex->code = pcre2_compile((PCRE2_SPTR)eg_buf_text(text), text->len, options, &code, &at, context);
    pcre2_compile_context_free(context);
    if (!regex->code) {
        pcre2_get_error_message(code, (PCRE2_UCHAR *)why, why_b);
        return false;
    }
    pcre2_pattern_info(regex->code, PCRE2_INFO_BACKREFMAX, &references);
    regex->back_references = references > 0;
    regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;
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

static int64_t now_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int look_at_clock(struct eg_regex_scratch *s) {
    int64_t wall = now_ns(CLOCK_MONOTONIC);
    if (s->wall_ns == 0)
        s->wall_ns = wall;
    if (wall - s->wall_ns < MOST_WALL_NS)
        return 0;
    int64_t thread = now_ns(CLOCK_THREAD_CPUTIME_ID);
    if (s->thread_ns == 0)
        s->thread_ns = thread;
    return thread - s->thread_ns > MOST_THREAD_NS ? TOOK_TOO_LONG : 0;
}

static int step(pcre2_callout_block *block, void *arg) {
    struct eg_regex_scratch *s = arg;
    size_t at = block->current_position;
    s->steps -= s->step_cost + (at > s->at ? (int64_t)((at - s->at) / STEP_B) : 0);
    s->at = at;
    if (s->steps < 0)
        return TOOK_TOO_LONG;
    return ++s->callouts % STEPS_A_LOOK == 0 ? look_at_clock(s) : 0;
}

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
    pcre2_set_callout(scratch->context, step, scratch);
    return scratch;
}

void eg_regex_scratch_free(struct eg_regex_scratch *scratch) {
    if (!scratch)
        return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    pcre2_jit_stack_free(scratch->stack);
    free(scratch);
}

static int match(const struct eg_regex *regex, struct eg_regex_scratch *s, const char *subject, size_t len) {
    s->steps = MOST_STEPS + (int64_t)len / 2;
    s->step_cost = regex->back_references ? 1 + (int64_t)(len / STEP_B) : 1; /* comparing may take all of the subject */
    s->at = 0;
    s->callouts = 0;
    s->wall_ns = s->thread_ns = 0;
    if (!regex->jit)
        return pcre2_match(regex->code, (PCRE2_SPTR)subject, len, 0, PCRE2_NO_UTF_CHECK, s->data, s->context);
    int found = pcre2_jit_match(regex->code, (PCRE2_SPTR)subject, len, 0, 0, s->data, s->context);
    if (found != PCRE2_ERROR_JIT_STACKLIMIT || s->stack)
        return found;
    s->stack = pcre2_jit_stack_create(32u << 10, JIT_STACK_B, NULL);
    if (!s->stack)
        return PCRE2_ERROR_NOMEMORY;
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return pcre2_jit_match(regex->code, (PCRE2_SPTR)subject, len, 0, 0, s->data, s->context);
}

enum eg_regex_answer eg_regex_match(const struct eg_regex *regex, struct eg_regex_scratch *scratch, const char *subject,
                                    size_t len) {
    if (len > MOST_SUBJECT_B)
        return EG_REGEX_LIMIT;
    int found = match(regex, scratch, subject, len);
    if (found >= 0)
        return EG_REGEX_YES;
    if (found == PCRE2_ERROR_NOMATCH)
        return EG_REGEX_NO;
    return found == PCRE2_ERROR_NOMEMORY ? EG_REGEX_MEMORY : EG_REGEX_LIMIT;
}
