/* In C, Go and Java a name stands in no one file: a header's source has it, or another file of the package. One sorted list of all
 * definitions of these languages by package and name finds them, however many files a folder has. */
#include <stdlib.h>
#include <string.h>

#include "indexer/graph.h"

static bool has_packages(enum eg_import_style style) {
    return style == EG_IMPORT_GO || style == EG_IMPORT_INCLUDE || style == EG_IMPORT_JAVA;
}

/* Go, Java: the folder. C: all but the last letter, so that a.c and a.h are one. */
static uint64_t package_key(const struct eg_graph_file *file, struct eg_str qual) {
    enum eg_import_style style = file->facts->grammar->lang->imports;
    const char *slash = memrchr(file->path, '/', file->path_len);
    size_t n = style == EG_IMPORT_INCLUDE ? file->path_len - 1 : slash ? (size_t)(slash - file->path) : 0;
    return eg_mix64(eg_mix64(eg_bytes64(file->path, n), style), eg_bytes64(qual.p, qual.n));
}

/* What eg_graph_link lists of it: C's records have names of their own, which no call means. */
static bool is_listed(enum eg_import_style style, const struct eg_def *def) {
    return style == EG_IMPORT_INCLUDE ? def->cls == EG_DEF_FUNCTION : def->ordinal == 1;
}

static int by_key(const void *x, const void *y) {
    const struct eg_package_name *a = x, *b = y;
    return a->key != b->key ? (a->key < b->key ? -1 : 1) : (a->file > b->file) - (a->file < b->file);
}

static bool has_names(const struct eg_facts *facts) { return facts->grammar && has_packages(facts->grammar->lang->imports); }

bool eg_package_list(struct eg_graph *graph) {
    size_t n = 0;
    for (int i = 0; i < graph->n_files; i++) {
        n += has_names(graph->files[i].facts) ? (size_t)graph->files[i].facts->n_defs : 0;
    }
    graph->names = calloc(n + 1, sizeof(*graph->names));
    for (int i = 0; graph->names && i < graph->n_files; i++) {
        const struct eg_facts *facts = graph->files[i].facts;
        for (int d = 0; has_names(facts) && d < facts->n_defs; d++) {
            if (is_listed(facts->grammar->lang->imports, &facts->defs[d])) {
                graph->names[graph->n_names++] = (struct eg_package_name){package_key(&graph->files[i], facts->defs[d].qual), i};
            }
        }
    }
    if (graph->n_names > 1) {
        qsort(graph->names, graph->n_names, sizeof(*graph->names), by_key);
    }
    return graph->names != NULL;
}

int eg_package_file(const struct eg_graph *graph, int file, struct eg_str qual) {
    if (!has_names(graph->files[file].facts)) {
        return -1;
    }
    struct eg_package_name wanted = {package_key(&graph->files[file], qual), file};
    size_t low = 0, high = graph->n_names;
    while (low < high) { /* the first that is not before the file */
        size_t middle = (low + high) / 2;
        if (by_key(&graph->names[middle], &wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0 && graph->names[low - 1].key == wanted.key) {
        return graph->names[low - 1].file;
    }
    while (low < graph->n_names && by_key(&graph->names[low], &wanted) == 0) {
        low++;
    }
    return low < graph->n_names && graph->names[low].key == wanted.key ? graph->names[low].file : -1;
}
