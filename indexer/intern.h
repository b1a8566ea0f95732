/* Texts that are kept once, however often they are said: names, callees, modules, signatures. They live in an arena, without gaps. */
#ifndef EG_INDEXER_INTERN_H
#define EG_INDEXER_INTERN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/value.h"

struct eg_intern_slot {
    const char *p; /* NULL: free */
    uint32_t n, hash;
};

struct eg_intern { /* zeroed: empty */
    struct eg_intern_slot *slots;
    size_t n, room; /* room: a power of two */
    char *at, *end; /* of the piece that texts are packed into */
};

/* The text in the arena, NUL behind it. All calls between two eg_intern_forget must name the same arena. p is NULL when memory is out. */
struct eg_str eg_intern(struct eg_intern *intern, struct eg_arena *arena, const char *text, size_t n);
/* Before the arena goes, or another is named. The texts stay where they are. */
void eg_intern_forget(struct eg_intern *intern);
void eg_intern_free(struct eg_intern *intern);

#endif
