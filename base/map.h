/* A hash map from bytes to a pointer, open addressing, in an arena; for one batch or one load, so nothing is ever removed.
 * Keys are not copied: they must outlive the map. The hash is seeded once a process, so a client cannot plan collisions. */
#ifndef EG_BASE_MAP_H
#define EG_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct eg_map;

struct eg_map *eg_map_new(struct eg_arena *arena, size_t expected); /* NULL when the arena is full */
void *eg_map_get(const struct eg_map *map, const void *key, size_t len); /* NULL when absent */
/* Puts or replaces; false when the arena is full. value must not be NULL. */
bool eg_map_put(struct eg_map *map, const void *key, size_t len, void *value);
uint64_t eg_hash64(const void *bytes, size_t len, uint64_t seed); /* stable within one process only */

#endif
