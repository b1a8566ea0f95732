/* Gathers a catalogue in an arena. Vectors grow by doubling and leave their old blocks behind: the arena is dropped
 * whole, and this runs once a start. */
#include "db/catalogue_build.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 8

/* Room for one more element behind n of them; the capacity is the first power of two from FIRST_CAP on that holds n. */
static void *grown(struct eg_catalogue_build *build, const void *old, size_t n, size_t size_b) {
    if (n > 0 && (n < FIRST_CAP || (n & (n - 1)) != 0)) {
        return (void *)(uintptr_t)old;
    }
    void *made = eg_arena_alloc(build->arena, (n == 0 ? FIRST_CAP : 2 * n) * size_b);
    if (made == NULL) {
        build->failed = true;
        return NULL;
    }
    if (n > 0) {
        memcpy(made, old, n * size_b);
    }
    return made;
}

static const char *copied(struct eg_catalogue_build *build, const char *name) {
    const char *copy = eg_arena_dup(build->arena, name, strlen(name));
    build->failed |= copy == NULL;
    return copy;
}

void eg_build_begin(struct eg_catalogue_build *build, struct eg_arena *arena) {
    *build = (struct eg_catalogue_build){.arena = arena};
}

void eg_build_table(struct eg_catalogue_build *build, const char *name, bool view) {
    struct eg_table *tables = grown(build, build->tables, build->n_tables, sizeof *tables);
    const char *copy = copied(build, name);
    if (build->failed) {
        return;
    }
    build->tables = tables;
    tables[build->n_tables++] = (struct eg_table){.name = copy, .view = view};
}

void eg_build_column(struct eg_catalogue_build *build, const char *name, enum eg_type type, bool not_null,
                     bool has_default) {
    if (build->failed) {
        return;
    }
    EG_ASSERT(build->n_tables > 0);
    struct eg_table *table = &build->tables[build->n_tables - 1];
    struct eg_column *columns = grown(build, table->columns, table->n_columns, sizeof *columns);
    const char *copy = copied(build, name);
    if (build->failed) {
        return;
    }
    columns[table->n_columns] =
        (struct eg_column){.name = copy, .type = type, .not_null = not_null, .has_default = has_default};
    table->columns = columns;
    table->n_columns++;
}

static struct eg_table *find(struct eg_catalogue_build *build, const char *name) {
    for (size_t i = 0; i < build->n_tables; i++) {
        if (strcmp(build->tables[i].name, name) == 0) {
            return &build->tables[i];
        }
    }
    return NULL;
}

/* The key's columns as indexes; NULL when one is not known, or the arena is full. */
static const int *indexes(struct eg_catalogue_build *build, const struct eg_table *table,
                          const struct eg_key_names *key) {
    if (key->n == 0 || key->n > EG_KEY_MOST_COLUMNS) {
        return NULL;
    }
    int *columns = eg_arena_alloc(build->arena, key->n * sizeof *columns);
    build->failed |= columns == NULL;
    for (size_t i = 0; columns != NULL && i < key->n; i++) {
        const char *name = key->columns[i];
        columns[i] = name == NULL ? -1 : eg_table_column(table, name, strlen(name));
        if (columns[i] < 0) {
            return NULL;
        }
    }
    return columns;
}

void eg_build_unique(struct eg_catalogue_build *build, const char *table_name, const struct eg_key_names *key,
                     bool primary) {
    struct eg_table *table = build->failed ? NULL : find(build, table_name);
    const int *columns = table == NULL ? NULL : indexes(build, table, key);
    if (columns == NULL) {
        return;
    }
    struct eg_unique *uniques = grown(build, table->uniques, table->n_uniques, sizeof *uniques);
    if (build->failed) {
        return;
    }
    uniques[table->n_uniques] = (struct eg_unique){.n = key->n, .columns = columns, .primary = primary};
    table->uniques = uniques;
    table->n_uniques++;
}

void eg_build_index(struct eg_catalogue_build *build, const char *table_name, const struct eg_key_names *key) {
    struct eg_table *table = build->failed ? NULL : find(build, table_name);
    const int *columns = table == NULL ? NULL : indexes(build, table, key);
    struct eg_index *list = columns == NULL ? NULL : grown(build, table->indexes, table->n_indexes, sizeof *list);
    if (columns == NULL || build->failed) {
        return;
    }
    list[table->n_indexes++] = (struct eg_index){.n = key->n, .columns = columns};
    table->indexes = list;
}

void eg_build_fkey(struct eg_catalogue_build *build, const char *table_name, const struct eg_key_names *key,
                   const char *ref_table, bool cascade) {
    struct eg_table *table = build->failed ? NULL : find(build, table_name);
    const int *columns = table == NULL ? NULL : indexes(build, table, key);
    if (columns == NULL) {
        return;
    }
    struct eg_fkey *fkeys = grown(build, table->fkeys, table->n_fkeys, sizeof *fkeys);
    const char **ref_columns = eg_arena_alloc(build->arena, key->n * sizeof *ref_columns);
    const char *ref = copied(build, ref_table);
    build->failed |= ref_columns == NULL;
    for (size_t i = 0; !build->failed && i < key->n; i++) {
        ref_columns[i] = copied(build, key->ref_columns[i]);
    }
    if (build->failed) {
        return;
    }
    fkeys[table->n_fkeys] = (struct eg_fkey){
        .n = key->n, .columns = columns, .ref_table = ref, .ref_columns = ref_columns, .cascade = cascade};
    table->fkeys = fkeys;
    table->n_fkeys++;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct eg_table *)a)->name, ((const struct eg_table *)b)->name);
}

static int depth_of(struct eg_catalogue_build *build, const struct eg_table *table) {
    int depth = 0;
    for (size_t i = 0; i < table->n_fkeys; i++) {
        const struct eg_table *ref = find(build, table->fkeys[i].ref_table);
        if (ref != NULL && ref != table && ref->depth >= depth) {
            depth = ref->depth + 1;
        }
    }
    return depth;
}

eg_status eg_build_finish(struct eg_catalogue_build *build, struct eg_catalogue *out, struct eg_err *err) {
    if (build->failed) {
        return eg_err_set(err, EG_E_INTERNAL, "catalogue",
                          "The database has more tables than the catalogue's arena holds.");
    }
    if (build->n_tables > 0) {
        qsort(build->tables, build->n_tables, sizeof *build->tables, by_name);
    }
    /* Each pass settles one more level; tables that refer to each other in a ring never settle, so the passes are
     * bounded. */
    bool moved = true;
    for (size_t pass = 0; moved && pass < build->n_tables; pass++) {
        moved = false;
        for (size_t i = 0; i < build->n_tables; i++) {
            int depth = depth_of(build, &build->tables[i]);
            moved |= depth != build->tables[i].depth;
            build->tables[i].depth = depth;
        }
    }
    *out = (struct eg_catalogue){.n_tables = build->n_tables, .tables = build->tables};
    return EG_OK;
}
