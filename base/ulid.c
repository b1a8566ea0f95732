/* ULIDs: making, checking, and deriving them. */
#include "base/ulid.h"

#include <string.h>
#include <sys/random.h>

#include "base/err.h"

#define ENTROPY_B 10

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Random bytes are fetched for many ids at once: a system call each would be most of an id's cost. */
static void draw(uint8_t entropy[ENTROPY_B]) {
    static _Thread_local uint8_t pool[64 * ENTROPY_B / 4];
    static _Thread_local size_t left;
    if (left < ENTROPY_B) {
        EG_ASSERT(getrandom(pool, sizeof pool, 0) == (ssize_t)sizeof pool);
        left = sizeof pool;
    }
    left -= ENTROPY_B;
    memcpy(entropy, pool + left, ENTROPY_B);
}

static void write_ms(uint64_t ms, const uint8_t entropy[ENTROPY_B], char out[EG_ULID_B]) {
    for (int i = 9; i >= 0; i--, ms >>= 5)
        out[i] = digits[ms & 31];
    uint64_t high = 0, low = 0; /* 40 bits each are eight digits */
    for (int i = 0; i < 5; i++) {
        high = high << 8 | entropy[i];
        low = low << 8 | entropy[i + 5];
    }
    for (int i = 7; i >= 0; i--, high >>= 5, low >>= 5) {
        out[10 + i] = digits[high & 31];
        out[18 + i] = digits[low & 31];
    }
    out[EG_ULID_LEN] = '\0';
}

static uint64_t ms_of(int64_t us) {
    uint64_t ms = us < 0 ? 0 : (uint64_t)us / 1000;
    return ms > 0xFFFFFFFFFFFF ? 0xFFFFFFFFFFFF : ms;
}

void eg_ulid_make(int64_t now_us, char out[EG_ULID_B]) {
    static _Thread_local uint64_t last_ms; /* ids of one thread count up; those of several differ by their entropy */
    static _Thread_local uint8_t last[ENTROPY_B];
    uint64_t ms = ms_of(now_us);
    if (ms != last_ms) {
        last_ms = ms;
        draw(last);
        last[0] &= 0x7F; /* leaves room to count up within the millisecond */
    } else {
        for (int i = ENTROPY_B - 1; i >= 0 && ++last[i] == 0; i--)
            ;
    }
    write_ms(ms, last, out);
}

void eg_ulid_from(int64_t time_us, const uint8_t entropy[10], char out[EG_ULID_B]) {
    write_ms(ms_of(time_us), entropy, out);
}
