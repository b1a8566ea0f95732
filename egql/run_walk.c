/* The graph in a run: which repositories are meant, where the walk starts, and its levels. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "egql/run_state.h"

#define FIRST_PART 1000 /* nodes */

static bool same(struct eg_str a, struct eg_str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }

bool egql_indexed_row(struct egql_run *run, const struct eg_value *cells) {
    if (run->n_indexed == EGQL_MOST_INDEXED) {
        run->truncated = true;
        return false;
    }
    if (!egql_room(run, (void **)&run->indexed, &run->cap_indexed, run->n_indexed, sizeof *run->indexed))
        return false;
    struct egql_indexed *at = &run->indexed[run->n_indexed++];
    *at = (struct egql_indexed){.known = !cells[1].null};
    if (!cells[0].null)
        at->repo = egql_keep(run, cells[0].s);
    if (at->known)
        at->sha = egql_keep(run, cells[1].s);
    if (!cells[2].null)
        at->branch = egql_keep(run, cells[2].s);
    if (!cells[3].null)
        at->recorded = egql_keep(run, cells[3].s);
    return true;
}

static bool begins(struct eg_str text, struct eg_str with) {
    if (with.n > text.n)
        return false;
    for (size_t i = 0; i < with.n; i++)
        if (tolower((unsigned char)text.p[i]) != tolower((unsigned char)with.p[i]))
            return false;
    return true;
}

static bool meant(const struct egql_run *run, const struct egql_indexed *at, struct eg_str argument) {
    if (run->plan->scope->kind == EGQL_S_SHA)
        return at->known && argument.n && begins(at->sha, argument);
    return (at->branch.p && same(at->branch, argument)) || (at->recorded.p && same(at->recorded, argument));
}

static eg_status not_indexed(struct egql_run *run, struct eg_str argument, struct egql_diag *diag) {
    struct eg_buf list;
    eg_buf_init(&list, 4096);
    size_t named = 0;
    for (size_t i = 0; i < run->n_indexed && named < EGQL_MOST_MATCHES; i++) {
        const struct egql_indexed *at = &run->indexed[i];
        struct eg_str branch = at->branch.p ? at->branch : at->recorded;
        if (!at->known)
            continue;
        eg_buf_printf(&list, "%s%.*s", named++ ? ", " : "", (int)at->sha.n, at->sha.p);
        if (at->repo.n)
            eg_buf_printf(&list, " (repository %.*s)", (int)at->repo.n, at->repo.p);
        if (branch.p)
            eg_buf_printf(&list, " (branch %.*s)", (int)branch.n, branch.p);
    }
    const char *what = run->plan->scope->kind == EGQL_S_SHA ? "commit" : "branch";
    eg_status status =
        named ? egql_fail(diag, run->plan->ast, run->arena, run->plan->scope->arg_span, EG_E_GRAPH_NOT_INDEXED,
                          "the graph of the %s %.*s is not indexed; indexed is %s: name that one, or index another "
                          "with `egdb-index graph`",
                          what, (int)argument.n, argument.p ? argument.p : "", eg_buf_text(&list))
              : egql_fail(diag, run->plan->ast, run->arena, run->plan->scope->arg_span, EG_E_GRAPH_NOT_INDEXED,
                          "no commit's graph is indexed yet: `egdb-index graph` indexes one");
    eg_buf_free(&list);
    return status;
}

/* Two commits that begin alike are one too many. */
static eg_status one_commit(struct egql_run *run, struct egql_diag *diag) {
    for (size_t i = 1; run->plan->scope->kind == EGQL_S_SHA && i < run->n_indexed; i++) {
        struct eg_str a = run->indexed[0].sha, b = run->indexed[i].sha;
        if (!same(a, b))
            return egql_fail(diag, run->plan->ast, run->arena, run->plan->scope->arg_span, EG_E_SHA_AMBIGUOUS,
                             "several indexed commits begin like this: %.*s, %.*s", (int)a.n, a.p, (int)b.n, b.p);
    }
    return EG_OK;
}

eg_status egql_indexed_settle(struct egql_run *run, struct egql_diag *diag) {
    enum egql_scope_kind kind = run->plan->scope->kind;
    if (kind != EGQL_S_SHA && kind != EGQL_S_BRANCH)
        return EG_OK;
    struct eg_str argument = egql_argument(run, 0);
    size_t kept = 0;
    for (size_t i = 0; i < run->n_indexed; i++)
        if (meant(run, &run->indexed[i], argument)) {
            struct egql_indexed at = run->indexed[i];
            run->indexed[i] = run->indexed[kept];
            run->indexed[kept++] = at;
        }
    if (kept == 0)
        return not_indexed(run, argument, diag);
    run->n_indexed = kept;
    return one_commit(run, diag);
}

/* Of core/pipeline.py: core.pipeline; of pkg/__init__.py: pkg. */
static struct eg_str module_of(struct egql_run *run, struct eg_str path) {
    struct eg_str module = egql_keep(run, path);
    if (!module.p)
        return module;
    char *text = eg_arena_dup(run->arena, path.p, path.n);
    if (!text) {
        run->full = true;
        return (struct eg_str){"", 0};
    }
    const char *slash = memrchr(text, '/', path.n);
    size_t file = slash ? (size_t)(slash - text) + 1 : 0, n = path.n;
    const char *dot = memrchr(text + file, '.', n - file);
    if (dot && dot > text + file)
        n = (size_t)(dot - text);
    if (n - file == 8 && memcmp(text + file, "__init__", 8) == 0)
        n = file ? file - 1 : 0;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '/')
            text[i] = '.';
    return (struct eg_str){text, n};
}

/* AST::<path>#<name>, or with ~ and digits behind. */
static bool named(struct eg_str uid, struct eg_str path, struct eg_str name) {
    size_t head = 5 + path.n + 1 + name.n;
    if (uid.n < head || memcmp(uid.p, "AST::", 5) != 0 || memcmp(uid.p + 5, path.p, path.n) != 0 ||
        uid.p[5 + path.n] != '#' || (name.n && memcmp(uid.p + 6 + path.n, name.p, name.n) != 0))
        return false;
    if (uid.n == head)
        return true;
    bool digits = uid.n > head + 1 && uid.p[head] == '~';
    for (size_t i = head + 1; digits && i < uid.n; i++)
        digits = isdigit((unsigned char)uid.p[i]);
    return digits;
}

/* Where the id's place in nodes stands, or is to stand. */
static uint32_t *place(struct egql_run *run, int64_t id) {
    size_t at = (size_t)((uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (run->cap_seen - 1);
    while (run->seen[at] && run->nodes[run->seen[at] - 1] != id)
        at = (at + 1) & (run->cap_seen - 1);
    return &run->seen[at];
}

static bool grow(struct egql_run *run) {
    size_t cap = run->cap_seen ? run->cap_seen * 2 : 256;
    uint32_t *seen = eg_arena_zalloc(run->arena, cap * sizeof *seen);
    if (!seen) {
        run->full = true;
        return false;
    }
    run->seen = seen;
    run->cap_seen = cap;
    for (size_t i = 0; i < run->n_nodes; i++)
        *place(run, run->nodes[i]) = (uint32_t)(i + 1);
    return true;
}

/* False: the arena is full. */
static bool visit(struct egql_run *run, int64_t id) {
    if (run->n_nodes * 2 >= run->cap_seen && !grow(run))
        return false;
    uint32_t *at = place(run, id);
    if (*at)
        return true;
    if (!egql_room(run, (void **)&run->nodes, &run->cap_nodes, run->n_nodes, sizeof *run->nodes))
        return false;
    run->nodes[run->n_nodes++] = id;
    *at = (uint32_t)run->n_nodes;
    return true;
}

static bool new_level(struct egql_run *run) {
    if (!egql_room(run, (void **)&run->levels, &run->cap_levels, run->n_levels, sizeof *run->levels))
        return false;
    run->levels[run->n_levels++] = run->n_nodes;
    return true;
}

bool egql_start_row(struct egql_run *run, const struct eg_value *cells) {
    if (run->n_levels == 0 && !new_level(run))
        return false;
    struct eg_str start = egql_start(run), path = cells[2].s;
    if (path.n) {
        const char *colon = memchr(start.p, ':', start.n);
        struct eg_str module = {start.p, colon ? (size_t)(colon - start.p) : start.n};
        struct eg_str name = colon ? (struct eg_str){colon + 1, start.n - module.n - 1} : (struct eg_str){"", 0};
        if (!same(module_of(run, path), module) || !named(cells[1].s, path, name))
            return true;
    }
    return visit(run, cells[0].i);
}

bool egql_level_row(struct egql_run *run, const struct eg_value *cells) {
    run->edges++;
    return cells[0].null || visit(run, cells[0].i);
}

/* Of a plain walk a row is an edge, and an edge is a row of the answer; in both directions it is met from both of its ends. */
static int64_t wanted(const struct egql_run *run) {
    return (run->asked + 1) * (run->plan->walk->direction == EGQL_BOTH ? 2 : 1);
}

int64_t egql_level_most(const struct egql_run *run) {
    return run->plan->plain_walk ? wanted(run) - run->edges : run->limits.nodes_most + 2; /* one too many, and none */
}

static int ascending(const void *a, const void *b) {
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The least nodes of the last level stay, so that every store keeps the same; starts, and levels but for those of a plain walk, have
 * come in an order. */
static void cut(struct egql_run *run, size_t level) {
    size_t most = (size_t)run->limits.nodes_most;
    if (run->n_nodes <= most)
        return;
    if (run->plan->plain_walk && level)
        qsort(run->nodes + level, run->n_nodes - level, sizeof *run->nodes, ascending);
    run->n_nodes = most;
    run->truncated = true;
}

/* The nodes of a level are asked about part by part, each greater than the one before: when a budget ends within the first, the edges of
 * the others have not been read. A plain walk reads no more than it wants anyhow, and its nodes have no order. */
static void take_part(struct egql_run *run, size_t level_end) {
    size_t left = level_end - run->part_end;
    run->part = run->part_end;
    run->part_end += run->plan->plain_walk || left < 2 * run->part_size ? left : run->part_size;
    run->part_size *= 4;
}

bool egql_walk_goes_on(struct egql_run *run) {
    if (run->n_levels == 0 && !new_level(run))
        return false;
    size_t last = run->levels[run->n_levels - 1]; /* what is being found; before it what is asked about */
    if (run->plan->plain_walk && run->edges >= wanted(run)) { /* the edges of the levels before fill the answer */
        run->n_nodes = last;
        run->n_levels--;
        return false;
    }
    cut(run, last);
    if (run->truncated)
        return false;
    if (run->part_end < last) {
        take_part(run, last);
        return true;
    }
    if (run->n_nodes == last || (int64_t)run->n_levels >= run->plan->walk->depth)
        return false;
    run->part_size = FIRST_PART;
    take_part(run, run->n_nodes);
    return new_level(run);
}
