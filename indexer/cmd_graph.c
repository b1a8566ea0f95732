/* `graph`: the code graph of a commit as events, one a file. Compared with an earlier state, only what changed since is written, and
 * files that are gone are removed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "indexer/command.h"
#include "indexer/delta.h"
#include "indexer/event.h"
#include "indexer/graph.h"
#include "indexer/mosaic_policy.h"
#include "indexer/mosaic_read.h"
#include "indexer/progress.h"

#define JOBS_MOST 64
#define MEMORY_MOST_B ((size_t)1 << 30)

struct indexing {
    struct eg_index_command *command;
    git_repository *repo;
    struct eg_arena *arena;
    char name[200];
    struct eg_commit_info commit;
    struct eg_changes changes; /* since the state compared with */
    bool has_base;
    git_oid base;
    struct eg_graph *graph;
    struct eg_mosaic *mosaic;
    struct eg_mosaic_reader *cells;
    struct eg_sink *sink;
    struct eg_sink_sum sum;
    struct eg_progress progress;
    struct eg_buf payload, event;
    size_t files, nodes, removed;
};

static eg_status read_jobs(const char *text, int *jobs, struct eg_err *err) {
    long n = text ? strtol(text, NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1 || n > JOBS_MOST) {
        n = text ? 0 : 1;
    }
    *jobs = (int)n;
    return n ? EG_OK : eg_err_set(err, EG_E_USAGE, "--jobs", "a number from 1 to %d", JOBS_MOST);
}

static eg_status put(struct indexing *run, const char *topic, struct eg_err *err) {
    eg_index_event(&run->event, topic, run->commit.time_s, run->commit.sha, &run->payload);
    if (run->payload.failed || run->event.failed) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "an event does not fit into memory");
    }
    return eg_sink_put(run->sink, run->event.data, run->event.len, err);
}

static eg_status put_removed(struct indexing *run, const char *path, struct eg_err *err) {
    run->payload.len = 0;
    eg_buf_str(&run->payload, "{\"repo\":");
    eg_buf_json_string(&run->payload, run->name, strlen(run->name));
    eg_buf_printf(&run->payload, ",\"sha\":\"%s\",\"path\":", run->commit.sha);
    eg_buf_json_string(&run->payload, path, strlen(path));
    eg_buf_char(&run->payload, '}');
    run->removed++;
    return put(run, "code.file.removed@v1", err);
}

/* Removals first: a file may stand where another one was. */
static eg_status put_all(struct indexing *run, struct eg_err *err) {
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < run->changes.n; i++) {
        const struct eg_change *change = &run->changes.v[i];
        const char *gone = change->status == 'D' || change->status == 'R' ? change->old_path : NULL;
        if (gone && eg_grammar_of_path(gone, strlen(gone)) && !eg_map_get(run->graph->by_path, gone, strlen(gone))) {
            status = put_removed(run, gone, err);
        }
    }
    for (int i = 0; status == EG_OK && i < run->graph->n_files; i++) {
        if (run->graph->files[i].wanted) {
            eg_graph_payload(&run->payload, run->graph, i, run->name, run->commit.sha);
            run->files++;
            run->nodes += (size_t)run->graph->files[i].facts->n_defs + 1;
            status = put(run, "code.graph.indexed@v1", err);
            eg_progress_tell(&run->progress, (size_t)eg_sink_sent(run->sink), (size_t)run->graph->n_files);
        }
    }
    return status;
}

static void mark_changes(struct indexing *run, bool only) {
    struct eg_graph *graph = run->graph;
    for (int i = 0; only && i < graph->n_files; i++) {
        graph->files[i].wanted = false;
    }
    for (size_t i = 0; i < run->changes.n; i++) {
        const struct eg_change *change = &run->changes.v[i];
        struct eg_graph_file *file = change->status == 'D' ? NULL : eg_map_get(graph->by_path, change->path, strlen(change->path));
        if (file) {
            file->wanted = true;
            file->old_path = change->status == 'R' ? change->old_path : NULL;
        }
    }
}

static eg_status compare(struct indexing *run, struct eg_err *err) {
    const char *from = run->command->flags.from;
    struct eg_commit_info base;
    if (from && eg_repo_commit(run->repo, from, &base, err)) {
        return EG_FAIL;
    }
    if (!from && run->commit.n_parents == 0) {
        return EG_OK;
    }
    run->has_base = true;
    run->base = from ? base.oid : run->commit.parent;
    return eg_repo_changes(run->repo, &run->base, &run->commit.oid, run->arena, &run->changes, err);
}

static struct eg_str uid(struct eg_arena *arena, const struct eg_delta_side *side, int at) {
    const struct eg_def *def = &side->facts->defs[at];
    char *text = eg_arena_printf(arena, "AST::%s#%.*s", side->path, (int)def->qual.n, def->qual.p);
    if (text && def->ordinal > 1) {
        text = eg_arena_printf(arena, "%s~%d", text, def->ordinal);
    }
    return (struct eg_str){text, text ? strlen(text) : 0};
}

static bool put_previous(struct eg_graph *graph, const struct eg_delta *delta, int pair, int def) {
    const struct eg_delta_side *new = &delta->pairs[pair].new;
    struct eg_def_ref from = new->match[def];
    struct eg_str now = uid(graph->arena, new, def), before = uid(graph->arena, &delta->pairs[from.pair].old, from.def);
    struct eg_str *value = eg_arena_alloc(graph->arena, sizeof(*value));
    if (!now.p || !before.p || !value) {
        return false;
    }
    *value = before;
    return eg_str_eq(now, before) || eg_map_put(graph->previous, now.p, now.n, value);
}

/* Which definitions had another uid in the state compared with. */
static eg_status follow_renames(struct indexing *run, struct eg_err *err) {
    struct eg_delta_reader *reader = NULL;
    const struct eg_delta *delta;
    const struct eg_tokens *tokens;
    struct eg_graph *graph = run->graph;
    if (!run->has_base || run->changes.n == 0) {
        return EG_OK;
    }
    eg_status status = eg_delta_reader_new(run->repo, NULL, &reader, err);
    status = status ? status : eg_delta_read(reader, &run->base, &run->commit.oid, &delta, &tokens, err);
    graph->previous = status ? NULL : eg_map_new(graph->arena, 64);
    bool good = graph->previous != NULL;
    for (int p = 0; good && p < delta->n_pairs; p++) {
        for (int i = 0; good && i < delta->pairs[p].new.facts->n_defs; i++) {
            good = delta->pairs[p].new.match[i].pair < 0 || put_previous(graph, delta, p, i);
        }
    }
    eg_delta_reader_free(reader);
    return status ? status : good ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

static eg_status read_mosaic(struct indexing *run, struct eg_err *err) {
    struct eg_mosaic_policy policy;
    size_t left_out;
    if (eg_mosaic_policy_load(&run->command->flags, &policy, err) || eg_mosaic_new(policy.rows, policy.cols, &run->mosaic, err) ||
        eg_mosaic_reader_new(run->repo, &run->cells, err) ||
        eg_mosaic_read(run->cells, &run->commit.oid, run->mosaic, &left_out, err)) {
        return EG_FAIL;
    }
    run->graph->mosaic = run->mosaic;
    return EG_OK;
}

static eg_status read_state(struct indexing *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    const char *folder = flags->repo ? flags->repo : ".";
    int jobs;
    if (read_jobs(flags->jobs, &jobs, err) || eg_repo_open(folder, &run->repo, err) ||
        eg_repo_commit(run->repo, flags->to ? flags->to : "HEAD", &run->commit, err) || compare(run, err)) {
        return EG_FAIL;
    }
    if (flags->name) {
        snprintf(run->name, sizeof(run->name), "%s", flags->name);
    } else {
        eg_repo_name(run->repo, run->name, sizeof(run->name));
    }
    eg_progress_begin(&run->progress, "files");
    if (eg_graph_read(folder, run->repo, &run->commit, jobs, eg_progress_tell, &run->progress, &run->graph, err)) {
        return EG_FAIL;
    }
    mark_changes(run, flags->from != NULL);
    return follow_renames(run, err) ? EG_FAIL : read_mosaic(run, err);
}

static eg_status write_state(struct indexing *run, struct eg_err *err) {
    const struct eg_index_flags *flags = &run->command->flags;
    struct eg_sink_config config = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    struct eg_err closing = {0};
    if (eg_sink_open(&config, &run->sink, err)) {
        return EG_FAIL;
    }
    eg_status status = put_all(run, err);
    if (eg_sink_close(run->sink, &run->sum, &closing) && status == EG_OK) {
        *err = closing;
        status = EG_FAIL;
    }
    return status;
}

static void tell(struct indexing *run) {
    char fields[160];
    snprintf(fields, sizeof(fields), ",\"files\":%zu,\"nodes\":%zu,\"removed\":%zu,\"left_out\":%zu", run->files, run->nodes, run->removed,
             run->graph->n_left_out);
    eg_progress_sum(&run->progress, "graph", run->commit.sha, fields, &run->sum);
}

int eg_index_graph(struct eg_index_command *command) {
    struct indexing run = {.command = command, .arena = eg_arena_new(MEMORY_MOST_B)};
    eg_buf_init(&run.payload, EG_EVENT_MOST_B);
    eg_buf_init(&run.event, EG_EVENT_MOST_B + 4096);
    eg_repo_begin();
    eg_status status = run.arena ? read_state(&run, &command->err) : eg_err_set(&command->err, EG_E_INTERNAL, NULL, "memory is out");
    status = status ? status : write_state(&run, &command->err);
    if (status == EG_OK) {
        tell(&run);
    }
    free(run.changes.v);
    eg_graph_free(run.graph);
    eg_mosaic_free(run.mosaic);
    eg_mosaic_reader_free(run.cells);
    git_repository_free(run.repo);
    eg_repo_end();
    eg_buf_free(&run.payload);
    eg_buf_free(&run.event);
    eg_arena_free(run.arena);
    return status == EG_OK && run.sum.rejected == 0 ? EG_EXIT_OK : command->err.code == EG_E_USAGE ? EG_EXIT_USAGE : EG_EXIT_FAILED;
}
