/* Where files lie on the mosaic. */
#include "indexer/mosaic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEARLY 1e-6 /* of a cell: what sums of shares may lack */

eg_status eg_mosaic_new(int rows, int cols, struct eg_mosaic **out, struct eg_err *err) {
    *out = NULL;
    if (rows < 1 || cols < 1 || rows > EG_MOSAIC_SIDE_MOST || cols > EG_MOSAIC_SIDE_MOST) {
        return eg_err_set(err, EG_E_USAGE, "the mosaic", "it has from 1 to %d rows and columns", EG_MOSAIC_SIDE_MOST);
    }
    struct eg_mosaic *mosaic = calloc(1, sizeof(*mosaic));
    uint32_t *places = malloc((size_t)rows * (size_t)cols * sizeof(*places));
    if (!mosaic || !places) {
        free(mosaic);
        free(places);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_mosaic_curve(rows, cols, places);
    *mosaic = (struct eg_mosaic){.rows = rows, .cols = cols, .n_cells = (uint32_t)(rows * cols), .places = places};
    *out = mosaic;
    return EG_OK;
}

void eg_mosaic_free(struct eg_mosaic *mosaic) {
    if (mosaic) {
        free(mosaic->files);
        free(mosaic->places);
        free(mosaic);
    }
}

/* Three binary digits, rounded up. */
static double rounded(int lines) {
    int step = 1;
    while (lines > 8 * step) {
        step *= 2;
    }
    return lines < 1 ? 1 : (double)((lines + step - 1) / step) * step;
}

/* Cells a line, when files that would get less than one cell have one. */
static double scale(const struct eg_mosaic *mosaic) {
    double least = INFINITY, found = 0;
    while (found < least) {
        double rest = 0, cells = mosaic->n_cells;
        least = found > 0 ? found : least;
        for (size_t i = 0; i < mosaic->n_files; i++) {
            double lines = rounded(mosaic->files[i].lines);
            if (lines * least < 1) {
                cells -= 1;
            } else {
                rest += lines;
            }
        }
        found = rest > 0 ? cells / rest : least;
    }
    return found;
}

static void lay_apart(struct eg_mosaic *mosaic) {
    double cells_a_line = scale(mosaic), sum = 0, from = 0;
    for (size_t i = 0; i < mosaic->n_files; i++) {
        struct eg_mosaic_file *file = &mosaic->files[i];
        size_t left = mosaic->n_files - i - 1;
        double most = (double)mosaic->n_cells - (double)left;
        sum += fmax(1, rounded(file->lines) * cells_a_line);
        file->from = from;
        file->to = left ? fmin(fmax(from + 1, floor(sum + NEARLY)), most) : mosaic->n_cells;
        from = file->to;
    }
}

static void lay_shared(struct eg_mosaic *mosaic) {
    double all = 0, sum = 0;
    for (size_t i = 0; i < mosaic->n_files; i++) {
        all += rounded(mosaic->files[i].lines);
    }
    for (size_t i = 0; i < mosaic->n_files; i++) {
        struct eg_mosaic_file *file = &mosaic->files[i];
        file->from = sum / all * mosaic->n_cells;
        sum += rounded(file->lines);
        file->to = sum / all * mosaic->n_cells;
    }
}

void eg_mosaic_lay(struct eg_mosaic *mosaic, struct eg_mosaic_file *files, size_t n) {
    free(mosaic->files);
    mosaic->files = files;
    mosaic->n_files = n;
    mosaic->lines = 0;
    for (size_t i = 0; i < n; i++) {
        mosaic->lines += (uint64_t)(files[i].lines > 0 ? files[i].lines : 0);
    }
    if (n <= mosaic->n_cells) {
        lay_apart(mosaic);
    } else {
        lay_shared(mosaic);
    }
}

static uint32_t cell_at(const struct eg_mosaic *mosaic, double place) {
    return place < 0 ? 0 : place >= mosaic->n_cells ? mosaic->n_cells - 1 : (uint32_t)place;
}

const struct eg_mosaic_file *eg_mosaic_find(const struct eg_mosaic *mosaic, const char *path, size_t len, uint32_t *place) {
    size_t low = 0, high = mosaic->n_files;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct eg_mosaic_file *file = &mosaic->files[middle];
        int order = memcmp(file->path, path, file->path_len < len ? file->path_len : len);
        if (order == 0 && file->path_len == len) {
            *place = cell_at(mosaic, file->from);
            return file;
        }
        if (order < 0 || (order == 0 && file->path_len < len)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *place = cell_at(mosaic, low < mosaic->n_files ? mosaic->files[low].from : mosaic->n_cells);
    return NULL;
}

uint32_t eg_mosaic_cell(const struct eg_mosaic *mosaic, const struct eg_mosaic_file *file, int line) {
    int last = file->lines > 0 ? file->lines : 1;
    line = line < 1 ? 1 : line > last ? last : line;
    return cell_at(mosaic, file->from + (file->to - file->from) * (line - 0.5) / last);
}

/* Ten digits at most. */
static char *put_number(char *out, const char *before, int n) {
    char digits[12], *at = digits + sizeof(digits);
    out = stpcpy(out, before);
    do {
        *--at = (char)('0' + n % 10);
    } while (n /= 10);
    size_t len = (size_t)(digits + sizeof(digits) - at);
    memcpy(out, at, len);
    return out + len;
}

void eg_mosaic_name(const struct eg_mosaic *mosaic, uint32_t cell, char out[EG_MOSAIC_NAME_B]) {
    int place = (int)mosaic->places[cell];
    char *at = put_number(out, "MOZ::", mosaic->rows);
    at = put_number(at, "x", mosaic->cols);
    at = put_number(at, "@r", place / mosaic->cols);
    *put_number(at, "c", place % mosaic->cols) = '\0';
}

bool eg_mosaic_next(struct eg_mosaic_span *span) {
    if (span->line > span->last) {
        return false;
    }
    span->cell = eg_mosaic_cell(span->mosaic, span->file, span->line);
    span->n = 0;
    while (span->line <= span->last && eg_mosaic_cell(span->mosaic, span->file, span->line) == span->cell) {
        span->line++;
        span->n++;
    }
    return true;
}
