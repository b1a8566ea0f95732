/* What is asked about the server rather than of it: health, metrics, the topics, the dead letters, the API's
 * description. */
#ifndef EG_ADMIN_ADMIN_H
#define EG_ADMIN_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "server/http/request.h"
#include "server/registry/registry.h"

struct eg_admin; /* the room's context: the routes' `app` */

#define EG_FIGURES_COMMIT_BUCKETS 12

/* What /metrics prints beside what the rooms print themselves: the fields of metrics.def, and the commits' histogram.
 */
struct eg_figures {
#define X(field, kind, name, help) double field;
#include "server/admin/metrics.def"
#undef X
    uint64_t commit_count;
    double commit_seconds;
    uint64_t commit_buckets[EG_FIGURES_COMMIT_BUCKETS]; /* cumulative, ≤ 1 2 5 10 20 50 100 200 500 1000 2000 5000 ms */
};

struct eg_admin_config {
    uv_loop_t *loop;
    struct eg_db *db;
    const struct eg_registry *registry;
    const char *version;
    int schema_version;
    const char *auth;         /* "none", "HS256" … */
    const char *openapi_file; /* read once, at open */
    const char *web_dir;      /* the HUD's files; "": those in the program */
    /* Fills in the figures of the rooms that this one does not know, and writes their own text. */
    void (*collect)(void *ctx, struct eg_figures *figures);
    void (*append)(void *ctx, struct eg_buf *out);
    void *ctx;
    int64_t views_refresh_s; /* pause between refreshes that nobody asked for; 0: none */
    int64_t tokens_refresh_s; /* the same of the views of tokens alone */
    int views_timeout_ms;    /* of one view */
    int64_t list_rows;       /* dead letters that a page of their list looks at */
};

/* Strings are kept by pointer. err: config_invalid when the file cannot be read. */
EG_MUST_CHECK eg_status eg_admin_open(const struct eg_admin_config *config, struct eg_admin **admin,
                                      struct eg_err *err);
void eg_admin_stopping(struct eg_admin *admin); /* /readyz says 503 from now on; its timers end */
/* A series of events has ended: the views are refreshed soon. From the loop's thread. */
void eg_admin_series_ended(struct eg_admin *admin);
void eg_admin_close(struct eg_admin *admin);

extern const struct eg_flow eg_flow_healthz;        /* GET /healthz */
extern const struct eg_flow eg_flow_readyz;         /* GET /readyz */
extern const struct eg_flow eg_flow_version;        /* GET /version */
extern const struct eg_flow eg_flow_metrics;        /* GET /metrics */
extern const struct eg_flow eg_flow_openapi;        /* GET /openapi.yaml */
extern const struct eg_flow eg_flow_docs;           /* GET /docs/ */
extern const struct eg_flow eg_flow_errors;         /* GET /docs/errors */
extern const struct eg_flow eg_flow_language;       /* GET /docs/egql */
extern const struct eg_flow eg_flow_hud;            /* GET /hud/, /hud/{name} */
extern const struct eg_flow eg_flow_hud_redirect;   /* GET /, /hud */
extern const struct eg_flow eg_flow_topics_list;    /* GET /v1/topics */
extern const struct eg_flow eg_flow_topic_get;      /* GET /v1/topics/{topic} */
extern const struct eg_flow eg_flow_topic_validate; /* POST /v1/topics/{topic}/validate */
extern const struct eg_flow eg_flow_dlq_list;       /* GET /v1/dlq */
extern const struct eg_flow eg_flow_dlq_get;        /* GET /v1/dlq/{id} */
extern const struct eg_flow eg_flow_views_refresh;  /* POST /v1/views/refresh */

#endif
