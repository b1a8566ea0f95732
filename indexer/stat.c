/* Figures of series. The P² algorithm keeps five markers, and moves the inner ones along parabolas through their
 * neighbours. */
#include "indexer/stat.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAD_TO_SIGMA 1.4826

void eg_ewma_add(struct eg_ewma *ewma, double lambda, double x) {
    ewma->mean = ewma->n++ ? lambda * x + (1 - lambda) * ewma->mean : x;
}

static int by_value(const void *a, const void *b) {
    double x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

void eg_sort_doubles(double *values, size_t n) { qsort(values, n, sizeof(*values), by_value); }

double eg_quantile_sorted(const double *sorted, size_t n, double q) {
    double at = q * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n) {
        return sorted[n - 1];
    }
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double eg_sigma_mad(double *values, size_t n) {
    eg_sort_doubles(values, n);
    double median = eg_quantile_sorted(values, n, 0.5);
    for (size_t i = 0; i < n; i++) {
        values[i] = fabs(values[i] - median);
    }
    eg_sort_doubles(values, n);
    return MAD_TO_SIGMA * eg_quantile_sorted(values, n, 0.5);
}

void eg_p2_begin(struct eg_p2 *p2, double q) {
    *p2 = (struct eg_p2){.q = q,
                         .position = {1, 2, 3, 4, 5},
                         .wanted = {1, 1 + 2 * q, 1 + 4 * q, 3 + 2 * q, 5},
                         .step = {0, q / 2, q, (1 + q) / 2, 1}};
}

/* The cell that x falls into, from 0 to 3; the ends move to take it. */
static int cell_of(struct eg_p2 *p2, double x) {
    int cell = 0;
    if (x < p2->height[0]) {
        p2->height[0] = x;
    } else if (x >= p2->height[4]) {
        p2->height[4] = x;
        cell = 3;
    } else {
        while (x >= p2->height[cell + 1]) {
            cell++;
        }
    }
    return cell;
}

static double parabola(const struct eg_p2 *p2, int i, double d) {
    const double *h = p2->height, *n = p2->position;
    return h[i] + d / (n[i + 1] - n[i - 1]) *
                      ((n[i] - n[i - 1] + d) * (h[i + 1] - h[i]) / (n[i + 1] - n[i]) +
                       (n[i + 1] - n[i] - d) * (h[i] - h[i - 1]) / (n[i] - n[i - 1]));
}

static void move_marker(struct eg_p2 *p2, int i) {
    double away = p2->wanted[i] - p2->position[i];
    if (!(away >= 1 && p2->position[i + 1] - p2->position[i] > 1) &&
        !(away <= -1 && p2->position[i - 1] - p2->position[i] < -1)) {
        return;
    }
    int d = away > 0 ? 1 : -1;
    double height = parabola(p2, i, d);
    if (!(p2->height[i - 1] < height && height < p2->height[i + 1])) {
        height = p2->height[i] + d * (p2->height[i + d] - p2->height[i]) / (p2->position[i + d] - p2->position[i]);
    }
    p2->height[i] = height;
    p2->position[i] += d;
}

void eg_p2_add(struct eg_p2 *p2, double x) {
    if (p2->n < 5) {
        p2->height[p2->n++] = x;
        eg_sort_doubles(p2->height, p2->n);
        return;
    }
    for (int i = cell_of(p2, x) + 1; i < 5; i++) {
        p2->position[i]++;
    }
    for (int i = 0; i < 5; i++) {
        p2->wanted[i] += p2->step[i];
    }
    for (int i = 1; i < 4; i++) {
        move_marker(p2, i);
    }
    p2->n++;
}

double eg_p2_value(const struct eg_p2 *p2) {
    return p2->n > 5 ? p2->height[2] : p2->n ? eg_quantile_sorted(p2->height, p2->n, p2->q) : 0;
}
