/* Two texts as a file before and after (byte 0: the language, bytes 1 and 2: where the first one ends), beside a second file that goes the
 * other way, so that what leaves one may come to the other. Nothing may crash; equal texts give no tokens; the same texts give the same;
 * what is told is JSON, and in normal form. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/delta.h"
#include "indexer/delta_event.h"
#include "indexer/graph.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MOST_B ((size_t)256 << 20)
#define EVENT_MOST_B ((size_t)64 << 20)

static const char *const endings[] = {"py", "c", "js", "ts", "tsx", "go", "java", "rs", "txt"};
static struct eg_extractor *extractor;
static struct eg_policy *policy;

struct text {
    char *bytes;
    size_t len;
};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct eg_err err = {0};
    (void)argc;
    (void)argv;
    EG_ASSERT(eg_grammars_load(&err) == EG_OK && eg_policy_load("spec", &policy, &err) == EG_OK);
    EG_ASSERT((extractor = eg_extractor_new()));
    return 0;
}

static void fill(struct eg_delta_side *side, const char *path, const struct text *text, struct eg_arena *arena) {
    struct eg_err err = {0};
    struct eg_facts *facts;
    EG_ASSERT(eg_extract(extractor, path, text->bytes, text->len, EG_KEEP_ALL, arena, &facts, &err) == EG_OK);
    *side = (struct eg_delta_side){.facts = facts, .path = path, .module = eg_module_of(arena, path, strlen(path))};
}

static void check(const struct eg_tokens *tokens, struct eg_buf *out) {
    struct eg_tokens again = {0};
    struct eg_buf other;
    for (size_t i = 0; i < tokens->n; i++) {
        EG_ASSERT(tokens->v[i].weight >= 0 && tokens->v[i].line >= 0 && tokens->v[i].file.n > 0);
        eg_tokens_add(&again, &tokens->v[i]);
    }
    eg_delta_payload(out, tokens, 0, "r", "0123456789");
    json_t *json = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);
    EG_ASSERT(json);
    json_decref(json);
    eg_tokens_normalize(&again);
    eg_buf_init(&other, EVENT_MOST_B);
    eg_delta_payload(&other, &again, 0, "r", "0123456789");
    EG_ASSERT(other.len == out->len && memcmp(other.data, out->data, out->len) == 0);
    eg_buf_free(&other);
    eg_tokens_free(&again);
}

static size_t run(const char *ending, const struct text *a, const struct text *b, struct eg_buf *out) {
    struct eg_err err = {0};
    struct eg_arena *arena = eg_arena_new(MEMORY_MOST_B);
    struct eg_delta_pair pairs[2];
    struct eg_change changes[2];
    struct eg_delta delta = {.arena = arena, .pairs = pairs, .n_pairs = 2};
    struct eg_tokens tokens = {0};
    EG_ASSERT(arena);
    for (int i = 0; i < 2; i++) {
        const char *path = eg_arena_printf(arena, "%s.%s", i ? "pkg/two" : "one", ending);
        changes[i] = (struct eg_change){.status = 'M', .path = path, .old_path = path};
        pairs[i].change = &changes[i];
        fill(&pairs[i].old, path, i ? b : a, arena);
        fill(&pairs[i].new, path, i ? a : b, arena);
    }
    EG_ASSERT(eg_delta_match(&delta, &err) == EG_OK && eg_delta_tokens(&delta, policy, &tokens, &err) == EG_OK);
    check(&tokens, out);
    size_t n = tokens.n;
    eg_tokens_free(&tokens);
    eg_arena_free(arena);
    return n;
}

static struct text text_of(const uint8_t *data, size_t n) { /* of exactly its size for the sanitizer */
    struct text text = {malloc(n ? n : 1), n};
    EG_ASSERT(text.bytes);
    if (n > 0) {
        memcpy(text.bytes, data, n);
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    const char *ending = endings[data[0] % (sizeof(endings) / sizeof(endings[0]))];
    size_t at = (size_t)(data[1] | data[2] << 8) % (size - 2);
    struct text a = text_of(data + 3, at), b = text_of(data + 3 + at, size - 3 - at);
    struct eg_buf first, second;
    eg_buf_init(&first, EVENT_MOST_B);
    eg_buf_init(&second, EVENT_MOST_B);
    run(ending, &a, &b, &first);
    run(ending, &a, &b, &second);
    EG_ASSERT(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    EG_ASSERT(run(ending, &a, &a, &first) == 0 && run(ending, &b, &b, &first) == 0);
    eg_buf_free(&first);
    eg_buf_free(&second);
    free(a.bytes);
    free(b.bytes);
    return 0;
}
