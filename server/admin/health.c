/* GET /healthz: the process answers. GET /readyz: it can store events, too: the store is there and its schema current.
 * GET /version: what runs here. */
#include "base/clock.h"
#include "server/admin/room.h"

static enum eg_step_result live(struct eg_request *req) {
    return eg_admin_answer_json(req, 200, json_pack("{s:s}", "status", "ok"));
}

static enum eg_step_result ready(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    if (admin->stopping) {
        eg_err_set(&req->err, EG_E_STOPPING, NULL, "the server answers what is in flight, and takes no more");
        return eg_request_problem(req, NULL);
    }
    if (!eg_db_ready(admin->config.db, &req->err)) {
        eg_err_set(&req->err, EG_E_STORE_UNAVAILABLE, NULL,
                   "the store does not answer"); /* when it gave no reason itself */
        return eg_request_problem(req, NULL);
    }
    return eg_admin_answer_json(req, 200,
                                json_pack("{s:s, s:s, s:i}", "status", "ready", "store", eg_db_name(admin->config.db),
                                          "schema", admin->config.schema_version));
}

static enum eg_step_result version(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    char started[EG_TIME_TEXT_B];
    eg_time_format(admin->started_wall_us, started);
    return eg_admin_answer_json(req, 200,
                                json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "name", "egdb", "version",
                                          admin->config.version, "store", eg_db_name(admin->config.db), "schema",
                                          admin->config.schema_version, "auth", admin->config.auth, "started_utc",
                                          started));
}

static const struct eg_step live_way[] = {{"live", live}};
static const struct eg_step ready_way[] = {{"ready", ready}};
static const struct eg_step version_way[] = {{"version", version}};
const struct eg_flow eg_flow_healthz = {.name = "healthz", .n_steps = 1, .steps = live_way};
const struct eg_flow eg_flow_readyz = {.name = "readyz", .n_steps = 1, .steps = ready_way};
const struct eg_flow eg_flow_version = {.name = "version", .n_steps = 1, .steps = version_way};
