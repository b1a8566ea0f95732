/* The board: panels (spec/panels) and their answers. A panel is compiled when the server starts, run when it is asked, and its
 * answer kept for its cache_s; requests for the same answer at the same time share one run. */
#ifndef EG_QUERY_BOARD_H
#define EG_QUERY_BOARD_H

#include <uv.h>

#include "db/db.h"
#include "egql/egql.h"
#include "server/http/request.h"
#include "server/registry/panels.h"

struct eg_board; /* the routes' `app` */

struct eg_board_config {
    struct eg_db *db;
    const struct eg_panels *panels;
    const struct egql_sources *sources; /* NULL: panels in EGQL are refused */
    size_t cache_most_b;                /* of all kept answers */
    int64_t rows_most;                  /* of one answer; more are cut, and the answer says so */
    int64_t nodes_most;                 /* of a graph search; so here */
    int timeout_ms;                     /* of one run, all of its statements */
};

struct eg_board_stats {
    uint64_t asked, from_cache, shared, runs, failed;
    size_t cached, cached_b;
};

/* Compiles every panel. err: config_invalid with the panel's file. */
EG_MUST_CHECK eg_status eg_board_open(const struct eg_board_config *config, struct eg_board **board, struct eg_err *err);
/* Lets the store judge the SQL of every panel, without reading rows: runs the loop until it has. A store that does not answer now
 * is no error. err: config_invalid with the panel's file and the store's words. */
EG_MUST_CHECK eg_status eg_board_check(struct eg_board *board, uv_loop_t *loop, struct eg_err *err);
void eg_board_stats(const struct eg_board *board, struct eg_board_stats *stats);
void eg_board_close(struct eg_board *board); /* after the store: nothing runs any more */

extern const struct eg_flow eg_flow_panels_list; /* GET /v1/panels */
extern const struct eg_flow eg_flow_panel_get;   /* GET /v1/panels/{name} */

#endif
