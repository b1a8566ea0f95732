/* The contract of db/db.h for writes, on both stores: every shape, types at their extremes, refusals, transactions. Run
 * from the root of the checkout; tests/contract/test_db.py gives it a PostgreSQL. */
#include <float.h>
#include <math.h>

#include "tests/unit/db_contract.h"

#define T(s) eg_cstr(s)
#define YEAR_0001_US INT64_C(-62135596800000000)
#define YEAR_9999_US INT64_C(253402300799999999)

START_TEST(keeps_every_type_at_its_extremes) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_types", "id,t,i,l,d,b,z,j,y", NULL, NULL, NULL);
    struct eg_dml *look = ct_shape(EG_DML_LOOKUP, "ct_types", NULL, "id", NULL, "t,i,l,d,b,z,j,y");
    const char bytes[] = {0, 1, (char)0xFF, 0, 'x'};
    size_t big_b = 1U << 20;
    char *big = eg_arena_alloc(ct.arena, big_b + 1);
    memset(big, 'x', big_b);
    big[0] = big[big_b - 1] = '"';
    const struct eg_value rows[][9] = {
        {eg_int(1), T("zażółć 🦊 ' \" \\ $1 ?"), eg_int(INT32_MIN), eg_int(INT64_MIN), eg_double(-DBL_MAX),
         eg_bool(true), eg_int(YEAR_0001_US), T("{\"a\": 1}"), eg_text(bytes, sizeof bytes)},
        {eg_int(2), T(""), eg_int(INT32_MAX), eg_int(INT64_MAX), eg_double(DBL_TRUE_MIN), eg_bool(false),
         eg_int(YEAR_9999_US), eg_text(big, big_b), eg_text(NULL, 0)},
        {eg_int(3), eg_text(NULL, 0), eg_int(-1), eg_int(0), eg_double(0.1), eg_bool(true), eg_int(-1), T("[]"),
         eg_text("", 0)},
        {eg_int(4), eg_null(), eg_null(), eg_null(), eg_null(), eg_null(), eg_null(), eg_null(), eg_null()},
    };
    const struct eg_value keys[] = {eg_int(4), eg_int(3), eg_int(2), eg_int(1)};
    struct eg_op op;
    CT_OK(ct_one(insert, rows[0], 4, &op));
    ck_assert_int_eq(op.affected, 4);
    CT_OK(ct_one(look, keys, 4, &op));
    ck_assert_uint_eq(op.result.n_rows, 4);
    ck_assert_uint_eq(op.result.n_columns, 9);
    for (size_t r = 0; r < 4; r++) {
        size_t key = (size_t)ct_cell(&op.result, r, 0)->i;
        const struct eg_value *want = rows[3 - key] + 1, *got = ct_cell(&op.result, r, 1);
        for (int c = 0; c < 8; c++) {
            ck_assert_int_eq(want[c].null, got[c].null);
            if (want[c].null)
                continue;
            if (c == 0 || c == 6 || c == 7) {
                ck_assert_uint_eq(want[c].s.n, got[c].s.n);
                ck_assert(want[c].s.n == 0 || memcmp(want[c].s.p, got[c].s.p, want[c].s.n) == 0);
            } else if (c == 3)
                ck_assert(memcmp(&want[c].d, &got[c].d, sizeof(double)) == 0);
            else if (c == 4)
                ck_assert_int_eq(want[c].b, got[c].b);
            else
                ck_assert_int_eq(want[c].i, got[c].i);
        }
    }
    ct_teardown();
}
END_TEST

START_TEST(keep_lets_the_old_row_stand) {
    ct_setup(_i);
    struct eg_dml *keep = ct_shape(EG_DML_KEEP, "ct_pair", "a,b,v", "a,b", NULL, NULL);
    const struct eg_value first[] = {T("k"), eg_int(1), T("old")};
    const struct eg_value second[] = {T("k"), eg_int(1), T("new"), T("k"), eg_int(2), T("two")};
    struct eg_op op;
    CT_OK(ct_one(keep, first, 1, &op));
    ck_assert_int_eq(op.affected, 1);
    CT_OK(ct_one(keep, second, 2, &op));
    ck_assert_int_eq(op.affected, 1);
    ck_assert_str_eq(ct_sql("SELECT v FROM ct_pair WHERE b = 1"), "old");
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "2");
    ct_teardown();
}
END_TEST

START_TEST(replace_sets_all_but_key_and_hold) {
    ct_setup(_i);
    struct eg_dml *replace = ct_shape(EG_DML_REPLACE, "ct_pair", "a,b,v,held", "a,b", "held", NULL);
    struct eg_dml *only_key = ct_shape(EG_DML_REPLACE, "ct_pair", "a,b", "a,b", NULL, NULL);
    const struct eg_value first[] = {T("k"), eg_int(1), T("old"), T("first")};
    const struct eg_value second[] = {T("k"), eg_int(1), eg_null(), T("second")};
    struct eg_op op;
    CT_OK(ct_one(replace, first, 1, NULL));
    CT_OK(ct_one(replace, second, 1, &op));
    ck_assert_int_eq(op.affected, 1);
    ck_assert_str_eq(ct_sql("SELECT coalesce(v, 'null') || held FROM ct_pair"), "nullfirst");
    CT_OK(ct_one(only_key, first, 1, NULL));
    ck_assert_str_eq(ct_sql("SELECT held FROM ct_pair"), "first");
    ct_teardown();
}
END_TEST

START_TEST(update_and_delete_find_by_key) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b,v", NULL, NULL, NULL);
    struct eg_dml *update = ct_shape(EG_DML_UPDATE, "ct_pair", "v,held", "b,a", NULL, NULL);
    struct eg_dml *delete = ct_shape(EG_DML_DELETE, "ct_pair", NULL, "a", NULL, NULL);
    const struct eg_value rows[] = {T("k"), eg_int(1), T("1"), T("k"), eg_int(2), T("2"), T("l"), eg_int(1), T("3")};
    const struct eg_value changes[] = {T("new"),  T("h"), eg_int(2), T("k"), T("none"), T("h"),
                                       eg_int(9), T("k"), T("null"), T("h"), eg_int(1), eg_null()};
    const struct eg_value gone[] = {T("k"), T("nobody"), eg_null()};
    struct eg_op op;
    CT_OK(ct_one(insert, rows, 3, NULL));
    CT_OK(ct_one(update, changes, 3, &op));
    ck_assert_int_eq(op.affected, 1);
    ck_assert_str_eq(ct_sql("SELECT v || held FROM ct_pair WHERE a = 'k' AND b = 2"), "newh");
    CT_OK(ct_one(delete, gone, 3, &op));
    ck_assert_int_eq(op.affected, 2);
    ck_assert_str_eq(ct_sql("SELECT min(a) || count(*) FROM ct_pair"), "l1");
    ct_teardown();
}
END_TEST

START_TEST(update_newest_takes_the_highest_primary_key) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_child (name, path, n) VALUES ('a', 'p', 0), ('b', 'p', 0), ('c', 'q', 0)");
    struct eg_dml *update = ct_shape(EG_DML_UPDATE, "ct_child", "n", "path", NULL, NULL);
    update->newest = true;
    const struct eg_value params[] = {eg_int(7), T("p")};
    struct eg_op op;
    CT_OK(ct_one(update, params, 1, &op));
    ck_assert_int_eq(op.affected, 1);
    ck_assert_str_eq(ct_sql("SELECT min(name) || count(*) FROM ct_child WHERE n = 7"), "b1");
    ct_sql("INSERT INTO ct_pair (a, b) VALUES ('k', 1), ('k', 2), ('l', 9)");
    struct eg_dml *pair = ct_shape(EG_DML_UPDATE, "ct_pair", "v", "a", NULL, NULL);
    pair->newest = true;
    const struct eg_value newest[] = {T("x"), T("k")};
    CT_OK(ct_one(pair, newest, 1, &op));
    ck_assert_str_eq(ct_sql("SELECT b FROM ct_pair WHERE v = 'x'"), "2");
    ct_teardown();
}
END_TEST

START_TEST(lookup_tells_the_parameter_row) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_pair (a, b, v) VALUES ('k', 1, 'k1'), ('k', 2, 'k2'), ('l', 1, NULL)");
    struct eg_dml *two = ct_shape(EG_DML_LOOKUP, "ct_pair", NULL, "a,b", NULL, "v,b");
    struct eg_dml *one = ct_shape(EG_DML_LOOKUP, "ct_pair", NULL, "a", NULL, "b");
    const struct eg_value keys[] = {T("x"), eg_int(1), T("l"), eg_int(1), eg_null(), eg_int(1), T("k"), eg_int(2)};
    struct eg_op op;
    CT_OK(ct_one(two, keys, 4, &op));
    ck_assert_uint_eq(op.result.n_rows, 2);
    size_t l = ct_cell(&op.result, 0, 0)->i == 1 ? 0 : 1;
    ck_assert_int_eq(ct_cell(&op.result, l, 0)->i, 1);
    ck_assert(ct_cell(&op.result, l, 1)->null);
    ck_assert_int_eq(ct_cell(&op.result, 1 - l, 0)->i, 3);
    ct_text_eq(ct_cell(&op.result, 1 - l, 1), "k2");
    const struct eg_value both[] = {T("k"), T("k")};
    CT_OK(ct_one(one, both, 2, &op));
    ck_assert_uint_eq(op.result.n_rows, 4);
    CT_OK(ct_one(one, both, 0, &op));
    ck_assert_uint_eq(op.result.n_rows, 0);
    ct_teardown();
}
END_TEST

START_TEST(a_demand_is_met_or_the_round_is_refused) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_pair (a, b, v) VALUES ('k', 1, 'k1'), ('k', 2, 'k2')");
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    struct eg_dml *demand = ct_shape(EG_DML_DEMAND, "ct_pair", NULL, "a", NULL, "a");
    const struct eg_value row[] = {T("l"), eg_int(1)}, met[] = {T("k"), T("k")}, unmet[] = {T("k"), T("x")}, null[] = {eg_null()};
    struct eg_op op;
    CT_OK(ct_one(demand, met, 2, &op)); /* two rows of the table for one of parameters */
    ck_assert_uint_eq(op.result.n_rows, 0);
    struct eg_op ops[] = {ct_lock(), ct_op(insert, row, 1), ct_op(demand, unmet, 2)};
    ck_assert_int_eq(ct_round(ops, 3, true), EG_FAULT_REFUSED);
    ck_assert_int_eq(ct_one(demand, null, 1, &op), EG_FAULT_REFUSED);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "2");
    struct eg_op own[] = {ct_lock(), ct_op(insert, row, 1), ct_op(demand, row, 1)};
    CT_OK(ct_round(own, 3, true)); /* what the round made counts */
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "3");
    ct_teardown();
}
END_TEST

START_TEST(the_counter_moves_on_from_where_it_stands) {
    ct_setup(_i);
    ct_sql("UPDATE event_position SET position = 7");
    const struct eg_value from_7[] = {eg_int(7), eg_int(9)};
    struct eg_op op = {.sql = EG_SQL_POSITION_NEXT, .n_rows = 1, .params = from_7};
    CT_OK(ct_round(&op, 1, true));
    ck_assert_int_eq(op.affected, 1);
    ck_assert_int_eq(ct_round(&op, 1, true), EG_FAULT_REFUSED);
    ck_assert_str_eq(ct_sql("SELECT position FROM event_position"), "9");
    ct_sql("UPDATE event_position SET position = 0");
    ct_teardown();
}
END_TEST

/* ct_child (parent_id ← lookup by repo and path, repo, path, name) */
static struct eg_dml *child_shape(bool newest) {
    struct eg_dml *dml = ct_shape(EG_DML_INSERT, "ct_child", "parent_id,repo,path,name", NULL, NULL, NULL);
    struct eg_cell *cells = eg_arena_alloc(ct.arena, 4 * sizeof *cells);
    memcpy(cells, dml->cells, 4 * sizeof *cells);
    cells[0].ref = ct_ref("ct_parent", "id", newest ? "repo" : "repo,path", newest);
    dml->cells = cells;
    return dml;
}

START_TEST(refs_find_surrogate_keys) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_parent (id, repo, path) VALUES (11, 'r', 'a'), (13, 'r', 'b'), (12, 'r', 'c')");
    const struct eg_value rows[] = {T("r"),  T("a"),      T("r"),    T("a"), T("first"), T("r"), T("zz"),   T("r"),
                                    T("zz"), T("second"), eg_null(), T("a"), eg_null(),  T("a"), T("third")};
    const struct eg_value newest[] = {T("r"), T("r"), T("-"), T("newest")};
    struct eg_op op;
    CT_OK(ct_one(child_shape(false), rows, 3, &op));
    ck_assert_int_eq(op.affected, 3);
    ck_assert_str_eq(ct_sql("SELECT parent_id FROM ct_child WHERE name = 'first'"), "11");
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_child WHERE parent_id IS NULL"), "2");
    CT_OK(ct_one(child_shape(true), newest, 1, NULL));
    ck_assert_str_eq(ct_sql("SELECT parent_id FROM ct_child WHERE name = 'newest'"), "13");
    struct eg_dml *sharing = child_shape(false); /* parent_id ← what repo and path say, which are parameters 0 and 1 */
    static const int own[] = {0, 1};
    ((struct eg_cell *)(uintptr_t)sharing->cells)[0].shared = own;
    const struct eg_value shared[] = {T("r"), T("b"), T("shared"), T("r"), T("none"), T("shared too")};
    CT_OK(ct_one(sharing, shared, 2, NULL));
    ck_assert_str_eq(ct_sql("SELECT parent_id FROM ct_child WHERE name = 'shared' AND path = 'b'"), "13");
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_child WHERE name = 'shared too' AND parent_id IS NULL"), "1");
    struct eg_dml *update = ct_shape(EG_DML_UPDATE, "ct_child", "parent_id,n", "name", NULL, NULL);
    struct eg_cell *cells = eg_arena_alloc(ct.arena, 2 * sizeof *cells);
    memcpy(cells, update->cells, 2 * sizeof *cells);
    cells[0].ref = ct_ref("ct_parent", "id", "path", false);
    update->cells = cells;
    const struct eg_value change[] = {T("c"), eg_int(5), T("second")};
    CT_OK(ct_one(update, change, 1, NULL));
    ck_assert_str_eq(ct_sql("SELECT parent_id FROM ct_child WHERE n = 5"), "12");
    ct_teardown();
}
END_TEST

START_TEST(fill_sets_what_was_null) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_parent (id, repo, path) VALUES (7, 'r', 'a'), (8, 'r', 'b')");
    ct_sql("INSERT INTO ct_child (parent_id, repo, path, name) VALUES (NULL, 'r', 'a', 'x'), (NULL, 'r', 'a', 'y'), "
           "(8, 'r', 'a', 'z'), "
           "(NULL, 'r', 'none', 'u'), (NULL, NULL, 'a', 'v')");
    struct eg_dml *fill = ct_shape(EG_DML_FILL, "ct_child", NULL, NULL, NULL, NULL);
    size_t n;
    fill->fill.column = ct_column(fill->table, "parent_id");
    fill->fill.ref = ct_ref("ct_parent", "id", "repo,path", false);
    fill->fill.stored = ct_columns(fill->table, "repo,path", &n);
    const struct eg_value keys[] = {T("r"), T("a"), T("r"), T("none"), eg_null(), T("a")};
    struct eg_op op;
    CT_OK(ct_one(fill, keys, 3, &op));
    ck_assert_int_eq(op.affected, 2);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_child WHERE parent_id = 7"), "2");
    ck_assert_str_eq(ct_sql("SELECT parent_id FROM ct_child WHERE name = 'z'"), "8");
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_child WHERE parent_id IS NULL"), "2");
    ct_teardown();
}
END_TEST

START_TEST(reserved_words_are_quoted) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_REPLACE, "ct_child", "name,freeze", "name", NULL, NULL);
    const struct eg_value row[] = {T("a"), eg_bool(true)};
    CT_OK(ct_one(insert, row, 1, NULL));
    CT_OK(ct_one(insert, row, 1, NULL));
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_child WHERE \"freeze\" = TRUE"), "1");
    ct_teardown();
}
END_TEST

static void is_refused(const struct eg_dml *dml, const struct eg_value *params) {
    struct eg_dml *pair = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    const struct eg_value row[] = {T("neighbour"), eg_int(1)};
    struct eg_op ops[] = {ct_lock(), ct_op(pair, row, 1), ct_op(dml, params, 1), ct_op(pair, row, 1)};
    ck_assert_int_eq(ct_round(ops, 4, true), EG_FAULT_REFUSED);
    ck_assert_int_eq(ct.err.code, EG_E_STORE_REFUSED);
    ck_assert_str_eq(ct.err.place, dml->table->name);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "0");
}

START_TEST(refusals_name_the_table_and_leave_nothing) {
    ct_setup(_i);
    ct_sql("INSERT INTO ct_child (name) VALUES ('taken')");
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_child", "name,parent_id", NULL, NULL, NULL);
    is_refused(insert, (const struct eg_value[]){T("taken"), eg_null()});
    is_refused(insert, (const struct eg_value[]){T("bad"), eg_null()});
    is_refused(insert, (const struct eg_value[]){eg_null(), eg_null()});
    is_refused(insert, (const struct eg_value[]){T("orphan"), eg_int(4711)});
    const struct eg_value good[] = {T("good"), eg_null()};
    CT_OK(ct_one(insert, good, 1, NULL)); /* the store works on */
    ct_teardown();
}
END_TEST

START_TEST(two_rounds_are_one_transaction) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    struct eg_dml *look = ct_shape(EG_DML_LOOKUP, "ct_pair", NULL, "a", NULL, "b");
    const struct eg_value row[] = {T("k"), eg_int(1)}, five[] = {eg_int(5)};
    struct eg_op first[] = {ct_lock(), ct_op(insert, row, 1)};
    CT_OK(ct_round(first, 2, false));
    ck_assert_uint_eq(first[0].result.n_rows, 1);
    ck_assert(!ct_cell(&first[0].result, 0, 1)->b);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "0"); /* others do not see it yet */
    struct eg_op second[] = {ct_op(look, row, 1), {.sql = EG_SQL_POSITION_SET, .n_rows = 1, .params = five}};
    CT_OK(ct_round(second, 2, true));
    ck_assert_uint_eq(second[0].result.n_rows, 1);
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "1");
    ck_assert_str_eq(ct_sql("SELECT position FROM event_position"), "5");
    ct_sql("UPDATE event_position SET position = 0");
    ct_teardown();
}
END_TEST

START_TEST(rollback_leaves_nothing) {
    ct_setup(_i);
    struct eg_dml *insert = ct_shape(EG_DML_INSERT, "ct_pair", "a,b", NULL, NULL, NULL);
    const struct eg_value row[] = {T("k"), eg_int(1)};
    struct eg_op ops[] = {ct_lock(), ct_op(insert, row, 1)};
    CT_OK(ct_round(ops, 2, false));
    CT_OK(ct_rollback());
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "0");
    CT_OK(ct_round(ops, 2, true));
    ck_assert_str_eq(ct_sql("SELECT count(*) FROM ct_pair"), "1");
    CT_OK(ct_round(ops, 1, false)); /* closing with an open transaction takes it back */
    ct_teardown();
}
END_TEST

START_TEST(many_rows_in_one_operation) {
    ct_setup(_i);
    enum { N = 5000 };
    struct eg_dml *insert = ct_shape(EG_DML_KEEP, "ct_pair", "a,b,v", "a,b", NULL, NULL);
    struct eg_dml *look = ct_shape(EG_DML_LOOKUP, "ct_pair", NULL, "a,b", NULL, "v");
    struct eg_value *rows = eg_arena_alloc(ct.arena, N * 3 * sizeof *rows);
    struct eg_value *keys = eg_arena_alloc(ct.arena, N * 2 * sizeof *keys);
    for (int i = 0; i < N; i++) {
        rows[3 * i] = keys[2 * i] = T("k");
        rows[3 * i + 1] = keys[2 * i + 1] = eg_int(i);
        rows[3 * i + 2] = eg_cstr(eg_arena_printf(ct.arena, "v%d", i));
    }
    struct eg_op op;
    CT_OK(ct_one(insert, rows, N, &op));
    ck_assert_int_eq(op.affected, N);
    CT_OK(ct_one(look, keys, N, &op));
    ck_assert_uint_eq(op.result.n_rows, N);
    for (size_t r = 0; r < N; r++) {
        const struct eg_value *want = &rows[3 * ct_cell(&op.result, r, 0)->i + 2], *got = ct_cell(&op.result, r, 1);
        ck_assert(want->s.n == got->s.n && memcmp(want->s.p, got->s.p, want->s.n) == 0);
    }
    ct_teardown();
}
END_TEST

START_TEST(a_held_lock_is_worth_a_retry) {
    ct_setup(_i);
    struct eg_op op = ct_lock();
    sqlite3 *sqlite = NULL;
    PGconn *pg = NULL;
    if (_i == SQLITE) {
        ck_assert_int_eq(sqlite3_open(ct_path(), &sqlite), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    } else {
        pg = PQconnectdb(ct.dsn);
        PQclear(PQexec(pg, "BEGIN"));
        PQclear(PQexec(pg, "SELECT * FROM event_position FOR UPDATE"));
    }
    ck_assert_int_eq(ct_round(&op, 1, true), EG_FAULT_RETRY);
    sqlite3_close(sqlite);
    PQfinish(pg);
    CT_OK(ct_round(&op, 1, true));
    ct_teardown();
}
END_TEST

START_TEST(a_lost_store_says_so_and_comes_back) {
    ct_setup(_i);
    char moved[600];
    struct eg_op op = ct_lock();
    struct eg_err err = {0};
    ck_assert(eg_db_ready(ct.db, &err));
    CT_OK(ct_round(&op, 1, true));
    if (_i == SQLITE) {
        (void)snprintf(moved, sizeof moved, "%s/away", ct.folder);
        ck_assert_int_eq(rename(ct_path(), moved), 0);
        ck_assert(!eg_db_ready(ct.db, &err));
        ck_assert_int_eq(err.code, EG_E_STORE_UNAVAILABLE);
    } else {
        CT_OK(ct_round(&op, 1, false));
        ct_sql(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
            "current_database()");
    }
    ck_assert_int_eq(ct_round(&op, 1, true), EG_FAULT_LOST);
    ck_assert_int_eq(ct.err.code, EG_E_STORE_UNAVAILABLE);
    if (_i == SQLITE)
        ck_assert_int_eq(rename(moved, ct_path()), 0);
    enum eg_fault fault; /* each lost round takes its time, so this does not spin */
    for (int i = 0; (fault = ct_round(&op, 1, true)) == EG_FAULT_LOST && i < 100000; i++)
        ck_assert(!ct.answered || ct.err.message[0]);
    ck_assert_int_eq(fault, EG_FAULT_NONE);
    eg_err_clear(&err);
    ck_assert(eg_db_ready(ct.db, &err));
    struct eg_db_stats stats;
    eg_db_stats(ct.db, &stats);
    ck_assert(stats.up && stats.lost > 0 && stats.reconnects > 0 && stats.commits > 0);
    ct_teardown();
}
END_TEST

int main(void) {
    const TTest *tests[] = {keeps_every_type_at_its_extremes,
                            keep_lets_the_old_row_stand,
                            replace_sets_all_but_key_and_hold,
                            update_and_delete_find_by_key,
                            update_newest_takes_the_highest_primary_key,
                            lookup_tells_the_parameter_row,
                            a_demand_is_met_or_the_round_is_refused,
                            the_counter_moves_on_from_where_it_stands,
                            refs_find_surrogate_keys,
                            fill_sets_what_was_null,
                            reserved_words_are_quoted,
                            refusals_name_the_table_and_leave_nothing,
                            two_rounds_are_one_transaction,
                            rollback_leaves_nothing,
                            many_rows_in_one_operation,
                            a_held_lock_is_worth_a_retry,
                            a_lost_store_says_so_and_comes_back};
    return ct_main("db contract: writes", tests, sizeof tests / sizeof *tests);
}
