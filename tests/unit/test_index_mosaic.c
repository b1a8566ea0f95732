/* The mosaic: the curve, where files lie on it, and the cells of lines. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/mosaic.h"

#define FILES_MOST 600

static char names[FILES_MOST][16];
static struct eg_err err;

static struct eg_mosaic *grid(int rows, int cols) {
    struct eg_mosaic *mosaic;
    ck_assert_int_eq(eg_mosaic_new(rows, cols, &mosaic, &err), EG_OK);
    return mosaic;
}

static void lay(struct eg_mosaic *mosaic, const int *lines, size_t n) {
    struct eg_mosaic_file *files = calloc(n + 1, sizeof(*files));
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof(names[i]), "f%04u", (unsigned)(i % 10000));
        files[i] = (struct eg_mosaic_file){.path = names[i], .path_len = strlen(names[i]), .lines = lines[i]};
    }
    eg_mosaic_lay(mosaic, files, n);
}

static void check_curve(int rows, int cols) {
    struct eg_mosaic *mosaic = grid(rows, cols);
    bool *used = calloc(mosaic->n_cells, sizeof(*used));
    for (uint32_t i = 0; i < mosaic->n_cells; i++) {
        int place = (int)mosaic->places[i];
        ck_assert_msg(place < rows * cols && !used[place], "%dx%d: cell %d is used twice", rows, cols, place);
        used[place] = true;
        if (i > 0) {
            int before = (int)mosaic->places[i - 1];
            int steps = abs(place / cols - before / cols) + abs(place % cols - before % cols);
            ck_assert_msg(steps == 1, "%dx%d: a jump at %u", rows, cols, i);
        }
    }
    free(used);
    eg_mosaic_free(mosaic);
}

START_TEST(the_curve_takes_every_cell_once_and_never_jumps) {
    for (int rows = 1; rows <= 24; rows++) {
        for (int cols = 1; cols <= 24; cols++) {
            check_curve(rows, cols);
        }
    }
    check_curve(64, 64);
    check_curve(256, 255);
    check_curve(1, 256);
    check_curve(256, 1);
}
END_TEST

/* What makes it Hilbert's: each quarter is left for good before the next begins. */
START_TEST(quarters_stay_together) {
    struct eg_mosaic *mosaic = grid(64, 64);
    for (uint32_t i = 0; i < mosaic->n_cells; i++) {
        int place = (int)mosaic->places[i], first = (int)mosaic->places[i / 1024 * 1024];
        ck_assert_int_eq(place / 64 / 32, first / 64 / 32);
        ck_assert_int_eq(place % 64 / 32, first % 64 / 32);
    }
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(sides_have_bounds) {
    struct eg_mosaic *mosaic;
    ck_assert_int_ne(eg_mosaic_new(0, 4, &mosaic, &err), EG_OK);
    ck_assert_int_ne(eg_mosaic_new(4, 257, &mosaic, &err), EG_OK);
    ck_assert_ptr_null(mosaic);
}
END_TEST

/* Files lie one behind another, without a gap, to the end. */
static void check_whole(const struct eg_mosaic *mosaic) {
    double at = 0;
    for (size_t i = 0; i < mosaic->n_files; i++) {
        ck_assert_double_eq_tol(mosaic->files[i].from, at, 1e-9);
        ck_assert_double_gt(mosaic->files[i].to, at);
        at = mosaic->files[i].to;
    }
    ck_assert_double_eq_tol(at, mosaic->n_cells, 1e-6);
}

START_TEST(cells_are_in_proportion_to_lines) {
    struct eg_mosaic *mosaic = grid(16, 16);
    int lines[] = {0, 1, 64, 128, 512, 1};
    lay(mosaic, lines, 6);
    check_whole(mosaic);
    const struct eg_mosaic_file *files = mosaic->files;
    ck_assert_double_eq(files[0].to - files[0].from, 1);
    ck_assert_double_eq(files[1].to - files[1].from, 1);
    ck_assert_double_eq_tol(files[2].to - files[2].from, 253.0 * 64 / 704, 1);
    ck_assert_double_eq_tol(files[3].to - files[3].from, 253.0 * 128 / 704, 1);
    ck_assert_double_eq_tol(files[4].to - files[4].from, 253.0 * 512 / 704, 1);
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(each_file_has_a_cell_of_its_own) {
    int lines[256];
    for (int i = 0; i < 256; i++) {
        lines[i] = i == 7 ? 100000 : i % 3;
    }
    for (int n = 200; n <= 256; n++) {
        struct eg_mosaic *mosaic = grid(16, 16);
        lay(mosaic, lines, (size_t)n);
        check_whole(mosaic);
        for (int i = 0; i < n; i++) {
            ck_assert_double_eq(mosaic->files[i].to - mosaic->files[i].from, i == 7 ? 257 - n : 1);
        }
        eg_mosaic_free(mosaic);
    }
}
END_TEST

START_TEST(more_files_than_cells_share_them) {
    struct eg_mosaic *mosaic = grid(4, 4);
    int lines[100], in[16] = {0};
    for (int i = 0; i < 100; i++) {
        lines[i] = 10;
    }
    lay(mosaic, lines, 100);
    check_whole(mosaic);
    for (int i = 0; i < 100; i++) {
        in[eg_mosaic_cell(mosaic, &mosaic->files[i], 5)]++;
    }
    for (int i = 0; i < 16; i++) {
        ck_assert_int_ge(in[i], 6);
        ck_assert_int_le(in[i], 7);
    }
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(a_small_change_moves_no_other_file) {
    int lines[50];
    double from[50];
    struct eg_mosaic *mosaic = grid(64, 64);
    for (int i = 0; i < 50; i++) {
        lines[i] = 60 + 37 * i;
    }
    lay(mosaic, lines, 50);
    for (int i = 0; i < 50; i++) {
        from[i] = mosaic->files[i].from;
    }
    lines[20] += 20; /* 800 lines: up to 896 count the same */
    lay(mosaic, lines, 50);
    for (int i = 0; i < 50; i++) {
        ck_assert_double_eq(mosaic->files[i].from, from[i]);
    }
    lines[20] += 100; /* 920: one step; others move by what it gained at most */
    lay(mosaic, lines, 50);
    for (int i = 0; i < 50; i++) {
        ck_assert_double_eq_tol(mosaic->files[i].from, from[i], 9);
    }
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(none_and_one) {
    struct eg_mosaic *mosaic = grid(8, 8);
    uint32_t place;
    lay(mosaic, NULL, 0);
    ck_assert_ptr_null(eg_mosaic_find(mosaic, "x", 1, &place));
    ck_assert_uint_lt(place, 64);
    int lines = 1000;
    lay(mosaic, &lines, 1);
    check_whole(mosaic);
    ck_assert_uint_eq(eg_mosaic_cell(mosaic, &mosaic->files[0], 1), 0);
    ck_assert_uint_eq(eg_mosaic_cell(mosaic, &mosaic->files[0], 1000), 63);
    ck_assert_uint_eq(eg_mosaic_cell(mosaic, &mosaic->files[0], 5000), 63);
    ck_assert_uint_eq(eg_mosaic_cell(mosaic, &mosaic->files[0], -5), 0);
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(what_is_not_there_has_a_place) {
    struct eg_mosaic *mosaic = grid(2, 2);
    int lines[] = {1, 1, 1, 1};
    uint32_t place;
    lay(mosaic, lines, 4);
    ck_assert_ptr_eq(eg_mosaic_find(mosaic, "f0002", 5, &place), &mosaic->files[2]);
    ck_assert_uint_eq(place, 2);
    ck_assert_ptr_null(eg_mosaic_find(mosaic, "f0002.py", 8, &place));
    ck_assert_uint_eq(place, 3);
    ck_assert_ptr_null(eg_mosaic_find(mosaic, "zzz", 3, &place));
    ck_assert_uint_eq(place, 3);
    ck_assert_ptr_null(eg_mosaic_find(mosaic, "f", 1, &place));
    ck_assert_uint_eq(place, 0);
    eg_mosaic_free(mosaic);
}
END_TEST

START_TEST(lines_go_to_cells_in_order) {
    struct eg_mosaic *mosaic = grid(4, 4);
    int lines[] = {100, 100};
    char name[EG_MOSAIC_NAME_B];
    lay(mosaic, lines, 2);
    struct eg_mosaic_span span = {.mosaic = mosaic, .file = &mosaic->files[1], .line = 11, .last = 90};
    uint32_t cell = 0;
    int sum = 0, cells = 0;
    while (eg_mosaic_next(&span)) {
        ck_assert(cells == 0 || span.cell == cell + 1);
        cell = span.cell;
        sum += span.n;
        cells++;
    }
    ck_assert_int_eq(sum, 80);
    ck_assert_int_ge(cells, 7);
    ck_assert_int_le(cells, 8);
    eg_mosaic_name(mosaic, 0, name);
    ck_assert_str_eq(name, "MOZ::4x4@r0c0");
    eg_mosaic_free(mosaic);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("index mosaic");
    TCase *tests = tcase_create("mosaic");
    tcase_add_test(tests, the_curve_takes_every_cell_once_and_never_jumps);
    tcase_add_test(tests, quarters_stay_together);
    tcase_add_test(tests, sides_have_bounds);
    tcase_add_test(tests, cells_are_in_proportion_to_lines);
    tcase_add_test(tests, each_file_has_a_cell_of_its_own);
    tcase_add_test(tests, more_files_than_cells_share_them);
    tcase_add_test(tests, a_small_change_moves_no_other_file);
    tcase_add_test(tests, none_and_one);
    tcase_add_test(tests, what_is_not_there_has_a_place);
    tcase_add_test(tests, lines_go_to_cells_in_order);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
