/* How far two distributions over the cells are from each other. */
#include <math.h>

#include "indexer/mosaic_delta.h"

#define NEARLY (1 - 1e-9) /* equal shares are not below their mean by the error of a sum */

static double mean_of_some(const double *v, size_t n) {
    double sum = 0, some = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
        some += v[i] > 0;
    }
    return some > 0 ? sum / some : 0;
}

static double iou(const double *a, const double *b, size_t n) {
    double least_a = mean_of_some(a, n) * NEARLY, least_b = mean_of_some(b, n) * NEARLY, both = 0, either = 0;
    for (size_t i = 0; i < n; i++) {
        bool in_a = a[i] > 0 && a[i] >= least_a, in_b = b[i] > 0 && b[i] >= least_b;
        both += in_a && in_b;
        either += in_a || in_b;
    }
    return 1 - both / either;
}

static double l2(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sqrt(sum / 2);
}

static double emd(const double *a, const double *b, size_t n) {
    double carried = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        carried += a[i] - b[i];
        sum += fabs(carried);
    }
    return n > 1 ? sum / (double)(n - 1) : 0;
}

static double uncovered(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] > 0 ? 0 : b[i];
    }
    return sum;
}

double eg_mosaic_distance(enum eg_mosaic_metric metric, const double *a, const double *b, size_t n) {
    bool none_a = mean_of_some(a, n) <= 0, none_b = mean_of_some(b, n) <= 0;
    if (none_a || none_b) {
        return none_a && none_b ? 0 : 1;
    }
    double distance = metric == EG_MOSAIC_L2    ? l2(a, b, n)
                      : metric == EG_MOSAIC_EMD ? emd(a, b, n)
                      : metric == EG_MOSAIC_IOU ? iou(a, b, n)
                                                : uncovered(a, b, n);
    return distance < 1e-12 ? 0 : distance;
}
