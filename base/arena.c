/* The arena: a chain of blocks that grow in size; the newest serves. Under AddressSanitizer every allocation is
 * followed by poisoned bytes, so that an overrun is seen although malloc never heard of it. */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#define RED_B 16
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define RED_B 0
#endif

#define ALIGN_B 16
#define FIRST_BLOCK_B 8192
#define MOST_BLOCK_B (1U << 20)

struct block {
    struct block *before;
    size_t size_b;
    _Alignas(ALIGN_B) char bytes[];
};

struct eg_arena {
    struct block *block; /* the newest */
    size_t at;           /* in it */
    size_t used_b;
    size_t max_b;
    bool failed;
    bool full;
};

static struct block *block_new(size_t size_b, struct block *before) {
    struct block *block = malloc(sizeof *block + size_b);
    if (!block)
        return NULL;
    block->before = before;
    block->size_b = size_b;
    ASAN_POISON_MEMORY_REGION(block->bytes, size_b);
    return block;
}

static void block_free(struct block *block) {
    ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size_b);
    free(block);
}

struct eg_arena *eg_arena_new(size_t max_b) {
    struct eg_arena *arena = calloc(1, sizeof *arena);
    if (!arena)
        return NULL;
    arena->max_b = max_b;
    arena->block = block_new(FIRST_BLOCK_B, NULL);
    if (!arena->block) {
        free(arena);
        return NULL;
    }
    return arena;
}

void eg_arena_free(struct eg_arena *arena) {
    if (!arena)
        return;
    for (struct block *block = arena->block; block;) {
        struct block *before = block->before;
        block_free(block);
        block = before;
    }
    free(arena);
}

void eg_arena_reset(struct eg_arena *arena) {
    while (arena->block->before) {
        struct block *block = arena->block;
        arena->block = block->before;
        block_free(block);
    }
    ASAN_POISON_MEMORY_REGION(arena->block->bytes, arena->block->size_b);
    arena->at = 0;
    arena->used_b = 0;
    arena->failed = arena->full = false;
}

static bool grow(struct eg_arena *arena, size_t need_b) {
    size_t size_b = arena->block->size_b * 2;
    if (size_b > MOST_BLOCK_B)
        size_b = MOST_BLOCK_B;
    if (size_b < need_b)
        size_b = need_b;
    struct block *block = block_new(size_b, arena->block);
    if (!block)
        return false;
    arena->block = block;
    arena->at = 0;
    return true;
}

void *eg_arena_alloc(struct eg_arena *arena, size_t size_b) {
    if (size_b > arena->max_b - arena->used_b) {
        arena->failed = arena->full = true;
        return NULL;
    }
    size_t step_b = (size_b + RED_B + ALIGN_B - 1) & ~(size_t)(ALIGN_B - 1);
    if (step_b == 0)
        step_b = ALIGN_B; /* an empty allocation has an address of its own */
    if (step_b > arena->block->size_b - arena->at && !grow(arena, step_b)) {
        arena->failed = true;
        return NULL;
    }
    void *bytes = arena->block->bytes + arena->at;
    arena->at += step_b;
    size_t counted_b = arena->used_b + ((size_b + ALIGN_B - 1) & ~(size_t)(ALIGN_B - 1));
    arena->used_b = counted_b > arena->max_b ? arena->max_b : counted_b;
    ASAN_UNPOISON_MEMORY_REGION(bytes, size_b);
    return bytes;
}

void *eg_arena_zalloc(struct eg_arena *arena, size_t size_b) {
    void *bytes = eg_arena_alloc(arena, size_b);
    return bytes ? memset(bytes, 0, size_b) : NULL;
}

char *eg_arena_dup(struct eg_arena *arena, const void *bytes, size_t size_b) {
    char *copy = size_b == SIZE_MAX ? NULL : eg_arena_alloc(arena, size_b + 1);
    if (!copy)
        return NULL;
    if (size_b > 0)
        memcpy(copy, bytes, size_b);
    copy[size_b] = '\0';
    return copy;
}

char *eg_arena_printf(struct eg_arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : eg_arena_alloc(arena, (size_t)len + 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

size_t eg_arena_used(const struct eg_arena *arena) { return arena->used_b; }
bool eg_arena_failed(const struct eg_arena *arena) { return arena->failed; }
bool eg_arena_full(const struct eg_arena *arena) { return arena->full; }

void eg_arena_extend(struct eg_arena *arena, size_t more_b) {
    arena->max_b += more_b;
    arena->failed = arena->full = false;
}
