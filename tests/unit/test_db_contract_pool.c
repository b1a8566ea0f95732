/* The contract of db/db.h for the connections of reads, on both stores: who gets one, who waits, and who has waited in vain.
 * Run from the root of the checkout; tests/contract/test_db.py gives it a PostgreSQL. */
#include "base/clock.h"
#include "tests/unit/db_contract_reads.h"

START_TEST(a_full_queue_refuses) {
    ct_setup(_i);
    enum { N = 4000 };
    struct seen *all = calloc(N, sizeof *all);
    struct seen busy[2];
    memset(busy, 0, sizeof busy);
    struct eg_read_handle *handles[2];
    for (int i = 0; i < 2; i++)
        handles[i] = start(&busy[i], ENDLESS, int8_type, NULL, 0);
    for (size_t i = 0; i < N; i++)
        start(&all[i], "SELECT 1", int8_type, NULL, 0);
    size_t refused = 0, read = 0;
    ct_run_until(&all[N - 1].done); /* the last one, for certain, before the two are let go */
    ck_assert_int_eq(all[N - 1].err.code, EG_E_OVERLOADED);
    struct eg_db_stats stats;
    eg_db_stats(ct.db, &stats);
    ck_assert_int_gt(stats.reads_waiting, 0);
    ck_assert_int_gt(stats.reads_running, 0);
    eg_db_read_cancel(handles[0]);
    eg_db_read_cancel(handles[1]);
    for (size_t i = 0; i < N; i++) {
        ct_run_until(&all[i].done);
        refused += all[i].err.code == EG_E_OVERLOADED;
        read += all[i].rows;
    }
    ck_assert_uint_gt(refused, 0);
    ck_assert_uint_gt(read, 0);
    ck_assert_uint_eq(refused + read, N);
    ct_run_until(&busy[0].done);
    ct_run_until(&busy[1].done);
    free(all);
    ct_teardown();
}
END_TEST

START_TEST(a_read_that_waits_past_its_time_ends) {
    ct_setup(_i);
    struct seen busy[2], timed = {.read = {.timeout_ms = 50}}, unwanted = {0};
    memset(busy, 0, sizeof busy);
    struct eg_read_handle *handles[2];
    for (int i = 0; i < 2; i++)
        handles[i] = start(&busy[i], ENDLESS, int8_type, NULL, 0);
    start(&timed, "SELECT 1", int8_type, NULL, 0);
    eg_db_read_cancel(start(&unwanted, "SELECT 1", int8_type, NULL, 0));
    ct_run_until(&timed.done);
    ct_run_until(&unwanted.done);
    ck_assert_int_eq(timed.err.code, EG_E_OVERLOADED);
    ck_assert(unwanted.err.code == EG_E_NONE && timed.rows + unwanted.rows == 0);
    ck_assert(!busy[0].done && !busy[1].done);
    for (int i = 0; i < 2; i++) {
        eg_db_read_cancel(handles[i]);
        ct_run_until(&busy[i].done);
    }
    ct_teardown();
}
END_TEST

static void are(int running, int waiting) {
    struct eg_db_stats stats;
    do { /* a thread counts itself when it begins and when it is free */
        uv_run(&ct.loop, UV_RUN_NOWAIT);
        eg_db_stats(ct.db, &stats);
    } while (stats.reads_running != running || stats.reads_waiting != waiting);
}

START_TEST(lengthy_reads_leave_a_connection) {
    ct_setup(_i);
    struct seen endless[3], short_one = {0}, last = {.read = {.lengthy = true}};
    struct eg_read_handle *handles[3];
    memset(endless, 0, sizeof endless);
    for (int i = 0; i < 3; i++) {
        endless[i].read.lengthy = true;
        handles[i] = start(&endless[i], ENDLESS, int8_type, NULL, 0);
    }
    start(&last, "SELECT 1", int8_type, NULL, 0);
    start(&short_one, "SELECT 1", int8_type, NULL, 0);
    ct_run_until(&short_one.done);
    ck_assert(short_one.err.code == EG_E_NONE && short_one.rows == 1);
    are(1, 3);
    ck_assert(!endless[0].done && !endless[1].done && !endless[2].done && !last.done);
    for (int i = 0; i < 3; i++) { /* each, when it ends, gives way to the next */
        eg_db_read_cancel(handles[i]);
        ct_run_until(&endless[i].done);
        ck_assert_int_eq(endless[i].err.code, EG_E_NONE);
    }
    ct_run_until(&last.done);
    ck_assert(last.err.code == EG_E_NONE && last.rows == 1);
    are(0, 0);
    ct_teardown();
}
END_TEST

START_TEST(the_only_connection_is_for_lengthy_reads_too) {
    ct_setup(_i);
    ct_close();
    ct.config.read_connections = 1;
    ct_open();
    struct seen only = {.read = {.lengthy = true}};
    start(&only, "SELECT 1", int8_type, NULL, 0);
    ct_run_until(&only.done);
    ck_assert(only.err.code == EG_E_NONE && only.rows == 1);
    ct_teardown();
}
END_TEST

/* What has waited for half of its time still has all of it. */
START_TEST(waiting_is_not_in_a_reads_time) {
    ct_setup(_i);
    ct_close();
    ct.config.read_connections = 1;
    ct_open();
    struct seen warm = {0}, first = {.read = {.timeout_ms = 400}}, second = {.read = {.timeout_ms = 600}};
    start(&warm, "SELECT 1", int8_type, NULL, 0);
    ct_run_until(&warm.done);
    int64_t begun_us = eg_clock_mono_us();
    start(&first, ENDLESS, int8_type, NULL, 0);
    start(&second, ENDLESS, int8_type, NULL, 0);
    ct_run_until(&first.done);
    ct_run_until(&second.done);
    ck_assert(first.err.code == EG_E_TIMEOUT);
    ck_assert_msg(second.err.code == EG_E_OVERLOADED || eg_clock_mono_us() - begun_us >= 1000000, "it had less than its time");
    ct_teardown();
}
END_TEST

int main(void) {
    const TTest *tests[] = {a_full_queue_refuses,
                                   a_read_that_waits_past_its_time_ends,
                                   lengthy_reads_leave_a_connection,
                                   the_only_connection_is_for_lengthy_reads_too,
                                   waiting_is_not_in_a_reads_time};
    return ct_main("db contract: connections of reads", tests, sizeof tests / sizeof *tests);
}
