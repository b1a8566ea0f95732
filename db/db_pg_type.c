/* PostgreSQL's binary format: big-endian words; an array is a header, then a length and the bytes of each element;
 * timestamptz counts µs from 2000; jsonb is a version byte and text. */
#include "db/db_pg_type.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>

#define EPOCH_2000_US INT64_C(946684800000000)
#define DAY_US INT64_C(86400000000)
#define ARRAY_HEAD_B 20
#define LENGTH_NULL 0xffffffffu

/* pg_type.dat: these numbers are fixed for ever. */
enum oid {
    OID_BOOL = 16,
    OID_BYTEA = 17,
    OID_CHAR = 18,
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_OID = 26,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_UNKNOWN = 705,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

static const struct {
    Oid oid;
    Oid array;
    const char *name;
} types[] = {
    [EG_TEXT] = {OID_TEXT, 1009, "text"},   [EG_INT4] = {OID_INT4, 1007, "int4"},
    [EG_INT8] = {OID_INT8, 1016, "int8"},   [EG_FLOAT8] = {OID_FLOAT8, 1022, "float8"},
    [EG_BOOL] = {OID_BOOL, 1000, "bool"},   [EG_TIME] = {OID_TIMESTAMPTZ, 1185, "timestamptz"},
    [EG_JSON] = {OID_JSONB, 3807, "jsonb"}, [EG_BYTES] = {OID_BYTEA, 1001, "bytea"},
};

Oid eg_pg_oid(enum eg_type type) { return types[type].oid; }
Oid eg_pg_array_oid(enum eg_type type) { return types[type].array; }
const char *eg_pg_type_name(enum eg_type type) { return types[type].name; }

static char *put32(char *at, uint32_t word) {
    word = htobe32(word);
    memcpy(at, &word, 4);
    return at + 4;
}

static char *put64(char *at, uint64_t word) {
    word = htobe64(word);
    memcpy(at, &word, 8);
    return at + 8;
}

static uint16_t get16(const char *at) {
    uint16_t word;
    memcpy(&word, at, 2);
    return be16toh(word);
}

static uint32_t get32(const char *at) {
    uint32_t word;
    memcpy(&word, at, 4);
    return be32toh(word);
}

static uint64_t get64(const char *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    return be64toh(word);
}

size_t eg_pg_value_size(enum eg_type type, const struct eg_value *value) {
    if (value->null) {
        return 0;
    }
    switch (type) {
    case EG_TEXT:
    case EG_BYTES:
        return value->s.n;
    case EG_JSON:
        return value->s.n + 1;
    case EG_INT4:
        return 4;
    case EG_BOOL:
        return 1;
    case EG_INT8:
    case EG_FLOAT8:
    case EG_TIME:
        break;
    }
    return 8;
}

static char *put_bytes(char *at, const struct eg_str *bytes) {
    if (bytes->n) { /* memcpy from NULL is undefined even for nothing */
        memcpy(at, bytes->p, bytes->n);
    }
    return at + bytes->n;
}

char *eg_pg_value_write(char *at, enum eg_type type, const struct eg_value *value) {
    if (value->null) {
        return at;
    }
    uint64_t bits;
    switch (type) {
    case EG_JSON:
        *at++ = 1;
        return put_bytes(at, &value->s);
    case EG_TEXT:
    case EG_BYTES:
        return put_bytes(at, &value->s);
    case EG_INT4:
        return put32(at, (uint32_t)value->i);
    case EG_BOOL:
        *at = value->b;
        return at + 1;
    case EG_INT8:
        return put64(at, (uint64_t)value->i);
    case EG_TIME:
        return put64(at, (uint64_t)(value->i - EPOCH_2000_US));
    case EG_FLOAT8:
        break;
    }
    memcpy(&bits, &value->d, 8);
    return put64(at, bits);
}

size_t eg_pg_array_size(enum eg_type type, const struct eg_value *first, size_t n, size_t stride) {
    size_t size = ARRAY_HEAD_B + 4 * n;
    for (size_t i = 0; i < n; i++) {
        size += eg_pg_value_size(type, &first[i * stride]);
    }
    return size;
}

char *eg_pg_array_write(char *at, enum eg_type type, const struct eg_value *first, size_t n, size_t stride) {
    char *has_null = at + 4;
    bool any_null = false;
    at = put32(at, 1); /* dimensions */
    at = put32(at, 0);
    at = put32(at, types[type].oid);
    at = put32(at, (uint32_t)n);
    at = put32(at, 1); /* lower bound */
    for (size_t i = 0; i < n; i++) {
        const struct eg_value *value = &first[i * stride];
        any_null |= value->null;
        at = put32(at, value->null ? LENGTH_NULL : (uint32_t)eg_pg_value_size(type, value));
        at = eg_pg_value_write(at, type, value);
    }
    (void)put32(has_null, any_null);
    return at;
}

bool eg_pg_fits(enum eg_type type, const struct eg_value *first, size_t n, size_t stride) {
    for (size_t i = 0; type == EG_INT4 && i < n; i++) {
        const struct eg_value *value = &first[i * stride];
        if (!value->null && (value->i < INT32_MIN || value->i > INT32_MAX)) {
            return false;
        }
    }
    return true;
}

/* numeric: digits of base 10,000, of which weight + 1 stand before the point. Written as decimal text. */
static bool numeric_text(const char *bytes, int len, struct eg_arena *arena, struct eg_str *text) {
    if (len < 8) {
        return false;
    }
    int n = get16(bytes), weight = (int16_t)get16(bytes + 2), sign = get16(bytes + 4), scale = get16(bytes + 6);
    if ((sign != 0 && sign != 0x4000) || len < 8 + 2 * n) { /* NaN and infinities are no values of ours */
        return false;
    }
    char *out = eg_arena_alloc(arena, (size_t)(weight > 0 ? weight : 0) * 4 + (size_t)scale + 16);
    if (!out) {
        return false;
    }
    char *at = out;
    if (sign) {
        *at++ = '-';
    }
    char group[8];
    int last = -((scale + 3) / 4);
    for (int power = weight > 0 ? weight : 0; power >= last; power--) {
        int index = weight - power;
        unsigned digit = index >= 0 && index < n ? get16(bytes + 8 + 2 * index) : 0;
        group[0] = (char)('0' + digit / 1000 % 10), group[1] = (char)('0' + digit / 100 % 10);
        group[2] = (char)('0' + digit / 10 % 10), group[3] = (char)('0' + digit % 10);
        int skip = 0;
        if (at == out + (sign != 0) && power >= 0) { /* no leading zeros */
            while (skip < (power ? 4 : 3) && group[skip] == '0') {
                skip++;
            }
        }
        if (power == -1) {
            *at++ = '.';
        }
        int take = power < 0 && scale + 4 * (power + 1) < 4 ? scale + 4 * (power + 1) : 4;
        for (int i = skip; i < take; i++) {
            *at++ = group[i];
        }
    }
    *at = 0;
    *text = (struct eg_str){out, (size_t)(at - out)};
    return true;
}

static bool uuid_text(const char *bytes, int len, struct eg_arena *arena, struct eg_str *text) {
    static const char hex[] = "0123456789abcdef";
    char *out = eg_arena_alloc(arena, 37);
    if (!out || len != 16) {
        return false;
    }
    char *at = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *at++ = '-';
        }
        *at++ = hex[(bytes[i] >> 4) & 15];
        *at++ = hex[bytes[i] & 15];
    }
    *at = 0;
    *text = (struct eg_str){out, 36};
    return true;
}

static bool whole_number(Oid from, const char *bytes, int64_t *i) {
    switch (from) {
    case OID_INT8:
        *i = (int64_t)get64(bytes);
        return true;
    case OID_INT4:
        *i = (int32_t)get32(bytes);
        return true;
    case OID_INT2:
        *i = (int16_t)get16(bytes);
        return true;
    case OID_OID:
        *i = get32(bytes);
        return true;
    default:
        return false;
    }
}

static bool int_of(Oid from, const char *bytes, int len, struct eg_arena *arena, struct eg_value *value) {
    struct eg_str text;
    if (whole_number(from, bytes, &value->i)) {
        return true;
    }
    if (from != OID_NUMERIC || !numeric_text(bytes, len, arena, &text)) {
        return false;
    }
    char *end;
    value->i = strtoll(text.p, &end, 10);
    return *end == 0 || strspn(end, ".0") == strlen(end);
}

static bool float_of(Oid from, const char *bytes, int len, struct eg_arena *arena, struct eg_value *value) {
    struct eg_str text;
    int64_t whole;
    if (from == OID_FLOAT8) {
        uint64_t bits = get64(bytes);
        memcpy(&value->d, &bits, 8);
    } else if (from == OID_FLOAT4) {
        uint32_t bits = get32(bytes);
        float narrow;
        memcpy(&narrow, &bits, 4);
        value->d = (double)narrow;
    } else if (whole_number(from, bytes, &whole)) {
        value->d = (double)whole;
    } else if (from == OID_NUMERIC) {
        if (!numeric_text(bytes, len, arena, &text)) {
            value->null = true; /* NaN: not finite, like below */
            return true;
        }
        value->d = strtod(text.p, NULL);
    } else {
        return false;
    }
    value->null = !isfinite(value->d);
    return true;
}

static bool time_of(Oid from, const char *bytes, struct eg_value *value) {
    if (from == OID_TIMESTAMPTZ || from == OID_TIMESTAMP) {
        int64_t us = (int64_t)get64(bytes);
        value->null = us == INT64_MAX || us == INT64_MIN; /* infinity */
        value->i = value->null ? 0 : us + EPOCH_2000_US;
        return true;
    }
    if (from == OID_DATE) {
        int32_t days = (int32_t)get32(bytes);
        value->null = days == INT32_MAX || days == INT32_MIN;
        value->i = value->null ? 0 : days * DAY_US + EPOCH_2000_US;
        return true;
    }
    return false;
}

static bool text_of(Oid from, const char *bytes, int len, struct eg_arena *arena, struct eg_value *value) {
    int64_t whole;
    switch (from) {
    case OID_NUMERIC:
        return numeric_text(bytes, len, arena, &value->s);
    case OID_UUID:
        return uuid_text(bytes, len, arena, &value->s);
    case OID_JSONB:
        value->s = (struct eg_str){bytes + 1, (size_t)len - 1};
        return len > 0;
    case OID_BOOL:
        value->s = *bytes ? (struct eg_str){"true", 4} : (struct eg_str){"false", 5};
        return true;
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_BPCHAR:
    case OID_NAME:
    case OID_CHAR:
    case OID_UNKNOWN:
    case OID_JSON:
        value->s = (struct eg_str){bytes, (size_t)len};
        return true;
    default:
        break;
    }
    if (whole_number(from, bytes, &whole)) {
        value->s.p = eg_arena_printf(arena, "%lld", (long long)whole);
        value->s.n = value->s.p ? strlen(value->s.p) : 0;
        return value->s.p != NULL;
    }
    return false;
}

static bool convert(Oid from, const char *bytes, int len, enum eg_type want, struct eg_arena *arena,
                    struct eg_value *value) {
    switch (want) {
    case EG_INT4:
    case EG_INT8:
        return int_of(from, bytes, len, arena, value);
    case EG_FLOAT8:
        return float_of(from, bytes, len, arena, value);
    case EG_TIME:
        return time_of(from, bytes, value);
    case EG_BOOL:
        value->b = from == OID_BOOL && *bytes;
        return from == OID_BOOL;
    case EG_BYTES:
        value->s = (struct eg_str){bytes, (size_t)len};
        return from == OID_BYTEA;
    case EG_JSON:
        return (from == OID_JSONB || from == OID_JSON) && text_of(from, bytes, len, arena, value);
    case EG_TEXT:
        break;
    }
    return text_of(from, bytes, len, arena, value);
}

eg_status eg_pg_cell(const PGresult *result, int row, int column, enum eg_type want, bool copy, struct eg_arena *arena,
                     struct eg_value *value, struct eg_err *err) {
    int len = PQgetlength(result, row, column); /* 0 for a null */
    *value = eg_null();
    if (len == 0 && PQgetisnull(result, row, column)) {
        return EG_OK;
    }
    value->null = false;
    if (!convert(PQftype(result, column), PQgetvalue(result, row, column), len, want, arena, value)) {
        return eg_err_set(err, EG_E_INTERNAL, PQfname(result, column),
                          "column %s came as the type of oid %u, which cannot be read as %s: cast it in the statement",
                          PQfname(result, column), PQftype(result, column), types[want].name);
    }
    if (copy && !value->null && (want == EG_TEXT || want == EG_JSON || want == EG_BYTES)) {
        value->s.p = eg_arena_dup(arena, value->s.p, value->s.n);
        if (!value->s.p) {
            return eg_err_set(err, EG_E_STORE_REFUSED, NULL, "what is asked for does not fit into the memory of one transaction");
        }
    }
    return EG_OK;
}
