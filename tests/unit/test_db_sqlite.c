/* What is SQLite's own behind db/db.h: opening, the functions now() and regexp(), SQL texts, a file that cannot be
 * written. What both stores promise: test_db_contract*.c. Run from the root of the checkout. */
#include <stdatomic.h>
#include <sys/stat.h>

#include "db/db_sqlite_regexp.h"
#include "db/db_sqlite_sql.h"
#include "tests/unit/db_contract.h"

static sqlite3 *open_with_regexp(void) {
    sqlite3 *db = NULL;
    struct eg_err err = {0};
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(eg_sqlite_add_regexp(db, &err), EG_OK);
    return db;
}

/* 0, 1; −1 for NULL; −2 for an error. */
static int matches(sqlite3 *db, const char *pattern, const char *text) {
    sqlite3_stmt *stmt = NULL;
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT ?2 REGEXP ?1", -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_text(stmt, 1, pattern, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    int result = rc != SQLITE_ROW ? -2 : sqlite3_column_type(stmt, 0) == SQLITE_NULL ? -1 : sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return result;
}

START_TEST(regexp_searches) {
    sqlite3 *db = open_with_regexp();
    ck_assert_int_eq(matches(db, "core\\..*", "core.step.finished@v1"), 1);
    ck_assert_int_eq(matches(db, "^step", "core.step"), 0);
    ck_assert_int_eq(matches(db, "", ""), 1);
    ck_assert_int_eq(matches(db, "a|b$", "xxb"), 1);
    ck_assert_int_eq(matches(db, "^ż.ł$", "żół"), 1);
    ck_assert_int_eq(matches(db, "(?i)STEP", "core.step"), 1);
    ck_assert_int_eq(matches(db, NULL, "x"), -1);
    ck_assert_int_eq(matches(db, "x", NULL), -1);
    sqlite3_close(db);
}
END_TEST

START_TEST(regexp_refuses_bad_patterns) {
    sqlite3 *db = open_with_regexp();
    char *long_one = calloc(1, 5000);
    memset(long_one, 'a', 4999);
    ck_assert_int_eq(matches(db, "(", "x"), -2);
    ck_assert_ptr_nonnull(strstr(sqlite3_errmsg(db), "regular expression"));
    ck_assert_int_eq(matches(db, "(*LIMIT_MATCH=999999999)a", "a"), -2);
    ck_assert_int_eq(matches(db, long_one, "a"), -2);
    free(long_one);
    sqlite3_close(db);
}
END_TEST

static char *filled(size_t text_b) {
    char *text = malloc(text_b + 1);
    memset(text, 'a', text_b);
    text[text_b - 1] = '!';
    text[text_b] = '\0';
    return text;
}

/* What is regular is as long as its text, however it is built. */
START_TEST(regexp_answers_what_back_tracking_would_not) {
    sqlite3 *db = open_with_regexp();
    const char *const hard[] = {"^(a+)+$", "(a|aa)+$", "(a*)*[bc]", "(.*)*(.*)*[bc]", "(?:a?){30}a{30}[bc]",
                                "((a{1,3}){1,3})*b","^.*a.*a.*!.*[bc].*$",
                                "(([a-z]{2,})+.+)+[bc]", "([^\\]b]+a+)+[\\]b]"};
    char *text = filled(1000), *fox = calloc(40, 45);
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        ck_assert_msg(matches(db, hard[i], text) == 0, "%s: %s", hard[i], sqlite3_errmsg(db));
    ck_assert_int_eq(matches(db, "(a|aa)+(a*)*!$", text), 1);
    for (int i = 0; i < 40; i++)
        strcat(fox, "the quick brown fox jumps over the lazy dog ");
    ck_assert_int_eq(matches(db, "fox.*dog.*cat", fox), 0);
    ck_assert_int_eq(matches(db, ".*fox.*cat", fox), 0);
    ck_assert_int_eq(matches(db, "^.*fox.*cat.*$", fox), 0);
    ck_assert_int_eq(matches(db, "fox.*dog.*(cat|lazy dog $)", fox), 1);
    free(text);
    free(fox);
    sqlite3_close(db);
}
END_TEST

START_TEST(regexp_gives_up_on_hard_patterns) {
    sqlite3 *db = open_with_regexp();
    const char *const hard[] = {"(a+)\\1+$", "((a?){30}){33}[bc]", "(a|b)*a(a|b){255}[cd]"};
    char *text = filled(60000);
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        ck_assert_msg(matches(db, hard[i], text) == -2, "%s", hard[i]);
        ck_assert_ptr_nonnull(strstr(sqlite3_errmsg(db), "too much work"));
    }
    ck_assert_int_eq(matches(db, "a!$", text), 1); /* a long text alone is not hard */
    free(text);
    sqlite3_close(db);
}
END_TEST

START_TEST(regexp_keeps_a_constant_pattern) {
    sqlite3 *db = open_with_regexp();
    sqlite3_stmt *stmt = NULL;
    const char *sql = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) "
                      "SELECT count(*) FROM c WHERE CAST(x AS TEXT) REGEXP '^1+$'";
    ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
    ck_assert_int_eq(sqlite3_column_int(stmt, 0), 3);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}
END_TEST

START_TEST(placeholders_are_numbered) {
    struct eg_buf sql;
    eg_buf_init(&sql, 4096);
    eg_sqlite_sql_text(&sql, "SELECT $2, '$1''$3', \"$4\", $10 /* $5 */ - $1 -- $6\n, $x");
    ck_assert_str_eq(eg_buf_text(&sql), "SELECT ?2, '$1''$3', \"$4\", ?10 /* $5 */ - ?1 -- $6\n, $x");
    eg_buf_free(&sql);
}
END_TEST

static void refuses(const char *dsn, enum eg_code code) {
    uv_loop_t loop;
    struct eg_db *db = NULL;
    struct eg_err err = {0};
    struct eg_db_config config = {
        .dsn = dsn, .read_connections = 1, .sqlite_cache_mib = 1, .sqlite_checkpoint_pages = 100};
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(eg_db_open(&loop, &config, &db, &err), EG_FAIL);
    ck_assert_msg(err.code == code, "%s: %s", eg_code_name(err.code), err.message);
    while (uv_run(&loop, UV_RUN_DEFAULT) != 0)
        continue;
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(opening_says_what_is_wrong) {
    char dsn[128], folder[] = "/tmp/egdb-sqlite-XXXXXX", command[128];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    refuses("", EG_E_CONFIG);
    refuses("sqlite:", EG_E_CONFIG);
    (void)snprintf(dsn, sizeof dsn, "sqlite:%s/none.db", folder);
    refuses(dsn, EG_E_SCHEMA_OLD);
    (void)snprintf(dsn, sizeof dsn, "sqlite:%s", folder);
    refuses(dsn, EG_E_STORE_UNAVAILABLE);
    (void)snprintf(command, sizeof command, "touch %s/empty.db; head -c 100000 /dev/zero | tr '\\0' x > %s/other.db",
                   folder, folder);
    ck_assert_int_eq(system(command), 0);
    (void)snprintf(dsn, sizeof dsn, "sqlite:%s/empty.db", folder);
    refuses(dsn, EG_E_SCHEMA_OLD);
    (void)snprintf(dsn, sizeof dsn, "sqlite:%s/other.db", folder);
    refuses(dsn, EG_E_INTERNAL);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* Checkpoints are made between rounds: the log does not grow without end. */
START_TEST(the_log_stays_bounded) {
    ct_setup(SQLITE);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b,v", NULL, NULL, NULL);
    char wal[600], text[4000];
    memset(text, 'x', sizeof text);
    (void)snprintf(wal, sizeof wal, "%s/egdb.db-wal", ct.folder);
    struct stat log;
    for (int i = 0; i < 1000; i++) {
        const struct eg_value row[] = {eg_cstr("k"), eg_int(i), eg_text(text, sizeof text)};
        CT_OK(ct_one(insert, row, 1, NULL));
        ck_assert_int_eq(stat(wal, &log), 0);
        ck_assert_int_lt(log.st_size, 200 * 4120);
    }
    ct_teardown();
}
END_TEST

/* A disk that fails on command: SQLite's own file system, but for writing and syncing the log. */
static sqlite3_vfs faulty;
static int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
static const sqlite3_io_methods *real_methods;
static sqlite3_io_methods faulty_methods;
static atomic_int fail_syncs, fail_writes; /* so many calls fail */

static bool fails(atomic_int *count) {
    if (atomic_load(count) <= 0)
        return false;
    atomic_fetch_sub(count, 1);
    return true;
}

static int faulty_sync(sqlite3_file *file, int flags) {
    return fails(&fail_syncs) ? SQLITE_IOERR_FSYNC : real_methods->xSync(file, flags);
}

static int faulty_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at) {
    return fails(&fail_writes) ? SQLITE_FULL : real_methods->xWrite(file, bytes, len, at);
}

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
    int rc = real_open(vfs, name, file, flags, out);
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
        real_methods = file->pMethods;
        faulty_methods = *real_methods;
        faulty_methods.xSync = faulty_sync;
        faulty_methods.xWrite = faulty_write;
        file->pMethods = &faulty_methods;
    }
    return rc;
}

static void use_faulty_disk(void) {
    faulty = *sqlite3_vfs_find(NULL);
    real_open = faulty.xOpen;
    faulty.zName = "faulty";
    faulty.xOpen = faulty_open;
    ck_assert_int_eq(sqlite3_vfs_register(&faulty, 1), SQLITE_OK);
}

static void on_tick(uv_timer_t *timer) {
    struct eg_err err = {0};
    *(bool *)timer->data = eg_db_ready(ct.db, &err);
}

static void on_timer_closed(uv_handle_t *timer) { *(bool *)timer->data = true; }

/* Runs the loop until the store says by itself, without a round, that it is well. */
static void wait_ready(void) {
    bool ready = false;
    static uv_timer_t timer;
    ck_assert_int_eq(uv_timer_init(&ct.loop, &timer), 0);
    timer.data = &ready;
    ck_assert_int_eq(uv_timer_start(&timer, on_tick, 0, 5), 0);
    ct_run_until(&ready);
    ready = false;
    uv_close((uv_handle_t *)&timer, on_timer_closed);
    ct_run_until(&ready);
}

START_TEST(a_failed_fsync_is_no_acknowledgement) {
    use_faulty_disk();
    ct_setup(SQLITE);
    struct eg_dml *keep = ct_shape(EG_DML_KEEP, "ct_pair", "a,b", "a,b", NULL, NULL);
    const struct eg_value rows[] = {eg_cstr("k"), eg_int(1), eg_cstr("k"), eg_int(2)};
    CT_OK(ct_one(keep, rows, 1, NULL));
    atomic_store(&fail_syncs, 1);
    ck_assert_int_eq(ct_one(keep, rows + 2, 1, NULL), EG_FAULT_LOST);
    ck_assert_int_eq(ct.err.code, EG_E_STORE_UNAVAILABLE);
    wait_ready();
    struct eg_db_stats stats;
    eg_db_stats(ct.db, &stats);
    ck_assert_uint_eq(stats.reconnects, 1);
    CT_OK(ct_one(keep, rows, 2, NULL));
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "2");
    ct_teardown();
}
END_TEST

START_TEST(a_full_disk_is_told_and_mended) {
    use_faulty_disk();
    ct_setup(SQLITE);
    struct eg_err err = {0};
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    const struct eg_value row[] = {eg_cstr("k"), eg_int(1)};
    atomic_store(&fail_writes, 1000000);
    ck_assert_int_eq(ct_one(insert, row, 1, NULL), EG_FAULT_FULL);
    ck_assert_int_eq(ct.err.code, EG_E_STORE_FULL);
    ck_assert(!eg_db_ready(ct.db, &err));
    ck_assert_int_eq(err.code, EG_E_STORE_FULL);
    ck_assert_int_eq(ct_one(insert, row, 1, NULL), EG_FAULT_FULL);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "0");
    atomic_store(&fail_writes, 0);
    wait_ready();
    CT_OK(ct_one(insert, row, 1, NULL));
    ct_teardown();
}
END_TEST

/* Only a commit says that the store is well again, so it is still down while the first batch after a failure is under way; and the
 * writer looks from time to time whether it has come back, which must not touch that batch. */
START_TEST(a_batch_of_two_rounds_is_left_alone_while_the_store_is_down) {
    use_faulty_disk();
    ct_setup(SQLITE);
    struct eg_err err = {0};
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    const struct eg_value rows[] = {eg_cstr("k"), eg_int(1), eg_cstr("k"), eg_int(2)};
    for (bool begun = false; !begun;) { /* until a batch has begun before the writer found the disk mended */
        struct eg_op first[2] = {ct_lock(), ct_op(insert, rows, 1)};
        atomic_store(&fail_writes, 1000000);
        ck_assert_int_eq(ct_one(insert, rows, 1, NULL), EG_FAULT_FULL);
        atomic_store(&fail_writes, 0);
        CT_OK(ct_round(first, 2, false));
        begun = !eg_db_ready(ct.db, &err);
        if (!begun)
            CT_OK(ct_rollback());
    }
    uint64_t began_ns = uv_hrtime(), some_looks_ns = 5 * (uint64_t)ct.config.reconnect_most_ms * 1000000;
    while (uv_hrtime() - began_ns < some_looks_ns)
        ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "0");
    struct eg_op second = ct_op(insert, rows + 2, 1);
    CT_OK(ct_round(&second, 1, true));
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "2");
    ck_assert(eg_db_ready(ct.db, &err));
    ct_teardown();
}
END_TEST

START_TEST(a_file_that_is_put_back_is_found_again) {
    ct_setup(SQLITE);
    char away[128];
    struct eg_err err = {0};
    struct eg_op op = ct_lock();
    (void)snprintf(away, sizeof away, "%s/away", ct.folder);
    ck_assert_int_eq(rename(ct_path(), away), 0);
    ck_assert(!eg_db_ready(ct.db, &err));
    ck_assert_int_eq(ct_round(&op, 1, true), EG_FAULT_LOST);
    ck_assert_int_eq(rename(away, ct_path()), 0);
    wait_ready();
    CT_OK(ct_round(&op, 1, true));
    ct_teardown();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("db sqlite");
    TCase *tcase = tcase_create("sqlite");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, regexp_searches);
    tcase_add_test(tcase, regexp_refuses_bad_patterns);
    tcase_add_test(tcase, regexp_answers_what_back_tracking_would_not);
    tcase_add_test(tcase, regexp_gives_up_on_hard_patterns);
    tcase_add_test(tcase, regexp_keeps_a_constant_pattern);
    tcase_add_test(tcase, placeholders_are_numbered);
    tcase_add_test(tcase, opening_says_what_is_wrong);
    tcase_add_test(tcase, the_log_stays_bounded);
    tcase_add_test(tcase, a_failed_fsync_is_no_acknowledgement);
    tcase_add_test(tcase, a_full_disk_is_told_and_mended);
    tcase_add_test(tcase, a_batch_of_two_rounds_is_left_alone_while_the_store_is_down);
    tcase_add_test(tcase, a_file_that_is_put_back_is_found_again);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
