/* What the HTTP room counts, and its Prometheus text. Plain counters: the loop's thread alone writes and reads them. */
#ifndef EG_HTTP_STATS_H
#define EG_HTTP_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define EG_STATS_STATUSES 24
#define EG_STATS_BUCKETS 15
#define EG_STATS_STEPS 16

enum eg_refusal { /* connections that got no answer from a flow, by reason */
                  EG_REFUSED_FRAMING,
                  EG_REFUSED_SLOW_REQUEST,
                  EG_REFUSED_SLOW_CLIENT,
                  EG_REFUSED_IDLE,
                  EG_REFUSED_ABORTED,
                  EG_REFUSED_DRAINED,
                  EG_REFUSED_N
};

struct eg_flow;

struct eg_route_stats {
    const char *method;
    const char *pattern;
    const struct eg_flow *flow;
    uint64_t by_status[EG_STATS_STATUSES];
    uint64_t by_time[EG_STATS_BUCKETS]; /* not cumulative; the last is beyond all */
    uint64_t count;
    uint64_t sum_us;
    uint64_t step_count[EG_STATS_STEPS];
    uint64_t step_us[EG_STATS_STEPS];
};

struct eg_stats {
    size_t n_routes; /* the last stands for what matched no route */
    struct eg_route_stats *routes;
    uint64_t requests, received_b, sent_b;
    uint64_t refused[EG_REFUSED_N];
};

void eg_stats_answered(struct eg_stats *stats, size_t route, int status, int64_t took_us);
void eg_stats_step(struct eg_stats *stats, size_t route, size_t step, int64_t took_us);
void eg_stats_write(const struct eg_stats *stats, struct eg_buf *out);

#endif
