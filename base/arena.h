/* A pool of memory that is dropped whole: one a request, one a batch. Bounded: an allocation past max_b answers NULL, and
 * eg_arena_failed() stays true. Memory is aligned for any type and not zeroed, except by eg_arena_zalloc. */
#ifndef EG_BASE_ARENA_H
#define EG_BASE_ARENA_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct eg_arena;

/* What the arenas of several requests share, of any threads; it outlives them. */
struct eg_arena_budget {
    size_t most_b;
    atomic_size_t used_b; /* in blocks, and held beside them */
};

struct eg_arena *eg_arena_new(size_t max_b); /* NULL when memory is out; the caller frees it */
/* … or when the budget has no room. An allocation that needs a block past the budget fails like one past max_b. */
struct eg_arena *eg_arena_new_of(struct eg_arena_budget *budget, size_t max_b);
/* For the same request: what both hold counts as one's, for eg_arena_full. Both are one thread's at a time. */
struct eg_arena *eg_arena_new_beside(struct eg_arena *other, size_t max_b);
void eg_arena_free(struct eg_arena *arena);         /* NULL is fine */
void eg_arena_reset(struct eg_arena *arena);        /* forgets all, keeps the first block */
struct eg_arena_mark {
    void *block;
    size_t at, used_b;
};
struct eg_arena_mark eg_arena_mark(const struct eg_arena *arena);
void eg_arena_rewind(struct eg_arena *arena, const struct eg_arena_mark *mark); /* forgets what came after, and that it failed */
void *eg_arena_alloc(struct eg_arena *arena, size_t size_b);
void *eg_arena_zalloc(struct eg_arena *arena, size_t size_b);
char *eg_arena_dup(struct eg_arena *arena, const void *bytes, size_t size_b); /* adds a NUL behind */
char *eg_arena_printf(struct eg_arena *arena, const char *format, ...) EG_PRINTF(2, 3);
size_t eg_arena_used(const struct eg_arena *arena);
bool eg_arena_failed(const struct eg_arena *arena);
/* An allocation went past max_b, or past all of the budget: it would again, however little the others have. */
bool eg_arena_full(const struct eg_arena *arena);
bool eg_arena_over_budget(const struct eg_arena *arena); /* it was the budget's */
/* Counts memory that others allocate for this request in the budget: true when it was there. Without a budget nothing is counted. What is
 * not let go is with the arena. */
bool eg_arena_hold(struct eg_arena *arena, size_t size_b);
void eg_arena_let_go(struct eg_arena *arena, size_t size_b);
void eg_arena_extend(struct eg_arena *arena, size_t more_b); /* of the bound: room to tell that it was reached; it counts as not failed */

#endif
