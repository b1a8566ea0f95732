/* The refresh of a view: by the store when it is materialized there; a plain one is only counted. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/db_store.h"

struct counting {
    struct eg_read read;
    char *sql;
    bool known;
    int64_t rows, from_us;
    void (*done)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms);
    void *ctx;
};

static bool take_count(void *ctx, const struct eg_value *cells, size_t n) {
    struct counting *counting = ctx;
    (void)n;
    counting->rows = cells[0].i;
    return true;
}

static void counted(void *ctx, const struct eg_err *err) {
    struct counting *counting = ctx;
    struct eg_err unknown = {0};
    if (!counting->known) {
        (void)eg_err_set(&unknown, EG_E_NOT_FOUND, "views", "there is no such view");
        err = &unknown;
    }
    counting->done(counting->ctx, err, counting->rows, (eg_clock_mono_us() - counting->from_us) / 1000);
    free(counting->sql);
    free(counting);
}

/* The name stands in the catalogue. An unknown one is answered by the same way, so that done never comes within the call. */
static void count_rows(struct eg_db *db, const char *view, bool known, int timeout_ms,
                       void (*done)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms), void *ctx) {
    static const enum eg_type types[] = {EG_INT8};
    struct counting *counting = calloc(1, sizeof *counting);
    struct eg_buf sql;
    size_t len;
    EG_ASSERT(counting);
    eg_buf_init(&sql, 1024);
    eg_buf_printf(&sql, known ? "SELECT count(*) FROM \"%s\"" : "SELECT position FROM event_position%.0s", view);
    *counting = (struct counting){.known = known, .from_us = eg_clock_mono_us(), .done = done, .ctx = ctx};
    counting->sql = eg_buf_detach(&sql, &len);
    counting->sql = realloc(counting->sql, len + 1);
    EG_ASSERT(counting->sql);
    counting->sql[len] = '\0';
    counting->read = (struct eg_read){.sql = EG_SQL_COUNT, .text = counting->sql, .n_columns = 1, .column_types = types,
                                      .timeout_ms = timeout_ms, .row = take_count, .done = counted, .ctx = counting};
    (void)eg_db_read(db, &counting->read);
}

void eg_db_refresh(struct eg_db *db, const char *view, int timeout_ms,
                   void (*done)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms), void *ctx) {
    const char *const *names;
    const struct eg_table *table = eg_catalogue_table(eg_db_catalogue(db), view);
    size_t n = eg_db_materialized(db, &names);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], view) == 0) {
            db->store->refresh(db, names[i], timeout_ms, done, ctx);
            return;
        }
    }
    bool known = table && table->view;
    count_rows(db, known ? table->name : "", known, timeout_ms, done, ctx);
}

size_t eg_db_materialized(const struct eg_db *db, const char *const **names) {
    *names = NULL;
    return db->store->materialized ? db->store->materialized(db, names) : 0;
}
