/* The contract of db/db.h for reads, on both stores: rows and types, early stop, cancel, timeout, a full queue, errors.
 * Run from the root of the checkout; tests/contract/test_db.py gives it a PostgreSQL. */
#include "base/clock.h"
#include "tests/unit/db_contract.h"

#define ENDLESS "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT 1 - x FROM c) SELECT count(*) FROM c"
#define COUNTING                                                                                                       \
    "WITH RECURSIVE c (x) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT x + 1 FROM c WHERE x < $1) SELECT x FROM c"

/* What came of a read. */
struct seen {
    struct eg_read read;
    size_t most; /* rows after which it stops; 0: never */
    size_t rows;
    int64_t sum;
    char text[256];
    struct eg_read_handle *handle; /* cancelled by the first row when set */
    struct eg_read_handle *pause;  /* paused by its tenth row when set */
    bool done;
    struct eg_err err;
};

static bool see_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct seen *seen = ctx;
    ck_assert(!seen->done);
    ck_assert_uint_eq(n, seen->read.sql == EG_SQL_COUNT ? seen->read.n_columns : 2);
    seen->rows++;
    if (seen->read.sql != EG_SQL_COUNT || seen->read.column_types[0] == EG_INT8)
        seen->sum += cells[0].null ? 0 : cells[0].i;
    else if (!cells[0].null)
        (void)snprintf(seen->text, sizeof seen->text, "%.*s", (int)cells[0].s.n, cells[0].s.p);
    if (seen->handle) {
        eg_db_read_cancel(seen->handle);
        seen->handle = NULL;
        seen->most = seen->rows; /* not one more may come */
        return true;
    }
    if (seen->pause && seen->rows == 10)
        eg_db_read_pause(seen->pause);
    ck_assert_uint_le(seen->rows, seen->most ? seen->most : seen->rows);
    return seen->most == 0 || seen->rows < seen->most;
}

static void see_done(void *ctx, const struct eg_err *err) {
    struct seen *seen = ctx;
    ck_assert(!seen->done);
    seen->done = true;
    seen->err = err ? *err : (struct eg_err){0};
}

static const enum eg_type int8_type[] = {EG_INT8}, text_type[] = {EG_TEXT};

static struct eg_read_handle *start(struct seen *seen, const char *text, const enum eg_type *column_types,
                                    const struct eg_value *params, size_t n_params) {
    static const enum eg_type all_int8[] = {EG_INT8, EG_INT8};
    seen->read.sql = EG_SQL_COUNT;
    seen->read.text = text;
    seen->read.n_columns = 1;
    seen->read.column_types = column_types;
    seen->read.params = params;
    seen->read.n_params = n_params;
    seen->read.param_types = all_int8;
    seen->read.row = see_row;
    seen->read.done = see_done;
    seen->read.ctx = seen;
    struct eg_read_handle *handle = eg_db_read(ct.db, &seen->read);
    ck_assert_msg(!seen->done, "completed inside the submitting call");
    return handle;
}

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
    ck_assert_int_eq(timed.err.code, EG_E_TIMEOUT);
    ck_assert(unwanted.err.code == EG_E_NONE && timed.rows + unwanted.rows == 0);
    ck_assert(!busy[0].done && !busy[1].done);
    for (int i = 0; i < 2; i++) {
        eg_db_read_cancel(handles[i]);
        ct_run_until(&busy[i].done);
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
    struct seen seen = {.read = {.timeout_ms = 3000}};
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
    const struct eg_value most = eg_int(100000);
    struct seen seen = {.read = {.timeout_ms = 2000}}, busy = {.read = {.timeout_ms = 50, .pausable = true}};
    start_paused(&seen, &most);
    others_for_us(2600000);
    ck_assert(!seen.done);
    eg_db_read_resume(seen.pause);
    ct_run_until(&seen.done);
    ck_assert_msg(seen.err.code == EG_E_NONE, "%s", seen.err.message);
    ck_assert_uint_eq(seen.rows, 100000);
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
                            a_full_queue_refuses,       a_read_that_waits_past_its_time_ends,
                            reads_and_writes_do_not_wait_for_each_other,
                            closing_ends_every_read,    a_paused_read_waits_and_goes_on,
                            a_pause_is_not_in_a_reads_time, a_paused_read_can_be_cancelled,
                            closing_ends_a_paused_read, a_failure_after_rows_is_told,
                            no_read_writes,             reads_by_key_stay_right,
                            a_changed_table_does_not_fail_reads_by_key};
    return ct_main("db contract: reads", tests, sizeof tests / sizeof *tests);
}
