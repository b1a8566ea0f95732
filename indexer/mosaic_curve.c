/* The curve. A rectangle is w cells long in the direction that the path leads to (a), and h wide (b): the path begins in one corner and
 * ends in the next along a. That needs w even or h odd; the parts are cut so that it holds for each of them. */
#include "indexer/mosaic.h"

struct axis {
    int row, col; /* one step */
};

struct drawing {
    uint32_t *places;
    size_t n;
    int cols;
};

static struct axis back(struct axis a) { return (struct axis){-a.row, -a.col}; }
static struct axis at(struct axis from, struct axis a, int i, struct axis b, int j) {
    return (struct axis){from.row + a.row * i + b.row * j, from.col + a.col * i + b.col * j};
}
static int even_half(int n) { return n / 2 + n / 2 % 2; }

static void put(struct drawing *drawing, struct axis place) {
    drawing->places[drawing->n++] = (uint32_t)(place.row * drawing->cols + place.col);
}

/* Depth: the sides at least halve every two levels. */
static void fill(struct drawing *drawing, struct axis from, struct axis a, int w, struct axis b, int h) {
    if (h <= 2) {
        for (int i = 0; i < w; i++) {
            for (int j = 0; j < h; j++) {
                put(drawing, at(from, a, i, b, i % 2 ? h - 1 - j : j));
            }
        }
    } else if (2 * w > 3 * h) {
        int w1 = even_half(w);
        fill(drawing, from, a, w1, b, h);
        fill(drawing, at(from, a, w1, b, 0), a, w - w1, b, h);
    } else {
        int h1 = even_half(h), w1 = w / 2;
        fill(drawing, from, b, h1, a, w1);
        fill(drawing, at(from, a, 0, b, h1), a, w, b, h - h1);
        fill(drawing, at(from, a, w - 1, b, h1 - 1), back(b), h1, back(a), w - w1);
    }
}

void eg_mosaic_curve(int rows, int cols, uint32_t *places) {
    struct drawing drawing = {places, 0, cols};
    struct axis start = {0, 0}, down = {1, 0}, right = {0, 1};
    if ((cols % 2 == 0 || rows % 2 == 1) && (cols > 1 || rows == 1)) {
        fill(&drawing, start, right, cols, down, rows);
    } else {
        fill(&drawing, start, down, rows, right, cols);
    }
}
