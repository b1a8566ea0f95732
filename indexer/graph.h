/* The code graph of one commit: every file of our languages with its facts, and what names lead to. */
#ifndef EG_INDEXER_GRAPH_H
#define EG_INDEXER_GRAPH_H

#include "base/buf.h"
#include "base/map.h"
#include "indexer/facts.h"
#include "indexer/mosaic.h"
#include "indexer/repo.h"

struct eg_graph_file {
    const char *path;
    size_t path_len;
    struct eg_str module;
    git_oid oid;
    char sha256[65];
    const struct eg_facts *facts;
    int lines_laid;       /* on the mosaic */
    bool wanted;          /* is to be written */
};

struct eg_def_place_in { /* a definition among all */
    int file, def;
};

struct eg_package_name { /* a definition that other files of its package see */
    uint64_t key; /* of package and name */
    int file;
};

struct eg_graph {
    struct eg_arena *arena; /* paths and the like; the facts are in the workers' */
    struct eg_arena **worker_arenas;
    int n_workers;
    struct eg_graph_file *files; /* sorted by path */
    int n_files;
    struct eg_map *by_path;    /* → struct eg_graph_file */
    struct eg_map *by_stem;    /* a language's module path, or an end of one, → struct eg_graph_file or ambiguous */
    struct eg_map *by_folder;  /* "go:folder" → the first file in it */
    struct eg_map *by_symbol;  /* file number and qualified name → struct eg_def_place_in */
    struct eg_map *by_name;    /* language group and name → the only one, or ambiguous */
    struct eg_package_name *names; /* sorted by key and file */
    size_t n_names;
    struct eg_map *previous;   /* uid → struct eg_str: the uid it had before, where that was another; NULL: none */
    const struct eg_mosaic *mosaic; /* of the commit, the caller's; NULL: nodes have no cells */
    size_t n_left_out;
};

/* module named by a path: "pkg/a.py" → "pkg.a". */
struct eg_str eg_module_of(struct eg_arena *arena, const char *path, size_t len);

typedef void (*eg_graph_progress)(void *ctx, size_t done, size_t of);

/* Reads every file of our languages of a commit, by `jobs` threads. folder: of the repository, which each thread opens for itself. */
EG_MUST_CHECK eg_status eg_graph_read(const char *folder, git_repository *repo, const struct eg_commit_info *commit, int jobs,
                                      eg_graph_progress progress, void *ctx, struct eg_graph **graph, struct eg_err *err);
void eg_graph_free(struct eg_graph *graph);

/* resolve.c */
EG_MUST_CHECK eg_status eg_graph_link(struct eg_graph *graph, struct eg_err *err);

#define EG_SURE_BY_IMPORT 0.8 /* the least confidence of what an import leads to; below it, only the name is right */

struct eg_target { /* file < 0: not resolved */
    int file, def; /* def −1: the file itself */
    double confidence;
};
struct eg_target eg_resolve_import(const struct eg_graph *graph, int file, const struct eg_import *import);
struct eg_target eg_resolve_call(const struct eg_graph *graph, int file, const struct eg_call *call, const struct eg_target *imports);
/* Whether the call leads into its own file, whatever is elsewhere. */
bool eg_resolve_stays(const struct eg_graph *graph, int file, const struct eg_call *call);

/* resolve_package.c. False: memory is out. */
bool eg_package_list(struct eg_graph *graph);
/* Another file of the package that defines the name: the nearest before, else the first behind. −1: none, or no packages. */
int eg_package_file(const struct eg_graph *graph, int file, struct eg_str qual);

/* graph_event.c: the payload of code.graph.indexed@v1. */
void eg_graph_payload(struct eg_buf *out, const struct eg_graph *graph, int file, const char *repo, const char *sha);
void eg_graph_uid(struct eg_buf *out, const char *path, size_t path_len, const struct eg_def *def); /* a JSON string */

#endif
