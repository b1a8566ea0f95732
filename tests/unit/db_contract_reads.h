/* What the contract tests of reads share: a read that is watched, and statements that take as long as one likes. */
#ifndef EG_TESTS_UNIT_DB_CONTRACT_READS_H
#define EG_TESTS_UNIT_DB_CONTRACT_READS_H

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

static inline bool see_row(void *ctx, const struct eg_value *cells, size_t n) {
    struct seen *seen = ctx;
    ck_assert(!seen->done);
    ck_assert_uint_eq(n, seen->read.sql == EG_SQL_COUNT ? seen->read.n_columns : 3);
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

static inline void see_done(void *ctx, const struct eg_err *err) {
    struct seen *seen = ctx;
    ck_assert(!seen->done);
    seen->done = true;
    seen->err = err ? *err : (struct eg_err){0};
}

static const enum eg_type int8_type[] = {EG_INT8};

static inline struct eg_read_handle *start(struct seen *seen, const char *text, const enum eg_type *column_types,
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

#endif
