/* The SQL of shapes for PostgreSQL, and its binary format byte by byte. What the texts do is the contract tests'
 * matter. */
#include <check.h>
#include <stdlib.h>

#include "db/db_pg_dial.h"
#include "db/db_pg_sql.h"
#include "db/db_pg_type.h"

static const struct eg_column parent_columns[] = {
    {"id", EG_INT8, true, true}, {"repo", EG_TEXT, true, false}, {"path", EG_TEXT, true, false}};
static const int parent_key[] = {0}, parent_where[] = {1, 2};
static const struct eg_unique parent_uniques[] = {{1, parent_key, true}};
static const struct eg_table parent = {
    .name = "files", .n_columns = 3, .columns = parent_columns, .n_uniques = 1, .uniques = parent_uniques};

static const struct eg_column child_columns[] = {{"id", EG_TEXT, true, false},       {"n", EG_INT4, false, false},
                                                 {"file_id", EG_INT8, false, false}, {"freeze", EG_BOOL, false, false},
                                                 {"a\"b", EG_JSON, false, false},    {"repo", EG_TEXT, false, false},
                                                 {"path", EG_TEXT, false, false}};
static const int child_key[] = {0}, child_pair[] = {0, 1};
static const struct eg_unique child_uniques[] = {{2, child_pair, true}};
static const struct eg_table child = {
    .name = "child", .n_columns = 7, .columns = child_columns, .n_uniques = 1, .uniques = child_uniques};

static const struct eg_ref file = {.table = &parent, .column = 0, .n_where = 2, .where = parent_where};
static const struct eg_ref newest_file = {
    .table = &parent, .column = 0, .n_where = 2, .where = parent_where, .newest = true};
static const struct eg_cell cells[] = {{.column = 0}, {.column = 2, .ref = &file}, {.column = 3}};

static void gives(const struct eg_dml *dml, const char *want) {
    struct eg_buf sql;
    eg_buf_init(&sql, 65536);
    eg_pg_sql_write(&sql, dml);
    ck_assert_str_eq(eg_buf_text(&sql), want);
    eg_buf_free(&sql);
}

#define ROWS "(SELECT unnest($1::text[]) AS p1, unnest($2::text[]) AS p2, unnest($3::text[]) AS p3, unnest($4::bool[]) AS p4) AS u"
#define INSERTS                                                                                                        \
    "INSERT INTO \"child\" (\"id\", \"file_id\", \"freeze\") SELECT u.p1, (SELECT r.\"id\" FROM \"files\" AS r WHERE " \
    "r.\"repo\" = u.p2"                                                                                                \
    " AND r.\"path\" = u.p3), u.p4 FROM " ROWS

START_TEST(inserts) {
    struct eg_dml dml = {
        .kind = EG_DML_INSERT, .table = &child, .n_cells = 3, .cells = cells, .n_key = 1, .key = child_key};
    gives(&dml, INSERTS);
    dml.kind = EG_DML_KEEP;
    gives(&dml, INSERTS " ON CONFLICT (\"id\") DO NOTHING");
    dml.kind = EG_DML_REPLACE;
    gives(&dml, INSERTS
          " ON CONFLICT (\"id\") DO UPDATE SET \"file_id\" = excluded.\"file_id\", \"freeze\" = excluded.\"freeze\"");
    static const int hold[] = {2};
    dml.n_hold = 1;
    dml.hold = hold;
    gives(&dml, INSERTS " ON CONFLICT (\"id\") DO UPDATE SET \"freeze\" = excluded.\"freeze\"");
    static const int all[] = {2, 3};
    dml.n_hold = 2;
    dml.hold = all;
    gives(&dml, INSERTS " ON CONFLICT (\"id\") DO NOTHING");
}
END_TEST

START_TEST(updates) {
    static const struct eg_cell set[] = {{.column = 4}};
    struct eg_dml dml = {
        .kind = EG_DML_UPDATE, .table = &child, .n_cells = 1, .cells = set, .n_key = 1, .key = child_key};
#define FOUND "\"child\" AS x WHERE x.\"id\" = u.p2 "
#define SAME "OFFSET 0) AS m WHERE t.\"id\" = m.\"id\" AND t.\"n\" = m.\"n\""
    gives(&dml, "UPDATE \"child\" AS t SET \"a\"\"b\" = u.p1 FROM (SELECT unnest($1::jsonb[]) AS p1, unnest($2::text[]) AS p2) AS u"
                " CROSS JOIN LATERAL (SELECT x.\"id\", x.\"n\" FROM " FOUND SAME);
    dml.newest = true;
    gives(&dml, "UPDATE \"child\" AS t SET \"a\"\"b\" = u.p1 FROM (SELECT unnest($1::jsonb[]) AS p1, unnest($2::text[]) AS p2) AS u"
                " CROSS JOIN LATERAL (SELECT x.\"id\", x.\"n\" FROM " FOUND "ORDER BY x.\"id\" DESC, x.\"n\" DESC LIMIT 1 " SAME);
    dml.newest = false;
    dml.kind = EG_DML_DELETE;
    dml.n_cells = 0;
    gives(&dml, "DELETE FROM \"child\" AS t USING (SELECT unnest($1::text[]) AS p1) AS u"
                " CROSS JOIN LATERAL (SELECT x.\"id\", x.\"n\" FROM \"child\" AS x WHERE x.\"id\" = u.p1 " SAME);
}
END_TEST

START_TEST(lookups_and_fills) {
    static const int out[] = {3, 1}, stored[] = {5, 6};
    struct eg_dml dml = {.kind = EG_DML_LOOKUP, .table = &child, .n_key = 2, .key = child_pair, .n_out = 2, .out = out};
    gives(&dml,
          "SELECT u.i - 1, t.\"freeze\", t.\"n\" FROM (SELECT unnest($1::text[]) AS p1, unnest($2::int4[]) AS p2,"
          " generate_subscripts($1::text[], 1)::int8 AS i) AS u"
          " CROSS JOIN LATERAL (SELECT x.\"freeze\", x.\"n\" FROM \"child\" AS x WHERE x.\"id\" = u.p1 AND x.\"n\" = u.p2 OFFSET 0) AS t");
    dml.kind = EG_DML_DEMAND;
    gives(&dml, "SELECT 1 / (count(*) = 0)::int FROM (SELECT unnest($1::text[]) AS p1, unnest($2::int4[]) AS p2) AS u"
                " WHERE NOT EXISTS (SELECT FROM \"child\" AS t WHERE t.\"id\" = u.p1 AND t.\"n\" = u.p2)");
    dml = (struct eg_dml){.kind = EG_DML_FILL, .table = &child, .fill = {2, &newest_file, stored}};
    gives(&dml, "UPDATE \"child\" AS t SET \"file_id\" = m.v FROM (SELECT unnest($1::text[]) AS p1, unnest($2::text[]) AS p2) AS u"
                " CROSS JOIN LATERAL (SELECT x.\"id\", x.\"n\" FROM \"child\" AS x WHERE x.\"repo\" = u.p1 AND x.\"path\" = u.p2"
                " AND x.\"file_id\" IS NULL OFFSET 0) AS x"
                " CROSS JOIN LATERAL (SELECT r.\"id\" AS v, x.\"id\", x.\"n\" FROM \"files\" AS r WHERE r.\"repo\" = u.p1"
                " AND r.\"path\" = u.p2 ORDER BY r.\"id\" DESC LIMIT 1 OFFSET 0) AS m WHERE t.\"id\" = m.\"id\" AND t.\"n\" = m.\"n\"");
}
END_TEST

static void writes(enum eg_type type, struct eg_value value, const char *want, size_t size_b) {
    char bytes[64];
    ck_assert_uint_eq(eg_pg_value_size(type, &value), size_b);
    ck_assert_ptr_eq(eg_pg_value_write(bytes, type, &value), bytes + size_b);
    ck_assert_mem_eq(bytes, want, size_b);
}

START_TEST(values) {
    writes(EG_TEXT, eg_cstr("abc"), "abc", 3);
    writes(EG_BYTES, eg_text("\0\xff", 2), "\0\xff", 2);
    writes(EG_JSON, eg_cstr("{}"), "\1{}", 3);
    writes(EG_INT4, eg_int(-2), "\xff\xff\xff\xfe", 4);
    writes(EG_INT8, eg_int(258), "\0\0\0\0\0\0\1\2", 8);
    writes(EG_BOOL, eg_bool(true), "\1", 1);
    writes(EG_FLOAT8, eg_double(1.5), "\x3f\xf8\0\0\0\0\0\0", 8);
    writes(EG_TIME, eg_int(INT64_C(946684800000001)), "\0\0\0\0\0\0\0\1", 8); /* 2000-01-01 and 1 µs */
    writes(EG_TEXT, eg_null(), "", 0);
}
END_TEST

START_TEST(arrays_are_columns_of_rows) {
    const struct eg_value rows[] = {eg_int(7), eg_cstr("a"), eg_int(8), eg_null(), eg_int(9), eg_cstr("")};
    static const char want[] = "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\3\0\0\0\1"
                               "\0\0\0\1"
                               "a"
                               "\xff\xff\xff\xff"
                               "\0\0\0\0";
    char bytes[64];
    size_t size = eg_pg_array_size(EG_TEXT, rows + 1, 3, 2);
    ck_assert_uint_eq(size, sizeof want - 1);
    ck_assert_ptr_eq(eg_pg_array_write(bytes, EG_TEXT, rows + 1, 3, 2), bytes + size);
    ck_assert_mem_eq(bytes, want, size);
    const struct eg_value wide[] = {eg_int(INT32_MAX), eg_int(INT64_C(1) << 31)};
    ck_assert(eg_pg_fits(EG_INT4, wide, 1, 1));
    ck_assert(!eg_pg_fits(EG_INT4, wide, 2, 1));
    ck_assert(eg_pg_fits(EG_INT8, wide, 2, 1));
}
END_TEST

/* A result of one binary cell, as libpq would hold it. */
static PGresult *cell_of(Oid type, const char *bytes, size_t size_b) {
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    char name[] = "c", *copy = malloc(size_b + 1);
    memcpy(copy, bytes, size_b);
    PGresAttDesc attribute = {.name = name, .format = 1, .typid = type, .typlen = -1};
    ck_assert(PQsetResultAttrs(result, 1, &attribute) && PQsetvalue(result, 0, 0, copy, (int)size_b));
    free(copy);
    return result;
}

static struct eg_value reads(Oid type, const char *bytes, size_t size_b, enum eg_type want, char text[64]) {
    struct eg_arena *arena = eg_arena_new(65536);
    struct eg_value value;
    struct eg_err err = {0};
    PGresult *result = cell_of(type, bytes, size_b);
    ck_assert_msg(eg_pg_cell(result, 0, 0, want, true, arena, &value, &err) == EG_OK, "%s", err.message);
    if (want == EG_TEXT || want == EG_JSON) {
        memcpy(text, value.s.p, value.s.n);
        text[value.s.n] = 0;
    }
    PQclear(result);
    eg_arena_free(arena);
    return value;
}

START_TEST(cells_are_converted) {
    char text[64];
    ck_assert_int_eq(reads(21, "\xff\xfe", 2, EG_INT8, text).i, -2);
    ck_assert_int_eq(reads(1082, "\0\0\0\1", 4, EG_TIME, text).i, INT64_C(946771200000000));
    ck_assert(reads(1184, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, EG_TIME, text).null);
    ck_assert(reads(701, "\x7f\xf8\0\0\0\0\0\0", 8, EG_FLOAT8, text).null);
    (void)reads(3802, "\1[1]", 4, EG_JSON, text);
    ck_assert_str_eq(text, "[1]");
    (void)reads(2950, "\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16, EG_TEXT, text);
    ck_assert_str_eq(text, "00010203-0405-0607-0809-0a0b0c0d0e0f");
    static const struct {
        const char *bytes;
        size_t size_b;
        const char *want;
    } numerics[] = {
        {"\0\0\0\0\0\0\0\0", 8, "0"},
        {"\0\1\0\0\x40\0\0\0\0\x05", 10, "-5"},
        {"\0\2\0\1\0\0\0\0\0\1\x09\x29", 12, "12345"},
        {"\0\1\0\1\0\0\0\0\0\2", 10, "20000"},
        {"\0\2\0\0\0\0\0\2\0\1\x09\xc4", 12, "1.25"},
        {"\0\1\xff\xff\0\0\0\4\0\x07", 10, "0.0007"},
        {"\0\1\xff\xfe\0\0\0\6\x04\xb0", 10, "0.000012"},
    };
    for (size_t i = 0; i < sizeof numerics / sizeof *numerics; i++) {
        (void)reads(1700, numerics[i].bytes, numerics[i].size_b, EG_TEXT, text);
        ck_assert_str_eq(text, numerics[i].want);
        double d = reads(1700, numerics[i].bytes, numerics[i].size_b, EG_FLOAT8, text).d;
        ck_assert(d == strtod(numerics[i].want, NULL));
    }
    ck_assert_int_eq(reads(1700, "\0\1\0\1\0\0\0\0\0\2", 10, EG_INT8, text).i, 20000);
}
END_TEST

START_TEST(an_unknown_type_names_its_column) {
    struct eg_arena *arena = eg_arena_new(65536);
    struct eg_value value;
    struct eg_err err = {0};
    PGresult *result = cell_of(600, "0123456789abcdef", 16); /* point */
    ck_assert_int_eq(eg_pg_cell(result, 0, 0, EG_TEXT, true, arena, &value, &err), EG_FAIL);
    ck_assert_str_eq(err.place, "c");
    PQclear(result);
    eg_arena_free(arena);
}
END_TEST

START_TEST(only_a_proven_server_is_far_away) {
    static const char *const here[] = {"", "127.0.0.1", "::1"}, *const weak[] = {"disable", "allow", "prefer", "require", "verify-ca"};
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        ck_assert(eg_pg_exposed("10.0.0.7", weak[i]) && eg_pg_exposed("2001:db8::7", weak[i]));
        for (size_t k = 0; k < 3; k++)
            ck_assert(!eg_pg_exposed(here[k], weak[i]));
    }
    ck_assert(!eg_pg_exposed("10.0.0.7", "verify-full"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("PostgreSQL's SQL and format");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, inserts);
    tcase_add_test(tests, updates);
    tcase_add_test(tests, lookups_and_fills);
    tcase_add_test(tests, values);
    tcase_add_test(tests, arrays_are_columns_of_rows);
    tcase_add_test(tests, cells_are_converted);
    tcase_add_test(tests, an_unknown_type_names_its_column);
    tcase_add_test(tests, only_a_proven_server_is_far_away);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
