/* The mosaic: the files of a commit, sorted by path, laid along a curve that fills a grid, so that neighbours in the tree are neighbours
 * on the grid. A cell is named by its place on the curve here, and by row and column outside. */
#ifndef EG_INDEXER_MOSAIC_H
#define EG_INDEXER_MOSAIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define EG_MOSAIC_SIDE 64        /* rows and columns, unless asked otherwise */
#define EG_MOSAIC_SIDE_MOST 256
#define EG_MOSAIC_NAME_B 48

struct eg_mosaic_file {
    const char *path; /* not the mosaic's */
    size_t path_len;
    int lines;
    double from, to; /* along the curve, in cells; whole numbers unless files share cells */
};

struct eg_mosaic {
    int rows, cols;
    uint32_t n_cells;
    uint32_t *places; /* along the curve: row · cols + column */
    struct eg_mosaic_file *files;
    size_t n_files;
    uint64_t lines;
};

/* A path over all cells of a grid, each once, each beside the one before: Hilbert's curve where both sides are the same power of two, and
 * its like elsewhere. places: room for rows · cols. */
void eg_mosaic_curve(int rows, int cols, uint32_t *places);

/* err: usage, when a side is not from 1 to EG_MOSAIC_SIDE_MOST. */
EG_MUST_CHECK eg_status eg_mosaic_new(int rows, int cols, struct eg_mosaic **mosaic, struct eg_err *err);
void eg_mosaic_free(struct eg_mosaic *mosaic); /* NULL is fine */
/* Lays files, sorted by path, in place of those there were; takes the array (malloc). Each gets cells in proportion to its lines,
 * rounded up to 1, 2, 3, … 8, 10, 12, 14, 16, 20, …, so that most changes of a file move no other; at least one, while there are as
 * many cells as files; else files share cells, in proportion. */
void eg_mosaic_lay(struct eg_mosaic *mosaic, struct eg_mosaic_file *files, size_t n);
/* NULL when it is not there; *place is then the cell where it would be, else its first one. */
const struct eg_mosaic_file *eg_mosaic_find(const struct eg_mosaic *mosaic, const char *path, size_t len, uint32_t *place);
/* The cell of a line, counted from 1; lines that are not there count as the nearest. */
uint32_t eg_mosaic_cell(const struct eg_mosaic *mosaic, const struct eg_mosaic_file *file, int line);
void eg_mosaic_name(const struct eg_mosaic *mosaic, uint32_t cell, char out[EG_MOSAIC_NAME_B]); /* MOZ::64x64@r3c17 */

/* Φ of lines: their cells, and how many of the lines each has. */
struct eg_mosaic_span {
    const struct eg_mosaic *mosaic;
    const struct eg_mosaic_file *file;
    int line, last; /* begin with the first and the last line */
    uint32_t cell;
    int n;
};
bool eg_mosaic_next(struct eg_mosaic_span *span); /* false at the end */

#endif
