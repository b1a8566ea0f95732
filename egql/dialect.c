/* The dialects by name. */
#include "egql/dialect.h"

#include <string.h>

const struct egql_dialect *egql_dialect_find(const char *name) {
    static const struct egql_dialect *const all[] = {&egql_dialect_postgresql, &egql_dialect_sqlite};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}
