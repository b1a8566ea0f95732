/* The arena: a chain of blocks that grow in size; the newest serves. Blocks are what a budget counts, since they are what malloc gave.
 * Under AddressSanitizer every allocation is followed by poisoned bytes, so that an overrun is seen although malloc never heard of it. */
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

/* What arenas that stand beside each other hold of a budget. They belong to one request, and so to one thread at a time. */
struct claim {
    struct eg_arena_budget *budget;
    size_t held_b;
    unsigned arenas;
};

struct eg_arena {
    struct claim *claim; /* NULL: no budget */
    struct block *block; /* the newest */
    size_t at;           /* in it */
    size_t used_b;
    size_t max_b;
    size_t beside_b;     /* eg_arena_hold */
    bool failed;
    bool full;
    bool over_budget; /* it is full since the budget is too small */
};

/* Nothing is taken that is given back at once: another thread would find less than there is. */
static bool charge(struct eg_arena *arena, size_t size_b) {
    struct claim *claim = arena->claim;
    if (!claim)
        return true;
    struct eg_arena_budget *budget = claim->budget;
    if (size_b > budget->most_b - claim->held_b) { /* not even if all others let go */
        arena->full = arena->over_budget = true;
        return false;
    }
    size_t used_b = atomic_load_explicit(&budget->used_b, memory_order_relaxed);
    do {
        if (size_b > budget->most_b - used_b)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&budget->used_b, &used_b, used_b + size_b, memory_order_relaxed, memory_order_relaxed));
    claim->held_b += size_b;
    return true;
}

static void give_back(struct eg_arena *arena, size_t size_b) {
    struct claim *claim = arena->claim;
    if (!claim)
        return;
    EG_ASSERT(claim->held_b >= size_b);
    claim->held_b -= size_b;
    atomic_fetch_sub_explicit(&claim->budget->used_b, size_b, memory_order_relaxed);
}

static bool add_block(struct eg_arena *arena, size_t size_b) {
    if (size_b > SIZE_MAX - sizeof(struct block) || !charge(arena, sizeof(struct block) + size_b))
        return false;
    struct block *block = malloc(sizeof *block + size_b);
    if (!block) {
        give_back(arena, sizeof *block + size_b);
        return false;
    }
    block->before = arena->block;
    block->size_b = size_b;
    ASAN_POISON_MEMORY_REGION(block->bytes, size_b);
    arena->block = block;
    arena->at = 0;
    return true;
}

static void drop_block(struct eg_arena *arena) {
    struct block *block = arena->block;
    arena->block = block->before;
    give_back(arena, sizeof *block + block->size_b);
    ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size_b);
    free(block);
}

/* Takes the claim over, whatever comes of it. */
static struct eg_arena *arena_new(struct claim *claim, size_t max_b) {
    struct eg_arena *arena = calloc(1, sizeof *arena);
    if (arena) {
        *arena = (struct eg_arena){.claim = claim, .max_b = max_b};
        if (add_block(arena, FIRST_BLOCK_B))
            return arena;
    }
    free(arena);
    if (claim && --claim->arenas == 0)
        free(claim);
    return NULL;
}

struct eg_arena *eg_arena_new(size_t max_b) { return arena_new(NULL, max_b); }

struct eg_arena *eg_arena_new_of(struct eg_arena_budget *budget, size_t max_b) {
    struct claim *claim = malloc(sizeof *claim);
    if (!claim)
        return NULL;
    *claim = (struct claim){.budget = budget, .arenas = 1};
    return arena_new(claim, max_b);
}

struct eg_arena *eg_arena_new_beside(struct eg_arena *other, size_t max_b) {
    if (other->claim)
        other->claim->arenas++;
    return arena_new(other->claim, max_b);
}

void eg_arena_free(struct eg_arena *arena) {
    if (!arena)
        return;
    while (arena->block)
        drop_block(arena);
    give_back(arena, arena->beside_b);
    if (arena->claim && --arena->claim->arenas == 0) {
        EG_ASSERT(arena->claim->held_b == 0);
        free(arena->claim);
    }
    free(arena);
}

void eg_arena_reset(struct eg_arena *arena) {
    while (arena->block->before)
        drop_block(arena);
    ASAN_POISON_MEMORY_REGION(arena->block->bytes, arena->block->size_b);
    arena->at = 0;
    arena->used_b = 0;
    arena->failed = arena->full = arena->over_budget = false;
}

struct eg_arena_mark eg_arena_mark(const struct eg_arena *arena) {
    return (struct eg_arena_mark){arena->block, arena->at, arena->used_b};
}

void eg_arena_rewind(struct eg_arena *arena, const struct eg_arena_mark *mark) {
    while (arena->block != mark->block)
        drop_block(arena);
    ASAN_POISON_MEMORY_REGION(arena->block->bytes + mark->at, arena->block->size_b - mark->at);
    arena->at = mark->at;
    arena->used_b = mark->used_b;
    arena->failed = arena->full = arena->over_budget = false;
}

static bool grow(struct eg_arena *arena, size_t need_b) {
    size_t size_b = arena->block->size_b * 2;
    if (size_b > MOST_BLOCK_B)
        size_b = MOST_BLOCK_B;
    if (size_b <= need_b)
        return add_block(arena, need_b);
    bool full = arena->full, over_budget = arena->over_budget;
    if (add_block(arena, size_b))
        return true;
    arena->full = full; /* the room ahead is no must */
    arena->over_budget = over_budget;
    return add_block(arena, need_b);
}

bool eg_arena_hold(struct eg_arena *arena, size_t size_b) {
    if (!charge(arena, size_b)) {
        arena->failed = true;
        return false;
    }
    arena->beside_b += size_b;
    return true;
}

void eg_arena_let_go(struct eg_arena *arena, size_t size_b) {
    EG_ASSERT(arena->beside_b >= size_b);
    arena->beside_b -= size_b;
    give_back(arena, size_b);
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
bool eg_arena_over_budget(const struct eg_arena *arena) { return arena->over_budget; }

void eg_arena_extend(struct eg_arena *arena, size_t more_b) {
    arena->max_b += more_b;
    arena->failed = arena->full = arena->over_budget = false;
}
