/* Materialized views: which there are, and their refresh, one after another, each on a connection of its own on a thread of the
 * pool. An advisory lock lets one server at a time refresh. */
#ifndef EG_DB_DB_PG_VIEWS_H
#define EG_DB_DB_PG_VIEWS_H

#include "base/list.h"
#include "db/db_pg_conn.h"

typedef void (*eg_refreshed)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms);

struct eg_pg_views {
    struct eg_pg_host *host;
    struct eg_link queue;
    bool running;
    size_t n;
    const char *const *names; /* sorted */
};

EG_MUST_CHECK eg_status eg_pg_views_read(PGconn *conn, struct eg_arena *arena, struct eg_pg_views *views, struct eg_err *err);
void eg_pg_views_init(struct eg_pg_views *views, struct eg_pg_host *host);
void eg_pg_views_refresh(struct eg_pg_views *views, const char *view, int timeout_ms, eg_refreshed done, void *ctx);

#endif
