/* What the graph owes to earlier states: the names that definitions and files had, and, when only what changed is told, which files are
 * concerned. What the server has is one of these states, wherever it came from: a graph that is told step by step stays the whole one also
 * when someone goes back, or to another branch. */
#include <string.h>

#include "indexer/delta.h"
#include "indexer/stage.h"

struct following {
    struct eg_graph_stage *stage;
    struct eg_delta_reader *reader;
    git_oid server, fork; /* what the server has, and where that and this commit were one */
    bool has_server, has_fork, is_server; /* is_server: it has this very commit */
    bool failed;
};

static struct eg_str uid(struct eg_arena *arena, const char *path, const struct eg_facts *facts, int at) {
    const struct eg_def *def = at < 0 ? NULL : &facts->defs[at];
    struct eg_str name = def ? def->qual : (struct eg_str){"", 0};
    char *text = eg_arena_printf(arena, "AST::%s#%.*s", path, (int)name.n, name.p);
    if (text && def && def->ordinal > 1) {
        text = eg_arena_printf(arena, "%s~%d", text, def->ordinal);
    }
    return (struct eg_str){text, text ? strlen(text) : 0};
}

/* What was put first stays. */
static void put(struct following *following, struct eg_str now, struct eg_str before) {
    struct eg_graph *graph = following->stage->graph;
    struct eg_str *value = eg_arena_alloc(graph->arena, sizeof(*value));
    if (!now.p || !before.p || !value) {
        following->failed = true;
    } else if (!eg_str_eq(now, before) && !eg_map_get(graph->previous, now.p, now.n)) {
        *value = before;
        following->failed = following->failed || !eg_map_put(graph->previous, now.p, now.n, value);
    }
}

/* The server has this commit's own word of the file, which may have been said in another comparison. */
static bool is_told(const struct following *following, const char *path) {
    const struct eg_known_file *file = path && following->is_server ? eg_known_file(following->stage->known, path, strlen(path)) : NULL;
    return file && strcmp(file->sha, following->stage->commit.sha) == 0;
}

static void put_names(struct following *following, const struct eg_delta *delta) {
    struct eg_arena *arena = following->stage->graph->arena;
    for (int p = 0; p < delta->n_pairs && !following->failed; p++) {
        const struct eg_delta_side *new = &delta->pairs[p].new;
        const struct eg_change *change = delta->pairs[p].change;
        if (is_told(following, new->path)) {
            continue;
        }
        if (change->status == 'R' && new->facts->grammar) {
            put(following, uid(arena, change->path, NULL, -1), uid(arena, change->old_path, NULL, -1));
        }
        for (int i = 0; i < new->facts->n_defs && !following->failed; i++) {
            struct eg_def_ref from = new->match[i];
            if (from.pair >= 0) {
                const struct eg_delta_side *old = &delta->pairs[from.pair].old;
                put(following, uid(arena, new->path, new->facts, i), uid(arena, old->path, old->facts, from.def));
            }
        }
    }
}

static void put_known(struct following *following) {
    const struct eg_known *known = following->stage->known;
    for (size_t i = 0; known && i < known->n_names; i++) {
        put(following, known->names[i].uid, known->names[i].previous);
    }
}

static void mark(struct eg_graph *graph, const struct eg_delta *delta) {
    for (int p = 0; p < delta->n_pairs; p++) {
        const struct eg_change *change = delta->pairs[p].change;
        struct eg_graph_file *file = change->status == 'D' ? NULL : eg_map_get(graph->by_path, change->path, strlen(change->path));
        if (file) {
            file->wanted = true;
        }
    }
}

/* names: what was renamed since; only: what changed since is told. */
static eg_status compare(struct following *following, const git_oid *base, bool names, bool only, struct eg_err *err) {
    const struct eg_delta *delta;
    const struct eg_tokens *tokens;
    struct eg_graph_stage *stage = following->stage;
    if (!names && !only) {
        return EG_OK;
    }
    if (eg_delta_read(following->reader, base, &stage->commit.oid, &delta, &tokens, err)) {
        return EG_FAIL;
    }
    if (names) {
        put_names(following, delta);
    }
    if (only) {
        mark(stage->graph, delta);
    }
    return only ? eg_graph_reach(stage->graph, delta, err) : EG_OK;
}

/* A state that is not in this clone (another one told of it, or it was amended away) is none to compare with. */
static void find_server(struct following *following) {
    const struct eg_graph_stage *stage = following->stage;
    const char *newest = stage->known ? stage->known->newest : NULL;
    git_commit *commit = NULL;
    if (newest && strlen(newest) == GIT_OID_HEXSZ && git_oid_fromstr(&following->server, newest) == 0) {
        following->is_server = git_oid_equal(&following->server, &stage->commit.oid);
        following->has_server = !following->is_server && git_commit_lookup(&commit, stage->repo, &following->server) == 0;
        git_commit_free(commit);
    }
    following->has_fork = following->has_server && git_repository_is_shallow(stage->repo) != 1 &&
                          git_merge_base(&following->fork, stage->repo, &following->server, &stage->commit.oid) == 0 &&
                          !git_oid_equal(&following->fork, &stage->commit.oid);
}

/* The state compared with, then the server's, then where both were one; each is read once. */
static eg_status compare_all(struct following *following, bool only, struct eg_err *err) {
    const git_oid *base = following->stage->base, *server = following->has_server ? &following->server : NULL;
    const git_oid *fork = following->has_fork ? &following->fork : base;
    bool same = base && server && git_oid_equal(base, server), fork_is_server = server && fork && git_oid_equal(fork, server);
    eg_status status = base ? compare(following, base, fork == base || git_oid_equal(fork, base), only, err) : EG_OK;
    if (status == EG_OK && server && !same) {
        status = compare(following, server, fork_is_server, only, err);
    }
    if (status == EG_OK && fork && fork != base && !fork_is_server && !(base && git_oid_equal(fork, base))) {
        status = compare(following, fork, true, false, err);
    }
    return status;
}

eg_status eg_graph_follow(struct eg_graph_stage *stage, bool only, struct eg_err *err) {
    struct following following = {.stage = stage};
    find_server(&following);
    stage->graph->previous = eg_map_new(stage->graph->arena, 64);
    following.failed = !stage->graph->previous;
    if (following.is_server && !following.failed) { /* what it has was told of this commit: once more is the same */
        put_known(&following);
    }
    eg_status status = eg_delta_reader_new(stage->repo, NULL, &following.reader, err);
    status = status || following.failed ? status : compare_all(&following, only, err);
    eg_delta_reader_free(following.reader);
    if (status == EG_OK && !following.failed) {
        put_known(&following);
    }
    return status ? status : following.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out") : EG_OK;
}
