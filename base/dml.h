/* Shapes of the statements that the event path needs: what is done to rows of one table, without SQL. The registry makes them
 * from declarations, event/ makes a few of its own, and each store writes its SQL for a shape once and prepares it. A shape is
 * immutable and lives as long as the program. */
#ifndef EG_BASE_DML_H
#define EG_BASE_DML_H

#include "base/catalogue.h"

enum eg_dml_kind {
    EG_DML_INSERT,  /* a conflict is refused by the database */
    EG_DML_KEEP,    /* on conflict of `key`, the row that stands is kept */
    EG_DML_REPLACE, /* on conflict of `key`, all `cells` but those of `key` and `hold` are replaced */
    EG_DML_UPDATE,  /* sets `cells` in the rows found by `key`; makes none */
    EG_DML_DELETE,  /* removes the rows found by `key` */
    EG_DML_LOOKUP,  /* reads `out` of the rows found by `key` */
    EG_DML_DEMAND,  /* changes and answers nothing, and is refused by the database unless every row of parameters finds one by `key` */
    EG_DML_FILL     /* sets column `fill.column` of rows where it is null, see struct eg_fill */
};

/* A surrogate key found by natural key inside the statement: (SELECT column FROM table WHERE where… = …); newest: the one of the
 * highest primary key. No row: NULL. */
struct eg_ref {
    const struct eg_table *table;
    int column;
    size_t n_where;
    const int *where; /* columns of table */
    bool newest;
};

struct eg_cell {
    int column;               /* of the shape's table */
    const struct eg_ref *ref; /* NULL: the value is one parameter; else n_where parameters, and the column gets what they find */
    const int *shared;        /* with a ref: those parameters are the row's own, by index, and the cell adds none; NULL: it adds them */
};

/* For EG_DML_FILL: rows of `table` store the natural key of a row of ref->table in `stored` (as many columns as ref->n_where),
 * and its surrogate key in `column`, null while that row does not exist. The parameters are natural keys (ref->n_where each):
 * every row of table whose stored columns equal them and whose column is null gets the surrogate key, if there is one now. */
struct eg_fill {
    int column;
    const struct eg_ref *ref;
    const int *stored;
};

/* Rows that are not made while another one stands: where its columns equal the parameters, and (after ≥ 0) that column is later than
 * the last parameter, a time. */
struct eg_guard {
    const struct eg_table *table; /* or a view */
    const struct eg_table *of;    /* whose rows these are: table itself, or what the view shows */
    size_t n_where;
    const int *where;    /* columns of table … */
    const int *of_where; /* … and the same ones of `of` */
    int after;
};

struct eg_dml {
    enum eg_dml_kind kind;
    const struct eg_table *table;
    size_t n_cells;
    const struct eg_cell *cells; /* INSERT KEEP REPLACE UPDATE: what is set */
    size_t n_key;
    const int *key; /* columns. KEEP REPLACE: the conflict target (all of them are cells too). UPDATE DELETE LOOKUP DEMAND: the WHERE */
    size_t n_hold;
    const int *hold; /* REPLACE: columns that keep their old value */
    size_t n_out;
    const int *out; /* LOOKUP: columns read */
    bool newest;    /* UPDATE: only the row of the highest primary key among those of the key */
    struct eg_fill fill;
    const struct eg_guard *unless; /* INSERT; NULL without */
};

const char *eg_dml_kind_name(enum eg_dml_kind kind); /* "insert", as people are told of it */
/* The parameters of one row, in order: the cells' (a ref's where columns in place of it, unless it shares others'), then, for UPDATE,
 * DELETE, LOOKUP and DEMAND, the key's, or for INSERT the guard's; for FILL, the ref's where columns. A null in a key of UPDATE, DELETE,
 * LOOKUP, DEMAND, FILL or of a guard matches no row. */
size_t eg_dml_n_params(const struct eg_dml *dml);
size_t eg_cell_width(const struct eg_cell *cell); /* how many of them the cell adds */
/* Fills types[eg_dml_n_params()]. */
void eg_dml_param_types(const struct eg_dml *dml, enum eg_type *types);

#endif
