/* The queries behind the past. A commit's time is that of the first event about it that is read here; the ΔZ of modules
 * stands in the events of fingerprints, and is reckoned from the tokens where it does not. */
#include "indexer/past.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "indexer/stat.h"

#define SERIES_MOST 50000
#define LEAST_PAST 5 /* commits of a module before its average is its scale */
#define LEAST_SCALE 0.01

struct reading {
    struct eg_asker *asker;
    const struct eg_gate_policy *policy;
    struct eg_past *past;
    struct eg_map *by_sha, *by_key; /* commits; series + 1, and values that are there */
    size_t room_commits, room_series, room_freezes, room_thresholds;
    struct eg_err *err;
};

static const char *text_at(const json_t *row, size_t i) {
    const char *text = json_string_value(json_array_get(row, i));
    return text ? text : "";
}

static int64_t time_at(const json_t *row, size_t i) {
    const char *text = text_at(row, i);
    int64_t us = 0;
    return eg_time_parse(text, strlen(text), true, &us) ? us : 0;
}

static eg_status out_of_memory(struct reading *reading) {
    return eg_err_set(reading->err, EG_E_INTERNAL, NULL, "memory is out");
}

static const char *keep(struct reading *reading, const char *text) {
    return eg_arena_dup(reading->past->arena, text, strlen(text));
}

/* Doubles a list in the arena; NULL when it is full. */
static void *grown(struct reading *reading, const void *list, size_t n, size_t *room, size_t size_b) {
    *room = *room ? *room * 2 : 64;
    void *more = eg_arena_alloc(reading->past->arena, *room * size_b);
    if (more && n > 0) {
        memcpy(more, list, n * size_b);
    }
    return more;
}

static eg_status ask(struct reading *reading, const char *query, json_t **rows) {
    return eg_ask(reading->asker, query, json_pack("{s:s}", "repo", reading->past->repo), rows, reading->err);
}

static struct eg_past_commit *commit_of(struct reading *reading, const char *sha, int64_t at_us) {
    struct eg_past *past = reading->past;
    struct eg_past_commit *commit = eg_map_get(reading->by_sha, sha, strlen(sha));
    if (commit) {
        return commit;
    }
    if (past->n_commits == reading->room_commits) {
        past->commits =
            grown(reading, past->commits, past->n_commits, &reading->room_commits, sizeof(struct eg_past_commit *));
    }
    commit = past->commits ? eg_arena_zalloc(past->arena, sizeof(*commit)) : NULL;
    if (!commit) {
        return NULL;
    }
    *commit = (struct eg_past_commit){.sha = keep(reading, sha), .at_us = at_us};
    past->commits[past->n_commits++] = commit;
    return commit->sha && eg_map_put(reading->by_sha, commit->sha, strlen(sha), commit) ? commit : NULL;
}

/* The series' number + 1; 0: memory is out. */
static size_t series_of(struct reading *reading, const char *module, const char *metric) {
    struct eg_past *past = reading->past;
    const char *key = eg_arena_printf(past->arena, "%s %s", metric, module);
    size_t number = key ? (size_t)(uintptr_t)eg_map_get(reading->by_key, key, strlen(key)) : 0;
    if (number || !key || past->n_series == SERIES_MOST) {
        return number;
    }
    if (past->n_series == reading->room_series) {
        past->series = grown(reading, past->series, past->n_series, &reading->room_series, sizeof(*past->series));
    }
    if (!past->series) {
        return 0;
    }
    past->series[past->n_series++] =
        (struct eg_past_series){.module = keep(reading, module), .metric = keep(reading, metric)};
    return eg_map_put(reading->by_key, key, strlen(key), (void *)(uintptr_t)past->n_series) ? past->n_series : 0;
}

/* Keeps the first value of a commit. */
static eg_status add(struct reading *reading, const char *module, const char *metric,
                     const struct eg_past_commit *commit, double x) {
    size_t number = series_of(reading, module, metric);
    struct eg_past_series *series = number ? &reading->past->series[number - 1] : NULL;
    if (!series) {
        return eg_err_set(reading->err, EG_E_INTERNAL, NULL, "memory is out, or there are more than %d modules",
                          SERIES_MOST);
    }
    if (series->n > 0 && series->v[series->n - 1].commit == commit) {
        return EG_OK;
    }
    if (series->n == series->room) {
        series->v = grown(reading, series->v, series->n, &series->room, sizeof(*series->v));
    }
    if (!series->v) {
        return out_of_memory(reading);
    }
    series->v[series->n++] = (struct eg_past_value){commit, x};
    return EG_OK;
}

static eg_status take_fingerprint(struct reading *reading, const json_t *row, bool *whole) {
    struct eg_past_commit *commit = commit_of(reading, text_at(row, 0), time_at(row, 1));
    const json_t *modules = json_array_get(row, 3), *item;
    double delta_z = json_number_value(json_array_get(row, 2));
    size_t i;
    if (!commit) {
        return out_of_memory(reading);
    }
    *whole = *whole && (json_is_array(modules) || delta_z == 0);
    json_array_foreach(modules, i, item) {
        const char *module = json_string_value(json_object_get(item, "module"));
        double x = json_number_value(json_object_get(item, "delta_z"));
        if (module && x > 0 && add(reading, module, "delta_z", commit, x)) {
            return EG_FAIL;
        }
    }
    return delta_z > 0 ? add(reading, EG_ALL, "delta_z", commit, delta_z) : EG_OK;
}

/* whole: every fingerprint names its modules. */
static eg_status read_fingerprints(struct reading *reading, bool *whole) {
    json_t *rows, *row;
    size_t i;
    eg_status status = ask(reading,
                           "SELECT fingerprints (sha, created_utc, score_deltaz, payload.modules AS modules) FROM all "
                           "WHERE repo IN ($repo, \"\") ORDER BY created_utc DESC, sha LIMIT 20000",
                           &rows);
    if (status) {
        return status;
    }
    *whole = json_array_size(rows) > 0;
    json_array_foreach(rows, i, row) { status = status ? status : take_fingerprint(reading, row, whole); }
    json_decref(rows);
    return status;
}

struct raw { /* of a module at a commit */
    const struct eg_past_commit *commit;
    const char *module;
    double sum;
};

static int by_commit(const void *a, const void *b) {
    const struct eg_past_commit *const *x = a, *const *y = b;
    return (*x)->at_us != (*y)->at_us ? ((*x)->at_us < (*y)->at_us ? -1 : 1) : strcmp((*x)->sha, (*y)->sha);
}

static int by_raw(const void *a, const void *b) {
    const struct raw *x = a, *y = b;
    int order = by_commit(&x->commit, &y->commit);
    return order ? order : strcmp(x->module, y->module);
}

/* ΔZ = 1 − exp(−raw / scale) of each, in the order of time; then the commits' own, the largest of their modules. */
static eg_status reckon(struct reading *reading, struct raw *raws, size_t n) {
    struct eg_map *averages = eg_map_new(reading->past->arena, 256);
    eg_status status = averages ? EG_OK : out_of_memory(reading);
    double most = 0;
    qsort(raws, n, sizeof(*raws), by_raw);
    for (size_t i = 0; status == EG_OK && i < n; i++) {
        const struct raw *raw = &raws[i];
        struct eg_ewma *average = eg_map_get(averages, raw->module, strlen(raw->module));
        if (!average) {
            average = eg_arena_zalloc(reading->past->arena, sizeof(*average));
            if (!average || !eg_map_put(averages, raw->module, strlen(raw->module), average)) {
                return out_of_memory(reading);
            }
        }
        double scale = average->n < LEAST_PAST ? 1 : average->mean < LEAST_SCALE ? LEAST_SCALE : average->mean;
        double delta_z = 1 - exp(-raw->sum / scale);
        eg_ewma_add(average, reading->policy->lambda, raw->sum);
        most = delta_z > most ? delta_z : most;
        status = add(reading, raw->module, "delta_z", raw->commit, delta_z);
        if (i + 1 == n || raws[i + 1].commit != raw->commit) {
            status = status ? status : add(reading, EG_ALL, "delta_z", raw->commit, most);
            most = 0;
        }
    }
    return status;
}

static eg_status read_tokens(struct reading *reading) {
    json_t *rows, *row;
    size_t i, n = 0;
    eg_status status =
        ask(reading,
            "SELECT tokens (sha, module, sum(weight) AS raw, min(created_utc) AS at) FROM all "
            "WHERE repo IN ($repo, \"\") GROUP BY sha, module ORDER BY at DESC, sha, module LIMIT 100000",
            &rows);
    if (status) {
        return status;
    }
    struct raw *raws = calloc(json_array_size(rows) + 1, sizeof(*raws));
    json_array_foreach(rows, i, row) {
        double sum = json_number_value(json_array_get(row, 2));
        const struct eg_past_commit *commit = raws ? commit_of(reading, text_at(row, 0), time_at(row, 3)) : NULL;
        const char *module = *text_at(row, 1) ? keep(reading, text_at(row, 1)) : EG_ALL;
        if (!commit || !module) {
            status = out_of_memory(reading);
            break;
        }
        if (sum > 0) {
            raws[n++] = (struct raw){commit, module, sum};
        }
    }
    status = status ? status : reckon(reading, raws, n);
    free(raws);
    json_decref(rows);
    return status;
}

static eg_status take_report(struct reading *reading, const json_t *row) {
    const struct eg_past_commit *commit = commit_of(reading, text_at(row, 0), time_at(row, 1));
    const char *module = *text_at(row, 2) ? text_at(row, 2) : EG_ALL, *names[] = {"p95_ms", "coverage"}, *name;
    const char *key = eg_arena_printf(reading->past->arena, "report  %s %s", text_at(row, 0), module);
    json_t *metrics = json_array_get(row, 5), *value;
    eg_status status = commit && key ? EG_OK : out_of_memory(reading);
    if (status == EG_OK && eg_map_get(reading->by_key, key, strlen(key))) {
        return EG_OK; /* the newest of a commit counts */
    }
    status = status || eg_map_put(reading->by_key, key, strlen(key), reading) ? status : out_of_memory(reading);
    for (size_t i = 0; status == EG_OK && i < 2; i++) {
        if (json_is_number(json_array_get(row, 3 + i))) {
            status = add(reading, module, names[i], commit, json_number_value(json_array_get(row, 3 + i)));
        }
    }
    json_object_foreach(metrics, name, value) {
        if (status == EG_OK && json_is_number(value)) {
            status = add(reading, module, name, commit, json_number_value(value));
        }
    }
    return status;
}

static eg_status take_mosaic(struct reading *reading, const json_t *row) {
    const struct eg_past_commit *commit = commit_of(reading, text_at(row, 0), time_at(row, 1));
    if (!commit) {
        return out_of_memory(reading);
    }
    return json_is_number(json_array_get(row, 2))
               ? add(reading, EG_ALL, "mosaic_e", commit, json_number_value(json_array_get(row, 2)))
               : EG_OK;
}

static eg_status take_label(struct reading *reading, const json_t *row) {
    const char *sha = text_at(row, 0);
    struct eg_past_commit *commit = eg_map_get(reading->by_sha, sha, strlen(sha));
    int64_t at_us = time_at(row, 2);
    reading->past->told_us = at_us > reading->past->told_us ? at_us : reading->past->told_us;
    if (commit) {
        commit->bad = strcmp(text_at(row, 1), "bad") == 0;
    }
    return EG_OK;
}

static eg_status take_freeze(struct reading *reading, const json_t *row) {
    struct eg_past *past = reading->past;
    const char *sha = json_string_value(json_object_get(json_array_get(row, 9), "sha"));
    struct eg_past_freeze freeze = {.event_id = keep(reading, text_at(row, 0)),
                                    .repo = keep(reading, text_at(row, 1)),
                                    .module = keep(reading, text_at(row, 2)),
                                    .metric = keep(reading, text_at(row, 3)),
                                    .detector = keep(reading, text_at(row, 4)),
                                    .open = json_is_true(json_array_get(row, 5)),
                                    .commits = (int)json_integer_value(json_array_get(row, 6)),
                                    .reason = keep(reading, text_at(row, 7)),
                                    .at_us = time_at(row, 8),
                                    .sha = sha ? keep(reading, sha) : NULL,
                                    .ended_us = time_at(row, 10)};
    int64_t told_us = freeze.ended_us > freeze.at_us ? freeze.ended_us : freeze.at_us;
    past->told_us = told_us > past->told_us ? told_us : past->told_us;
    freeze.commits = freeze.commits > 0 ? freeze.commits : reading->policy->freeze_commits;
    if (past->n_freezes == reading->room_freezes) {
        past->freezes = grown(reading, past->freezes, past->n_freezes, &reading->room_freezes, sizeof(freeze));
    }
    if (past->freezes) {
        past->freezes[past->n_freezes++] = freeze;
    }
    return eg_arena_failed(past->arena) ? out_of_memory(reading) : EG_OK;
}

/* Rows come newest first: a module's first one counts. */
static eg_status take_thresholds(struct reading *reading, const json_t *row) {
    struct eg_past *past = reading->past;
    const char *module = keep(reading, text_at(row, 0)),
               *key = module ? eg_arena_printf(past->arena, "thresholds  %s", module) : NULL;
    if (!key || eg_map_get(reading->by_key, key, strlen(key))) {
        return key ? EG_OK : out_of_memory(reading);
    }
    if (past->n_thresholds == reading->room_thresholds) {
        past->thresholds =
            grown(reading, past->thresholds, past->n_thresholds, &reading->room_thresholds, sizeof(*past->thresholds));
    }
    if (!past->thresholds || !eg_map_put(reading->by_key, key, strlen(key), past)) {
        return out_of_memory(reading);
    }
    past->thresholds[past->n_thresholds++] = (struct eg_past_thresholds){
        .module = module,
        .basis = keep(reading, text_at(row, 4)),
        .sha = keep(reading, text_at(row, 5)),
        .at_us = time_at(row, 6),
        .bounds = {json_number_value(json_array_get(row, 1)), json_number_value(json_array_get(row, 2)),
                   json_number_value(json_array_get(row, 3))}};
    return eg_arena_failed(past->arena) ? out_of_memory(reading) : EG_OK;
}

static eg_status read_rows(struct reading *reading, const char *query,
                           eg_status (*take)(struct reading *, const json_t *)) {
    json_t *rows, *row;
    size_t i;
    eg_status status = ask(reading, query, &rows);
    if (status) {
        return status;
    }
    json_array_foreach(rows, i, row) { status = status ? status : take(reading, row); }
    json_decref(rows);
    return status;
}

static int by_value(const void *a, const void *b) {
    const struct eg_past_value *x = a, *y = b;
    return x->commit->index < y->commit->index ? -1 : x->commit->index > y->commit->index;
}

static void put_in_order(struct eg_past *past) {
    if (past->n_commits > 0) {
        qsort(past->commits, past->n_commits, sizeof(*past->commits), by_commit);
    }
    for (size_t i = 0; i < past->n_commits; i++) {
        past->commits[i]->index = i;
    }
    for (size_t i = 0; i < past->n_series; i++) {
        qsort(past->series[i].v, past->series[i].n, sizeof(struct eg_past_value), by_value);
    }
}

/* Labels after everything that makes commits. */
static const struct {
    const char *query;
    eg_status (*take)(struct reading *, const json_t *);
} queries[] = {
    {"SELECT tests (sha, created_utc, module, p95_ms, coverage, metrics) FROM all WHERE repo IN ($repo, \"\") "
     "ORDER BY created_utc DESC, event_id DESC LIMIT 20000",
     take_report},
    {"SELECT mosaics (sha, created_utc, stats.distance AS distance) FROM all WHERE repo IN ($repo, \"\") "
     "ORDER BY created_utc DESC, event_id DESC LIMIT 20000",
     take_mosaic},
    {"SELECT labels (sha, label, created_utc) FROM all WHERE repo IN ($repo, \"\") LIMIT 100000", take_label},
    {"SELECT drift (event_id, repo, module, metric, detector, freeze, commits, reason, created_utc, details, "
     "unfrozen_utc) FROM all "
     "WHERE repo IN ($repo, \"\") ORDER BY created_utc DESC, event_id DESC LIMIT 10000",
     take_freeze},
    {"SELECT thresholds (module, alpha, beta, zeta, basis, sha, created_utc) FROM all WHERE repo IN ($repo, \"\") "
     "ORDER BY created_utc DESC, event_id DESC LIMIT 50000",
     take_thresholds}};

eg_status eg_past_read(struct eg_asker *asker, const struct eg_gate_policy *policy, const char *repo,
                       struct eg_arena *arena, struct eg_past *past, struct eg_err *err) {
    *past = (struct eg_past){.arena = arena, .repo = repo};
    struct reading reading = {.asker = asker,
                              .policy = policy,
                              .past = past,
                              .err = err,
                              .by_sha = eg_map_new(arena, 4096),
                              .by_key = eg_map_new(arena, 1024)};
    bool whole = true;
    if (!reading.by_sha || !reading.by_key) {
        return out_of_memory(&reading);
    }
    eg_status status = read_fingerprints(&reading, &whole);
    status = status || whole ? status : read_tokens(&reading);
    for (size_t i = 0; status == EG_OK && i < sizeof(queries) / sizeof(queries[0]); i++) {
        status = read_rows(&reading, queries[i].query, queries[i].take);
    }
    put_in_order(past);
    return status;
}
