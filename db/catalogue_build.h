/* Gathers a catalogue from a store's answers, in an arena: tables first, each followed by its columns, then keys and
 * foreign keys by name. For the two catalogue readers. Names are copied. A full arena is remembered and said by finish.
 * */
#ifndef EG_DB_CATALOGUE_BUILD_H
#define EG_DB_CATALOGUE_BUILD_H

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/err.h"

#define EG_KEY_MOST_COLUMNS 16

struct eg_catalogue_build {
    struct eg_arena *arena;
    struct eg_table *tables;
    size_t n_tables;
    bool failed;
};

struct eg_key_names { /* of a key or a foreign key, in order; more than the most are counted, and the key is left out */
    size_t n;
    const char *columns[EG_KEY_MOST_COLUMNS];
    const char *ref_columns[EG_KEY_MOST_COLUMNS];
};

void eg_build_begin(struct eg_catalogue_build *build, struct eg_arena *arena);
void eg_build_table(struct eg_catalogue_build *build, const char *name, bool view);
void eg_build_column(struct eg_catalogue_build *build, const char *name, enum eg_type type, bool not_null,
                     bool has_default);
/* A key of a table or column that was not given above is left out. */
void eg_build_unique(struct eg_catalogue_build *build, const char *table, const struct eg_key_names *key, bool primary);
void eg_build_index(struct eg_catalogue_build *build, const char *table, const struct eg_key_names *key);
void eg_build_fkey(struct eg_catalogue_build *build, const char *table, const struct eg_key_names *key,
                   const char *ref_table, bool cascade);
/* Sorts the tables and works out their depths. err: internal (arena full). */
EG_MUST_CHECK eg_status eg_build_finish(struct eg_catalogue_build *build, struct eg_catalogue *out, struct eg_err *err);

#endif
