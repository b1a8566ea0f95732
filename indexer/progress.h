/* How far a run is, on standard error: one line that is written over on a terminal, JSON lines elsewhere, at most a few a second. */
#ifndef EG_INDEXER_PROGRESS_H
#define EG_INDEXER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indexer/sink.h"

struct eg_progress {
    const char *what; /* "files" */
    int64_t began_us, told_us;
    bool quiet; /* nothing is told */
};

void eg_progress_begin(struct eg_progress *progress, const char *what);
/* ctx is a struct eg_progress. */
void eg_progress_tell(void *ctx, size_t done, size_t of);
/* Seconds since it began, by the clock. */
double eg_progress_s(const struct eg_progress *progress);
/* The last line, on standard output: what was done and what became of the events. fields: further members, as JSON, or "". */
void eg_progress_sum(struct eg_progress *progress, const char *command, const char *sha, const char *fields,
                     const struct eg_sink_sum *sum);

#endif
