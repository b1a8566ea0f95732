/* Bytes as a source file in any of the languages (the first byte says which). Nothing may crash; what is found must lie within the file,
 * be UTF-8, and be the same the second time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "indexer/facts.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MOST_B ((size_t)256 << 20)

static const char *const paths[] = {"a.py", "a.c", "a.js", "a.ts", "a.tsx", "a_test.go", "a.java", "a.rs", "a.txt"};
static struct eg_extractor *extractor;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct eg_err err = {0};
    (void)argc;
    (void)argv;
    EG_ASSERT(eg_grammars_load(&err) == EG_OK);
    EG_ASSERT((extractor = eg_extractor_new()));
    return 0;
}

static void check_text(struct eg_str text) { EG_ASSERT(text.n == 0 || (text.n < 1000 && eg_utf8_valid(text.p, text.n))); }

static uint64_t check(const struct eg_facts *facts) {
    uint64_t sum = 0;
    for (int i = 0; i < facts->n_defs; i++) {
        const struct eg_def *def = &facts->defs[i];
        check_text(def->name);
        check_text(def->qual);
        check_text(def->signature);
        EG_ASSERT(def->name.n > 0 && def->qual.n > 0 && def->kind && def->ordinal >= 1 && def->cc >= 1);
        EG_ASSERT(def->parent >= -1 && def->parent < facts->n_defs && def->parent != i);
        EG_ASSERT(def->line >= 1 && def->end_line >= def->line && def->end_line <= facts->lines + 1);
        EG_ASSERT(def->token >= 0 && def->n_tokens >= 0 && def->token + def->n_tokens <= facts->n_tokens);
        EG_ASSERT(def->params >= 0 && def->n_params >= 0 && def->params + def->n_params <= facts->n_params);
        sum = eg_mix64(sum, def->body ^ eg_bytes64(def->qual.p, def->qual.n) ^ (uint64_t)def->cc);
    }
    for (int i = 0; i < facts->n_imports; i++) {
        check_text(facts->imports[i].module);
        check_text(facts->imports[i].symbol);
        check_text(facts->imports[i].alias);
        EG_ASSERT(facts->imports[i].module.n > 0);
    }
    for (int i = 0; i < facts->n_calls; i++) {
        check_text(facts->calls[i].callee);
        EG_ASSERT(facts->calls[i].callee.n > 0 && facts->calls[i].def >= -1 && facts->calls[i].def < facts->n_defs);
        sum = eg_mix64(sum, eg_bytes64(facts->calls[i].callee.p, facts->calls[i].callee.n) ^ (uint64_t)facts->calls[i].count);
    }
    return sum;
}

static uint64_t run(const char *path, const char *text, size_t len) {
    struct eg_err err = {0};
    struct eg_facts *facts;
    struct eg_arena *arena = eg_arena_new(MEMORY_MOST_B);
    EG_ASSERT(arena && eg_extract(extractor, path, text, len, EG_KEEP_ALL, arena, &facts, &err) == EG_OK);
    uint64_t sum = check(facts);
    eg_arena_free(arena);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    const char *path = paths[data[0] % (sizeof(paths) / sizeof(paths[0]))];
    char *text = malloc(size); /* of exactly its size for the sanitizer */
    if (text) {
        memcpy(text, data + 1, size - 1);
        EG_ASSERT(run(path, text, size - 1) == run(path, text, size - 1));
    }
    free(text);
    return 0;
}
