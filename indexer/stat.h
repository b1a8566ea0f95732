/* Figures of series: moving average, deviation, quantiles. */
#ifndef EG_INDEXER_STAT_H
#define EG_INDEXER_STAT_H

#include <stdbool.h>
#include <stddef.h>

/* An exponentially weighted mean: the first value as it is, then λx + (1−λ)μ. All zero is its beginning. */
struct eg_ewma {
    double mean;
    size_t n;
};
void eg_ewma_add(struct eg_ewma *ewma, double lambda, double x);

/* Of values that are sorted, continuous between the two nearest; q from 0 to 1. n is at least 1. */
double eg_quantile_sorted(const double *sorted, size_t n, double q);
void eg_sort_doubles(double *values, size_t n);
/* 1.4826 times the median distance from the median: σ of a normal distribution, whatever a few odd values are. Sorts values, and
 * overwrites them. n is at least 1. */
double eg_sigma_mad(double *values, size_t n);

/* One quantile of a stream in constant memory, after R. Jain and I. Chlamtac (1985). The gates' windows are bounded and take exact
 * quantiles; this is for series that are not kept. */
struct eg_p2 {
    double q, height[5], position[5], wanted[5], step[5];
    size_t n;
};
void eg_p2_begin(struct eg_p2 *p2, double q);
void eg_p2_add(struct eg_p2 *p2, double x);
double eg_p2_value(const struct eg_p2 *p2); /* exact up to five values; 0 of none */

#endif
