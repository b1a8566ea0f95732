/* I2 beyond the tokens: public values (constants, types, macros, prototypes) that a file no longer gives, and files that others name by
 * their paths. Both need the repository, at the commit and at its first parent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/extract.h"
#include "indexer/gate.h"
#include "indexer/gate_files.h"
#include "indexer/graph.h"
#include "indexer/lang.h"
#include "indexer/names.h"
#include "indexer/repo.h"

#define FILES_MOST 2000
#define NAMES_MOST 20000 /* of one file */

struct kept { /* of the text of the file before */
    char *qual;
    int line;
};

struct losing {
    const struct eg_judged *judged;
    git_repository *repo;
    struct eg_changes changes;
    struct eg_seen now;       /* names of the file now */
    struct eg_seen elsewhere; /* names that do not belong to one file: C's, and those of a folder in Go */
    const char *path;         /* of the file that is read */
    enum eg_import_style style;
    struct kept *before;
    size_t n_before, room;
    size_t n_public;
    bool failed;
};

static uint64_t name_key(const struct eg_name *name, uint64_t seed) {
    uint64_t key = eg_mix64(seed, eg_bytes64(name->scope.p, name->scope.n));
    return eg_mix64(key, eg_bytes64(name->name.p, name->name.n));
}

/* What names of this file have in common with those of other files: nothing, or all of C, or those of the folder. */
static uint64_t place_key(const struct losing *losing, const char *path) {
    const char *slash = strrchr(path, '/');
    return losing->style == EG_IMPORT_INCLUDE ? 1 : eg_mix64(2, eg_bytes64(path, slash ? (size_t)(slash - path) : 0));
}

static bool is_shared(enum eg_import_style style) { return style == EG_IMPORT_INCLUDE || style == EG_IMPORT_GO; }

/* Where a name has to be exported or said to be public, one that is not is as good as gone. */
static void take_now(void *ctx, const struct eg_name *name) {
    struct losing *losing = ctx;
    bool strict = losing->style == EG_IMPORT_ES || losing->style == EG_IMPORT_RUST || losing->style == EG_IMPORT_JAVA;
    bool fresh;
    if (strict && !name->is_public && (name->scope.n == 0 || losing->style != EG_IMPORT_ES)) {
        return;
    }
    losing->failed = losing->failed || !eg_seen_at(&losing->now, name_key(name, 0), &fresh);
    size_t n = strlen(losing->path);
    bool within = losing->style == EG_IMPORT_INCLUDE && !(n > 2 && strcmp(losing->path + n - 2, ".h") == 0); /* nobody includes it */
    if (is_shared(losing->style) && !within) {
        losing->failed = !eg_seen_at(&losing->elsewhere, name_key(name, place_key(losing, losing->path)), &fresh) || losing->failed;
    }
}

static void take_before(void *ctx, const struct eg_name *name) {
    struct losing *losing = ctx;
    losing->n_public += name->is_public && name->what != EG_NAME_IMPORTED;
    if (!name->is_public || name->what == EG_NAME_DEFINED || losing->n_before == NAMES_MOST) {
        return; /* definitions have tokens */
    }
    if (losing->n_before == losing->room) {
        size_t room = losing->room ? losing->room * 2 : 64;
        struct kept *grown = realloc(losing->before, room * sizeof(*grown));
        losing->failed = losing->failed || !grown;
        if (!grown) {
            return;
        }
        losing->before = grown;
        losing->room = room;
    }
    char *qual = eg_arena_printf(losing->judged->gating->arena, "%.*s%s%.*s", (int)name->scope.n, name->scope.p, name->scope.n ? "." : "",
                                 (int)name->name.n, name->name.p);
    losing->failed = losing->failed || !qual;
    losing->before[losing->n_before++] = (struct kept){qual ? qual : "", name->line};
}

static bool each(struct losing *losing, const char *path, const git_oid *oid, eg_name_take take) {
    git_blob *blob = NULL;
    const struct eg_grammar *grammar = eg_grammar_of_path(path, strlen(path));
    losing->path = path;
    losing->style = grammar ? grammar->lang->imports : EG_IMPORT_PYTHON;
    bool read = grammar && git_blob_lookup(&blob, losing->repo, oid) == 0 &&
                eg_names_each(path, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob), take, losing);
    git_blob_free(blob);
    return read;
}

/* A token tells of it already: it was taken for a definition. */
static bool has_token(const struct losing *losing, const char *path, const char *qual) {
    const json_t *row;
    size_t i, n = strlen(path);
    json_array_foreach(losing->judged->tokens, i, row) {
        const char *before = eg_row_text(row, EG_TOKEN_BEFORE), *hash = strrchr(before, '#');
        bool here = strcmp(eg_row_text(row, EG_TOKEN_FILE), path) == 0 &&
                    (strcmp(eg_row_text(row, EG_TOKEN_SYMBOL), qual) == 0 || strcmp(before, qual) == 0);
        bool from_here = hash && strncmp(before, "AST::", 5) == 0 && strcmp(hash + 1, qual) == 0 && n == (size_t)(hash - before - 5) &&
                         memcmp(before + 5, path, n) == 0;
        if (here || from_here) {
            return true;
        }
    }
    return false;
}

static bool is_there(struct losing *losing, const char *qual, bool shared, uint64_t place) {
    const char *dot = strrchr(qual, '.');
    struct eg_name name = {.scope = {qual, dot ? (size_t)(dot - qual) : 0}, .name = {dot ? dot + 1 : qual, strlen(dot ? dot + 1 : qual)}};
    bool fresh = true;
    losing->failed = losing->failed || !eg_seen_at(&losing->now, name_key(&name, 0), &fresh);
    if (fresh && shared) {
        losing->failed = losing->failed || !eg_seen_at(&losing->elsewhere, name_key(&name, place), &fresh);
    }
    return !fresh;
}

static void compare(struct losing *losing, const struct eg_change *change, eg_lost_take take, void *ctx) {
    losing->n_before = 0;
    eg_seen_clear(&losing->now);
    if (!each(losing, change->old_path, &change->old_oid, take_before) || losing->n_before == 0) {
        return;
    }
    bool shared = is_shared(losing->style);
    uint64_t place = place_key(losing, change->old_path);
    if (change->status != 'D' && !each(losing, change->path, &change->oid, take_now)) {
        return; /* what it gives now is not known */
    }
    for (size_t i = 0; i < losing->n_before && !losing->failed; i++) {
        const struct kept *kept = &losing->before[i];
        if (*kept->qual && !is_there(losing, kept->qual, shared, place) && !has_token(losing, change->old_path, kept->qual)) {
            take(ctx, &(struct eg_lost){.file = change->old_path, .symbol = kept->qual, .line = kept->line});
        }
    }
}

static bool is_wanted(const struct losing *losing, const struct eg_change *change) {
    return change->status != 'A' && !change->link && eg_grammar_of_path(change->old_path, strlen(change->old_path)) &&
           !eg_gate_policy_is_private(&losing->judged->gating->policy, change->old_path);
}

static eg_status begin(struct losing *losing, git_oid *parent, git_oid *commit, bool *any, struct eg_err *err) {
    struct eg_commit_info info;
    *any = false;
    if (!losing->repo || eg_repo_commit(losing->repo, losing->judged->commit->sha, &info, err)) {
        return EG_OK; /* not at hand: tokens are all there is */
    }
    *parent = info.parent;
    *commit = info.oid;
    *any = info.n_parents > 0;
    return EG_OK;
}

void eg_lost_each(const struct eg_judged *judged, eg_lost_take take, void *ctx) {
    struct losing losing = {.judged = judged, .repo = judged->gating->repo};
    struct eg_err ignored = {0};
    git_oid parent, commit;
    bool any;
    if (begin(&losing, &parent, &commit, &any, &ignored) || !any ||
        eg_repo_changes(losing.repo, &parent, &commit, judged->gating->arena, &losing.changes, &ignored) || losing.changes.n > FILES_MOST) {
        free(losing.changes.v);
        return;
    }
    for (size_t i = 0; i < losing.changes.n; i++) { /* what moved between files that share their names */
        const struct eg_change *change = &losing.changes.v[i];
        const struct eg_grammar *grammar = change->status == 'D' ? NULL : eg_grammar_of_path(change->path, strlen(change->path));
        if (grammar && is_shared(grammar->lang->imports) && !change->link) {
            (void)each(&losing, change->path, &change->oid, take_now);
        }
    }
    for (size_t i = 0; i < losing.changes.n && !losing.failed; i++) {
        if (is_wanted(&losing, &losing.changes.v[i])) {
            compare(&losing, &losing.changes.v[i], take, ctx);
        }
    }
    eg_seen_free(&losing.now);
    eg_seen_free(&losing.elsewhere);
    free(losing.before);
    free(losing.changes.v);
}

static bool same_folder(const char *a, const char *b) {
    const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
    return (x ? x - a : 0) == (y ? y - b : 0) && memcmp(a, b, x ? (size_t)(x - a) : 0) == 0;
}

/* Whether others name the file by a path that leads to it no more. */
static enum eg_compat path_matters(const struct eg_judged *judged, const char *old, const char *new) {
    const struct eg_grammar *grammar = eg_grammar_of_path(old, strlen(old));
    struct eg_arena *arena = judged->gating->arena;
    struct eg_str a = eg_module_of(arena, old, strlen(old)), b = eg_module_of(arena, new, strlen(new));
    size_t n = strlen(old);
    switch (grammar ? grammar->lang->imports : EG_IMPORT_RUST) {
    case EG_IMPORT_PYTHON: return eg_str_eq(a, b) ? EG_COMPAT_SAME : EG_COMPAT_BROKEN;
    case EG_IMPORT_ES: return eg_str_eq(a, b) ? EG_COMPAT_REVIEW : EG_COMPAT_BROKEN; /* ./a.js is ./a.ts now */
    case EG_IMPORT_INCLUDE: return n > 2 && strcmp(old + n - 2, ".h") == 0 ? EG_COMPAT_BROKEN : EG_COMPAT_SAME;
    case EG_IMPORT_GO: return same_folder(old, new) ? EG_COMPAT_SAME : EG_COMPAT_BROKEN;
    case EG_IMPORT_JAVA: return same_folder(old, new) ? EG_COMPAT_REVIEW : EG_COMPAT_BROKEN;
    case EG_IMPORT_RUST: return EG_COMPAT_REVIEW; /* how its crate names it is said in other files */
    }
    return EG_COMPAT_REVIEW;
}

enum eg_compat eg_lost_path(const struct eg_judged *judged, const char *old, const char *new, size_t *n_public) {
    struct losing losing = {.judged = judged, .repo = judged->gating->repo};
    struct eg_commit_info info;
    struct eg_err ignored = {0};
    git_commit *parent = NULL;
    git_blob *blob = NULL;
    enum eg_compat how = EG_COMPAT_REVIEW;
    *n_public = 0;
    if (losing.repo && eg_repo_commit(losing.repo, judged->commit->sha, &info, &ignored) == EG_OK && info.n_parents > 0 &&
        git_commit_lookup(&parent, losing.repo, &info.parent) == 0 && eg_gate_blob(parent, old, &blob) &&
        each(&losing, old, git_blob_id(blob), take_before)) {
        how = losing.n_public > 0 ? path_matters(judged, old, new) : EG_COMPAT_SAME;
        *n_public = losing.n_public;
    }
    free(losing.before);
    git_blob_free(blob);
    git_commit_free(parent);
    return how;
}
