/* Numbers and equality as JSON Schema means them: by value, exactly. 1 equals 1.0; 2^53 + 1 does not equal 2^53; 0.0075
 * is a multiple of 0.0001, although its double is not. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/registry/schema_impl.h"

struct eg_snum eg_schema_num(const json_t *number) {
    if (json_is_real(number))
        return (struct eg_snum){.real = true, .d = json_real_value(number)};
    return (struct eg_snum){.i = json_integer_value(number)};
}

/* Compares an integer with a double without rounding either. */
static int compare_mixed(json_int_t i, double d) {
    if (d >= 9223372036854775808.0)
        return -1;
    if (d < -9223372036854775808.0)
        return 1;
    double whole = floor(d);
    json_int_t w = (json_int_t)whole;
    if (i != w)
        return i < w ? -1 : 1;
    return d > whole ? -1 : 0;
}

int eg_schema_num_compare(struct eg_snum a, struct eg_snum b) {
    if (!a.real && !b.real)
        return (a.i > b.i) - (a.i < b.i);
    if (a.real && b.real)
        return (a.d > b.d) - (a.d < b.d);
    return a.real ? -compare_mixed(b.i, a.d) : compare_mixed(a.i, b.d);
}

struct eg_decimal eg_schema_decimal(double value) {
    char text[40];
    struct eg_decimal out = {0};
    value = fabs(value);
    for (int precision = 14; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        if (strtod(text, NULL) == value)
            break;
    }
    int behind = -1; /* digits behind the point, whatever its character is */
    const char *at = text;
    for (; *at && *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') {
            out.digits = out.digits * 10 + (uint64_t)(*at - '0');
            behind += behind >= 0;
        } else {
            behind = 0;
        }
    }
    out.exponent = (*at == 'e' ? atoi(at + 1) : 0) - (behind > 0 ? behind : 0);
    while (out.digits != 0 && out.digits % 10 == 0) {
        out.digits /= 10;
        out.exponent++;
    }
    return out;
}

static uint64_t mul_mod(uint64_t a, uint64_t b, uint64_t m) { return (uint64_t)((unsigned __int128)a * b % m); }

/* Whether digits·10^exponent is a multiple, in integers: exact for every size. */
static bool decimal_multiple(struct eg_decimal value, struct eg_decimal of) {
    if (value.digits == 0)
        return true;
    if (of.digits == 0)
        return false;
    int shift = value.exponent - of.exponent;
    if (shift >= 0) { /* value·10^shift mod of, by squaring */
        uint64_t rest = value.digits % of.digits, power = 10 % of.digits;
        for (; shift > 0; shift >>= 1) {
            if (shift & 1)
                rest = mul_mod(rest, power, of.digits);
            power = mul_mod(power, power, of.digits);
        }
        return rest == 0;
    }
    for (; shift < 0 && value.digits % 10 == 0; shift++)
        value.digits /= 10;
    unsigned __int128 divisor = of.digits;
    for (; shift < 0; shift++) {
        divisor *= 10;
        if (divisor > value.digits)
            return false;
    }
    return value.digits % divisor == 0;
}

bool eg_schema_multiple(const json_t *number, const json_t *of, struct eg_decimal of_decimal) {
    if (json_is_integer(number) && json_is_integer(of))
        return json_integer_value(number) % json_integer_value(of) == 0;
    struct eg_decimal value;
    if (json_is_integer(number)) {
        json_int_t i = json_integer_value(number);
        value = (struct eg_decimal){.digits = i < 0 ? 0 - (uint64_t)i : (uint64_t)i};
    } else {
        value = eg_schema_decimal(json_real_value(number));
    }
    return decimal_multiple(value, of_decimal);
}

size_t eg_schema_characters(const char *text, size_t len_b) {
    size_t n = 0;
    for (size_t i = 0; i < len_b; i++)
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

static bool equal_objects(const json_t *a, const json_t *b) {
    json_t *am = eg_json_mutable(a);
    if (json_object_size(a) != json_object_size(b))
        return false;
    for (void *at = json_object_iter(am); at; at = json_object_iter_next(am, at)) {
        const json_t *other = json_object_getn(b, json_object_iter_key(at), json_object_iter_key_len(at));
        if (!other || !eg_schema_equal(json_object_iter_value(at), other))
            return false;
    }
    return true;
}

bool eg_schema_equal(const json_t *a, const json_t *b) {
    if (a == b)
        return true;
    if (json_is_number(a) && json_is_number(b))
        return eg_schema_num_compare(eg_schema_num(a), eg_schema_num(b)) == 0;
    if (json_typeof(a) != json_typeof(b))
        return false;
    switch (json_typeof(a)) {
    case JSON_STRING:
        return json_string_length(a) == json_string_length(b) &&
               memcmp(json_string_value(a), json_string_value(b), json_string_length(a)) == 0;
    case JSON_ARRAY:
        if (json_array_size(a) != json_array_size(b))
            return false;
        for (size_t i = 0; i < json_array_size(a); i++)
            if (!eg_schema_equal(json_array_get(a, i), json_array_get(b, i)))
                return false;
        return true;
    case JSON_OBJECT:
        return equal_objects(a, b);
    default:
        return true; /* null, true, false: the type says all */
    }
}

static uint64_t hash_number(const json_t *value) {
    double d = json_is_real(value) ? json_real_value(value) : 0;
    json_int_t i = json_is_integer(value) ? json_integer_value(value) : 0;
    if (json_is_real(value) && (d != floor(d) || d >= 9223372036854775808.0 || d < -9223372036854775808.0))
        return eg_hash64(&d, sizeof d, 1);
    if (json_is_real(value))
        i = (json_int_t)d; /* 1.0 hashes as 1 */
    return eg_hash64(&i, sizeof i, 2);
}

/* Equal values have equal hashes; eg_hash64 is keyed, so that a client cannot choose values that collide. */
static uint64_t hash(const json_t *value) {
    uint64_t sum = 0;
    json_t *m = eg_json_mutable(value);
    switch (json_typeof(value)) {
    case JSON_STRING:
        return eg_hash64(json_string_value(value), json_string_length(value), 7);
    case JSON_INTEGER:
    case JSON_REAL:
        return hash_number(value);
    case JSON_ARRAY:
        sum = 3;
        for (size_t i = 0; i < json_array_size(value); i++) {
            uint64_t pair[2] = {sum, hash(json_array_get(value, i))};
            sum = eg_hash64(pair, sizeof pair, 4);
        }
        return sum;
    case JSON_OBJECT:
        for (void *at = json_object_iter(m); at; at = json_object_iter_next(m, at)) {
            uint64_t pair[2] = {eg_hash64(json_object_iter_key(at), json_object_iter_key_len(at), 5),
                                hash(json_object_iter_value(at))};
            sum += eg_hash64(pair, sizeof pair, 6); /* a sum: members have no order */
        }
        return sum;
    default:
        return 11 + (uint64_t)json_typeof(value);
    }
}

struct hashed {
    uint64_t hash;
    size_t index;
};

static int by_hash(const void *a, const void *b) {
    const struct hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int unique_few(const json_t *array, size_t n, size_t *first, size_t *second) {
    for (size_t i = 1; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (eg_schema_equal(json_array_get(array, i), json_array_get(array, j))) {
                *first = j;
                *second = i;
                return 0;
            }
        }
    }
    return 1;
}

int eg_schema_unique(const json_t *array, size_t *first, size_t *second) {
    size_t n = json_array_size(array);
    if (n <= 8)
        return unique_few(array, n, first, second);
    struct hashed *all = malloc(n * sizeof *all);
    if (!all)
        return -1;
    for (size_t i = 0; i < n; i++)
        all[i] = (struct hashed){hash(json_array_get(array, i)), i};
    qsort(all, n, sizeof *all, by_hash);
    int unique = 1;
    for (size_t i = 1; i < n && unique; i++) {
        for (size_t j = i; j > 0 && all[j - 1].hash == all[i].hash && unique; j--) {
            if (eg_schema_equal(json_array_get(array, all[i].index), json_array_get(array, all[j - 1].index))) {
                *first = all[j - 1].index;
                *second = all[i].index;
                unique = 0;
            }
        }
    }
    free(all);
    return unique;
}
