/* ULIDs: 48 bits of milliseconds and 80 random bits in 26 characters of Crockford's base 32, upper case. */
#ifndef EG_BASE_ULID_H
#define EG_BASE_ULID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EG_ULID_LEN 26
#define EG_ULID_B 27 /* with its NUL */

/* A new one for the given moment (µs since 1970); within one millisecond ids of this process rise. Not thread-safe. */
void eg_ulid_make(int64_t now_us, char out[EG_ULID_B]);
/* One made of a time and 10 bytes (of a hash, say): the same input gives the same id. */
void eg_ulid_from(int64_t time_us, const uint8_t entropy[10], char out[EG_ULID_B]);

#endif
