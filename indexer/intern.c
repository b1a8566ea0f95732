/* Open addressing, at most half full. Where there is no room for a larger table, texts are kept without being known again. */
#include "indexer/intern.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/facts.h"

#define ROOM_LEAST 256
#define ROOM_KEPT 4096 /* slots that are cleared rather than given back */
#define KNOWN_MOST ((size_t)1 << 18)
#define PIECE_B 2048
#define LONG_B 512 /* longer texts have a place of their own */

static void place(struct eg_intern *intern, struct eg_intern_slot slot) {
    size_t i = slot.hash & (intern->room - 1);
    while (intern->slots[i].p) {
        i = (i + 1) & (intern->room - 1);
    }
    intern->slots[i] = slot;
}

/* False: it is as large as it gets. */
static bool make_room(struct eg_intern *intern) {
    if (intern->n * 2 < intern->room) {
        return true;
    }
    struct eg_intern grown = *intern;
    grown.room = intern->room ? intern->room * 2 : ROOM_LEAST;
    grown.slots = intern->n < KNOWN_MOST ? calloc(grown.room, sizeof(*grown.slots)) : NULL;
    if (!grown.slots) {
        return false;
    }
    for (size_t i = 0; i < intern->room; i++) {
        if (intern->slots[i].p) {
            place(&grown, intern->slots[i]);
        }
    }
    free(intern->slots);
    *intern = grown;
    return true;
}

static char *pack(struct eg_intern *intern, struct eg_arena *arena, const char *text, size_t n) {
    if (n >= LONG_B) {
        return eg_arena_dup(arena, text, n);
    }
    if ((size_t)(intern->end - intern->at) < n + 1) {
        char *piece = eg_arena_alloc(arena, PIECE_B);
        if (!piece) {
            return NULL;
        }
        intern->at = piece;
        intern->end = piece + PIECE_B;
    }
    char *copy = intern->at;
    memcpy(copy, text, n);
    copy[n] = '\0';
    intern->at += n + 1;
    return copy;
}

struct eg_str eg_intern(struct eg_intern *intern, struct eg_arena *arena, const char *text, size_t n) {
    uint32_t hash = (uint32_t)eg_bytes64(text, n);
    if (n == 0) {
        return (struct eg_str){"", 0};
    }
    for (size_t i = hash; intern->room > 0; i++) {
        const struct eg_intern_slot *slot = &intern->slots[i & (intern->room - 1)];
        if (!slot->p) {
            break;
        }
        if (slot->hash == hash && slot->n == n && memcmp(slot->p, text, n) == 0) {
            return (struct eg_str){slot->p, n};
        }
    }
    char *copy = pack(intern, arena, text, n);
    if (copy && n <= UINT32_MAX && make_room(intern)) {
        place(intern, (struct eg_intern_slot){copy, (uint32_t)n, hash});
        intern->n++;
    }
    return (struct eg_str){copy, copy ? n : 0};
}

void eg_intern_forget(struct eg_intern *intern) {
    if (intern->room > ROOM_KEPT) {
        eg_intern_free(intern);
    } else if (intern->n > 0) {
        memset(intern->slots, 0, intern->room * sizeof(*intern->slots));
    }
    intern->n = 0;
    intern->at = intern->end = NULL;
}

void eg_intern_free(struct eg_intern *intern) {
    free(intern->slots);
    *intern = (struct eg_intern){0};
}
