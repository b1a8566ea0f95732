/* Reading: the files of a commit are handed to threads one by one; each has a repository, an extractor and an arena of its own. */
#include "indexer/graph.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "indexer/event.h"
#include "indexer/mosaic_read.h"

#define GRAPH_MOST_B ((size_t)4 << 30)
#define MODULE_MOST_B 480

struct reading {
    struct eg_graph *graph;
    const char *folder;
    atomic_int next, done;
    atomic_bool failed;
    pthread_mutex_t lock;
    struct eg_err *err;
};

struct worker {
    struct reading *reading;
    struct eg_arena *arena;
    pthread_t thread;
};

struct eg_str eg_module_of(struct eg_arena *arena, const char *path, size_t len) {
    const char *slash = memrchr(path, '/', len);
    const char *name = slash ? slash + 1 : path;
    const char *dot = memrchr(name, '.', len - (size_t)(name - path));
    size_t n = dot && dot > name ? (size_t)(dot - path) : len;
    if (n > 9 && memcmp(path + n - 9, "/__init__", 9) == 0) {
        n -= 9;
    }
    n = n < MODULE_MOST_B ? n : MODULE_MOST_B;
    while (n > 0 && n < len && ((unsigned char)path[n] & 0xc0) == 0x80) {
        n--;
    }
    char *module = eg_arena_dup(arena, path, n);
    for (size_t i = 0; module && i < n; i++) {
        module[i] = module[i] == '/' ? '.' : module[i];
    }
    return (struct eg_str){module, module ? n : 0};
}

static eg_status read_file(struct worker *worker, git_repository *repo, struct eg_extractor *extractor, struct eg_graph_file *file,
                           struct eg_err *err) {
    git_blob *blob;
    const char *skipped;
    struct eg_facts *facts = NULL;
    if (eg_repo_blob(repo, &file->oid, &blob, &skipped, err)) {
        return EG_FAIL;
    }
    if (skipped) { /* git's own name of the object stands for the text */
        eg_sha256_hex(file->oid.id, GIT_OID_RAWSZ, file->sha256);
        file->lines_laid = eg_mosaic_lines(NULL);
        eg_status status = eg_facts_skipped(file->path, skipped, worker->arena, &facts, err);
        file->facts = facts;
        return status;
    }
    const char *text = git_blob_rawcontent(blob);
    size_t len = (size_t)git_blob_rawsize(blob);
    eg_sha256_hex(text ? text : "", len, file->sha256);
    file->lines_laid = eg_mosaic_lines_laid(blob);
    unsigned keep = EG_KEEP_CALLS | EG_KEEP_SHARED;
    eg_status status = eg_extract(extractor, file->path, text ? text : "", len, keep, worker->arena, &facts, err);
    file->facts = facts;
    git_blob_free(blob);
    return status;
}

static void *work(void *ctx) {
    struct worker *worker = ctx;
    struct reading *reading = worker->reading;
    struct eg_err err = {0};
    git_repository *repo = NULL;
    struct eg_extractor *extractor = eg_extractor_new();
    eg_status status = extractor ? eg_repo_open(reading->folder, &repo, &err) : eg_err_set(&err, EG_E_INTERNAL, NULL, "memory is out");
    int at;
    while (status == EG_OK && !reading->failed && (at = atomic_fetch_add(&reading->next, 1)) < reading->graph->n_files) {
        status = read_file(worker, repo, extractor, &reading->graph->files[at], &err);
        atomic_fetch_add(&reading->done, 1);
    }
    if (status) {
        pthread_mutex_lock(&reading->lock);
        *reading->err = reading->failed ? *reading->err : err;
        reading->failed = true;
        pthread_mutex_unlock(&reading->lock);
    }
    git_repository_free(repo);
    eg_extractor_free(extractor);
    return NULL;
}

/* The calling thread waits and tells how far it is. */
static eg_status read_all(struct eg_graph *graph, const char *folder, int jobs, eg_graph_progress progress, void *ctx, struct eg_err *err) {
    struct reading reading = {.graph = graph, .folder = folder, .err = err};
    struct worker *workers = calloc((size_t)jobs, sizeof(*workers));
    graph->worker_arenas = calloc((size_t)jobs, sizeof(*graph->worker_arenas));
    int started = 0;
    if (!workers || !graph->worker_arenas) {
        free(workers);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    pthread_mutex_init(&reading.lock, NULL);
    for (; started < jobs; started++) {
        struct worker *worker = &workers[started];
        *worker = (struct worker){.reading = &reading, .arena = eg_arena_new(GRAPH_MOST_B)};
        graph->worker_arenas[graph->n_workers++] = worker->arena;
        if (!worker->arena || pthread_create(&worker->thread, NULL, work, worker)) {
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        struct timespec until;
        do {
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += 200000000;
            until.tv_sec += until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            progress(ctx, (size_t)reading.done, (size_t)graph->n_files);
        } while (pthread_timedjoin_np(workers[i].thread, NULL, &until) == ETIMEDOUT);
        progress(ctx, (size_t)reading.done, (size_t)graph->n_files);
    }
    pthread_mutex_destroy(&reading.lock);
    free(workers);
    return reading.failed ? EG_FAIL : started == 0 ? eg_err_set(err, EG_E_INTERNAL, NULL, "no thread can be started") : EG_OK;
}

static eg_status list_files(struct eg_graph *graph, git_repository *repo, const git_oid *commit, struct eg_err *err) {
    struct eg_tree_files files;
    if (eg_repo_files(repo, commit, graph->arena, &files, err)) {
        return EG_FAIL;
    }
    graph->files = calloc(files.n + 1, sizeof(*graph->files));
    graph->n_left_out = files.n_left_out;
    for (size_t i = 0; graph->files && i < files.n; i++) {
        const struct eg_tree_file *file = &files.v[i];
        if (eg_grammar_of_path(file->path, file->path_len)) {
            graph->files[graph->n_files++] = (struct eg_graph_file){
                .path = file->path, .path_len = file->path_len, .oid = file->oid, .wanted = true,
                .module = eg_module_of(graph->arena, file->path, file->path_len)};
        }
    }
    free(files.v);
    return graph->files ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

eg_status eg_graph_read(const char *folder, git_repository *repo, const struct eg_commit_info *commit, int jobs,
                        eg_graph_progress progress, void *ctx, struct eg_graph **out, struct eg_err *err) {
    struct eg_graph *graph = *out = calloc(1, sizeof(*graph));
    if (!graph || !(graph->arena = eg_arena_new(GRAPH_MOST_B))) {
        free(graph);
        *out = NULL;
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_status status = list_files(graph, repo, &commit->oid, err);
    status = status ? status : read_all(graph, folder, jobs, progress, ctx, err);
    status = status ? status : eg_graph_link(graph, err);
    if (status) {
        eg_graph_free(graph);
        *out = NULL;
    }
    return status;
}

void eg_graph_free(struct eg_graph *graph) {
    if (!graph) {
        return;
    }
    for (int i = 0; i < graph->n_workers; i++) {
        eg_arena_free(graph->worker_arenas[i]);
    }
    free(graph->worker_arenas);
    free(graph->names);
    free(graph->files);
    eg_arena_free(graph->arena);
    free(graph);
}
