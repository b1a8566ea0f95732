/* Doubles as JSON: the shortest decimal of at least 15 digits' precision that reads back, as "%.15g" to "%.17g" write it. Nearly all are
 * written without printf, which works with numbers of any length and costs a microsecond a time. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define LEAST_PLAIN 1e-3 /* between these two all products below fit into 128 bits */
#define MOST_PLAIN 1e14
#define N_POWERS 20

__extension__ typedef unsigned __int128 wide;

static const uint64_t powers[N_POWERS] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
    1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
    1000000000000000000, 10000000000000000000u,
};

/* Most doubles of our tables are decimals of a few places: thousandths are written without trying. k / 1000 is the double nearest
 * to that decimal, and with at most 15 digits no other decimal of as many is nearer. */
static bool add_thousandths(struct eg_buf *buf, double value) {
    if (!(fabs(value) < 1e12))
        return false;
    int64_t k = llround(value * 1000);
    if ((double)k / 1000 != value || (k == 0 && signbit(value)))
        return false;
    int64_t rest = k < 0 ? -(k % 1000) : k % 1000;
    if (k < 0 && k > -1000)
        eg_buf_char(buf, '-');
    eg_buf_int(buf, k / 1000);
    if (rest) {
        char part[4] = {'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10)};
        eg_buf_add(buf, part, rest % 10 ? 4 : rest % 100 ? 3 : 2);
    }
    return true;
}

struct decimal {
    uint64_t digits;
    int places; /* behind the point */
};

/* value = m / 2^k, rounded to so many places, half to even; whether that reads back as the same double. */
static bool round_to(struct decimal *out, uint64_t m, int k, int places) {
    wide exact = (wide)m * powers[places], unit = (wide)1 << k, down = exact >> k, rest = exact - (down << k);
    bool up = rest * 2 > unit || (rest * 2 == unit && (down & 1));
    *out = (struct decimal){(uint64_t)down + up, places};
    wide off = up ? unit - rest : rest; /* from the value, in 2^−k·10^−places; a double's half step is 10^places / 2 of these */
    if (!up && m == (uint64_t)1 << 52) {
        off *= 2; /* below a power of two the doubles are twice as dense */
    }
    return off * 2 < powers[places] || (off * 2 == powers[places] && !(m & 1));
}

static void add_digits(struct eg_buf *buf, struct decimal d) {
    char text[40], *at = text + sizeof text;
    int left = d.places;
    while (left > 0 && d.digits % 10 == 0) {
        d.digits /= 10;
        left--;
    }
    for (; left > 0; left--, d.digits /= 10)
        *--at = (char)('0' + d.digits % 10);
    if (at < text + sizeof text)
        *--at = '.';
    do
        *--at = (char)('0' + d.digits % 10);
    while (d.digits /= 10);
    eg_buf_add(buf, at, (size_t)(text + sizeof text - at));
}

/* Of middling size. Places for 17 digits in all are found by trying; 15 and 16 come first. */
static bool add_plain(struct eg_buf *buf, double value) {
    struct decimal decimal;
    double size = fabs(value);
    int e, places = 0;
    if (!(size >= LEAST_PLAIN && size < MOST_PLAIN))
        return false;
    uint64_t m = (uint64_t)ldexp(frexp(size, &e), 53);
    int k = 53 - e; /* 7 to 62 */
    while (places < N_POWERS - 1 && (uint64_t)((wide)m * powers[places] >> k) < powers[16])
        places++;
    if (places < 2)
        return false;
    bool same = round_to(&decimal, m, k, places - 2) || round_to(&decimal, m, k, places - 1) || round_to(&decimal, m, k, places);
    if (!same)
        return false;
    if (value < 0)
        eg_buf_char(buf, '-');
    add_digits(buf, decimal);
    return true;
}

void eg_buf_json_double(struct eg_buf *buf, double value) {
    if (!isfinite(value)) {
        eg_buf_str(buf, "null");
        return;
    }
    if (add_thousandths(buf, value) || add_plain(buf, value))
        return;
    /* Fifteen digits reproduce every shorter decimal of a normal double; a subnormal one may need fewer than it shows.
     */
    int digits = fabs(value) < DBL_MIN ? 1 : 15;
    char text[40];
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    eg_buf_str(buf, text);
}
