/* Progress. */
#include "indexer/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define TERMINAL_US 100000
#define LINES_US 1000000

void eg_progress_begin(struct eg_progress *progress, const char *what) {
    *progress = (struct eg_progress){.what = what, .began_us = eg_clock_mono_us()};
    progress->told_us = progress->began_us;
}

void eg_progress_tell(void *ctx, size_t done, size_t of) {
    struct eg_progress *progress = ctx;
    if (progress->quiet) {
        return;
    }
    int64_t now_us = eg_clock_mono_us();
    bool terminal = isatty(STDERR_FILENO);
    if (now_us - progress->told_us < (terminal ? TERMINAL_US : LINES_US) && !(terminal && done == of)) {
        return;
    }
    progress->told_us = now_us;
    if (terminal) {
        fprintf(stderr, "\r\033[K%zu of %zu %s%s", done, of, progress->what, done == of ? "\r\033[K" : "");
    } else {
        fprintf(stderr, "{\"progress\":\"%s\",\"done\":%zu,\"of\":%zu}\n", progress->what, done, of);
    }
    fflush(stderr);
}

double eg_progress_s(const struct eg_progress *progress) { return (double)(eg_clock_mono_us() - progress->began_us) / 1e6; }

void eg_progress_sum(struct eg_progress *progress, const char *command, const char *sha, const char *fields,
                     const struct eg_sink_sum *sum) {
    printf("{\"command\":\"%s\",\"sha\":\"%s\"%s,", command, sha, fields);
    printf("\"events\":%llu,\"stored\":%llu,\"duplicates\":%llu,\"rejected\":%llu,\"seconds\":%.3f}\n",
           (unsigned long long)sum->events, (unsigned long long)sum->stored, (unsigned long long)sum->duplicates,
           (unsigned long long)sum->rejected, eg_progress_s(progress));
}
