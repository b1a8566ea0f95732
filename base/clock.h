/* Times. A moment is an int64_t of microseconds since 1970-01-01T00:00:00Z; durations for intervals come from the monotonic
 * clock. Years 0001 to 9999. */
#ifndef EG_BASE_CLOCK_H
#define EG_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EG_TIME_MOST_S INT64_C(253402300799) /* the end of year 9999, since 1970 */
#define EG_TIME_TEXT_B 28 /* "2025-10-10T12:34:56.123456Z" and its NUL */

int64_t eg_clock_now_us(void);   /* the wall clock, UTC */
int64_t eg_clock_mono_us(void);  /* never goes back */

/* A moment of whole seconds; what lies before 1970 or behind year 9999 becomes the nearest of these. */
int64_t eg_time_of_seconds(int64_t seconds);

/* RFC 3339 date-time ("2025-10-10T12:34:56[.fraction](Z|±hh:mm)"; t and z, and a space for T, as the RFC allows; second 60
 * counts as the next second's 0 only at 23:59:60 UTC). Digits past microseconds are cut. Also accepts no seconds
 * ("2025-10-10T00:00Z") when lenient. */
bool eg_time_parse(const char *text, size_t len, bool lenient, int64_t *us);
void eg_time_format(int64_t us, char out[EG_TIME_TEXT_B]); /* always UTC, six decimals, Z */

#endif
