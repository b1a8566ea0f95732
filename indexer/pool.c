/* A part of indexer/grammars/core.c, so that the parser's code has it within. Sizes up to 1 KiB in steps of 16 bytes, then powers of two;
 * larger blocks come from malloc, one by one. Each block has its mark and its class in front. */
#include "indexer/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MARK 0x6b636f6c62676545u
#define STEP_B 16
#define N_STEPS 64
#define N_CLASSES (N_STEPS + 10) /* up to 1 MiB */
#define LARGE N_CLASSES
#define CHUNK_B ((size_t)1 << 20)
#define SPARE_MOST_B ((size_t)16 << 20)

struct block {
    uint64_t mark; /* MARK ^ its own address while in use */
    uint32_t class;
    uint32_t unused;
};

struct chunk { /* of many blocks, or one large one */
    struct chunk *before, *after;
    size_t size_b; /* of what can be used */
    uint64_t unused;
};

struct pool {
    struct chunk *chunks, *larges, *spare; /* spare: of CHUNK_B, kept by a reset */
    char *at, *end;
    void *freed[N_CLASSES];
};

static _Thread_local struct pool pool;

static uint64_t mark_of(const struct block *block) { return MARK ^ (uint64_t)(uintptr_t)block; }

static size_t class_of(size_t size_b) {
    if (size_b <= N_STEPS * STEP_B) {
        return size_b ? (size_b - 1) / STEP_B : 0;
    }
    size_t class = N_STEPS;
    for (size_t most = (size_t)2 * N_STEPS * STEP_B; class < LARGE && size_b > most; most *= 2) {
        class++;
    }
    return class;
}

static size_t size_of(size_t class) {
    return class < N_STEPS ? (class + 1) * STEP_B : (size_t)2 * N_STEPS * STEP_B << (class - N_STEPS);
}

static struct chunk *chunk_new(size_t size_b, struct chunk **list) {
    struct chunk *chunk = size_b == CHUNK_B && pool.spare ? pool.spare : malloc(sizeof(*chunk) + size_b);
    if (!chunk) {
        abort(); /* the core does the same: it cannot go on */
    }
    if (chunk == pool.spare) {
        pool.spare = chunk->after;
    }
    *chunk = (struct chunk){.after = *list, .size_b = size_b};
    if (*list) {
        (*list)->before = chunk;
    }
    *list = chunk;
    return chunk;
}

static void *use(struct block *block, size_t class) {
    block->class = (uint32_t)class;
    block->mark = mark_of(block);
    return block + 1;
}

static void *pool_malloc(size_t size_b) {
    size_t class = class_of(size_b);
    if (class == LARGE) {
        return use((struct block *)(void *)(chunk_new(sizeof(struct block) + size_b, &pool.larges) + 1), LARGE);
    }
    void *freed = pool.freed[class];
    if (freed) {
        memcpy(&pool.freed[class], freed, sizeof(void *));
        return use((struct block *)freed - 1, class);
    }
    size_t wanted = sizeof(struct block) + size_of(class);
    if ((size_t)(pool.end - pool.at) < wanted) {
        struct chunk *chunk = chunk_new(wanted > CHUNK_B ? wanted : CHUNK_B, &pool.chunks);
        pool.at = (char *)(chunk + 1);
        pool.end = pool.at + chunk->size_b;
    }
    struct block *block = (struct block *)(void *)pool.at;
    pool.at += wanted;
    return use(block, class);
}

static void *pool_calloc(size_t n, size_t size_b) {
    if (size_b && n > SIZE_MAX / size_b) {
        abort();
    }
    return memset(pool_malloc(n * size_b), 0, n * size_b);
}

static void pool_free(void *pointer) {
    struct block *block = pointer ? (struct block *)pointer - 1 : NULL;
    if (!block || block->mark != mark_of(block)) {
        return;
    }
    block->mark = 0;
    if (block->class != LARGE) {
        memcpy(pointer, &pool.freed[block->class], sizeof(void *));
        pool.freed[block->class] = pointer;
        return;
    }
    struct chunk *chunk = (struct chunk *)(void *)block - 1;
    struct chunk **link = chunk->before ? &chunk->before->after : &pool.larges;
    *link = chunk->after;
    if (chunk->after) {
        chunk->after->before = chunk->before;
    }
    free(chunk);
}

static void *pool_realloc(void *pointer, size_t size_b) {
    struct block *block = pointer ? (struct block *)pointer - 1 : NULL;
    if (!block || block->mark != mark_of(block)) {
        return pool_malloc(size_b);
    }
    size_t had_b = block->class == LARGE ? ((struct chunk *)(void *)block - 1)->size_b - sizeof(struct block) : size_of(block->class);
    if (size_b <= had_b) {
        return pointer;
    }
    void *grown = memcpy(pool_malloc(size_b), pointer, had_b);
    pool_free(pointer);
    return grown;
}

static void free_all(struct chunk *chunk) {
    while (chunk) {
        struct chunk *after = chunk->after;
        free(chunk);
        chunk = after;
    }
}

void eg_pool_reset(void) {
    struct chunk *spare = NULL;
    size_t kept_b = 0;
    for (struct chunk *chunk = pool.chunks, *after; chunk; chunk = after) {
        after = chunk->after;
        if (chunk->size_b == CHUNK_B && kept_b < SPARE_MOST_B) {
            chunk->after = spare;
            spare = chunk;
            kept_b += CHUNK_B;
        } else {
            free(chunk);
        }
    }
    for (struct chunk *chunk = pool.spare, *after; chunk; chunk = after) { /* what the last file did not need */
        after = chunk->after;
        chunk->after = spare;
        spare = chunk;
    }
    free_all(pool.larges);
    pool = (struct pool){.spare = spare};
}

void eg_pool_drop(void) {
    free_all(pool.chunks);
    free_all(pool.larges);
    free_all(pool.spare);
    pool = (struct pool){0};
}
