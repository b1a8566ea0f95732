/* The tables that exist, as db/ read them from the database at start: what declarations are checked against. Immutable once
 * made; lives as long as the program. */
#ifndef EG_BASE_CATALOGUE_H
#define EG_BASE_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/value.h"

struct eg_column {
    const char *name;
    enum eg_type type;
    bool not_null;
    bool has_default;
};

struct eg_unique { /* a primary key or unique index over plain columns, not partial */
    size_t n;
    const int *columns; /* indexes into the table's columns */
    bool primary;
};

struct eg_index { /* unique or not, over plain columns, not partial; SQLite's rowid has none */
    size_t n;
    const int *columns;
};

struct eg_fkey {
    size_t n;
    const int *columns;
    const char *ref_table;
    const char *const *ref_columns;
    bool cascade; /* ON DELETE CASCADE */
};

struct eg_table {
    const char *name;
    bool view; /* a view or a materialized view: no keys */
    size_t n_columns;
    const struct eg_column *columns;
    size_t n_uniques;
    const struct eg_unique *uniques;
    size_t n_indexes;
    const struct eg_index *indexes;
    size_t n_fkeys;
    const struct eg_fkey *fkeys;
    int depth; /* 0: refers to no table; else 1 + the deepest it refers to (itself left out). Parents before children. */
};

struct eg_catalogue {
    size_t n_tables;
    const struct eg_table *tables; /* sorted by name */
};

const struct eg_table *eg_catalogue_table(const struct eg_catalogue *catalogue, const char *name); /* NULL when absent */
int eg_table_column(const struct eg_table *table, const char *name, size_t len);                   /* −1 when absent */
const struct eg_unique *eg_table_primary(const struct eg_table *table); /* NULL when it has no primary key */
bool eg_columns_have(const int *columns, size_t n, int column);

#endif
