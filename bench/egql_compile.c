/* What compiling a query costs when no plan is kept: text to statements, each time in a fresh arena, on both dialects.
 * Of processor time: other work on the machine does not count. The limit is 50 µs.
 * Run from the root of the checkout: build/bench/egql_compile */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "egql/egql.h"

#define TIMES 5000
#define LIMIT_US 50.0

static const char *const queries[] = {
    "SELECT events FROM sha(8f1c) WHERE topic~ \"core\\..*\" SINCE 2025-10-10T00:00Z",
    "SELECT tokens FROM branch(main) WHERE file=\"core/pipeline.py\" LAST 1h",
    "SELECT invariants FROM branch(main) WHERE gate=I3 AND payload.module=\"core\" LAST 7d",
    "SELECT graph FROM sha(8f1c) WHERE start=\"glitchlab.core.pipeline:run\" depth<=3",
    "SELECT steps (name, count(), p50(dt_ms), p95(dt_ms)) FROM all WHERE NOT (payload.x < 5 OR env.host IN (a, b, c)) "
    "GROUP BY name "
    "ORDER BY count DESC LIMIT 20",
    "PATH topic:run.started@v1 >> topic:core.step.finished@v1 FROM all WHERE window <= 5000 AND NOT EXISTS "
    "topic:run.finished@v1 LAST 7d"};

static double cost_us(const struct egql_sources *sources, const struct egql_dialect *dialect, const char *text) {
    struct egql_diag diag;
    const struct egql_compiled *compiled;
    struct eg_arena *arena = eg_arena_new(4U << 20);
    EG_ASSERT(arena);
    clock_t began = clock();
    for (int i = 0; i < TIMES; i++) {
        eg_arena_reset(arena);
        if (egql_compile(sources, dialect, text, strlen(text), NULL, 0, arena, &compiled, &diag) != EG_OK) {
            fprintf(stderr, "egql_compile: %s: %s\n", text, diag.message);
            return -1;
        }
    }
    double us = (double)(clock() - began) * 1e6 / CLOCKS_PER_SEC / TIMES;
    eg_arena_free(arena);
    return us;
}

int main(void) {
    static const char *const dialects[] = {"postgresql", "sqlite"};
    struct egql_sources *sources;
    struct eg_err err = {0};
    double most = 0;
    if (egql_sources_load("spec", &sources, &err) != EG_OK) {
        fprintf(stderr, "egql_compile: %s %s\n", err.place, err.message);
        return 1;
    }
    for (size_t d = 0; d < 2; d++)
        for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
            double us = cost_us(sources, egql_dialect_find(dialects[d]), queries[i]);
            if (us < 0)
                return 1;
            most = us > most ? us : most;
            printf("egql_compile: %s: %.1f us: %.60s\n", dialects[d], us, queries[i]);
        }
    printf("egql_compile: the slowest %.1f us, limit %.0f us, ratio %.2f\n", most, LIMIT_US, most / LIMIT_US);
    egql_sources_free(sources);
    return most > LIMIT_US;
}
