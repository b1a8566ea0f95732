/* GET /metrics: Prometheus text, version 0.0.4. The figures stand in metrics.def; app.c brings those of other rooms. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/admin/room.h"

static const double commit_bounds_s[EG_FIGURES_COMMIT_BUCKETS] = {.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5};

static void collect_store(const struct eg_db *db, struct eg_figures *figures) {
    struct eg_db_stats stats;
    eg_db_stats(db, &stats);
    figures->store_up = stats.up;
    figures->store_rounds = (double)stats.rounds;
    figures->store_commits = (double)stats.commits;
    figures->store_refused = (double)stats.refused;
    figures->store_retried = (double)stats.retried;
    figures->store_lost = (double)stats.lost;
    figures->store_reconnects = (double)stats.reconnects;
    figures->store_reads = (double)stats.reads;
    figures->store_reads_wait = stats.reads_waiting;
    figures->store_reads_run = stats.reads_running;
    figures->event_partitions = stats.event_partitions;
    figures->token_partitions = stats.token_partitions;
    figures->partition_merges = (double)stats.merges;
}

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static void collect_process(struct eg_figures *figures) {
    struct rusage usage;
    struct rlimit limit;
    unsigned long long pages = 0, resident = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm) {
        if (fscanf(statm, "%llu %llu", &pages, &resident) != 2) {
            resident = 0;
        }
        fclose(statm);
    }
    double page_b = (double)sysconf(_SC_PAGESIZE);
    figures->process_rss_b = (double)resident * page_b;
    figures->process_virtual_b = (double)pages * page_b;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        figures->process_cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        figures->process_max_fds = (double)limit.rlim_cur;
    }
}

static void head(struct eg_buf *out, const char *name, const char *kind, const char *help) {
    eg_buf_printf(out, "# HELP %s %s.\n# TYPE %s %s\n", name, help, name, kind);
}

static void write_figures(struct eg_buf *out, const struct eg_figures *figures) {
#define X(field, kind, name, help)                                                                                     \
    head(out, name, #kind, help);                                                                                      \
    eg_buf_str(out, name " ");                                                                                         \
    eg_buf_json_double(out, figures->field);                                                                           \
    eg_buf_char(out, '\n');
#include "server/admin/metrics.def"
#undef X
}

static void write_commits(struct eg_buf *out, const struct eg_figures *figures) {
    head(out, "egdb_commit_seconds", "histogram",
         "Time of a transaction of events, from its first statement to its commit");
    for (int i = 0; i < EG_FIGURES_COMMIT_BUCKETS; i++) {
        eg_buf_printf(out, "egdb_commit_seconds_bucket{le=\"%g\"} %llu\n", commit_bounds_s[i],
                      (unsigned long long)figures->commit_buckets[i]);
    }
    eg_buf_printf(out, "egdb_commit_seconds_bucket{le=\"+Inf\"} %llu\negdb_commit_seconds_sum ",
                  (unsigned long long)figures->commit_count);
    eg_buf_json_double(out, figures->commit_seconds);
    eg_buf_printf(out, "\negdb_commit_seconds_count %llu\n", (unsigned long long)figures->commit_count);
}

static enum eg_step_result answer(struct eg_request *req) {
    const struct eg_admin *admin = eg_admin_of(req);
    const struct eg_topic *const *topics;
    struct eg_figures figures = {0};
    struct eg_buf *out = &req->answer;
    admin->config.collect(admin->config.ctx, &figures);
    collect_store(admin->config.db, &figures);
    collect_process(&figures);
    figures.topics = (double)eg_registry_topics(admin->config.registry, &topics);
    figures.views_refreshed = (double)admin->views.refreshed;
    figures.views_failed = (double)admin->views.failed;
    figures.views_skipped = (double)admin->views.skipped;
    figures.views_running = (double)admin->views.asked;
    figures.views_s = (double)admin->views.took_ms / 1000;
    figures.uptime_s = (double)(eg_clock_mono_us() - admin->started_us) / 1e6;
    figures.process_start_s = (double)admin->started_wall_us / 1e6;
    head(out, "egdb_build_info", "gauge", "1, with what runs here as labels");
    eg_buf_printf(out, "egdb_build_info{version=\"%s\",store=\"%s\",schema=\"%d\"} 1\n", admin->config.version,
                  eg_db_name(admin->config.db), admin->config.schema_version);
    write_figures(out, &figures);
    write_commits(out, &figures);
    admin->config.append(admin->config.ctx, out);
    return eg_request_answer(req, 200, "text/plain; version=0.0.4; charset=utf-8");
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_metrics = {.name = "metrics", .n_steps = 1, .steps = way};
