/* Compares maps: which files have other cells, and how far the changes of the two are from each other. */
#include "indexer/mosaic_compare.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/mosaic_delta.h"

#define MOVED_MOST 1000 /* that are named */

struct map {
    const char *path;
    json_t *document;
    int rows, cols;
    double *observed, *phi; /* by row · cols + column */
};

struct comparison {
    struct map a, b;
    size_t added, removed, moved, same;
    json_t *named;
};

static eg_status no_map(const struct map *map, struct eg_err *err) {
    return eg_err_set(err, EG_E_USAGE, map->path, "it is no mosaic_map.json, as `egdb-index mosaic --out DIR` writes it");
}

static bool take_cells(struct map *map) {
    json_t *cell;
    size_t i;
    json_array_foreach(json_object_get(map->document, "cells"), i, cell) {
        int rows, cols, row, col;
        const char *name = json_string_value(json_object_get(cell, "cell"));
        bool good = name && sscanf(name, "MOZ::%dx%d@r%dc%d", &rows, &cols, &row, &col) == 4 && rows == map->rows &&
                    cols == map->cols && row >= 0 && row < rows && col >= 0 && col < cols;
        if (!good) {
            return false;
        }
        map->observed[row * cols + col] = json_number_value(json_object_get(cell, "observed"));
        map->phi[row * cols + col] = json_number_value(json_object_get(cell, "phi"));
    }
    return true;
}

static eg_status load(struct map *map, const char *path, struct eg_err *err) {
    json_error_t error;
    map->path = path;
    map->document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const json_t *grid = json_object_get(map->document, "grid");
    json_int_t rows = json_integer_value(json_object_get(grid, "rows")), cols = json_integer_value(json_object_get(grid, "cols"));
    if (!map->document) {
        return eg_err_set(err, EG_E_USAGE, path, "line %d: %s", error.line, error.text);
    }
    if (rows < 1 || cols < 1 || rows > EG_MOSAIC_SIDE_MOST || cols > EG_MOSAIC_SIDE_MOST ||
        !json_is_array(json_object_get(map->document, "files"))) {
        return no_map(map, err);
    }
    map->rows = (int)rows;
    map->cols = (int)cols;
    map->observed = calloc((size_t)(rows * cols), sizeof(double));
    map->phi = calloc((size_t)(rows * cols), sizeof(double));
    if (!map->observed || !map->phi) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    return take_cells(map) ? EG_OK : no_map(map, err);
}

static const char *path_of(const json_t *files, size_t at) {
    const char *path = json_string_value(json_object_get(json_array_get(files, at), "path"));
    return path ? path : "";
}

static bool same_place(const json_t *x, const json_t *y) {
    return json_equal(json_object_get(x, "first"), json_object_get(y, "first")) &&
           json_equal(json_object_get(x, "cells"), json_object_get(y, "cells"));
}

/* Both lists are sorted by path. */
static void compare_files(struct comparison *c) {
    const json_t *a = json_object_get(c->a.document, "files"), *b = json_object_get(c->b.document, "files");
    size_t i = 0, j = 0, n = json_array_size(a), m = json_array_size(b);
    while (i < n || j < m) {
        int order = i == n ? 1 : j == m ? -1 : strcmp(path_of(a, i), path_of(b, j));
        if (order < 0) {
            c->removed++;
            i++;
        } else if (order > 0) {
            c->added++;
            j++;
        } else if (same_place(json_array_get(a, i++), json_array_get(b, j++))) {
            c->same++;
        } else {
            c->moved++;
            if (json_array_size(c->named) < MOVED_MOST) {
                json_array_append_new(c->named, json_string(path_of(b, j - 1)));
            }
        }
    }
}

static void report(struct comparison *c, enum eg_mosaic_metric metric, struct eg_buf *out) {
    bool same_grid = c->a.rows == c->b.rows && c->a.cols == c->b.cols;
    size_t n = (size_t)c->a.rows * (size_t)c->a.cols;
    char *named = json_dumps(c->named, JSON_COMPACT);
    eg_buf_str(out, "{\"a\":");
    eg_buf_json_string(out, c->a.path, strlen(c->a.path));
    eg_buf_str(out, ",\"b\":");
    eg_buf_json_string(out, c->b.path, strlen(c->b.path));
    eg_buf_printf(out, ",\"same_grid\":%s,\"files\":{\"added\":%zu,\"removed\":%zu,\"moved\":%zu,\"same\":%zu}",
                  same_grid ? "true" : "false", c->added, c->removed, c->moved, c->same);
    if (same_grid) {
        eg_buf_printf(out, ",\"metric\":\"%s\",\"observed\":", eg_mosaic_metric_name(metric));
        eg_buf_json_double(out, eg_mosaic_distance(metric, c->a.observed, c->b.observed, n));
        eg_buf_str(out, ",\"phi\":");
        eg_buf_json_double(out, eg_mosaic_distance(metric, c->a.phi, c->b.phi, n));
    }
    eg_buf_printf(out, ",\"moved\":%s}\n", named ? named : "[]");
    free(named);
}

static void drop(struct map *map) {
    json_decref(map->document);
    free(map->observed);
    free(map->phi);
}

eg_status eg_mosaic_compare(const char *a, const char *b, enum eg_mosaic_metric metric, struct eg_buf *out, struct eg_err *err) {
    struct comparison c = {.named = json_array()};
    eg_status status = load(&c.a, a, err);
    status = status ? status : load(&c.b, b, err);
    if (status == EG_OK) {
        compare_files(&c);
        report(&c, metric, out);
    }
    drop(&c.a);
    drop(&c.b);
    json_decref(c.named);
    return status;
}
