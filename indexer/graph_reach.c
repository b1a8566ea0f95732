/* Which files have edges that may lead elsewhere than in the state compared with, though they did not change themselves: those that say a
 * name which a changed file gained or lost, or the name of a file that came, went or moved. Names are compared word by word and without
 * their place, so that rather too many files are told again than one too few. */
#include <string.h>

#include "indexer/delta.h"
#include "indexer/stage.h"

struct reach {
    struct eg_arena *arena;
    struct eg_map *words; /* → itself */
    bool failed;
};

static bool is_word(char c) {
    return c == '_' || c == '$' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

/* The next word of a text, which is cut off its front; empty at its end. */
static struct eg_str next_word(struct eg_str *text) {
    while (text->n > 0 && !is_word(*text->p)) {
        *text = (struct eg_str){text->p + 1, text->n - 1};
    }
    struct eg_str word = {text->p, 0};
    while (text->n > 0 && is_word(*text->p)) {
        word.n++;
        *text = (struct eg_str){text->p + 1, text->n - 1};
    }
    return word;
}

/* The words need not outlive the call: the delta's are gone before they are asked for. */
static void add(struct reach *reach, struct eg_str text) {
    for (struct eg_str word = next_word(&text); word.n > 0; word = next_word(&text)) {
        if (!eg_map_get(reach->words, word.p, word.n)) {
            char *copy = eg_arena_dup(reach->arena, word.p, word.n);
            reach->failed = reach->failed || !copy || !eg_map_put(reach->words, copy, word.n, copy);
        }
    }
}

static bool says(const struct reach *reach, struct eg_str text) {
    for (struct eg_str word = next_word(&text); word.n > 0; word = next_word(&text)) {
        if (eg_map_get(reach->words, word.p, word.n)) {
            return true;
        }
    }
    return false;
}

/* A path's last two names: the file's, and that of the folder, by which packages are imported. */
static void add_path(struct reach *reach, const char *path) {
    const char *name = strrchr(path, '/'), *folder = name;
    while (folder && folder > path && folder[-1] != '/') {
        folder--;
    }
    name = name ? name + 1 : path;
    add(reach, (struct eg_str){name, strcspn(name, ".")});
    if (folder) {
        add(reach, (struct eg_str){folder, strcspn(folder, "/")});
    }
}

/* What is on one side only. */
static void add_missing(struct reach *reach, const struct eg_facts *of, const struct eg_facts *in) {
    struct eg_map *there = eg_map_new(reach->arena, (size_t)in->n_defs + 1);
    for (int i = 0; there && i < in->n_defs; i++) {
        reach->failed = reach->failed || !eg_map_put(there, in->defs[i].qual.p, in->defs[i].qual.n, &in->defs[i]);
    }
    for (int i = 0; there && i < of->n_defs; i++) {
        const struct eg_def *def = &of->defs[i], *same = eg_map_get(there, def->qual.p, def->qual.n);
        if (!same || same->cls != def->cls || same->is_public != def->is_public) {
            add(reach, def->name);
        }
    }
    reach->failed = reach->failed || !there;
}

static bool reaches(const struct reach *reach, const struct eg_graph *graph, int file) {
    const struct eg_facts *facts = graph->files[file].facts;
    for (int i = 0; i < facts->n_imports; i++) {
        if (says(reach, facts->imports[i].module) || says(reach, facts->imports[i].symbol)) {
            return true;
        }
    }
    for (int i = 0; i < facts->n_calls; i++) {
        if (says(reach, facts->calls[i].callee) && !eg_resolve_stays(graph, file, &facts->calls[i])) {
            return true;
        }
    }
    return false;
}

eg_status eg_graph_reach(struct eg_graph *graph, const struct eg_delta *delta, struct eg_err *err) {
    struct reach reach = {.arena = graph->arena, .words = eg_map_new(graph->arena, 256)};
    reach.failed = !reach.words;
    for (int i = 0; i < delta->n_pairs && !reach.failed; i++) {
        const struct eg_delta_pair *pair = &delta->pairs[i];
        static const struct eg_facts none;
        bool moved = pair->change->status != 'M';
        add_missing(&reach, pair->old.facts, moved ? &none : pair->new.facts);
        add_missing(&reach, pair->new.facts, moved ? &none : pair->old.facts);
        if (moved) {
            add_path(&reach, pair->change->path);
        }
        if (moved && pair->change->old_path) {
            add_path(&reach, pair->change->old_path);
        }
    }
    for (int i = 0; i < graph->n_files && !reach.failed; i++) {
        graph->files[i].wanted = graph->files[i].wanted || reaches(&reach, graph, i);
    }
    return reach.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out") : EG_OK;
}
