/* The shapes that the writer has met: each gets its SQL and a statement name once. Shapes live as long as the program,
 * so their address is their key. */
#ifndef EG_DB_DB_PG_SHAPE_H
#define EG_DB_DB_PG_SHAPE_H

#include <libpq-fe.h>
#include <stdint.h>

#include "base/dml.h"

struct eg_pg_shape {
    const struct eg_dml *dml;
    char *sql;
    char name[16];
    size_t n_params;
    enum eg_type *types; /* of one row */
    Oid *oids;           /* of the arrays */
    size_t n_out;        /* LOOKUP: with the row's number in front */
    enum eg_type *out;
    uint32_t prepared; /* the connection's generation it is prepared on, 0: none */
};

struct eg_pg_growth; /* of one table */

struct eg_pg_shapes {
    struct eg_pg_shape **slots; /* open addressing, a power of two */
    size_t n_slots;
    size_t n;
    struct eg_pg_growth *growth; /* of the tables that rows were put into */
    size_t n_growth, cap_growth;
};

struct eg_pg_shape *eg_pg_shape_of(struct eg_pg_shapes *shapes, const struct eg_dml *dml); /* NULL when memory is out */
/* Rows are about to be put into the table. True: so many have been since plans were made that they are to be made anew. */
bool eg_pg_shapes_grown(struct eg_pg_shapes *shapes, const struct eg_table *table, size_t n_rows);
void eg_pg_shapes_forget(struct eg_pg_shapes *shapes); /* none is prepared any more */
void eg_pg_shapes_free(struct eg_pg_shapes *shapes);

#endif
