/* The algebra. Tokens are composed in the order of time: one stack a definition would do for the rules; here the last token of the same
 * definition is looked for, which for the few tokens of a commit is as good, and a table of hashes finds it in long ones. */
#include "indexer/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "indexer/event.h"
#include "indexer/facts.h"

static const struct {
    const char *name, *category;
} kinds[] = {
#define X(id, name, category) {name, category},
#include "indexer/tokens.def"
#undef X
};

const char *eg_token_name(enum eg_token_kind kind) { return kinds[kind].name; }
const char *eg_token_category(enum eg_token_kind kind) { return kinds[kind].category; }

void eg_tokens_add(struct eg_tokens *tokens, const struct eg_token *token) {
    if (tokens->n == tokens->room) {
        size_t room = tokens->room ? tokens->room * 2 : 32;
        struct eg_token *grown = realloc(tokens->v, room * sizeof(*grown));
        if (!grown) {
            tokens->failed = true;
            return;
        }
        tokens->v = grown;
        tokens->room = room;
    }
    tokens->v[tokens->n] = *token;
    tokens->v[tokens->n].sequence = (int)tokens->n;
    tokens->n++;
}

void eg_tokens_free(struct eg_tokens *tokens) {
    free(tokens->v);
    *tokens = (struct eg_tokens){0};
}

static bool is_addition(enum eg_token_kind kind) { return kind == EG_TOKEN_ADD_FN || kind == EG_TOKEN_ADD_CLASS; }

static bool is_removal_of(enum eg_token_kind later, enum eg_token_kind earlier) {
    return (earlier == EG_TOKEN_ADD_FN && later == EG_TOKEN_DEL_FN) || (earlier == EG_TOKEN_ADD_CLASS && later == EG_TOKEN_DEL_CLASS);
}

static bool is_path(enum eg_token_kind kind) {
    return kind == EG_TOKEN_RENAME_FN || kind == EG_TOKEN_RENAME_CLASS || kind == EG_TOKEN_MOVE_SYMBOL;
}

enum outcome { APART, GONE, FUSED };

/* Added, then removed. The other way round both stay: the import stands elsewhere, perhaps. */
static bool same_import(const struct eg_token *a, const struct eg_token *b) {
    return eg_str_eq(a->file, b->file) && a->after.n && eg_str_eq(a->after, b->before);
}

/* A rename or move, and what follows it: from where the first began to where the last ends. */
static enum outcome fuse_path(struct eg_token *a, const struct eg_token *b) {
    struct eg_str origin = a->origin, before = a->before;
    bool moves = a->kind == EG_TOKEN_MOVE_SYMBOL || b->kind == EG_TOKEN_MOVE_SYMBOL;
    double weight = a->weight > b->weight ? a->weight : b->weight;
    bool public_api = a->public_api || b->public_api;
    enum eg_token_kind kind = moves ? EG_TOKEN_MOVE_SYMBOL : a->kind;
    *a = *b;
    a->kind = kind;
    a->origin = origin;
    a->before = before;
    a->weight = weight;
    a->public_api = public_api;
    return eg_str_eq(a->origin, a->uid) ? GONE : FUSED;
}

/* What b does to a, the token before it of the same definition. */
static enum outcome reduce(struct eg_token *a, const struct eg_token *b) {
    if (a->kind == EG_TOKEN_IMPORT && b->kind == EG_TOKEN_IMPORT) {
        return same_import(a, b) ? GONE : APART;
    }
    if (is_removal_of(b->kind, a->kind) && eg_str_eq(a->uid, b->uid)) {
        return GONE;
    }
    if (is_path(a->kind) && is_path(b->kind) && a->uid.n && eg_str_eq(a->uid, b->origin)) {
        return fuse_path(a, b);
    }
    bool differs = a->kind == EG_TOKEN_MODIFY_SIG || a->kind == EG_TOKEN_CC || a->kind == EG_TOKEN_TESTS;
    if (differs && a->kind == b->kind && eg_str_eq(a->uid, b->uid) && eg_str_eq(a->file, b->file)) {
        struct eg_str before = a->before;
        double weight = a->weight > b->weight ? a->weight : b->weight;
        bool public_api = a->public_api || b->public_api;
        *a = *b;
        a->before = before;
        a->weight = weight;
        a->public_api = public_api;
        return eg_str_eq(a->before, a->after) ? GONE : FUSED;
    }
    return APART;
}

/* Tokens that may meet have one key: imports by file and name, renames by where they end and begin, the others by uid and kind. */
static uint64_t meeting(const struct eg_token *token, bool later) {
    struct eg_str what = token->uid;
    uint64_t kind = (uint64_t)token->kind;
    if (token->kind == EG_TOKEN_IMPORT) {
        what = token->after.n ? token->after : token->before;
        return eg_mix64(eg_mix64(eg_bytes64(what.p, what.n), eg_bytes64(token->file.p, token->file.n)), kind);
    }
    if (is_path(token->kind)) {
        what = later ? token->origin : token->uid;
        kind = EG_TOKEN_KINDS;
    } else if (is_addition(token->kind) || token->kind == EG_TOKEN_DEL_FN || token->kind == EG_TOKEN_DEL_CLASS) {
        kind = EG_TOKEN_KINDS + 1;
    }
    return eg_mix64(eg_bytes64(what.p, what.n), kind);
}

static bool alike(const struct eg_token *a, const struct eg_token *b) {
    bool same = a->uid.n || b->uid.n ? eg_str_eq(a->uid, b->uid) : a->body == b->body && (a->after.n > 0) == (b->after.n > 0);
    return same && a->kind == b->kind && eg_str_eq(a->file, b->file) && a->line / 5 == b->line / 5;
}

static int by_place(const void *x, const void *y) {
    const struct eg_token *a = x, *b = y;
    bool a_sec = *kinds[a->kind].category == 's', b_sec = *kinds[b->kind].category == 's';
    if (a_sec != b_sec) {
        return a_sec ? 1 : -1;
    }
    size_t n = a->file.n < b->file.n ? a->file.n : b->file.n;
    int order = n ? memcmp(a->file.p, b->file.p, n) : 0;
    order = order ? order : (a->file.n > b->file.n) - (a->file.n < b->file.n);
    order = order ? order : (a->line > b->line) - (a->line < b->line);
    return order ? order : (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

struct slots {
    uint64_t *keys;
    int *at; /* index + 1; 0: free */
    size_t room;
};

static int *slot(struct slots *slots, uint64_t key) {
    size_t i = key & (slots->room - 1);
    while (slots->at[i] && slots->keys[i] != key) {
        i = (i + 1) & (slots->room - 1);
    }
    slots->keys[i] = key;
    return &slots->at[i];
}

static size_t cancel(struct eg_tokens *tokens, struct slots *slots, bool *gone) {
    size_t changes = 0;
    memset(slots->at, 0, slots->room * sizeof(*slots->at));
    for (size_t i = 0; i < tokens->n; i++) {
        int *before = slot(slots, meeting(&tokens->v[i], true));
        struct eg_token *a = *before > 0 && !gone[*before - 1] ? &tokens->v[*before - 1] : NULL;
        enum outcome outcome = a ? reduce(a, &tokens->v[i]) : APART;
        if (outcome == APART) {
            *slot(slots, meeting(&tokens->v[i], false)) = (int)i + 1;
            continue;
        }
        changes++;
        gone[i] = true;
        if (outcome == GONE) {
            gone[a - tokens->v] = true;
        } else {
            *slot(slots, meeting(a, false)) = (int)(a - tokens->v) + 1;
        }
    }
    return changes;
}

static void drop(struct eg_tokens *tokens, const bool *gone) {
    size_t n = 0;
    for (size_t i = 0; i < tokens->n; i++) {
        if (!gone[i]) {
            tokens->v[n++] = tokens->v[i];
        }
    }
    tokens->n = n;
}

static uint64_t likeness(const struct eg_token *token) {
    uint64_t what = token->uid.n ? eg_bytes64(token->uid.p, token->uid.n) : eg_mix64(token->body, token->after.n > 0);
    uint64_t where = eg_mix64(eg_bytes64(token->file.p, token->file.n), (uint64_t)(token->line / 5));
    return eg_mix64(eg_mix64(what, where), (uint64_t)token->kind);
}

/* Tokens of one place that are one: the heavier weight and the wider reach win. */
static void deduplicate(struct eg_tokens *tokens, struct slots *slots) {
    size_t n = 0;
    memset(slots->at, 0, slots->room * sizeof(*slots->at));
    for (size_t i = 0; i < tokens->n; i++) {
        const struct eg_token *token = &tokens->v[i];
        uint64_t key = likeness(token);
        size_t at = key & (slots->room - 1);
        while (slots->at[at] && !(slots->keys[at] == key && alike(&tokens->v[slots->at[at] - 1], token))) {
            at = (at + 1) & (slots->room - 1);
        }
        if (slots->at[at]) {
            struct eg_token *kept = &tokens->v[slots->at[at] - 1];
            kept->weight = kept->weight > token->weight ? kept->weight : token->weight;
            kept->public_api = kept->public_api || token->public_api;
            kept->after = token->after.n ? token->after : kept->after;
        } else {
            slots->keys[at] = key;
            tokens->v[n++] = *token;
            slots->at[at] = (int)n;
        }
    }
    tokens->n = n;
}

void eg_tokens_normalize(struct eg_tokens *tokens) {
    struct slots slots = {.room = 16};
    if (tokens->n == 0) {
        return;
    }
    while (slots.room < 2 * tokens->n) {
        slots.room *= 2;
    }
    slots.keys = calloc(slots.room, sizeof(*slots.keys));
    slots.at = calloc(slots.room, sizeof(*slots.at));
    bool *gone = calloc(tokens->n, sizeof(*gone));
    size_t changes = 1;
    while (slots.keys && slots.at && gone && changes > 0 && tokens->n > 0) { /* what went may have stood between two that meet */
        memset(gone, 0, tokens->n * sizeof(*gone));
        changes = cancel(tokens, &slots, gone);
        drop(tokens, gone);
    }
    tokens->failed = tokens->failed || !slots.keys || !slots.at || !gone;
    if (tokens->n > 0) {
        qsort(tokens->v, tokens->n, sizeof(*tokens->v), by_place);
    }
    if (slots.keys && slots.at) {
        deduplicate(tokens, &slots);
    }
    free(slots.keys);
    free(slots.at);
    free(gone);
}

static int by_sequence(const void *x, const void *y) {
    const struct eg_token *a = x, *b = y;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

void eg_tokens_compose(struct eg_tokens *a, const struct eg_tokens *b) {
    int most = 0;
    size_t first = a->n;
    for (size_t i = 0; i < a->n; i++) {
        most = a->v[i].sequence >= most ? a->v[i].sequence + 1 : most;
    }
    for (size_t i = 0; i < b->n; i++) {
        eg_tokens_add(a, &b->v[i]);
        a->v[a->n - 1].sequence = most + b->v[i].sequence;
    }
    if (a->n > first || first > 0) {
        qsort(a->v, a->n, sizeof(*a->v), by_sequence); /* the normal form is sorted by place: back to the order of time */
    }
    eg_tokens_normalize(a);
}

static void add_mark(struct eg_buf *text, const struct eg_token *token) {
    eg_buf_printf(text, "%s@%.*s#%d", eg_token_name(token->kind), (int)token->module.n, token->module.p, token->line / 5 * 5);
}

void eg_tokens_fingerprint(const struct eg_tokens *tokens, char out[80]) {
    struct eg_buf text;
    eg_buf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < tokens->n; i++) {
        eg_buf_str(&text, i ? "|" : "");
        add_mark(&text, &tokens->v[i]);
    }
    for (size_t i = 1; i < tokens->n; i++) {
        if (eg_str_eq(tokens->v[i - 1].file, tokens->v[i].file)) {
            eg_buf_char(&text, '|');
            add_mark(&text, &tokens->v[i - 1]);
            eg_buf_char(&text, '>');
            add_mark(&text, &tokens->v[i]);
        }
    }
    memcpy(out, "fp:sha256:", 10);
    eg_sha256_hex(text.data ? text.data : "", text.len, out + 10);
    eg_buf_free(&text);
}
