/* A small hash table from a shape's address to what the writer knows of it.
 *
 * Plans are made once and kept, for the size that tables have then. Of an empty table PostgreSQL thinks that any index finds its one row as
 * well as any other, and may take one that begins with `repo`, which all rows share: each look-up would read the whole table for ever.
 * So plans are made again when a table has got some rows since, and a few times more as it grows. */
#include "db/db_pg_shape.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/db_pg_sql.h"
#include "db/db_pg_type.h"

#define LEAST_SLOTS 64
#define MOST_SQL_B (256U << 10)
#define GROWN_ROWS 1024 /* some 30 pages: less is planned for like an empty table */
#define GROWN_TIMES 16

struct eg_pg_growth {
    const struct eg_table *table;
    uint64_t rows, due;
};

static size_t slot_of(const struct eg_pg_shapes *shapes, const struct eg_dml *dml) {
    size_t at = ((uintptr_t)dml >> 4) * (size_t)0x9e3779b97f4a7c15u >> 32 & (shapes->n_slots - 1);
    while (shapes->slots[at] && shapes->slots[at]->dml != dml) {
        at = (at + 1) & (shapes->n_slots - 1);
    }
    return at;
}

static bool grow(struct eg_pg_shapes *shapes) {
    struct eg_pg_shapes wider = {.n_slots = shapes->n_slots ? shapes->n_slots * 2 : LEAST_SLOTS};
    wider.slots = calloc(wider.n_slots, sizeof *wider.slots);
    if (!wider.slots) {
        return false;
    }
    for (size_t i = 0; i < shapes->n_slots; i++) {
        if (shapes->slots[i]) {
            wider.slots[slot_of(&wider, shapes->slots[i]->dml)] = shapes->slots[i];
        }
    }
    free(shapes->slots);
    shapes->slots = wider.slots;
    shapes->n_slots = wider.n_slots;
    return true;
}

static void shape_free(struct eg_pg_shape *shape) {
    if (shape) {
        free(shape->sql);
        free(shape->types);
        free(shape->oids);
        free(shape->out);
        free(shape);
    }
}

static struct eg_pg_shape *shape_new(const struct eg_dml *dml, size_t number) {
    struct eg_pg_shape *shape = calloc(1, sizeof *shape);
    if (!shape) {
        return NULL;
    }
    struct eg_buf sql;
    eg_buf_init(&sql, MOST_SQL_B);
    eg_pg_sql_write(&sql, dml);
    (void)eg_buf_text(&sql); /* ends it */
    shape->dml = dml;
    shape->n_params = eg_dml_n_params(dml);
    shape->types = calloc(shape->n_params, sizeof *shape->types);
    shape->oids = calloc(shape->n_params, sizeof *shape->oids);
    shape->n_out = dml->kind == EG_DML_LOOKUP ? dml->n_out + 1 : 0;
    shape->out = calloc(shape->n_out + 1, sizeof *shape->out);
    size_t len;
    bool whole = !sql.failed;
    shape->sql = eg_buf_detach(&sql, &len);
    if (!whole || !shape->sql || !shape->types || !shape->oids || !shape->out) {
        shape_free(shape);
        return NULL;
    }
    (void)snprintf(shape->name, sizeof shape->name, "d%zu", number);
    eg_dml_param_types(dml, shape->types);
    for (size_t i = 0; i < shape->n_params; i++) {
        shape->oids[i] = eg_pg_array_oid(shape->types[i]);
    }
    shape->out[0] = EG_INT8;
    for (size_t i = 1; i < shape->n_out; i++) {
        shape->out[i] = dml->table->columns[dml->out[i - 1]].type;
    }
    return shape;
}

struct eg_pg_shape *eg_pg_shape_of(struct eg_pg_shapes *shapes, const struct eg_dml *dml) {
    if (shapes->n * 2 >= shapes->n_slots && !grow(shapes)) {
        return NULL;
    }
    size_t at = slot_of(shapes, dml);
    if (!shapes->slots[at]) {
        shapes->slots[at] = shape_new(dml, shapes->n + 1);
        shapes->n += shapes->slots[at] != NULL;
    }
    return shapes->slots[at];
}

bool eg_pg_shapes_grown(struct eg_pg_shapes *shapes, const struct eg_table *table, size_t n_rows) {
    size_t i = 0;
    while (i < shapes->n_growth && shapes->growth[i].table != table) {
        i++;
    }
    if (i == shapes->cap_growth) {
        size_t cap = i ? 2 * i : 32;
        struct eg_pg_growth *wider = realloc(shapes->growth, cap * sizeof *wider);
        if (!wider) {
            return false;
        }
        shapes->growth = wider;
        shapes->cap_growth = cap;
    }
    if (i == shapes->n_growth) {
        shapes->growth[shapes->n_growth++] = (struct eg_pg_growth){.table = table, .due = GROWN_ROWS};
    }
    struct eg_pg_growth *growth = &shapes->growth[i];
    bool grown = growth->rows >= growth->due;
    growth->due *= grown ? GROWN_TIMES : 1;
    growth->rows += n_rows;
    return grown;
}

void eg_pg_shapes_forget(struct eg_pg_shapes *shapes) {
    for (size_t i = 0; i < shapes->n_slots; i++) {
        if (shapes->slots[i]) {
            shapes->slots[i]->prepared = 0;
        }
    }
    shapes->n_growth = 0;
}

void eg_pg_shapes_free(struct eg_pg_shapes *shapes) {
    for (size_t i = 0; i < shapes->n_slots; i++) {
        shape_free(shapes->slots[i]);
    }
    free(shapes->slots);
    free(shapes->growth);
    *shapes = (struct eg_pg_shapes){0};
}
