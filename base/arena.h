/* A pool of memory that is dropped whole: one a request, one a batch. Bounded: an allocation past max_b answers NULL, and
 * eg_arena_failed() stays true. Memory is aligned for any type and not zeroed, except by eg_arena_zalloc. */
#ifndef EG_BASE_ARENA_H
#define EG_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct eg_arena;

struct eg_arena *eg_arena_new(size_t max_b);        /* NULL when memory is out; the caller frees it */
void eg_arena_free(struct eg_arena *arena);         /* NULL is fine */
void eg_arena_reset(struct eg_arena *arena);        /* forgets all, keeps the first block */
void *eg_arena_alloc(struct eg_arena *arena, size_t size_b);
void *eg_arena_zalloc(struct eg_arena *arena, size_t size_b);
char *eg_arena_dup(struct eg_arena *arena, const void *bytes, size_t size_b); /* adds a NUL behind */
char *eg_arena_printf(struct eg_arena *arena, const char *format, ...) EG_PRINTF(2, 3);
size_t eg_arena_used(const struct eg_arena *arena);
bool eg_arena_failed(const struct eg_arena *arena);
bool eg_arena_full(const struct eg_arena *arena); /* an allocation went past max_b: memory was there, the bound was not */
void eg_arena_extend(struct eg_arena *arena, size_t more_b); /* of the bound: room to tell that it was reached; it counts as not failed */

#endif
