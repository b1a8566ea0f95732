/* What `thresholds` and `gates` both begin with: the policy, the past, and where events go. */
#ifndef EG_INDEXER_GATING_H
#define EG_INDEXER_GATING_H

#include <git2.h>

#include "indexer/command.h"
#include "indexer/past.h"
#include "indexer/sink.h"

struct eg_gating {
    const struct eg_index_command *command;
    struct eg_arena *arena;
    struct eg_gate_policy policy;
    git_repository *repo; /* NULL: there is none here; --name says which one is meant */
    char name[200];
    struct eg_asker *asker;
    struct eg_past past;
    struct eg_sink *sink;
};

/* eg_gating_end follows in every case. err: store_unavailable, when no server answers. */
EG_MUST_CHECK eg_status eg_gating_begin(struct eg_gating *gating, const struct eg_index_command *command,
                                        struct eg_err *err);
/* Sends what is left. sum: what became of the events; refused ones are an error. */
EG_MUST_CHECK eg_status eg_gating_flush(struct eg_gating *gating, struct eg_sink_sum *sum, struct eg_err *err);
void eg_gating_end(struct eg_gating *gating);
/* Whether the server knows one of the commits as another repository's: rows of a commit are kept by its sha alone, so that two repositories
 * which share commits (a fork, another name) would take them from one another. err: usage, and what to do. When the server cannot be
 * asked, or the token does not allow it, nothing is refused. */
EG_MUST_CHECK eg_status eg_gating_is_own(const struct eg_index_command *command, const char *name, const git_oid *first,
                                         const git_oid *last, struct eg_err *err);
/* For a command that has posted commits: ends the freezes whose commits have passed. Reads no past while nothing is frozen. What goes wrong
 * is said on standard error and fails nothing: the next gates end them, too. Nothing is done with --out. */
void eg_gating_unfreeze(const struct eg_index_command *command, const char *name);
/* The full sha of what a person wrote: by the repository, or as it stands when it is one. err: usage. */
EG_MUST_CHECK eg_status eg_gating_sha(const struct eg_gating *gating, const char *rev, char sha[GIT_OID_HEXSZ + 1],
                                      struct eg_err *err);

#endif
