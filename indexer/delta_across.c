/* Functions that were taken out of one in another file, and the reverse. Calls are resolved among the files that changed: what the others
 * hold is not read, so that a name counts as unique that is so among these; but what an import brings from elsewhere stays there. Most
 * commits have no such call, and cost one pass over the calls of functions that changed. */
#include <stdlib.h>
#include <string.h>

#include "indexer/delta.h"
#include "indexer/extract.h"
#include "indexer/graph.h"

#define CALLS_MOST 4000 /* of functions that came or went, by ones that changed, looked at one by one */

struct meeting { /* a function that came (or went), and a call in another file that may mean it */
    struct eg_def_ref function;
    int caller;
    const struct eg_call *call;
};

struct across {
    struct eg_delta *delta;
    bool inlined;
    struct eg_seen names; /* → the first function of the name, + 1 */
    struct eg_def_ref *functions;
    int *next; /* of the same name, + 1 */
    struct meeting *meetings;
    int n_meetings;
    struct eg_graph graph;
    int *files; /* of each pair, in the graph; −1: it has none */
    struct eg_target *imports; /* of the last caller's file */
    int imports_of;
    bool failed; /* memory is out */
};

static struct eg_delta_side *side_of(const struct across *a, int pair) {
    return a->inlined ? &a->delta->pairs[pair].old : &a->delta->pairs[pair].new;
}

static struct eg_str last_name(struct eg_str callee) {
    const char *dot = memrchr(callee.p, '.', callee.n);
    return dot ? (struct eg_str){dot + 1, (size_t)(callee.p + callee.n - dot - 1)} : callee;
}

static bool came_or_went(const struct eg_delta_side *side, int def) {
    return side->match[def].pair < 0 && side->facts->defs[def].cls == EG_DEF_FUNCTION && side->facts->defs[def].n_tokens > 0;
}

static size_t count_functions(const struct across *a) {
    size_t n = 0;
    for (int p = 0; p < a->delta->n_pairs; p++) {
        const struct eg_delta_side *side = side_of(a, p);
        for (int i = 0; i < side->facts->n_defs; i++) {
            n += came_or_went(side, i);
        }
    }
    return n;
}

static void list_functions(struct across *a, size_t n) {
    bool fresh;
    a->functions = calloc(n, sizeof(*a->functions));
    a->next = calloc(n, sizeof(*a->next));
    a->failed = !a->functions || !a->next;
    for (int p = 0, at = 0; p < a->delta->n_pairs && !a->failed; p++) {
        const struct eg_delta_side *side = side_of(a, p);
        for (int i = 0; i < side->facts->n_defs && !a->failed; i++) {
            const struct eg_def *def = &side->facts->defs[i];
            int *first = came_or_went(side, i) ? eg_seen_at(&a->names, eg_bytes64(def->name.p, def->name.n), &fresh) : NULL;
            a->failed = !first && came_or_went(side, i);
            if (first) {
                a->functions[at] = (struct eg_def_ref){p, i};
                a->next[at] = *first;
                *first = ++at;
            }
        }
    }
}

/* Whether the function around the call has another body on the other side. */
static bool changed(const struct across *a, const struct eg_delta_side *side, int def) {
    struct eg_def_ref other = def < 0 ? (struct eg_def_ref){-1, -1} : side->match[def];
    const struct eg_delta_pair *there = other.pair < 0 ? NULL : &a->delta->pairs[other.pair];
    return there && (a->inlined ? there->new.facts : there->old.facts)->defs[other.def].body != side->facts->defs[def].body;
}

static void meet(struct across *a, int pair, const struct eg_call *call) {
    struct eg_str name = last_name(call->callee);
    bool fresh;
    const int *first = eg_seen_at(&a->names, eg_bytes64(name.p, name.n), &fresh);
    a->failed = a->failed || !first;
    for (int i = first ? *first : 0; i > 0; i = a->next[i - 1]) {
        struct eg_def_ref function = a->functions[i - 1];
        if (function.pair != pair && eg_str_eq(side_of(a, function.pair)->facts->defs[function.def].name, name)) {
            if (a->n_meetings < CALLS_MOST) {
                a->meetings[a->n_meetings] = (struct meeting){function, pair, call};
            }
            a->n_meetings++;
        }
    }
}

static void list_meetings(struct across *a) {
    a->meetings = calloc(CALLS_MOST, sizeof(*a->meetings));
    a->failed = !a->meetings;
    for (int p = 0; p < a->delta->n_pairs && !a->failed; p++) {
        const struct eg_delta_side *side = side_of(a, p);
        int last = -1;
        bool looks = false;
        for (int i = 0; i < side->facts->n_calls && !a->failed && a->n_meetings <= CALLS_MOST; i++) {
            const struct eg_call *call = &side->facts->calls[i];
            looks = call->def == last ? looks : changed(a, side, call->def);
            last = call->def;
            if (looks) {
                meet(a, p, call);
            }
        }
    }
}

/* How many functions, and how many of those that call them: 200 of either are compared. */
static bool too_many(struct across *a) {
    struct eg_seen functions = {0}, callers = {0};
    bool fresh;
    for (int i = 0; i < a->n_meetings && i < CALLS_MOST && !a->failed; i++) {
        const struct meeting *one = &a->meetings[i];
        a->failed = !eg_seen_at(&functions, ((uint64_t)one->function.pair << 32 | (uint32_t)one->function.def) + 1, &fresh) ||
                    !eg_seen_at(&callers, ((uint64_t)one->caller << 32 | (uint32_t)one->call->def) + 1, &fresh);
    }
    bool over = a->n_meetings > CALLS_MOST || functions.n > EG_PAIRS_MOST || callers.n > EG_PAIRS_MOST;
    eg_seen_free(&functions);
    eg_seen_free(&callers);
    a->delta->degraded = a->delta->degraded || over;
    return over;
}

static int by_path(const void *x, const void *y) {
    return strcmp(((const struct eg_graph_file *)x)->path, ((const struct eg_graph_file *)y)->path);
}

static void make_graph(struct across *a, struct eg_err *err) {
    struct eg_graph *graph = &a->graph;
    graph->arena = a->delta->arena;
    graph->files = calloc((size_t)a->delta->n_pairs, sizeof(*graph->files));
    a->files = calloc((size_t)a->delta->n_pairs, sizeof(*a->files));
    a->failed = !graph->files || !a->files;
    for (int p = 0; !a->failed && p < a->delta->n_pairs; p++) {
        const struct eg_delta_side *side = side_of(a, p);
        if (side->path && side->facts->grammar) {
            graph->files[graph->n_files++] =
                (struct eg_graph_file){.path = side->path, .path_len = strlen(side->path), .facts = side->facts, .lines_laid = p};
        }
    }
    if (!a->failed) {
        qsort(graph->files, (size_t)graph->n_files, sizeof(*graph->files), by_path);
        a->failed = eg_graph_link(graph, err) != EG_OK;
    }
    for (int p = 0; !a->failed && p < a->delta->n_pairs; p++) {
        a->files[p] = -1;
    }
    for (int i = 0; !a->failed && i < graph->n_files; i++) {
        a->files[graph->files[i].lines_laid] = i; /* these files lie on no mosaic */
    }
}

static void read_imports(struct across *a, int file) {
    const struct eg_facts *facts = a->graph.files[file].facts;
    if (a->imports && a->imports_of == file) {
        return;
    }
    a->imports = eg_arena_alloc(a->delta->arena, ((size_t)facts->n_imports + 1) * sizeof(*a->imports));
    a->imports_of = file;
    a->failed = a->failed || !a->imports;
    for (int i = 0; a->imports && i < facts->n_imports; i++) {
        a->imports[i] = eg_resolve_import(&a->graph, file, &facts->imports[i]);
    }
}

/* Whether an import says where the call's first name is from, and that is none of the files that changed. */
static bool is_from_elsewhere(const struct across *a, int file, struct eg_str callee) {
    const struct eg_facts *facts = a->graph.files[file].facts;
    const char *dot = memchr(callee.p, '.', callee.n);
    struct eg_str head = {callee.p, dot ? (size_t)(dot - callee.p) : callee.n};
    for (int i = 0; head.n > 0 && i < facts->n_imports; i++) {
        const struct eg_import *import = &facts->imports[i];
        struct eg_str name = import->alias.n ? import->alias : import->symbol.n ? import->symbol : import->module;
        const char *slash = memrchr(name.p, '/', name.n);
        struct eg_str last = slash ? (struct eg_str){slash + 1, (size_t)(name.p + name.n - slash - 1)} : name;
        bool whole = last.n > head.n && last.p[head.n] == '.' && import->symbol.n + import->alias.n == 0; /* import pkg.a … pkg.a.f() */
        if (a->imports[i].file < 0 && last.n >= head.n && memcmp(last.p, head.p, head.n) == 0 && (whole || last.n == head.n)) {
            return facts->grammar->lang->imports != EG_IMPORT_INCLUDE;
        }
    }
    return false;
}

static bool leads_there(struct across *a, const struct meeting *one) {
    int file = a->files[one->caller];
    if (file < 0 || a->files[one->function.pair] < 0) {
        return false;
    }
    read_imports(a, file);
    struct eg_target to = a->failed ? (struct eg_target){-1, -1, 0} : eg_resolve_call(&a->graph, file, one->call, a->imports);
    return to.file == a->files[one->function.pair] && to.def == one->function.def &&
           (to.confidence >= EG_SURE_BY_IMPORT || !is_from_elsewhere(a, file, one->call->callee));
}

static void compare(struct across *a) {
    struct eg_delta *delta = a->delta;
    struct eg_def_ref *found = eg_arena_alloc(delta->arena, (size_t)a->n_meetings * sizeof(*found));
    int n = 0;
    a->failed = a->failed || !found;
    for (int i = 0; !a->failed && i < a->n_meetings; i++) {
        const struct meeting *one = &a->meetings[i];
        if (leads_there(a, one) && eg_delta_is_part(delta, one->function, one->caller, one->call, a->inlined)) {
            found[n++] = one->function;
        }
    }
    delta->across[a->inlined] = found;
    delta->n_across[a->inlined] = n;
}

static bool look(struct eg_delta *delta, bool inlined) {
    struct across a = {.delta = delta, .inlined = inlined};
    struct eg_err err = {0};
    size_t n = count_functions(&a);
    if (n > 0) {
        list_functions(&a, n);
    }
    if (n > 0 && !a.failed) {
        list_meetings(&a);
    }
    if (!a.failed && a.n_meetings > 0 && !too_many(&a) && !a.failed) {
        make_graph(&a, &err);
        if (!a.failed) {
            compare(&a);
        }
    }
    free(a.graph.files);
    free(a.graph.names);
    free(a.files);
    free(a.functions);
    free(a.next);
    free(a.meetings);
    eg_seen_free(&a.names);
    return !a.failed;
}

bool eg_delta_across(struct eg_delta *delta) { return delta->n_pairs < 2 || (look(delta, false) && look(delta, true)); }
