/* What a query does, without its rows: the SQL, its parameters, and the store's plan. Names are looked up as for an answer. */
#include <string.h>

#include "server/query/room.h"

static enum eg_step_result answer(struct eg_ask *ask) {
    struct eg_request *req = ask->req;
    const struct egql_statement *statement = &ask->statement;
    struct eg_buf *out = &req->answer;
    eg_buf_str(out, "{\"sql\":");
    eg_buf_json_string(out, statement->sql, strlen(statement->sql));
    eg_buf_str(out, ",\"params\":[");
    for (size_t i = 0; i < statement->n_params; i++) {
        eg_buf_add(out, ",", i ? 1 : 0);
        eg_answer_value(statement->param_types[i], &statement->params[i], out);
    }
    eg_buf_str(out, "],");
    egql_explained_json(ask->explained, out);
    eg_buf_str(out, "}\n");
    return eg_request_answer(req, 200, "application/json");
}

enum eg_step_result eg_query_explain(struct eg_request *req) {
    struct eg_ask *ask = eg_ask_of(req);
    if (!ask->explained) {
        eg_request_heed_client(req);
        ask->explained = egql_explained_new(ask->query->dialect, ask->arena);
        if (!ask->explained) {
            (void)eg_err_set(&req->err, EG_E_OVERLOADED, NULL, "no memory for this request");
            return eg_request_problem(req, NULL);
        }
        eg_ask_next(ask);
    }
    if (!ask->done) {
        return EG_WAIT;
    }
    return ask->err.code != EG_E_NONE ? eg_ask_problem(ask) : answer(ask);
}
