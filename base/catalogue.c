/* Finding tables and columns. */
#include "base/catalogue.h"

#include <string.h>

const struct eg_table *eg_catalogue_table(const struct eg_catalogue *catalogue, const char *name) {
    size_t low = 0, high = catalogue->n_tables;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(catalogue->tables[middle].name, name);
        if (order == 0)
            return &catalogue->tables[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

int eg_table_column(const struct eg_table *table, const char *name, size_t len) {
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *column = table->columns[i].name;
        if (strncmp(column, name, len) == 0 && column[len] == '\0')
            return (int)i;
    }
    return -1;
}

const struct eg_unique *eg_table_primary(const struct eg_table *table) {
    for (size_t i = 0; i < table->n_uniques; i++)
        if (table->uniques[i].primary)
            return &table->uniques[i];
    return NULL;
}

bool eg_columns_have(const int *columns, size_t n, int column) {
    for (size_t i = 0; i < n; i++)
        if (columns[i] == column)
            return true;
    return false;
}
