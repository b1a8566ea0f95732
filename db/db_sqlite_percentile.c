/* An aggregate keeps its values, sorts them at the end, and gives the place between two of them. */
#include "db/db_sqlite_percentile.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"

#define MOST_VALUES (4U << 20) /* of one group: 32 MiB */

struct sample {
    double *values;
    size_t n, cap;
    double fraction;
};

static void step(sqlite3_context *sql, int n_args, sqlite3_value **args) {
    (void)n_args;
    int type = sqlite3_value_type(args[0]);
    struct sample *s = sqlite3_aggregate_context(sql, sizeof *s);
    if (!s) {
        sqlite3_result_error_nomem(sql);
        return;
    }
    s->fraction = sqlite3_value_double(args[1]);
    if (type != SQLITE_INTEGER && type != SQLITE_FLOAT)
        return;
    if (s->n == MOST_VALUES) {
        sqlite3_result_error(sql, "a percentile of more than 4194304 values: narrow the query", -1);
        return;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        double *more = realloc(s->values, cap * sizeof *more);
        if (!more) {
            sqlite3_result_error_nomem(sql);
            return;
        }
        s->values = more;
        s->cap = cap;
    }
    s->values[s->n++] = sqlite3_value_double(args[0]);
}

static int ascending(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void final(sqlite3_context *sql) {
    struct sample *s = sqlite3_aggregate_context(sql, 0);
    if (s && s->n) {
        qsort(s->values, s->n, sizeof *s->values, ascending);
        double place = s->fraction * (double)(s->n - 1);
        size_t low = (size_t)floor(place), high = (size_t)ceil(place);
        sqlite3_result_double(sql, s->values[low] + (place - floor(place)) * (s->values[high] - s->values[low]));
    }
    if (s)
        free(s->values);
}

#define YEAR_1_US INT64_C(62135596800000000) /* before 1970 */
#define MOST_WIDTH_S INT64_C(7000000000)

static void time_us(sqlite3_context *sql, int n_args, sqlite3_value **args) {
    (void)n_args;
    int64_t us;
    const char *text = (const char *)sqlite3_value_text(args[0]);
    if (text && eg_time_parse(text, (size_t)sqlite3_value_bytes(args[0]), true, &us))
        sqlite3_result_int64(sql, us);
}

/* egdb_bucket(time, seconds): spans are counted from the first Monday of year 1, which no time is before: PostgreSQL's date_bin with
 * that origin. */
static void bucket(sqlite3_context *sql, int n_args, sqlite3_value **args) {
    (void)n_args;
    int64_t us, width_s = sqlite3_value_int64(args[1]);
    char begin[EG_TIME_TEXT_B];
    const char *text = (const char *)sqlite3_value_text(args[0]);
    if (!text || width_s < 1 || width_s > MOST_WIDTH_S ||
        !eg_time_parse(text, (size_t)sqlite3_value_bytes(args[0]), true, &us))
        return;
    int64_t since_us = us + YEAR_1_US;
    eg_time_format(us - since_us % (width_s * 1000000), begin);
    sqlite3_result_text(sql, begin, -1, SQLITE_TRANSIENT);
}

eg_status eg_sqlite_add_percentile(sqlite3 *db, struct eg_err *err) {
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    if (sqlite3_create_function_v2(db, "egdb_percentile", 2, flags, NULL, NULL, step, final, NULL) != SQLITE_OK ||
        sqlite3_create_function_v2(db, "egdb_time_us", 1, flags, NULL, time_us, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_create_function_v2(db, "egdb_bucket", 2, flags, NULL, bucket, NULL, NULL, NULL) != SQLITE_OK)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "egdb_percentile() cannot be registered: %s",
                          sqlite3_errmsg(db));
    return EG_OK;
}
