/* Patterns of secrets over the texts of reports and of events. */
#include "findings/secrets.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/room.h"

#define PLACE "spec/policies/secrets.json"
#define NEEDS_MOST 16   /* of a pattern */
#define PAIRS 4096      /* bits: of pairs of bytes, hashed */
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT_KIB 1024

struct need {
    char *text;
    size_t n;
    bool escaped; /* in JSON it stands behind a backslash, which is found first */
};

struct secret {
    char *name;
    pcre2_code *code;
    struct need needs[NEEDS_MOST];
    size_t n_needs; /* 0: any text may hold it */
};

struct eg_secrets {
    size_t n;
    struct secret list[EG_PATTERNS_MOST];
    bool always;                 /* a pattern has no literals */
    uint64_t pairs[PAIRS / 64];  /* the first and the second two bytes of literals: one of these stands at an even place */
    unsigned char singles[16];   /* the first bytes of literals that are shorter than three */
    size_t n_singles;
    pcre2_match_context *limits;
};

static size_t pair_of(const char *at) {
    uint16_t two;
    memcpy(&two, at, sizeof two);
    return (two * 0x9E37u >> 7) & (PAIRS - 1);
}

static void note_pair(struct eg_secrets *secrets, const char *at) {
    secrets->pairs[pair_of(at) / 64] |= UINT64_C(1) << (pair_of(at) % 64);
}

static eg_status take_need(struct eg_secrets *secrets, struct secret *secret, const json_t *item, struct eg_err *err) {
    const char *text = json_string_value(item);
    if (!text || !*text || secret->n_needs == NEEDS_MOST)
        return eg_err_set(err, EG_E_CONFIG, PLACE, "`needs` of pattern %s is a list of 1 to %d texts", secret->name, NEEDS_MOST);
    struct need *need = &secret->needs[secret->n_needs++];
    *need = (struct need){.text = strdup(text), .n = strlen(text)};
    if (!need->text)
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    for (const char *p = text; *p; p++)
        need->escaped |= *p == '"' || *p == '\\' || (unsigned char)*p < 0x20;
    if (need->escaped)
        return EG_OK;
    if (need->n > 2) {
        note_pair(secrets, text);
        note_pair(secrets, text + 1);
    } else if (secrets->n_singles < sizeof secrets->singles) {
        secrets->singles[secrets->n_singles++] = (unsigned char)*text;
    } else {
        secrets->always = true;
    }
    return EG_OK;
}

static eg_status take_pattern(struct eg_secrets *secrets, const json_t *item, struct eg_err *err) {
    const char *name = eg_text_of(item, "name"), *text = eg_text_of(item, "pattern");
    const json_t *needs = json_object_get(item, "needs"), *need;
    int error = 0;
    size_t at = 0, i;
    if (!name || !text || secrets->n == EG_PATTERNS_MOST)
        return eg_err_set(err, EG_E_CONFIG, PLACE, "patterns/%zu lacks name or pattern, or there are more than %d", secrets->n,
                          EG_PATTERNS_MOST);
    struct secret *secret = &secrets->list[secrets->n++];
    secret->name = strdup(name);
    if (!secret->name)
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    secret->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &error, &at, NULL);
    if (!secret->code)
        return eg_err_set(err, EG_E_CONFIG, PLACE, "`%.100s` is no regular expression (at %zu)", text, at);
    (void)pcre2_jit_compile(secret->code, PCRE2_JIT_COMPLETE); /* without it the interpreter does the same, ten times as slowly */
    json_array_foreach(needs, i, need) {
        if (take_need(secrets, secret, need, err) != EG_OK)
            return EG_FAIL;
    }
    secrets->always |= secret->n_needs == 0;
    return EG_OK;
}

eg_status eg_secrets_new(const json_t *policy, uint32_t most_steps, struct eg_secrets **out, struct eg_err *err) {
    const json_t *item;
    size_t i;
    struct eg_secrets *secrets = *out = calloc(1, sizeof *secrets);
    if (secrets)
        secrets->limits = pcre2_match_context_create(NULL);
    eg_status status = secrets && secrets->limits ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    if (status == EG_OK) {
        pcre2_set_match_limit(secrets->limits, most_steps);
        pcre2_set_depth_limit(secrets->limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(secrets->limits, HEAP_LIMIT_KIB);
    }
    json_array_foreach(json_object_get(policy, "patterns"), i, item) {
        status = status == EG_OK ? take_pattern(secrets, item, err) : status;
    }
    if (status != EG_OK) {
        eg_secrets_free(secrets);
        *out = NULL;
    }
    return status;
}

void eg_secrets_free(struct eg_secrets *secrets) {
    for (size_t i = 0; secrets && i < secrets->n; i++) {
        for (size_t j = 0; j < secrets->list[i].n_needs; j++)
            free(secrets->list[i].needs[j].text);
        pcre2_code_free(secrets->list[i].code);
        free(secrets->list[i].name);
    }
    if (secrets)
        pcre2_match_context_free(secrets->limits);
    free(secrets);
}

static bool begins_here(const struct eg_secrets *secrets, const char *at, size_t left) {
    for (size_t i = 0; i < secrets->n; i++) {
        for (size_t j = 0; j < secrets->list[i].n_needs; j++) {
            const struct need *need = &secrets->list[i].needs[j];
            if (!need->escaped && need->n <= left && memcmp(at, need->text, need->n) == 0)
                return true;
        }
    }
    return false;
}

/* An escape may stand for any character: what has one is looked at string by string. */
bool eg_secrets_in_json(const struct eg_secrets *secrets, const char *json, size_t len) {
    if (secrets->always || memchr(json, '\\', len))
        return true;
    for (size_t i = 0; i < secrets->n_singles; i++) {
        if (memchr(json, secrets->singles[i], len))
            return true;
    }
    for (size_t i = 0; i + 1 < len; i += 2) {
        size_t pair = pair_of(json + i);
        if (!(secrets->pairs[pair / 64] >> (pair % 64) & 1))
            continue;
        if (begins_here(secrets, json + i, len - i) || (i && begins_here(secrets, json + i - 1, len - i + 1)))
            return true;
    }
    return false;
}

static bool may_hold(const struct secret *secret, const char *text, size_t len) {
    for (size_t i = 0; i < secret->n_needs; i++) {
        if (memmem(text, len, secret->needs[i].text, secret->needs[i].n))
            return true;
    }
    return secret->n_needs == 0;
}

/* The first match at or after `at`: found gets its bounds. False: there is none. A pattern that gives up, at its limits or without memory,
 * has found everything: better no text than a secret. */
static bool match(const struct eg_secrets *secrets, const struct secret *secret, const char *text, size_t len, size_t at, size_t found[2]) {
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int n = data ? pcre2_match(secret->code, (PCRE2_SPTR)text, len, at, 0, data, secrets->limits) : PCRE2_ERROR_NOMEMORY;
    found[0] = 0;
    found[1] = len;
    if (n >= 0)
        memcpy(found, pcre2_get_ovector_pointer(data), 2 * sizeof *found);
    pcre2_match_data_free(data);
    return n != PCRE2_ERROR_NOMATCH && found[1] > found[0]; /* a pattern that finds nothing at a place is of no use */
}

const char *eg_secrets_find(const struct eg_secrets *secrets, const char *text, size_t len) {
    size_t found[2];
    for (size_t i = 0; i < secrets->n; i++) {
        const struct secret *secret = &secrets->list[i];
        if (may_hold(secret, text, len) && match(secrets, secret, text, len, 0, found))
            return secret->name;
    }
    return NULL;
}

void eg_secrets_each(const struct eg_secrets *secrets, const char *text, size_t len, eg_secrets_place take, void *ctx) {
    for (size_t i = 0; i < secrets->n; i++) {
        size_t at = 0, found[2];
        bool may = may_hold(&secrets->list[i], text, len);
        while (may && at < len && match(secrets, &secrets->list[i], text, len, at, found)) {
            take(ctx, found[0], found[1]);
            at = found[1];
        }
    }
}

static bool take_out(const struct eg_secrets *secrets, const struct secret *secret, const char *text, size_t len, struct eg_buf *out) {
    size_t at = 0, found[2];
    out->len = 0;
    while (at < len && match(secrets, secret, text, len, at, found)) {
        if (found[0] < at) /* given up: nothing of it stays */
            out->len = 0;
        else
            eg_buf_add(out, text + at, found[0] - at);
        eg_buf_str(out, EG_REDACTED);
        at = found[1];
    }
    eg_buf_add(out, text + at, len - at);
    return at > 0;
}

bool eg_secrets_redact(const struct eg_secrets *secrets, const char *text, size_t len, struct eg_buf *out) {
    struct eg_buf now, next;
    bool any = false;
    eg_buf_init(&now, out->max);
    eg_buf_init(&next, out->max);
    eg_buf_add(&now, text, len);
    for (size_t i = 0; i < secrets->n && now.len; i++) {
        if (!may_hold(&secrets->list[i], now.data, now.len) || !take_out(secrets, &secrets->list[i], now.data, now.len, &next))
            continue;
        struct eg_buf swap = now;
        now = next;
        next = swap;
        any = true;
    }
    if (now.failed || next.failed)
        out->failed = true;
    else if (now.len)
        eg_buf_add(out, now.data, now.len);
    eg_buf_free(&now);
    eg_buf_free(&next);
    return any;
}
