/* code.graph.indexed@v1: the nodes of a file, and the edges that begin in it. */
#include "indexer/graph.h"

#include <stdlib.h>
#include <string.h>

#include "base/jscan.h"

/* An event has at most EG_JSON_MOST_VALUES members and elements, of which a node with its contain edge takes 19, an import or a call 8, a
 * link to a cell 4; and a body has 16 MiB. Definitions get half of it at most, edges three quarters of what they leave, links the rest. */
#define VALUES_MOST (EG_JSON_MOST_VALUES - 10000)
#define NODES_MOST (VALUES_MOST / 2 / 19)
#define NODES_MOST_B ((size_t)5 << 20)
#define EDGES_MOST_B ((size_t)6 << 20)
#define LINKS_MOST_B ((size_t)13 << 20) /* of the payload, so far */

static int nodes_of(const struct eg_facts *facts) { return facts->n_defs < NODES_MOST ? facts->n_defs : NODES_MOST; }
static int left_of(const struct eg_facts *facts) { return VALUES_MOST - 19 * nodes_of(facts); }
static int edges_most(const struct eg_facts *facts) { return left_of(facts) / 4 * 3 / 8; } /* beside the contain edges */
static size_t links_most(const struct eg_facts *facts) { return (size_t)left_of(facts) / 4 / 4; }

/* A printf for each of the many small members would cost more than all else that is done for an event. */
static void put_int(struct eg_buf *out, const char *before, int value) {
    eg_buf_str(out, before);
    eg_buf_int(out, value);
}

static void add_plain(struct eg_buf *out, const char *bytes, size_t n) { eg_buf_add(out, bytes, n); }

static inline void put_uid(struct eg_buf *out, void (*add)(struct eg_buf *, const char *, size_t), const char *path, size_t path_len,
                           const struct eg_def *def) {
    eg_buf_str(out, "AST::");
    add(out, path, path_len);
    eg_buf_char(out, '#');
    if (def) {
        add(out, def->qual.p, def->qual.n);
    }
    if (def && def->ordinal > 1) {
        put_int(out, "~", def->ordinal);
    }
}

void eg_graph_uid(struct eg_buf *out, const char *path, size_t path_len, const struct eg_def *def) {
    eg_buf_char(out, '"');
    put_uid(out, eg_buf_json_part, path, path_len, def);
    eg_buf_char(out, '"');
}

static void put_previous(struct eg_buf *out, const struct eg_graph *graph, const struct eg_graph_file *file, const struct eg_def *def) {
    struct eg_buf text;
    if (!graph->previous) {
        return;
    }
    eg_buf_init(&text, SIZE_MAX / 2);
    put_uid(&text, add_plain, file->path, file->path_len, def);
    const struct eg_str *previous = text.failed ? NULL : eg_map_get(graph->previous, text.data, text.len);
    if (previous) {
        eg_buf_str(out, ",\"previous_uid\":");
        eg_buf_json_string(out, previous->p, previous->n);
    }
    eg_buf_free(&text);
}

static void put_module_node(struct eg_buf *out, const struct eg_graph *graph, const struct eg_graph_file *file) {
    const struct eg_facts *facts = file->facts;
    eg_buf_str(out, "{\"uid\":");
    eg_graph_uid(out, file->path, file->path_len, NULL);
    eg_buf_str(out, ",\"kind\":\"Module\",\"name\":");
    eg_buf_json_string(out, file->module.p, file->module.n);
    eg_buf_str(out, ",\"line\":1,\"col\":0,\"meta\":{\"language\":\"");
    eg_buf_str(out, facts->grammar->lang->name);
    put_int(out, "\",\"lines\":", facts->lines);
    if (facts->n_tests > 0) {
        put_int(out, ",\"tests\":", facts->n_tests);
    }
    if (facts->skipped) {
        eg_buf_printf(out, ",\"skipped\":\"%s\"", facts->skipped);
    }
    eg_buf_str(out, facts->broken ? ",\"broken\":true" : "");
    eg_buf_str(out, facts->not_utf8 ? ",\"not_utf8\":true" : "");
    eg_buf_str(out, facts->n_defs > NODES_MOST || facts->n_imports + facts->n_calls > edges_most(facts) ? ",\"truncated\":true" : "");
    put_previous(out, graph, file, NULL);
    eg_buf_str(out, "}}");
}

static void put_hash(struct eg_buf *out, uint64_t hash) {
    char text[16];
    for (int i = 15; i >= 0; i--, hash >>= 4) {
        text[i] = "0123456789abcdef"[hash & 15];
    }
    eg_buf_str(out, ",\"body\":\"");
    eg_buf_add(out, text, sizeof(text));
    eg_buf_char(out, '"');
}

static void put_node(struct eg_buf *out, const struct eg_graph *graph, const struct eg_graph_file *file, const struct eg_def *def) {
    eg_buf_str(out, ",{\"uid\":");
    eg_graph_uid(out, file->path, file->path_len, def);
    eg_buf_str(out, ",\"kind\":\"");
    eg_buf_str(out, def->kind);
    eg_buf_str(out, "\",\"name\":");
    eg_buf_json_string(out, def->name.p, def->name.n);
    put_int(out, ",\"line\":", def->line);
    put_int(out, ",\"col\":", def->col);
    put_int(out, ",\"meta\":{\"end_line\":", def->end_line);
    eg_buf_str(out, def->is_public ? ",\"public\":true" : ",\"public\":false");
    if (def->cls == EG_DEF_FUNCTION) {
        put_int(out, ",\"cc\":", def->cc);
        put_int(out, ",\"params\":", def->n_params);
    }
    if (def->signature.n) {
        eg_buf_str(out, ",\"signature\":");
        eg_buf_json_string(out, def->signature.p, def->signature.n);
    }
    eg_buf_str(out, def->is_test ? ",\"test\":true" : "");
    if (def->body) {
        put_hash(out, def->body);
    }
    put_previous(out, graph, file, def);
    eg_buf_str(out, "}}");
}

static const struct eg_def *def_at(const struct eg_graph_file *file, int def) {
    return def >= 0 && def < NODES_MOST ? &file->facts->defs[def] : NULL;
}

static void begin_edge(struct eg_buf *out, size_t *n, const struct eg_graph_file *file, int src) {
    eg_buf_str(out, (*n)++ ? ",{\"src\":" : "{\"src\":");
    eg_graph_uid(out, file->path, file->path_len, def_at(file, src));
    eg_buf_str(out, ",\"dst\":");
}

static void put_target(struct eg_buf *out, const struct eg_graph *graph, struct eg_target target) {
    const struct eg_graph_file *file = &graph->files[target.file];
    eg_graph_uid(out, file->path, file->path_len, def_at(file, target.def));
}

static void end_edge(struct eg_buf *out, const char *etype, int line, double confidence) {
    eg_buf_str(out, ",\"etype\":\"");
    eg_buf_str(out, etype);
    put_int(out, "\",\"meta\":{\"line\":", line);
    eg_buf_str(out, ",\"confidence\":");
    eg_buf_json_double(out, confidence);
}

static void put_import(struct eg_buf *out, size_t *n, const struct eg_graph *graph, const struct eg_graph_file *file,
                       const struct eg_import *import, struct eg_target target) {
    struct eg_str module = import->module;
    begin_edge(out, n, file, -1);
    if (target.file >= 0) {
        put_target(out, graph, target);
    } else {
        bool rust = file->facts->grammar->lang->imports == EG_IMPORT_RUST;
        eg_buf_char(out, '"');
        eg_buf_json_part(out, module.p, module.n);
        eg_buf_str(out, import->symbol.n == 0 ? "" : rust ? "::" : ".");
        eg_buf_json_part(out, import->symbol.p, import->symbol.n);
        eg_buf_char(out, '"');
    }
    end_edge(out, "import", import->line, target.confidence);
    if (import->alias.n) {
        eg_buf_str(out, ",\"as\":");
        eg_buf_json_string(out, import->alias.p, import->alias.n);
    }
    eg_buf_str(out, "}}");
}

static void put_call(struct eg_buf *out, size_t *n, const struct eg_graph *graph, const struct eg_graph_file *file,
                     const struct eg_call *call, struct eg_target target) {
    begin_edge(out, n, file, call->def);
    if (target.file >= 0) {
        put_target(out, graph, target);
    } else {
        eg_buf_json_string(out, call->callee.p, call->callee.n);
    }
    end_edge(out, "call", call->line, target.confidence);
    put_int(out, ",\"count\":", call->count);
    eg_buf_str(out, "}}");
}

static void put_edges(struct eg_buf *out, const struct eg_graph *graph, int at) {
    const struct eg_graph_file *file = &graph->files[at];
    const struct eg_facts *facts = file->facts;
    size_t n = 0, began = out->len;
    int most = edges_most(facts);
    struct eg_target *imports = calloc((size_t)facts->n_imports + 1, sizeof(*imports));
    if (!imports) {
        out->failed = true;
        return;
    }
    for (int i = 0; i < facts->n_defs && i < NODES_MOST && out->len - began < NODES_MOST_B; i++) {
        begin_edge(out, &n, file, facts->defs[i].parent);
        eg_graph_uid(out, file->path, file->path_len, &facts->defs[i]);
        eg_buf_str(out, ",\"etype\":\"contain\"}");
    }
    for (int i = 0; i < facts->n_imports; i++) {
        imports[i] = eg_resolve_import(graph, at, &facts->imports[i]);
        if (i < most && out->len - began < EDGES_MOST_B) {
            put_import(out, &n, graph, file, &facts->imports[i], imports[i]);
        }
    }
    for (int i = 0; i < facts->n_calls && facts->n_imports + i < most && out->len - began < EDGES_MOST_B; i++) {
        put_call(out, &n, graph, file, &facts->calls[i], eg_resolve_call(graph, at, &facts->calls[i], imports));
    }
    free(imports);
}

static size_t put_cells(struct eg_buf *out, const struct eg_graph *graph, const struct eg_graph_file *file, const struct eg_def *def,
                        struct eg_mosaic_span span, size_t n) {
    double lines = span.last - span.line + 1;
    char name[EG_MOSAIC_NAME_B];
    for (; eg_mosaic_next(&span); n++) {
        eg_mosaic_name(graph->mosaic, span.cell, name);
        eg_buf_str(out, n ? ",{\"uid\":" : "{\"uid\":");
        eg_graph_uid(out, file->path, file->path_len, def);
        eg_buf_str(out, ",\"cell\":\"");
        eg_buf_str(out, name);
        eg_buf_str(out, "\",\"weight\":");
        eg_buf_json_double(out, span.n / lines);
        eg_buf_char(out, '}');
    }
    return n;
}

/* Φ: where the file and its definitions lie. A node's links are written all or not at all. */
static void put_phi(struct eg_buf *out, const struct eg_graph *graph, const struct eg_graph_file *file) {
    uint32_t place;
    size_t n = 0;
    const struct eg_mosaic_file *laid = eg_mosaic_find(graph->mosaic, file->path, file->path_len, &place);
    for (int i = -1; laid && i < file->facts->n_defs && i < NODES_MOST; i++) {
        const struct eg_def *def = i < 0 ? NULL : &file->facts->defs[i];
        struct eg_mosaic_span span = {.mosaic = graph->mosaic, .file = laid, .line = def ? def->line : 1,
                                      .last = def ? def->end_line : laid->lines};
        span.last = span.last < span.line ? span.line : span.last;
        size_t cells = (size_t)(eg_mosaic_cell(graph->mosaic, laid, span.last) - eg_mosaic_cell(graph->mosaic, laid, span.line)) + 1;
        if (n + cells <= links_most(file->facts) && out->len + cells * (file->path_len + (def ? def->qual.n : 0) + 100) < LINKS_MOST_B) {
            n = put_cells(out, graph, file, def, span, n);
        }
    }
}

void eg_graph_payload(struct eg_buf *out, const struct eg_graph *graph, int at, const char *repo, const char *sha) {
    const struct eg_graph_file *file = &graph->files[at];
    out->len = 0;
    eg_buf_printf(out, "{\"repo\":");
    eg_buf_json_string(out, repo, strlen(repo));
    eg_buf_printf(out, ",\"sha\":\"%s\",\"module\":", sha);
    eg_buf_json_string(out, file->module.p, file->module.n);
    eg_buf_str(out, ",\"file\":{\"path\":");
    eg_buf_json_string(out, file->path, file->path_len);
    eg_buf_printf(out, ",\"sha256\":\"%s\"},\"nodes\":[", file->sha256);
    put_module_node(out, graph, file);
    for (int i = 0; i < file->facts->n_defs && i < NODES_MOST && out->len < NODES_MOST_B; i++) {
        put_node(out, graph, file, &file->facts->defs[i]);
    }
    eg_buf_str(out, "],\"edges\":[");
    put_edges(out, graph, at);
    if (graph->mosaic) {
        eg_buf_str(out, "],\"phi\":[");
        put_phi(out, graph, file);
    }
    eg_buf_str(out, "]}");
}
