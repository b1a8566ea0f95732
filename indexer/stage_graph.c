/* The code graph of a commit, one event a file. Compared with an earlier state, only what changed since is told, with the files whose edges
 * may lead elsewhere by that, and files that are gone are removed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "indexer/stage.h"

#define JOBS_MOST 64
#define MEMORY_MOST_B ((size_t)1 << 30)

eg_status eg_graph_jobs(const struct eg_index_flags *flags, int *jobs, struct eg_err *err) {
    const char *text = flags->jobs;
    char *end = NULL;
    long n = text ? strtol(text, &end, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    if (n < 1 || n > JOBS_MOST || (end && *end)) {
        n = text ? 0 : 1;
    }
    *jobs = (int)n;
    return n ? EG_OK : eg_err_set(err, EG_E_USAGE, "--jobs", "a number from 1 to %d", JOBS_MOST);
}

static eg_status tell_removed(struct eg_graph_stage *stage, struct eg_tell *tell, const char *path, const struct eg_known_file *file,
                              struct eg_err *err) {
    tell->payload.len = 0;
    eg_buf_str(&tell->payload, "{\"repo\":");
    eg_buf_json_string(&tell->payload, tell->name, strlen(tell->name));
    eg_buf_printf(&tell->payload, ",\"sha\":\"%s\",\"path\":", stage->commit.sha);
    eg_buf_json_string(&tell->payload, path, strlen(path));
    eg_buf_char(&tell->payload, '}');
    stage->removed++;
    eg_known_settle(stage->known, file, "code.file.removed@v1", stage->commit.time_s, &tell->payload);
    return eg_tell_put(tell, "code.file.removed@v1", &stage->commit, err);
}

static bool is_missing(const struct eg_graph_file *file) {
    return file->facts && file->facts->skipped && strcmp(file->facts->skipped, "missing") == 0;
}

static bool is_gone(const struct eg_graph_stage *stage, const char *path) {
    size_t len = strlen(path);
    return eg_grammar_of_path(path, len) && !eg_map_get(stage->graph->by_path, path, len);
}

/* The file of our languages that is no longer there; NULL: none. */
static const char *gone_by(const struct eg_graph_stage *stage, const struct eg_change *change) {
    const char *gone = change->status == 'D' || change->status == 'R' ? change->old_path : NULL;
    return gone && is_gone(stage, gone) ? gone : NULL;
}

/* Of a server that can be asked, what it has and the commit has not, whenever that went. */
static eg_status tell_all_removed(struct eg_graph_stage *stage, struct eg_tell *tell, struct eg_err *err) {
    const struct eg_known *known = stage->known;
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && known && i < known->n_files; i++) {
        const struct eg_known_file *file = &known->files[i];
        status = is_gone(stage, file->path) ? tell_removed(stage, tell, file->path, file, err) : EG_OK;
    }
    for (size_t i = 0; status == EG_OK && !known && i < stage->changes.n; i++) {
        const char *gone = gone_by(stage, &stage->changes.v[i]);
        status = gone ? tell_removed(stage, tell, gone, NULL, err) : EG_OK;
    }
    return status;
}

/* This clone lacks the text, and the server has the file: what it has may be old, and is more than this clone knows. */
static bool is_better_known(const struct eg_graph_stage *stage, const struct eg_graph_file *file) {
    return is_missing(file) && eg_known_file(stage->known, file->path, file->path_len);
}

/* Removals first: a file may stand where another one was. The files then come in any order, as edges wait for the nodes they lead to. */
eg_status eg_graph_stage_tell(struct eg_graph_stage *stage, struct eg_tell *tell, struct eg_progress *progress, struct eg_err *err) {
    struct eg_graph *graph = stage->graph;
    eg_status status = tell_all_removed(stage, tell, err);
    for (int i = 0; status == EG_OK && i < graph->n_files; i++) {
        const struct eg_graph_file *file = &graph->files[i];
        if (file->wanted && !is_better_known(stage, file)) {
            eg_graph_payload(&tell->payload, graph, i, tell->name, stage->commit.sha);
            eg_known_settle(stage->known, eg_known_file(stage->known, file->path, file->path_len), "code.graph.indexed@v1",
                            stage->commit.time_s, &tell->payload);
            stage->files++;
            stage->nodes += (size_t)graph->files[i].facts->n_defs + 1;
            status = eg_tell_put_any(tell, "code.graph.indexed@v1", &stage->commit, err);
            eg_progress_tell(progress, (size_t)i + 1, (size_t)graph->n_files);
        }
    }
    return status;
}

/* Of a server's file that has another text it does not matter why: a run that was cut off, or another clone that went elsewhere. */
static void mark_changes(struct eg_graph_stage *stage) {
    struct eg_graph *graph = stage->graph;
    for (int i = 0; i < graph->n_files; i++) {
        struct eg_graph_file *file = &graph->files[i];
        const struct eg_known_file *there = eg_known_file(stage->known, file->path, file->path_len);
        file->wanted = there && strcmp(there->sha256, file->sha256) != 0;
    }
    for (size_t i = 0; i < stage->changes.n; i++) {
        const struct eg_change *change = &stage->changes.v[i];
        struct eg_graph_file *file = change->status == 'D' ? NULL : eg_map_get(graph->by_path, change->path, strlen(change->path));
        if (file) {
            file->wanted = true;
        }
    }
}

static eg_status compare(struct eg_graph_stage *stage, const git_oid *base, struct eg_err *err) {
    if (!base && stage->commit.n_parents == 0) {
        return EG_OK;
    }
    stage->from = base ? *base : stage->commit.parent;
    stage->base = &stage->from;
    return eg_repo_changes(stage->repo, stage->base, &stage->commit.oid, stage->arena, &stage->changes, err);
}

static eg_status read_mosaic(struct eg_graph_stage *stage, struct eg_err *err) {
    struct eg_mosaic_policy policy;
    size_t left_out;
    if (eg_mosaic_policy_load(stage->flags, &policy, err) || eg_mosaic_new(policy.rows, policy.cols, &stage->mosaic, err) ||
        eg_mosaic_reader_new(stage->repo, &stage->cells, err)) {
        return EG_FAIL;
    }
    for (int i = 0; i < stage->graph->n_files; i++) {
        if (eg_mosaic_reader_tell(stage->cells, &stage->graph->files[i].oid, stage->graph->files[i].lines_laid, err)) {
            return EG_FAIL;
        }
    }
    if (eg_mosaic_read(stage->cells, &stage->commit.oid, stage->mosaic, &left_out, err)) {
        return EG_FAIL;
    }
    stage->graph->mosaic = stage->mosaic;
    return EG_OK;
}

static size_t count_missing(const struct eg_graph *graph) {
    size_t n = 0;
    for (int i = 0; i < graph->n_files; i++) {
        n += is_missing(&graph->files[i]);
    }
    return n;
}

eg_status eg_graph_stage_read(struct eg_graph_stage *stage, const struct eg_index_flags *flags, git_repository *repo,
                              const struct eg_commit_info *commit, const git_oid *base, const struct eg_known *known,
                              struct eg_progress *progress, struct eg_err *err) {
    int jobs;
    *stage = (struct eg_graph_stage){.flags = flags, .repo = repo, .commit = *commit, .known = known, .arena = eg_arena_new(MEMORY_MOST_B)};
    if (!stage->arena) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    if (eg_graph_jobs(flags, &jobs, err) || compare(stage, base, err) ||
        eg_graph_read(flags->repo ? flags->repo : ".", repo, commit, jobs, eg_progress_tell, progress, &stage->graph, err)) {
        return EG_FAIL;
    }
    stage->left_out = stage->graph->n_left_out;
    size_t n_missing = count_missing(stage->graph);
    if (n_missing) {
        fprintf(stderr, "egdb-index: " EG_REPO_MISSING, n_missing);
    }
    if (base) {
        mark_changes(stage);
    }
    return eg_graph_follow(stage, base != NULL, err) ? EG_FAIL : read_mosaic(stage, err);
}

static void write_document(struct eg_graph_stage *stage, struct eg_tell *tell, FILE *file) {
    struct eg_buf *text = &tell->payload;
    text->len = 0;
    eg_buf_str(text, "{\"repo\":");
    eg_buf_json_string(text, tell->name, strlen(tell->name));
    eg_buf_printf(text, ",\"sha\":\"%s\",\"removed\":[", stage->commit.sha);
    for (size_t i = 0; i < stage->changes.n; i++) {
        const char *gone = gone_by(stage, &stage->changes.v[i]);
        if (gone) {
            eg_buf_str(text, stage->removed++ ? "," : "");
            eg_buf_json_string(text, gone, strlen(gone));
        }
    }
    eg_buf_printf(text, "],\"left_out\":%zu,\"files\":[", stage->left_out);
    fwrite(text->data, 1, text->len, file);
    for (int i = 0; i < stage->graph->n_files; i++) {
        if (stage->graph->files[i].wanted) {
            eg_graph_payload(text, stage->graph, i, tell->name, stage->commit.sha);
            fputs(stage->files++ ? ",\n" : "\n", file);
            fwrite(text->data, 1, text->len, file);
            stage->nodes += (size_t)stage->graph->files[i].facts->n_defs + 1;
        }
    }
    fputs("]}\n", file);
}

eg_status eg_graph_stage_write(struct eg_graph_stage *stage, struct eg_tell *tell, const char *path, struct eg_err *err) {
    struct eg_file file;
    if (eg_file_open(path, &file, err)) {
        return EG_FAIL;
    }
    write_document(stage, tell, file.out);
    bool whole = !tell->payload.failed;
    eg_status status = eg_file_close(&file, whole, err);
    return whole ? status : eg_err_set(err, EG_E_INTERNAL, path, "the document does not fit into memory");
}

void eg_graph_stage_end(struct eg_graph_stage *stage) {
    free(stage->changes.v);
    eg_graph_free(stage->graph);
    eg_mosaic_free(stage->mosaic);
    eg_mosaic_reader_free(stage->cells);
    eg_arena_free(stage->arena);
    *stage = (struct eg_graph_stage){.files = stage->files, .nodes = stage->nodes, .removed = stage->removed, .left_out = stage->left_out};
}
