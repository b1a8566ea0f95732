/* Counters and histograms of the HTTP room, and how Prometheus reads them. */
#include "server/http/stats.h"

#include <inttypes.h>

#include "server/http/request.h"

/* 0 stands for every other status. */
static const int statuses[EG_STATS_STATUSES] = {200, 201, 202, 204, 207, 304, 400, 401, 403, 404, 405, 406,
                                                408, 409, 413, 414, 415, 422, 429, 431, 500, 503, 504, 0};
static const int64_t bounds_us[EG_STATS_BUCKETS - 1] = {250,   500,    1000,   2500,   5000,    10000,   25000,
                                                        50000, 100000, 250000, 500000, 1000000, 2500000, 10000000};
static const char *const bound_names[EG_STATS_BUCKETS] = {"0.00025", "0.0005", "0.001", "0.0025", "0.005",
                                                          "0.01",    "0.025",  "0.05",  "0.1",    "0.25",
                                                          "0.5",     "1",      "2.5",   "10",     "+Inf"};
static const char *const refusals[EG_REFUSED_N] = {"bad_framing", "slow_request", "slow_client",
                                                   "idle",        "aborted",      "drained"};

void eg_stats_answered(struct eg_stats *stats, size_t route, int status, int64_t took_us) {
    struct eg_route_stats *r = &stats->routes[route];
    int s = 0, b = 0;
    while (statuses[s] && statuses[s] != status)
        s++;
    while (b < EG_STATS_BUCKETS - 1 && took_us > bounds_us[b])
        b++;
    r->by_status[s]++;
    r->by_time[b]++;
    r->count++;
    r->sum_us += (uint64_t)took_us;
    stats->requests++;
}

void eg_stats_step(struct eg_stats *stats, size_t route, size_t step, int64_t took_us) {
    struct eg_route_stats *r = &stats->routes[route];
    r->step_count[step]++;
    r->step_us[step] += (uint64_t)took_us;
}

static void write_requests(const struct eg_stats *stats, struct eg_buf *out) {
    eg_buf_str(out, "# HELP egdb_http_requests_total Answered requests.\n# TYPE egdb_http_requests_total counter\n");
    for (size_t i = 0; i < stats->n_routes; i++)
        for (int s = 0; s < EG_STATS_STATUSES; s++)
            if (stats->routes[i].by_status[s]) {
                eg_buf_printf(out, "egdb_http_requests_total{route=\"%s\",method=\"%s\",status=\"",
                              stats->routes[i].pattern, stats->routes[i].method);
                if (statuses[s])
                    eg_buf_printf(out, "%d\"} %" PRIu64 "\n", statuses[s], stats->routes[i].by_status[s]);
                else
                    eg_buf_printf(out, "other\"} %" PRIu64 "\n", stats->routes[i].by_status[s]);
            }
}

static void write_seconds(struct eg_buf *out, uint64_t us) {
    eg_buf_printf(out, "%" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
}

static void write_histogram(const struct eg_route_stats *r, struct eg_buf *out) {
    uint64_t below = 0;
    for (int b = 0; b < EG_STATS_BUCKETS; b++) {
        below += r->by_time[b];
        eg_buf_printf(out, "egdb_http_request_seconds_bucket{route=\"%s\",method=\"%s\",le=\"%s\"} %" PRIu64 "\n",
                      r->pattern, r->method, bound_names[b], below);
    }
    eg_buf_printf(out, "egdb_http_request_seconds_sum{route=\"%s\",method=\"%s\"} ", r->pattern, r->method);
    write_seconds(out, r->sum_us);
    eg_buf_printf(out, "egdb_http_request_seconds_count{route=\"%s\",method=\"%s\"} %" PRIu64 "\n", r->pattern,
                  r->method, r->count);
}

static void write_steps(const struct eg_stats *stats, struct eg_buf *out, bool seconds) {
    const char *name = seconds ? "egdb_http_step_seconds_total" : "egdb_http_step_runs_total";
    eg_buf_printf(out, "# HELP %s %s\n# TYPE %s counter\n", name,
                  seconds ? "Time in a flow's step, its waiting included." : "Steps that requests have gone through.",
                  name);
    for (size_t i = 0; i < stats->n_routes; i++) {
        const struct eg_route_stats *r = &stats->routes[i];
        for (size_t s = 0; r->flow && s < r->flow->n_steps && s < EG_STATS_STEPS; s++) {
            if (r->step_count[s] == 0)
                continue;
            eg_buf_printf(out, "%s{flow=\"%s\",step=\"%s\"} ", name, r->flow->name, r->flow->steps[s].name);
            if (seconds)
                write_seconds(out, r->step_us[s]);
            else
                eg_buf_printf(out, "%" PRIu64 "\n", r->step_count[s]);
        }
    }
}

void eg_stats_write(const struct eg_stats *stats, struct eg_buf *out) {
    write_requests(stats, out);
    eg_buf_str(out, "# HELP egdb_http_request_seconds From a request's head to its answer.\n"
                    "# TYPE egdb_http_request_seconds histogram\n");
    for (size_t i = 0; i < stats->n_routes; i++)
        if (stats->routes[i].count)
            write_histogram(&stats->routes[i], out);
    write_steps(stats, out, true);
    write_steps(stats, out, false);
    eg_buf_str(out, "# HELP egdb_http_refused_total Requests and connections cut without a flow's answer.\n"
                    "# TYPE egdb_http_refused_total counter\n");
    for (int i = 0; i < EG_REFUSED_N; i++)
        eg_buf_printf(out, "egdb_http_refused_total{reason=\"%s\"} %" PRIu64 "\n", refusals[i], stats->refused[i]);
    eg_buf_printf(out,
                  "# HELP egdb_http_received_bytes_total Body bytes received, as they came.\n"
                  "# TYPE egdb_http_received_bytes_total counter\negdb_http_received_bytes_total %" PRIu64 "\n"
                  "# HELP egdb_http_sent_bytes_total Body bytes of answers, as they went.\n"
                  "# TYPE egdb_http_sent_bytes_total counter\negdb_http_sent_bytes_total %" PRIu64 "\n",
                  stats->received_b, stats->sent_b);
}
