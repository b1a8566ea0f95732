/* What the whole run, the hook and `graph` consist of: commits as git tells of them, the code graph of one, and what each did. */
#ifndef EG_INDEXER_STAGE_H
#define EG_INDEXER_STAGE_H

#include "indexer/command.h"
#include "indexer/graph.h"
#include "indexer/known.h"
#include "indexer/mosaic_read.h"
#include "indexer/progress.h"
#include "indexer/tell.h"

struct eg_graph_stage {
    const struct eg_index_flags *flags;
    git_repository *repo;
    const struct eg_known *known; /* the caller's; NULL: nothing is known of the server */
    struct eg_commit_info commit;
    const git_oid *base; /* the state compared with; NULL: from nothing */
    git_oid from;        /* what base leads to */
    struct eg_arena *arena;
    struct eg_changes changes; /* since base */
    struct eg_graph *graph;
    struct eg_mosaic *mosaic;
    struct eg_mosaic_reader *cells;
    size_t files, nodes, removed; /* told */
    size_t left_out;              /* paths that are too long or not UTF-8 */
};

/* How many files are read at a time. err: usage. */
EG_MUST_CHECK eg_status eg_graph_jobs(const struct eg_index_flags *flags, int *jobs, struct eg_err *err);
/* Reads the graph of `commit`. base: only what changed since that state is told, and what the server has otherwise; NULL: all, with what
 * the first parent says of renames. known: must outlive the stage; NULL is fine. Call eg_graph_stage_end in every case. */
EG_MUST_CHECK eg_status eg_graph_stage_read(struct eg_graph_stage *stage, const struct eg_index_flags *flags, git_repository *repo,
                                            const struct eg_commit_info *commit, const git_oid *base, const struct eg_known *known,
                                            struct eg_progress *progress, struct eg_err *err);
/* graph_follow.c: which definitions and files had another name before, and, when only what changed is told, which files are concerned. */
EG_MUST_CHECK eg_status eg_graph_follow(struct eg_graph_stage *stage, bool only, struct eg_err *err);
/* graph_reach.c: marks, beside the files that changed, those whose edges the change may lead elsewhere, as wanted. */
EG_MUST_CHECK eg_status eg_graph_reach(struct eg_graph *graph, const struct eg_delta *delta, struct eg_err *err);
/* code.file.removed@v1 and code.graph.indexed@v1. */
EG_MUST_CHECK eg_status eg_graph_stage_tell(struct eg_graph_stage *stage, struct eg_tell *tell, struct eg_progress *progress,
                                            struct eg_err *err);
/* The same as one document: {"repo", "sha", "removed": [paths], "left_out", "files": [of code.graph.indexed@v1]}. err: usage, when the
 * file cannot be opened. */
EG_MUST_CHECK eg_status eg_graph_stage_write(struct eg_graph_stage *stage, struct eg_tell *tell, const char *path, struct eg_err *err);
void eg_graph_stage_end(struct eg_graph_stage *stage); /* the numbers stay; a second time is fine */

/* stage_commits.c: commit.recorded@v1 of these commits, in this order, as `egdb post` writes it. */
EG_MUST_CHECK eg_status eg_commits_stage(const struct eg_index_flags *flags, const git_oid *commits, size_t n, struct eg_tell *tell,
                                         struct eg_progress *progress, struct eg_err *err);

/* stage_changes.c: Δ tokens, fingerprint and mosaic of commits, one after the other. */
struct eg_change_stage {
    git_repository *repo;
    struct eg_mosaic_policy how;
    struct eg_policy *weights;
    struct eg_delta_reader *reader;
    struct eg_mosaic_reader *cells;
    struct eg_mosaic *mosaic;
    size_t commits, tokens; /* told */
    size_t incomplete;      /* states of which something was left out, or not compared */
    struct eg_lacking lacking; /* commits without a mosaic */
};

struct eg_stage_change { /* from one state to another */
    const struct eg_commit_info *to;
    const char *base; /* sha; NULL: from nothing */
    const struct eg_delta *delta;
    const struct eg_tokens *tokens;
};
typedef eg_status (*eg_change_take)(void *ctx, const struct eg_mosaic_said *said, const struct eg_commit_info *to, struct eg_err *err);

/* Call eg_change_stage_end in every case. */
EG_MUST_CHECK eg_status eg_change_stage_begin(struct eg_change_stage *stage, const struct eg_index_flags *flags, git_repository *repo,
                                              struct eg_err *err);
EG_MUST_CHECK eg_status eg_change_stage_tell(struct eg_change_stage *stage, struct eg_tell *tell, const struct eg_history_step *step,
                                             struct eg_err *err);
/* Lays the new state on the mosaic, and gives to take what the change did there; all of it lives during the call. name: of the
 * repository. */
EG_MUST_CHECK eg_status eg_change_stage_lay(struct eg_change_stage *stage, const char *name, const struct eg_stage_change *change,
                                            eg_change_take take, void *ctx, struct eg_err *err);
/* What laying the commit answered; that folders are not in this clone is no error: it has no mosaic then, which is said in the end. */
EG_MUST_CHECK eg_status eg_change_stage_without(struct eg_change_stage *stage, const struct eg_commit_info *commit, eg_status status,
                                                struct eg_err *err);
void eg_change_stage_end(struct eg_change_stage *stage);

#endif
