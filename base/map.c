/* The hash map: open addressing with linear probing, at most three quarters full, and SipHash-1-3 with a key drawn once
 * a process. */
#include "base/map.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

struct slot {
    uint64_t hash;
    const void *key;
    size_t len;
    void *value; /* NULL: free */
};

struct eg_map {
    struct eg_arena *arena;
    struct slot *slots;
    size_t mask; /* number of slots − 1, a power of two */
    size_t count;
};

static uint64_t process_key[2];
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;

static void draw_process_key(void) {
    EG_ASSERT(getrandom(process_key, sizeof process_key, 0) == (ssize_t)sizeof process_key);
}

static inline uint64_t rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static inline void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

uint64_t eg_hash64(const void *bytes, size_t len, uint64_t seed) {
    pthread_once(&process_key_once, draw_process_key);
    uint64_t k0 = process_key[0] ^ seed, k1 = process_key[1];
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261,
                     k1 ^ 0x7465646279746573};
    const unsigned char *p = bytes;
    for (size_t left = len; left >= 8; left -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t tail = (uint64_t)len << 56;
    for (size_t i = 0; i < (len & 7); i++)
        tail |= (uint64_t)p[i] << (8 * i);
    v[3] ^= tail;
    sip_round(v);
    v[0] ^= tail;
    v[2] ^= 0xFF;
    sip_round(v);
    sip_round(v);
    sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct eg_map *eg_map_new(struct eg_arena *arena, size_t expected) {
    size_t n = 16;
    while (n - n / 4 <= expected && n < SIZE_MAX / sizeof(struct slot) / 4)
        n *= 2;
    struct eg_map *map = eg_arena_zalloc(arena, sizeof *map);
    struct slot *slots = eg_arena_zalloc(arena, n * sizeof *slots);
    if (!map || !slots)
        return NULL;
    map->arena = arena;
    map->slots = slots;
    map->mask = n - 1;
    return map;
}

/* The slot of the key, or the free one where it belongs. */
static struct slot *find(const struct eg_map *map, uint64_t hash, const void *key, size_t len) {
    for (size_t i = hash & map->mask;; i = (i + 1) & map->mask) {
        struct slot *slot = &map->slots[i];
        if (!slot->value)
            return slot;
        if (slot->hash == hash && slot->len == len && (len == 0 || memcmp(slot->key, key, len) == 0))
            return slot;
    }
}

static bool grow(struct eg_map *map) {
    size_t n = (map->mask + 1) * 2;
    struct slot *old = map->slots;
    struct slot *slots = eg_arena_zalloc(map->arena, n * sizeof *slots);
    if (!slots)
        return false;
    size_t n_old = map->mask + 1;
    map->slots = slots;
    map->mask = n - 1;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].value)
            *find(map, old[i].hash, old[i].key, old[i].len) = old[i];
    return true;
}

void *eg_map_get(const struct eg_map *map, const void *key, size_t len) {
    return find(map, eg_hash64(key, len, 0), key, len)->value;
}

bool eg_map_put(struct eg_map *map, const void *key, size_t len, void *value) {
    EG_ASSERT(value != NULL);
    uint64_t hash = eg_hash64(key, len, 0);
    struct slot *slot = find(map, hash, key, len);
    if (slot->value) {
        slot->value = value;
        return true;
    }
    size_t n = map->mask + 1;
    if (map->count + 1 > n - n / 4) {
        if (!grow(map))
            return false;
        slot = find(map, hash, key, len);
    }
    *slot = (struct slot){hash, key, len, value};
    map->count++;
    return true;
}
