/* GET /openapi.yaml: the file, as it was read at the start. */
#include "server/admin/room.h"

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    eg_buf_add(&req->answer, admin->openapi, admin->openapi_len);
    return eg_request_answer(req, 200, "application/yaml");
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_openapi = {.name = "openapi", .n_steps = 1, .steps = way};
