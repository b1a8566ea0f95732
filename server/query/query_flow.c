/* The steps of a query, in order; each stands in the file of its name. `run` waits until the answer is complete or too large to be
 * kept; then `stream` sends it whole, or sends what is there and goes on as the client takes it. */
#include "server/query/room.h"

static const struct eg_step query_way[] = {
    {"receive", eg_query_receive},
    {"compile", eg_query_compile},
    {"run", eg_query_run},
    {"stream", eg_query_stream},
};

static const struct eg_step explain_way[] = {
    {"receive", eg_query_receive},
    {"compile", eg_query_compile},
    {"explain", eg_query_explain},
};

const struct eg_flow eg_flow_query = {
    .name = "query", .n_steps = 4, .steps = query_way, .drop = eg_ask_drop, .no_head = true};
const struct eg_flow eg_flow_query_explain = {
    .name = "query_explain", .n_steps = 3, .steps = explain_way, .drop = eg_ask_drop};
