/* GET /docs/: where the documents stand that the server itself answers. */
#include "server/admin/room.h"

static const char page[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>EGDB: documents</title>\n<h1>EGDB</h1>\n<ul>\n"
    "<li><a href=\"/hud/\">The page of the database</a></li>\n"
    "<li><a href=\"/openapi.yaml\">Every path, its parameters and answers (OpenAPI)</a></li>\n"
    "<li><a href=\"/docs/egql\">The query language</a></li>\n"
    "<li><a href=\"/docs/errors\">Errors, by their codes</a></li>\n"
    "<li><a href=\"/v1/topics\">The topics and their schemas (JSON)</a></li>\n"
    "<li><a href=\"/v1/sources\">What can be queried (JSON)</a></li>\n"
    "<li><a href=\"/v1/panels\">The panels (JSON)</a></li>\n"
    "<li><a href=\"/metrics\">Figures</a>, <a href=\"/readyz\">readiness</a>, <a href=\"/version\">version</a></li>\n"
    "</ul>\n</html>\n";

static enum eg_step_result answer(struct eg_request *req) {
    eg_buf_str(&req->answer, page);
    return eg_request_answer(req, 200, "text/html; charset=utf-8");
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_docs = {.name = "docs", .n_steps = 1, .steps = way};
