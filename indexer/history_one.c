/* One commit alone. Its energy depends on the past of the modules that it touches; only commits that changed a file of one of these are
 * read, along first parents. The result is the one that a walk through the whole history gives. */
#include <stdlib.h>
#include <string.h>

#include "indexer/extract.h"
#include "indexer/graph.h"
#include "indexer/history.h"
#include "indexer/range.h"

#define PATHS_MOST_B ((size_t)64 << 20)

struct looking {
    git_repository *repo;
    struct eg_arena *arena;  /* of module names, one commit at a time */
    struct eg_seen modules;  /* that the commit touches */
    struct eg_range commits; /* that touched one of them, the newest first */
    bool found;
};

static eg_status failed(struct eg_err *err) {
    const git_error *error = git_error_last();
    return eg_err_set(err, EG_E_INTERNAL, NULL, "%s", error && error->message ? error->message : "memory is out");
}

static bool is_wanted(struct looking *looking, const char *path) {
    struct eg_str module = eg_module_of(looking->arena, path, strlen(path));
    uint64_t key = eg_bytes64(module.p, module.n);
    size_t i = (key ? key : 1) & (looking->modules.room - 1);
    while (looking->modules.keys[i] && looking->modules.keys[i] != (key ? key : 1)) {
        i = (i + 1) & (looking->modules.room - 1);
    }
    return looking->modules.keys[i] != 0;
}

static int look_at(const git_diff_delta *delta, float progress, void *ctx) {
    struct looking *looking = ctx;
    (void)progress;
    looking->found = looking->found || is_wanted(looking, delta->old_file.path) || is_wanted(looking, delta->new_file.path);
    return 0;
}

static eg_status touches(struct looking *looking, const struct eg_commit_info *commit, struct eg_err *err) {
    git_commit *now = NULL, *before = NULL;
    git_tree *now_tree = NULL, *before_tree = NULL;
    git_diff *diff = NULL;
    eg_arena_reset(looking->arena);
    looking->found = false;
    int code = git_commit_lookup(&now, looking->repo, &commit->oid);
    code = code ? code : git_commit_tree(&now_tree, now);
    if (code == 0 && commit->n_parents > 0) {
        code = git_commit_lookup(&before, looking->repo, &commit->parent);
        code = code ? code : git_commit_tree(&before_tree, before);
    }
    code = code ? code : git_diff_tree_to_tree(&diff, looking->repo, before_tree, now_tree, NULL);
    code = code ? code : git_diff_foreach(diff, look_at, NULL, NULL, NULL, looking);
    git_diff_free(diff);
    git_tree_free(now_tree);
    git_tree_free(before_tree);
    git_commit_free(now);
    git_commit_free(before);
    looking->found = looking->found && code == 0;
    return code && code != GIT_ENOTFOUND ? failed(err) : EG_OK; /* what is not in this clone changed nothing */
}

/* newest: the commit that the modules' past ends with, itself included; NULL: there is none. */
static eg_status find_past(struct looking *looking, const git_oid *newest, const struct eg_tokens *tokens, struct eg_err *err) {
    struct eg_commit_info at = {.n_parents = 1};
    bool fresh;
    for (size_t i = 0; i < tokens->n; i++) {
        if (!eg_seen_at(&looking->modules, eg_bytes64(tokens->v[i].module.p, tokens->v[i].module.n), &fresh)) {
            return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        }
    }
    at.parent = newest ? *newest : at.parent;
    while (newest && looking->modules.n > 0 && at.n_parents > 0) {
        git_oid oid = at.parent;
        if (eg_repo_commit_of(looking->repo, &oid, &at, err) || touches(looking, &at, err) ||
            (looking->found && eg_range_one(&looking->commits, &at.oid, err))) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

/* The commits that were found are one another's parents as far as the energies are concerned: what is between them changed nothing. */
static eg_status learn(struct looking *looking, struct eg_delta_reader *reader, struct eg_energies *energies, struct eg_err *err) {
    const git_oid *before = NULL;
    eg_status status = EG_OK;
    for (size_t i = looking->commits.n; status == EG_OK && i-- > 0;) {
        struct eg_commit_info commit;
        const struct eg_delta *delta;
        const struct eg_tokens *tokens;
        struct eg_energy energy = {0};
        if (eg_repo_commit_of(looking->repo, &looking->commits.v[i], &commit, err)) {
            return EG_FAIL;
        }
        if (commit.edge) {
            continue;
        }
        status = eg_delta_read(reader, commit.n_parents ? &commit.parent : NULL, &commit.oid, &delta, &tokens, err);
        if (status && err->code == EG_E_NOT_FOUND) {
            eg_err_clear(err);
            status = EG_OK;
            continue;
        }
        status = status ? status : eg_energy_of(energies, before, tokens, &energy, err);
        status = status ? status : eg_energies_add(energies, &commit.oid, before, &energy, err);
        free(energy.modules);
        before = &looking->commits.v[i];
    }
    return status;
}

/* What the change from one state to another is, and its energy; the past is that of `from`. delta and tokens are the reader's. */
static eg_status reckon(struct looking *looking, struct eg_delta_reader *reader, const git_oid *from, const git_oid *to,
                        struct eg_history_change *change, struct eg_err *err) {
    struct eg_energies *energies = eg_energies_new();
    eg_status status = energies && looking->arena ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    status = status ? status : eg_delta_read(reader, from, to, &change->delta, &change->tokens, err);
    status = status ? status : find_past(looking, from, change->tokens, err);
    status = status ? status : learn(looking, reader, energies, err);
    status = status ? status : eg_delta_read(reader, from, to, &change->delta, &change->tokens, err);
    status = status ? status
                    : eg_energy_of(energies, looking->commits.n ? &looking->commits.v[0] : NULL, change->tokens, &change->energy, err);
    eg_energies_free(energies);
    return status;
}

eg_status eg_history_change(git_repository *repo, struct eg_delta_reader *reader, const git_oid *from, const git_oid *to,
                            struct eg_history_change *change, struct eg_err *err) {
    struct looking looking = {.repo = repo, .arena = eg_arena_new(PATHS_MOST_B)};
    *change = (struct eg_history_change){0};
    eg_status status = reckon(&looking, reader, from, to, change, err);
    eg_range_free(&looking.commits);
    eg_seen_free(&looking.modules);
    eg_arena_free(looking.arena);
    return status;
}

eg_status eg_history_one(git_repository *repo, struct eg_delta_reader *reader, const struct eg_commit_info *commit, eg_history_take take,
                         void *ctx, struct eg_err *err) {
    struct eg_history_change change;
    eg_status status = eg_history_change(repo, reader, commit->n_parents ? &commit->parent : NULL, &commit->oid, &change, err);
    struct eg_history_step step = {.commit = commit, .delta = change.delta, .tokens = change.tokens, .energy = &change.energy, .done = 1,
                                   .of = 1, .wanted = true};
    status = status ? status : take(ctx, &step, err);
    free(change.energy.modules);
    return status;
}
