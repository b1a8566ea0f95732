/* Values in PostgreSQL's binary format: typed arrays and single parameters out, result cells in. */
#ifndef EG_DB_DB_PG_TYPE_H
#define EG_DB_DB_PG_TYPE_H

#include <libpq-fe.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/value.h"

Oid eg_pg_oid(enum eg_type type);
Oid eg_pg_array_oid(enum eg_type type);
const char *eg_pg_type_name(enum eg_type type); /* "int8": what SQL calls it */

/* One value without its length word. A null has size 0 and is not written. write answers the byte behind. */
size_t eg_pg_value_size(enum eg_type type, const struct eg_value *value);
char *eg_pg_value_write(char *at, enum eg_type type, const struct eg_value *value);

/* An array of n values that lie `stride` values apart (a column of row-major parameters). */
size_t eg_pg_array_size(enum eg_type type, const struct eg_value *first, size_t n, size_t stride);
char *eg_pg_array_write(char *at, enum eg_type type, const struct eg_value *first, size_t n, size_t stride);

/* Whether an EG_INT4 is one: its 64 bits would be cut silently. Other types always fit. */
bool eg_pg_fits(enum eg_type type, const struct eg_value *first, size_t n, size_t stride);

/* A cell of a binary result as the type that is wanted, converted from near relatives (int2 and numeric to EG_INT8,
 * date to EG_TIME, …). Bytes point into the result, or into the arena when `copy` or when they had to be made. err:
 * internal, naming the column. */
EG_MUST_CHECK eg_status eg_pg_cell(const PGresult *result, int row, int column, enum eg_type want, bool copy,
                                   struct eg_arena *arena, struct eg_value *value, struct eg_err *err);

#endif
