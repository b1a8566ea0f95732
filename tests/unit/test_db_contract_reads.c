/* The contract of db/db.h for reads, on both stores: rows and types, early stop, cancel, timeout, errors.
 * Run from the root of the checkout; tests/contract/test_db.py gives it a PostgreSQL. */
#include "base/clock.h"
#include "tests/unit/db_contract_reads.h"

static const enum eg_type text_type[] = {EG_TEXT};

static void counts(int64_t n) {
    struct seen seen = {0};
    const struct eg_value most = eg_int(n);
    start(&seen, COUNTING, int8_type, &most, 1);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s", seen.err.message);
    ck_assert_uint_eq(seen.rows, (size_t)n);
    ck_assert_int_eq(seen.sum, n * (n + 1) / 2);
}

START_TEST(fixed_statements_read) {
    ct_setup(_i);
    struct seen seen = {.read = {.sql = EG_SQL_POSITION_LOCK, .row = see_row, .done = see_done}};
    if (_i == SQLITE) { /* FOR UPDATE is no read on PostgreSQL */
        seen.read.ctx = &seen;
        (void)eg_db_read(ct.db, &seen.read);
        ct_run_until(&seen.done);
        ck_assert_int_eq(seen.err.code, EG_E_NONE);
        ck_assert_uint_eq(seen.rows, 1);
    }
    ct_teardown();
}
END_TEST

START_TEST(all_rows_come_in_order) {
    ct_setup(_i);
    counts(1);
    counts(1000);
    counts(100000);
    struct seen none = {0};
    start(&none, "SELECT b FROM ct_pair", int8_type, NULL, 0);
    ct_run_until(&none.done);
    ck_assert_int_eq(none.err.code, EG_E_NONE);
    ck_assert_uint_eq(none.rows, 0);
    ct_teardown();
}
END_TEST

START_TEST(parameters_count_by_number) {
    ct_setup(_i);
    struct seen seen = {0};
    const struct eg_value params[] = {eg_int(100), eg_int(1)};
    start(&seen, "SELECT $2 - $1 AS \"$1\" -- not $3\n", int8_type, params, 2);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s", seen.err.message);
    ck_assert_int_eq(seen.sum, -99);
    ct_teardown();
}
END_TEST

START_TEST(values_of_every_type_come_back) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_types", "id,t,z,j", NULL, NULL, NULL);
    const struct eg_value row[] = {eg_int(1), eg_cstr("tekst"), eg_int(1760099696123456), eg_cstr("{\"a\": [1, 2]}")};
    CT_OK(ct_one(insert, row, 1, NULL));
    static const enum eg_type time_type[] = {EG_TIME}, json_type[] = {EG_JSON};
    struct seen text = {0}, json = {0}, time = {0};
    start(&text, "SELECT t FROM ct_types", text_type, NULL, 0);
    start(&json, "SELECT j FROM ct_types", json_type, NULL, 0);
    start(&time, "SELECT z FROM ct_types", time_type, NULL, 0);
    ct_run_until(&text.done);
    ct_run_until(&json.done);
    ct_run_until(&time.done);
    ck_assert_str_eq(text.text, "tekst");
    ck_assert_str_eq(json.text, "{\"a\": [1, 2]}");
    ck_assert_uint_eq(time.rows, 1);
    ck_assert_int_eq(time.err.code, EG_E_NONE);
    ct_teardown();
}
END_TEST

START_TEST(a_reader_may_stop_early) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000000);
    for (size_t n = 1; n <= 1000; n *= 10) {
        struct seen seen = {.most = n};
        start(&seen, COUNTING, int8_type, &most, 1);
        ct_run_until(&seen.done);
        ck_assert_uint_eq(seen.rows, n);
        ck_assert_int_eq(seen.err.code, EG_E_NONE);
    }
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(a_cancelled_read_ends) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000000);
    struct seen busy = {0}, streaming = {0}, queued[3];
    memset(queued, 0, sizeof queued);
    struct eg_read_handle *busy_handle = start(&busy, ENDLESS, int8_type, NULL, 0);
    streaming.handle = start(&streaming, COUNTING, int8_type, &most, 1);
    for (int i = 0; i < 3; i++) /* both connections are taken */
        eg_db_read_cancel(start(&queued[i], ENDLESS, int8_type, NULL, 0));
    ct_run_until(&streaming.done);
    eg_db_read_cancel(busy_handle);
    ct_run_until(&busy.done);
    for (int i = 0; i < 3; i++) {
        ct_run_until(&queued[i].done);
        ck_assert_uint_eq(queued[i].rows, 0);
    }
    ck_assert_uint_eq(busy.rows, 0);
    ck_assert_uint_eq(streaming.rows, 1);
    counts(10); /* the connections are of use again */
    counts(10);
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(a_read_past_its_time_ends) {
    ct_setup(_i);
    struct seen seen = {.read = {.timeout_ms = 50}};
    counts(1); /* a connection is there: waiting for one is another error */
    start(&seen, ENDLESS, int8_type, NULL, 0);
    ct_run_until(&seen.done);
    ck_assert_int_eq(seen.err.code, EG_E_TIMEOUT);
    ck_assert_uint_eq(seen.rows, 0);
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(a_wrong_statement_is_told) {
    ct_setup(_i);
    const char *const wrong[] = {"SELECT nothing FROM ct_pair", "SELEKT 1", "DELETE FROM ct_pair", "SELECT 1; SELECT 2",
                                 ""};
    ct_sql("INSERT INTO ct_pair (a, b) VALUES ('k', 1)");
    for (size_t i = 0; i < 3 * (sizeof wrong / sizeof *wrong); i++) { /* again: it is to be prepared */
        struct seen seen = {.read = {.by_key = true}};
        start(&seen, wrong[i / 3], int8_type, NULL, 0);
        ct_run_until(&seen.done);
        ck_assert_msg(seen.err.code != EG_E_NONE && seen.err.message[0], "%s", wrong[i / 3]);
    }
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "1");
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(a_row_too_large_for_the_store) {
    ct_setup(_i);
    if (_i == SQLITE) { /* on PostgreSQL libpq takes it as it comes */
        struct seen large = {0}, after = {0};
        start(&large, "SELECT printf('%*s', 70000000, 'x')", text_type, NULL, 0);
        ct_run_until(&large.done);
        ck_assert(large.err.code == EG_E_ANSWER_TOO_LARGE && large.rows == 0);
        start(&after, "SELECT 1", int8_type, NULL, 0);
        ct_run_until(&after.done);
        ck_assert(after.err.code == EG_E_NONE && after.rows == 1);
    }
    ct_teardown();
}
END_TEST

START_TEST(reads_and_writes_do_not_wait_for_each_other) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    const struct eg_value row[] = {eg_cstr("k"), eg_int(1)};
    struct seen busy = {0}, during = {0};
    struct eg_read_handle *handle = start(&busy, ENDLESS, int8_type, NULL, 0);
    struct eg_op ops[] = {ct_lock(), ct_op(insert, row, 1)};
    CT_OK(ct_round(ops, 2, false));
    start(&during, "SELECT count(*) FROM ct_pair", int8_type, NULL, 0);
    ct_run_until(&during.done);
    ck_assert_int_eq(during.sum, 0);
    CT_OK(ct_round(ops, 1, true));
    struct seen after = {0};
    start(&after, "SELECT count(*) FROM ct_pair", int8_type, NULL, 0);
    ct_run_until(&after.done);
    ck_assert_int_eq(after.sum, 1);
    ck_assert(!busy.done);
    eg_db_read_cancel(handle);
    ct_run_until(&busy.done);
    ct_teardown();
}
END_TEST

/* Other reads, until the clock has gone on. */
static void others_for_us(int64_t wait_us) {
    for (int64_t until_us = eg_clock_mono_us() + wait_us; eg_clock_mono_us() < until_us;)
        counts(1000);
}

static void start_paused(struct seen *seen, const struct eg_value *most) {
    seen->read.pausable = true;
    seen->pause = start(seen, COUNTING, int8_type, most, 1);
    while (seen->rows < 10)
        uv_run(&ct.loop, UV_RUN_ONCE);
}

START_TEST(a_paused_read_waits_and_goes_on) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000);
    struct seen seen = {0};
    start_paused(&seen, &most);
    others_for_us(100000);
    ck_assert_uint_eq(seen.rows, 10);
    for (int i = 0; i < 3; i++) { /* stops again at once */
        seen.rows = 9;
        eg_db_read_resume(seen.pause);
        ck_assert_uint_eq(seen.rows, 9);
        while (seen.rows < 10)
            uv_run(&ct.loop, UV_RUN_ONCE);
        ck_assert_uint_eq(seen.rows, 10);
        ck_assert(!seen.done);
    }
    eg_db_read_resume(seen.pause);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s", seen.err.message);
    ck_assert_int_eq(seen.sum, INT64_C(100000) * 100001 / 2);
    ct_teardown();
}
END_TEST

START_TEST(a_pause_is_not_in_a_reads_time) {
    ct_setup(_i);
    const struct eg_value most = eg_int(1000); /* on a busy machine, too, they come in a fraction of its time */
    struct seen seen = {.read = {.timeout_ms = 2000}}, busy = {.read = {.timeout_ms = 50, .pausable = true}};
    counts(1); /* a connection is there */
    start_paused(&seen, &most);
    others_for_us(2600000);
    ck_assert(!seen.done);
    eg_db_read_resume(seen.pause);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s", seen.err.message);
    ck_assert_uint_eq(seen.rows, 1000);
    start(&busy, ENDLESS, int8_type, NULL, 0);
    ct_run_until(&busy.done);
    ck_assert_int_eq(busy.err.code, EG_E_TIMEOUT);
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(a_paused_read_can_be_cancelled) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000000);
    struct seen seen = {0}, queued = {.read = {.pausable = true}}, busy[2];
    memset(busy, 0, sizeof busy);
    start_paused(&seen, &most);
    eg_db_read_cancel(seen.pause);
    ct_run_until(&seen.done);
    ck_assert_uint_eq(seen.rows, 10);
    ck_assert_int_eq(seen.err.code, EG_E_NONE);
    struct eg_read_handle *handles[2]; /* paused before it has a connection */
    for (int i = 0; i < 2; i++)
        handles[i] = start(&busy[i], ENDLESS, int8_type, NULL, 0);
    struct eg_read_handle *handle = start(&queued, "SELECT b + 1 FROM ct_pair", int8_type, NULL, 0);
    ct_sql("INSERT INTO ct_pair (a, b) VALUES ('k', 1)");
    eg_db_read_pause(handle);
    for (int i = 0; i < 2; i++) {
        eg_db_read_cancel(handles[i]);
        ct_run_until(&busy[i].done);
    }
    others_for_us(50000);
    ck_assert_uint_eq(queued.rows, 0);
    eg_db_read_resume(handle);
    ct_run_until(&queued.done);
    ck_assert_uint_eq(queued.rows, 1);
    ck_assert_int_eq(queued.sum, 2);
    ct_teardown();
}
END_TEST

START_TEST(closing_ends_a_paused_read) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000000);
    struct seen seen = {0};
    start_paused(&seen, &most);
    ct_teardown();
    ck_assert(seen.done);
    ck_assert_int_eq(seen.err.code, EG_E_STOPPING); /* not taken for the end of the rows */
}
END_TEST

START_TEST(a_failure_after_rows_is_told) {
    ct_setup(_i);
    const struct eg_value most = eg_int(100000);
    struct seen seen = {0};
    start(&seen,
          _i == SQLITE ? "SELECT abs(CASE x WHEN 5000 THEN -9223372036854775807 - 1 ELSE x END) FROM (" COUNTING ")"
                       : "SELECT 1 / (5000 - x) FROM (" COUNTING ") c",
          int8_type, &most, 1);
    ct_run_until(&seen.done);
    ck_assert_uint_eq(seen.rows, 4999);
    ck_assert_msg(seen.err.code != EG_E_NONE && seen.err.message[0], "a cut answer was taken for a whole one");
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(no_read_writes) {
    ct_setup(_i);
    static const char *const pg[] = {"WITH d AS (DELETE FROM ct_pair RETURNING b) SELECT b FROM d",
                                     "INSERT INTO ct_pair (a, b) VALUES ('l', 2) RETURNING b",
                                     "SELECT b FROM ct_pair FOR UPDATE", "SELECT nextval('ct_parent_id_seq')",
                                     "TRUNCATE ct_pair"};
    static const char *const lite[] = {"DELETE FROM ct_pair RETURNING b", "PRAGMA user_version = 7",
                                       "INSERT INTO ct_pair (a, b) VALUES ('l', 2) RETURNING b",
                                       "CREATE TABLE ct_new (a)", "ATTACH ':memory:' AS other"};
    ct_sql("INSERT INTO ct_pair (a, b) VALUES ('k', 1)");
    for (size_t i = 0; i < 5; i++) {
        struct seen seen = {0};
        start(&seen, _i == SQLITE ? lite[i] : pg[i], int8_type, NULL, 0);
        ct_run_until(&seen.done);
        ck_assert_msg(seen.err.code != EG_E_NONE && seen.rows == 0, "%s", _i == SQLITE ? lite[i] : pg[i]);
    }
    ck_assert_str_eq(ct_sql("SELECT min(a) || count(*) FROM ct_pair"), "k1");
    counts(10);
    ct_teardown();
}
END_TEST

START_TEST(closing_ends_every_read) {
    ct_setup(_i);
    struct seen all[8];
    memset(all, 0, sizeof all);
    const struct eg_value most = eg_int(2000000);
    for (int i = 0; i < 8; i++)
        start(&all[i], COUNTING, int8_type, &most, 1);
    ct_teardown();
    for (int i = 0; i < 8; i++)
        ck_assert_msg(all[i].done, "read %d", i);
}
END_TEST

/* One read by key, which the store may prepare: its only cell. */
static int64_t by_key(const char *text, int64_t param, size_t n_params) {
    const struct eg_value value = eg_int(param);
    struct seen seen = {.read = {.by_key = true}};
    start(&seen, text, int8_type, &value, n_params);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s: %s", text, seen.err.message);
    ck_assert_uint_eq(seen.rows, 1);
    return seen.sum;
}

START_TEST(reads_by_key_stay_right) {
    ct_setup(_i);
    char text[128];
    for (int64_t i = 0; i < 120; i++) { /* more texts than are kept, each again at once and much later */
        (void)snprintf(text, sizeof text, "SELECT CAST($1 AS bigint) + %d", (int)(i / 2) % 40);
        ck_assert_int_eq(by_key(text, 1000 * i, 1), 1000 * i + i / 2 % 40);
    }
    if (_i == POSTGRESQL) {
        int64_t kept = by_key("SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql", 0, 0);
        ck_assert_msg(kept > 20 && kept <= 32, "%d statements are prepared", (int)kept);
    }
    ct_teardown();
}
END_TEST

START_TEST(a_changed_table_does_not_fail_reads_by_key) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_pair (a, b, v) VALUES ('k', 7, 'x')");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(by_key("SELECT b FROM ct_pair WHERE b = $1", 7, 1), 7);
    if (_i == POSTGRESQL)
        ct_sql("ALTER TABLE ct_pair ALTER b TYPE integer"); /* the prepared statement gives another type than before */
    else
        ct_sql("ALTER TABLE ct_pair ADD COLUMN w TEXT");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(by_key("SELECT b FROM ct_pair WHERE b = $1", 7, 1), 7);
    ct_teardown();
}
END_TEST

int main(void) {
    const TTest *tests[] = {fixed_statements_read,      all_rows_come_in_order,
                            parameters_count_by_number, values_of_every_type_come_back,
                            a_reader_may_stop_early,    a_cancelled_read_ends,
                            a_read_past_its_time_ends,  a_wrong_statement_is_told,
                            a_row_too_large_for_the_store,
                            reads_and_writes_do_not_wait_for_each_other,
                            closing_ends_every_read,    a_paused_read_waits_and_goes_on,
                            a_pause_is_not_in_a_reads_time, a_paused_read_can_be_cancelled,
                            closing_ends_a_paused_read, a_failure_after_rows_is_told,
                            no_read_writes,             reads_by_key_stay_right,
                            a_changed_table_does_not_fail_reads_by_key};
    return ct_main("db contract: reads", tests, sizeof tests / sizeof *tests);
}
