/* Figures of series and detectors of drift, against values that their authors and other programs give. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "indexer/drift.h"
#include "indexer/stat.h"

#define NEAR(a, b, by) ck_assert_msg(fabs((a) - (b)) <= (by), "%.17g, not %.17g", (double)(a), (double)(b))

START_TEST(test_ewma) {
    struct eg_ewma ewma = {0};
    double values[] = {1, 2, 4}, means[] = {1, 1.15, 1.5775};
    for (int i = 0; i < 3; i++) {
        eg_ewma_add(&ewma, 0.15, values[i]);
        NEAR(ewma.mean, means[i], 1e-12);
    }
}
END_TEST

START_TEST(test_quantiles) {
    double values[] = {9, 1, 8, 2, 7, 3, 6, 4, 5, 10};
    eg_sort_doubles(values, 10);
    /* As numpy's default and PostgreSQL's percentile_cont have it. */
    NEAR(eg_quantile_sorted(values, 10, 0.9), 9.1, 1e-12);
    NEAR(eg_quantile_sorted(values, 10, 0.95), 9.55, 1e-12);
    NEAR(eg_quantile_sorted(values, 10, 0.99), 9.91, 1e-12);
    NEAR(eg_quantile_sorted(values, 10, 0), 1, 0);
    NEAR(eg_quantile_sorted(values, 10, 1), 10, 0);
    NEAR(eg_quantile_sorted(values, 1, 0.99), 1, 0);
}
END_TEST

START_TEST(test_sigma) {
    double values[] = {1, 1, 2, 2, 4, 6, 9}; /* the median is 2, that of the distances 1 */
    NEAR(eg_sigma_mad(values, 7), 1.4826, 1e-12);
    double with_one_odd[] = {2, 4, 1e9, 1, 1, 2, 6};
    NEAR(eg_sigma_mad(with_one_odd, 7), 1.4826, 1e-12);
    double one[] = {5};
    NEAR(eg_sigma_mad(one, 1), 0, 0);
}
END_TEST

START_TEST(test_p2) {
    /* The example of R. Jain and I. Chlamtac, CACM 28 (1985): the median of 20 values. */
    static const double values[] = {0.02, 0.15, 0.74, 3.39, 0.83, 22.37, 10.15, 15.43, 38.62, 15.92,
                                    34.60, 10.28, 1.47, 0.40, 0.05, 11.39, 0.27, 0.42, 0.09, 11.37};
    struct eg_p2 p2;
    eg_p2_begin(&p2, 0.5);
    ck_assert(eg_p2_value(&p2) == 0);
    for (int i = 0; i < 20; i++) {
        eg_p2_add(&p2, values[i]);
        if (i == 4) {
            NEAR(eg_p2_value(&p2), 0.74, 1e-12);
        }
    }
    NEAR(eg_p2_value(&p2), 4.44, 0.005);
}
END_TEST

/* The digits of a file of tests/indexer/data, as values. */
static size_t digits(const char *name, double *values, size_t most) {
    char path[200];
    size_t n = 0;
    snprintf(path, sizeof(path), "tests/indexer/data/%s.txt", name);
    FILE *file = fopen(path, "re");
    ck_assert_msg(file, "%s is not there", path);
    for (int c; (c = getc(file)) != EOF;) {
        if (c != '\n') {
            ck_assert(n < most);
            values[n++] = c - '0';
        }
    }
    fclose(file);
    return n;
}

static const struct eg_page_hinkley_config page_hinkley = {0.005, 50, 0.9999, 30};

START_TEST(test_page_hinkley) {
    static double values[2000];
    size_t n = digits("page_hinkley", values, 2000), found[9], n_found = 0;
    struct eg_page_hinkley detector;
    double statistic = 0;
    ck_assert(n == 2000);
    eg_page_hinkley_begin(&detector, &page_hinkley);
    for (size_t i = 0; i < n; i++) {
        if (eg_page_hinkley_add(&detector, values[i], &statistic)) {
            ck_assert(statistic > 50 && n_found < 9);
            found[n_found++] = i;
        }
    }
    ck_assert(n_found == 2 && found[0] == 1020 && found[1] == 1991);
}
END_TEST

START_TEST(test_page_hinkley_waits_and_sees_rises_only) {
    struct eg_page_hinkley detector;
    eg_page_hinkley_begin(&detector, &page_hinkley);
    for (int i = 0; i < 29; i++) {
        ck_assert(!eg_page_hinkley_add(&detector, i ? 1000 : 0, NULL));
    }
    ck_assert(eg_page_hinkley_add(&detector, 1000, NULL));
    eg_page_hinkley_begin(&detector, &page_hinkley);
    for (int i = 0; i < 2000; i++) {
        ck_assert(!eg_page_hinkley_add(&detector, i < 1000 ? 7 : 0, NULL));
    }
}
END_TEST

START_TEST(test_adwin) {
    /* What the authors' program finds, looking at each 32nd value, with a δ of 0.001. */
    static double values[2000];
    size_t n = digits("adwin", values, 2000), found[9], n_found = 0;
    struct eg_adwin detector;
    double statistic = 0;
    eg_adwin_begin(&detector, &(struct eg_adwin_config){.delta = 0.001, .every = 32, .least = 10, .least_part = 5});
    for (size_t i = 0; i < n; i++) {
        if (eg_adwin_add(&detector, values[i], &statistic)) {
            ck_assert(n_found < 9);
            found[n_found++] = i;
        }
    }
    ck_assert(n == 2000 && n_found == 2 && found[0] == 1023 && found[1] == 1055);
    double tail = 0;
    for (size_t i = n - detector.width; i < n; i++) {
        tail += values[i];
    }
    NEAR(eg_adwin_mean(&detector), tail / (double)detector.width, 1e-9);
}
END_TEST

START_TEST(test_adwin_window) {
    /* Without change the window holds all; its figures are those of all values, and falls are found as well as rises. */
    struct eg_adwin detector;
    double sum = 0, squares = 0, x = 0;
    eg_adwin_begin(&detector, &(struct eg_adwin_config){.delta = 0.002, .every = 1, .least = 10, .least_part = 5});
    for (int i = 0; i < 100000; i++) {
        x = (i * 7919 % 1000) / 1000.0;
        sum += x;
        squares += x * x;
        ck_assert(!eg_adwin_add(&detector, x, NULL));
    }
    ck_assert(detector.width == 100000 && detector.n_rows < 20);
    NEAR(eg_adwin_mean(&detector), sum / 1e5, 1e-9);
    NEAR(detector.variance, squares - sum * sum / 1e5, 1e-3);
    bool fell = false;
    for (int i = 0; i < 200 && !fell; i++) {
        fell = eg_adwin_add(&detector, 0.01, NULL);
    }
    ck_assert(fell);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stat");
    TCase *figures = tcase_create("figures"), *drift = tcase_create("drift");
    tcase_add_test(figures, test_ewma);
    tcase_add_test(figures, test_quantiles);
    tcase_add_test(figures, test_sigma);
    tcase_add_test(figures, test_p2);
    tcase_add_test(drift, test_page_hinkley);
    tcase_add_test(drift, test_page_hinkley_waits_and_sees_rises_only);
    tcase_add_test(drift, test_adwin);
    tcase_add_test(drift, test_adwin_window);
    suite_add_tcase(suite, figures);
    suite_add_tcase(suite, drift);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
