/* The mosaic of a change, written. */
#include "indexer/mosaic_event.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/png.h"

#define EXPLAINED_MOST 100
#define EDGE 8 /* pixels of a cell */

static void text(struct eg_buf *out, const char *before, const char *bytes, size_t n) {
    eg_buf_str(out, before);
    eg_buf_json_string(out, bytes, n);
}

static void number(struct eg_buf *out, const char *before, double value) {
    eg_buf_str(out, before);
    eg_buf_json_double(out, value);
}

static void put_grid(struct eg_buf *out, const struct eg_mosaic *mosaic) {
    eg_buf_printf(out, "\"grid\":{\"rows\":%d,\"cols\":%d", mosaic->rows, mosaic->cols);
    number(out, ",\"cell_size\":", (double)mosaic->lines / mosaic->n_cells);
    eg_buf_char(out, '}');
}

/* density: lines changed, of those that the touched cells hold on average. */
static void put_stats(struct eg_buf *out, const struct eg_mosaic_said *said) {
    const struct eg_mosaic_delta *delta = said->delta;
    double lines = (double)(delta->added + delta->removed);
    double held = (double)said->mosaic->lines / said->mosaic->n_cells * (double)delta->cells_observed;
    number(out, "\"stats\":{\"coverage\":", (double)delta->cells_observed / said->mosaic->n_cells);
    number(out, ",\"density\":", held > 0 ? fmin(1, lines / held) : 0);
    eg_buf_printf(out, ",\"added\":%llu,\"removed\":%llu,\"tokens\":%zu", (unsigned long long)delta->added,
                  (unsigned long long)delta->removed, delta->n_tokens);
    number(out, ",\"weight\":", delta->weight);
    eg_buf_printf(out, ",\"cells_observed\":%zu,\"cells_phi\":%zu,\"cells_common\":%zu,\"metric\":\"%s\",\"applicable\":%s",
                  delta->cells_observed, delta->cells_phi, delta->cells_common, eg_mosaic_metric_name(said->metric),
                  delta->applies ? "true" : "false");
    if (delta->applies) {
        number(out, ",\"distance\":", delta->distance);
    }
    eg_buf_char(out, '}');
}

struct heavy { /* sorted by falling weight, then as the tokens are */
    double weight;
    size_t at;
};

static int by_weight(const void *a, const void *b) {
    const struct heavy *x = a, *y = b;
    return x->weight != y->weight ? (x->weight < y->weight) - (x->weight > y->weight) : (x->at > y->at) - (x->at < y->at);
}

static void put_explain(struct eg_buf *out, const struct eg_mosaic_said *said) {
    size_t n = said->tokens->n;
    struct heavy *order = calloc(n + 1, sizeof(*order));
    if (!order) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = (struct heavy){said->tokens->v[i].weight, i};
    }
    qsort(order, n, sizeof(*order), by_weight);
    eg_buf_str(out, ",\"explain\":[");
    for (size_t i = 0; i < n && i < EXPLAINED_MOST; i++) {
        const struct eg_token *token = &said->tokens->v[order[i].at];
        eg_buf_printf(out, "%s{\"token\":\"%s\"", i ? "," : "", eg_token_name(token->kind));
        number(out, ",\"weight\":", said->delta->weight > 0 ? token->weight / said->delta->weight : 0);
        text(out, ",\"file\":", token->file.p, token->file.n);
        if (token->uid.n > 0) {
            text(out, ",\"uid\":", token->uid.p, token->uid.n);
        }
        number(out, ",\"observed\":", fmin(1, said->delta->explained[order[i].at]));
        eg_buf_char(out, '}');
    }
    eg_buf_char(out, ']');
    free(order);
}

static void put_cells(struct eg_buf *out, const struct eg_mosaic_said *said) {
    char name[EG_MOSAIC_NAME_B];
    bool first = true;
    eg_buf_str(out, ",\"cells\":[");
    for (uint32_t i = 0; i < said->mosaic->n_cells; i++) {
        if (said->delta->phi[i] > 0 || said->delta->observed[i] > 0) {
            eg_mosaic_name(said->mosaic, i, name);
            eg_buf_printf(out, "%s{\"cell\":\"%s\"", first ? "" : ",", name);
            number(out, ",\"phi\":", said->delta->phi[i]);
            number(out, ",\"observed\":", said->delta->observed[i]);
            eg_buf_char(out, '}');
            first = false;
        }
    }
    eg_buf_char(out, ']');
}

static void put_body(struct eg_buf *out, const struct eg_mosaic_said *said) {
    out->len = 0;
    text(out, "{\"repo\":", said->repo, strlen(said->repo));
    eg_buf_printf(out, ",\"sha\":\"%s\",", said->sha);
    put_grid(out, said->mosaic);
    eg_buf_char(out, ',');
    put_stats(out, said);
    put_explain(out, said);
    put_cells(out, said);
}

void eg_mosaic_payload(struct eg_buf *out, const struct eg_mosaic_said *said) {
    put_body(out, said);
    eg_buf_char(out, '}');
}

void eg_mosaic_map(struct eg_buf *out, const struct eg_mosaic_said *said) {
    put_body(out, said);
    if (said->base) {
        eg_buf_printf(out, ",\"base\":\"%s\"", said->base);
    }
    eg_buf_str(out, ",\n\"mask_uri\":\"" EG_MOSAIC_PICTURE "\",\"files\":[");
    for (size_t i = 0; i < said->mosaic->n_files; i++) {
        const struct eg_mosaic_file *file = &said->mosaic->files[i];
        char name[EG_MOSAIC_NAME_B];
        eg_mosaic_name(said->mosaic, eg_mosaic_cell(said->mosaic, file, 1), name);
        text(out, i ? ",\n{\"path\":" : "\n{\"path\":", file->path, file->path_len);
        eg_buf_printf(out, ",\"lines\":%d,\"first\":\"%s\"", file->lines, name);
        number(out, ",\"at\":", file->from);
        number(out, ",\"cells\":", file->to - file->from);
        eg_buf_char(out, '}');
    }
    eg_buf_str(out, "]}\n");
}

static void paint(uint8_t *pixels, const struct eg_mosaic *mosaic, uint32_t cell, const uint8_t colour[3]) {
    uint32_t place = mosaic->places[cell], cols = (uint32_t)mosaic->cols, row = place / cols, col = place % cols;
    for (uint32_t y = 0; y < EDGE; y++) {
        for (uint32_t x = 0; x < EDGE; x++) {
            memcpy(pixels + (((size_t)row * EDGE + y) * cols * EDGE + col * EDGE + x) * 3, colour, 3);
        }
    }
}

/* The square root lets small shares be seen. */
static uint8_t shade(double value, double most) { return most > 0 && value > 0 ? (uint8_t)(80 + 175 * sqrt(value / most)) : 0; }

bool eg_mosaic_picture(struct eg_buf *out, const struct eg_mosaic *mosaic, const struct eg_mosaic_delta *delta) {
    uint32_t width = (uint32_t)mosaic->cols * EDGE, height = (uint32_t)mosaic->rows * EDGE;
    uint8_t *pixels = calloc((size_t)width * height, 3);
    double most_phi = 0, most_observed = 0;
    size_t file = 0;
    for (uint32_t i = 0; i < mosaic->n_cells; i++) {
        most_phi = fmax(most_phi, delta->phi[i]);
        most_observed = fmax(most_observed, delta->observed[i]);
    }
    for (uint32_t i = 0; pixels && i < mosaic->n_cells; i++) {
        while (file + 1 < mosaic->n_files && mosaic->files[file].to <= i) {
            file++;
        }
        uint8_t grey = mosaic->n_files == 0 ? 255 : file % 2 ? 236 : 216, red = shade(delta->observed[i], most_observed);
        uint8_t blue = shade(delta->phi[i], most_phi), colour[3] = {grey, grey, grey};
        if (red || blue) {
            colour[0] = red;
            colour[1] = 0;
            colour[2] = blue;
        }
        paint(pixels, mosaic, i, colour);
    }
    out->len = 0;
    bool good = pixels && eg_png_write(out, pixels, width, height);
    free(pixels);
    return good;
}
