/* What names lead to. A call is looked for in its file, then by what the file imports, then by a name that only one definition of the
 * repository has; each answer says how sure it is. */
#include "indexer/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MOST_B 2048
#define GROUP_MOST_B 8
#define WHOLE_MOST 1000 /* imports that bring all of a file, looked through for one call */
#define SCOPES_MOST 64   /* around a call, looked through from within */
#define EXACT 1.0       /* within the file, or a path as it is written */
#define IMPORTED 0.95
#define BY_END EG_SURE_BY_IMPORT /* the only path that ends like this */
#define UNIQUE 0.6      /* the only definition of this name */
#define UNIQUE_OF 0.4   /* the same, of something whose type is not known */

static int ambiguous; /* its address marks what has several meanings */
static const struct eg_target nowhere = {-1, -1, 0};

/* Languages that can see each other's definitions. */
static const char *group_of(const struct eg_facts *facts) {
    switch (facts->grammar->lang->imports) {
    case EG_IMPORT_PYTHON: return "py";
    case EG_IMPORT_INCLUDE: return "c";
    case EG_IMPORT_ES: return "es";
    case EG_IMPORT_GO: return "go";
    case EG_IMPORT_JAVA: return "java";
    case EG_IMPORT_RUST: return "rs";
    }
    return "";
}

/* "group:text"; the length. */
static size_t write_key(char *out, const char *group, const char *text, size_t n) {
    char *at = stpcpy(out, group);
    *at++ = ':';
    memcpy(at, text, n);
    return (size_t)(at - out) + n;
}

static bool put_once(struct eg_graph *graph, struct eg_map *map, const char *group, const char *text, size_t n, void *value) {
    char *key = eg_arena_alloc(graph->arena, GROUP_MOST_B + n);
    size_t len = key ? write_key(key, group, text, n) : 0;
    void *other = key ? eg_map_get(map, key, len) : NULL;
    return key && eg_map_put(map, key, len, other && other != value ? &ambiguous : value);
}

static void *get(const struct eg_map *map, const char *group, const char *text, size_t n) {
    char key[KEY_MOST_B];
    return n >= KEY_MOST_B - GROUP_MOST_B ? NULL : eg_map_get(map, key, write_key(key, group, text, n));
}

/* The path without what an import leaves out: the extension (not in C), and the file that stands for its folder. */
static size_t stem_of(const struct eg_graph_file *file) {
    static const char *const folders[] = {"/__init__", "/index", "/mod"};
    const char *dot = memrchr(file->path, '.', file->path_len);
    if (file->facts->grammar->lang->imports == EG_IMPORT_INCLUDE || !dot) {
        return file->path_len;
    }
    size_t n = (size_t)(dot - file->path);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        size_t len = strlen(folders[i]);
        if (n > len && memcmp(file->path + n - len, folders[i], len) == 0) {
            return n - len;
        }
    }
    return n;
}

/* The whole stem, and every end of it that has a folder in it; "=" marks the whole one. */
static bool list_stems(struct eg_graph *graph, struct eg_graph_file *file) {
    const char *group = group_of(file->facts);
    size_t n = stem_of(file);
    char *whole = eg_arena_printf(graph->arena, "=%.*s", (int)n, file->path);
    bool good = whole && put_once(graph, graph->by_stem, group, whole, n + 1, file);
    for (size_t i = 0; good && i < n; i++) {
        bool begins = i == 0 || file->path[i - 1] == '/';
        if (begins && (memchr(file->path + i, '/', n - i) || file->facts->grammar->lang->imports == EG_IMPORT_INCLUDE)) {
            good = put_once(graph, graph->by_stem, group, file->path + i, n - i, file);
        }
    }
    const char *slash = memrchr(file->path, '/', file->path_len);
    size_t folder = slash ? (size_t)(slash - file->path) : 0;
    if (good && !get(graph->by_folder, group, file->path, folder)) {
        good = put_once(graph, graph->by_folder, group, file->path, folder, file);
    }
    return good;
}

static void symbol_key(char out[16], int file, struct eg_str qual) {
    uint64_t h = eg_bytes64(qual.p, qual.n);
    memcpy(out, &h, 8);
    uint64_t number = (uint64_t)file;
    memcpy(out + 8, &number, 8);
}

static bool list_symbols(struct eg_graph *graph, int at) {
    struct eg_graph_file *file = &graph->files[at];
    bool tags = file->facts->grammar->lang->imports == EG_IMPORT_INCLUDE; /* C's records have names of their own: no call means them */
    for (int i = 0; i < file->facts->n_defs; i++) {
        const struct eg_def *def = &file->facts->defs[i];
        struct eg_def_place_in *place = eg_arena_alloc(graph->arena, sizeof(*place));
        char *key = eg_arena_alloc(graph->arena, 16);
        if (!place || !key) {
            return false;
        }
        *place = (struct eg_def_place_in){at, i};
        symbol_key(key, at, def->qual);
        if (tags && def->cls != EG_DEF_FUNCTION) {
            continue;
        }
        bool first = tags ? eg_map_get(graph->by_symbol, key, 16) == NULL : def->ordinal == 1;
        if (first && !eg_map_put(graph->by_symbol, key, 16, place)) {
            return false;
        }
        bool seen_outside = def->is_public || file->facts->grammar->lang->publics != EG_PUBLIC_STATIC;
        if (def->cls != EG_DEF_SPACE && first && seen_outside &&
            !put_once(graph, graph->by_name, group_of(file->facts), def->name.p, def->name.n, place)) {
            return false;
        }
    }
    return true;
}

eg_status eg_graph_link(struct eg_graph *graph, struct eg_err *err) {
    size_t n_defs = 0;
    bool good = true;
    for (int i = 0; i < graph->n_files; i++) {
        n_defs += (size_t)graph->files[i].facts->n_defs;
    }
    graph->by_path = eg_map_new(graph->arena, (size_t)graph->n_files + 1);
    graph->by_stem = eg_map_new(graph->arena, 4 * (size_t)graph->n_files + 1);
    graph->by_folder = eg_map_new(graph->arena, (size_t)graph->n_files + 1);
    graph->by_symbol = eg_map_new(graph->arena, n_defs + 1);
    graph->by_name = eg_map_new(graph->arena, n_defs + 1);
    good = graph->by_path && graph->by_stem && graph->by_folder && graph->by_symbol && graph->by_name;
    for (int i = 0; good && i < graph->n_files; i++) {
        struct eg_graph_file *file = &graph->files[i];
        if (file->facts->grammar) {
            good = eg_map_put(graph->by_path, file->path, file->path_len, file) && list_stems(graph, file) && list_symbols(graph, i);
        }
    }
    good = good && eg_package_list(graph);
    return good ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

static struct eg_target to_file(const struct eg_graph *graph, const void *found, double confidence) {
    if (!found || found == &ambiguous) {
        return nowhere;
    }
    return (struct eg_target){(int)((const struct eg_graph_file *)found - graph->files), -1, confidence};
}

static struct eg_target to_symbol(const struct eg_graph *graph, int file, struct eg_str qual, double confidence) {
    char key[16];
    symbol_key(key, file, qual);
    const struct eg_def_place_in *place = file >= 0 && qual.n ? eg_map_get(graph->by_symbol, key, 16) : NULL;
    return place ? (struct eg_target){place->file, place->def, confidence} : nowhere;
}

static struct eg_target to_name(const struct eg_graph *graph, int file, struct eg_str name, double confidence) {
    const void *found = get(graph->by_name, group_of(graph->files[file].facts), name.p, name.n);
    const struct eg_def_place_in *place = found == &ambiguous ? NULL : found;
    return place ? (struct eg_target){place->file, place->def, confidence} : nowhere;
}

static struct eg_target to_stem(const struct eg_graph *graph, const char *group, const char *stem, size_t n) {
    char whole[KEY_MOST_B];
    if (n + 1 >= sizeof(whole)) {
        return nowhere;
    }
    whole[0] = '=';
    memcpy(whole + 1, stem, n);
    struct eg_target target = to_file(graph, get(graph->by_stem, group, whole, n + 1), EXACT);
    return target.file >= 0 ? target : to_file(graph, get(graph->by_stem, group, stem, n), BY_END);
}

/* Appends a relative path to a folder; `.` and `..` are worked off. False when it leaves the repository. */
static bool join(char *out, size_t size_b, const char *folder, size_t folder_n, const char *path, size_t n) {
    size_t at = folder_n < size_b ? folder_n : 0;
    memcpy(out, folder, at);
    for (size_t i = 0; i < n;) {
        size_t len = 0;
        while (i + len < n && path[i + len] != '/') {
            len++;
        }
        if (len == 2 && memcmp(path + i, "..", 2) == 0) {
            if (at == 0) {
                return false;
            }
            const char *slash = memrchr(out, '/', at);
            at = slash ? (size_t)(slash - out) : 0;
        } else if (len > 0 && !(len == 1 && path[i] == '.')) {
            if (at + len + 2 > size_b) {
                return false;
            }
            out[at] = '/';
            at += at > 0;
            memcpy(out + at, path + i, len);
            at += len;
        }
        i += len + 1;
    }
    out[at] = '\0';
    return true;
}

static size_t folder_of(const struct eg_graph_file *file) {
    const char *slash = memrchr(file->path, '/', file->path_len);
    return slash ? (size_t)(slash - file->path) : 0;
}

/* "pkg.a" and "crate::a" as paths; leading dots and the words for "here" and "above" become "./" and "../". */
static void as_path(struct eg_str module, char *out, size_t size_b) {
    size_t at = 0, i = 0, dots = 0;
    while (i < module.n && module.p[i] == '.') {
        i++;
        dots++;
    }
    for (size_t d = 0; d < dots && at + 4 < size_b; d++) {
        at += (size_t)snprintf(out + at, size_b - at, d == 0 ? "./" : "../");
    }
    for (; i < module.n && at + 4 < size_b; i++) {
        bool colons = module.p[i] == ':' && i + 1 < module.n && module.p[i + 1] == ':';
        i += colons;
        out[at++] = colons || module.p[i] == '.' ? '/' : module.p[i];
    }
    out[at] = '\0';
}

static struct eg_target relative(const struct eg_graph *graph, const struct eg_graph_file *from, const char *path) {
    char whole[KEY_MOST_B];
    if (!join(whole, sizeof(whole), from->path, folder_of(from), path, strlen(path))) {
        return nowhere;
    }
    size_t n = strlen(whole);
    const void *found = eg_map_get(graph->by_path, whole, n);
    if (found) {
        return to_file(graph, found, EXACT);
    }
    struct eg_target target = to_stem(graph, group_of(from->facts), whole, n);
    const char *dot = memrchr(whole, '.', n); /* TypeScript writes "./a.js" for a.ts */
    if (target.file < 0 && dot && !strchr(dot, '/')) {
        target = to_stem(graph, group_of(from->facts), whole, (size_t)(dot - whole));
    }
    return target.confidence == EXACT ? target : nowhere;
}

/* Rust: the longest beginning of the path that is a file. */
static struct eg_target rust_module(const struct eg_graph *graph, const struct eg_graph_file *from, struct eg_str module) {
    char path[KEY_MOST_B];
    as_path(module, path, sizeof(path));
    const char *start = path;
    bool own = false;
    for (const char *const *word = (const char *const[]){"crate", "self", "super", NULL}; *word; word++) {
        size_t n = strlen(*word);
        while (strncmp(start, *word, n) == 0 && (start[n] == '/' || start[n] == '\0')) {
            start += n + (start[n] == '/');
            own = true;
        }
    }
    for (size_t n = strlen(start); n > 0;) {
        char beside[KEY_MOST_B];
        struct eg_target target = to_stem(graph, "rs", start, n);
        if (target.file < 0 && own && join(beside, sizeof(beside), from->path, folder_of(from), start, n)) {
            target = to_stem(graph, "rs", beside, strlen(beside));
        }
        if (target.file >= 0 && &graph->files[target.file] != from) {
            target.confidence = BY_END;
            return target;
        }
        const char *slash = memrchr(start, '/', n);
        n = slash ? (size_t)(slash - start) : 0;
    }
    return nowhere;
}

static struct eg_target go_package(const struct eg_graph *graph, struct eg_str module) {
    for (size_t i = 0; i < module.n; i++) {
        if (i == 0 || module.p[i - 1] == '/') {
            struct eg_target target = to_file(graph, get(graph->by_folder, "go", module.p + i, module.n - i), i ? BY_END : EXACT);
            if (target.file >= 0) {
                return target;
            }
        }
    }
    return nowhere;
}

static struct eg_target module_target(const struct eg_graph *graph, int file, const struct eg_import *import) {
    const struct eg_graph_file *from = &graph->files[file];
    char path[KEY_MOST_B], longer[KEY_MOST_B + 8];
    struct eg_target target = nowhere;
    switch (from->facts->grammar->lang->imports) {
    case EG_IMPORT_GO: return go_package(graph, import->module);
    case EG_IMPORT_RUST: return rust_module(graph, from, import->module);
    case EG_IMPORT_ES:
        snprintf(path, sizeof(path), "%.*s", (int)import->module.n, import->module.p);
        return *path == '.' ? relative(graph, from, path) : nowhere;
    case EG_IMPORT_INCLUDE:
        snprintf(path, sizeof(path), "%.*s", (int)import->module.n, import->module.p);
        target = relative(graph, from, path);
        return target.file >= 0 ? target : to_stem(graph, "c", path, strlen(path));
    case EG_IMPORT_PYTHON:
    case EG_IMPORT_JAVA: break;
    }
    as_path(import->module, path, sizeof(path));
    bool java = from->facts->grammar->lang->imports == EG_IMPORT_JAVA;
    const char *slash = *path && path[strlen(path) - 1] == '/' ? "" : "/";
    snprintf(longer, sizeof(longer), "%s%s%.*s", path, slash, (int)import->symbol.n, import->symbol.p);
    for (int i = 0; i < 2 && target.file < 0; i++) { /* `from pkg import module`, and Java's class, come first */
        const char *at = i == 0 ? longer : path;
        if (import->symbol.n || i == 1) {
            target = *at == '.' ? relative(graph, from, at) : to_stem(graph, group_of(from->facts), at, strlen(at));
        }
    }
    if (target.file < 0 && !java && *path != '.') {
        char dotted[KEY_MOST_B + 2];
        snprintf(dotted, sizeof(dotted), "./%s", path); /* beside the file: a script's folder is on its path */
        target = relative(graph, from, dotted);
    }
    return target;
}

struct eg_target eg_resolve_import(const struct eg_graph *graph, int file, const struct eg_import *import) {
    struct eg_target target = module_target(graph, file, import);
    if (target.file < 0 || import->symbol.n == 0 || eg_str_is(import->symbol, "*")) {
        return target;
    }
    struct eg_target symbol = to_symbol(graph, target.file, import->symbol, target.confidence);
    return symbol.file >= 0 ? symbol : target;
}

static struct eg_str part(const char *from, const char *to) { return (struct eg_str){from, (size_t)(to - from)}; }

static struct eg_target beside(const struct eg_graph *graph, int file, struct eg_str name, double confidence) {
    struct eg_target target = to_symbol(graph, file, name, confidence);
    return target.file >= 0 ? target : to_symbol(graph, eg_package_file(graph, file, name), name, confidence);
}

/* What the file imports: the import that brings the call's first name in. */
static struct eg_target by_imports(const struct eg_graph *graph, int file, struct eg_str callee, const struct eg_target *imports) {
    const struct eg_facts *facts = graph->files[file].facts;
    const char *end = callee.p + callee.n, *dot = memchr(callee.p, '.', callee.n);
    struct eg_str head = part(callee.p, dot ? dot : end), rest = dot ? part(dot + 1, end) : (struct eg_str){0};
    for (int i = 0, whole = 0; i < facts->n_imports; i++) {
        const struct eg_import *import = &facts->imports[i];
        struct eg_target to = imports[i], found = nowhere;
        if (to.file < 0) {
            continue;
        }
        bool all = eg_str_is(import->symbol, "*") || facts->grammar->lang->imports == EG_IMPORT_INCLUDE;
        struct eg_str name = import->alias.n ? import->alias : import->symbol.n ? import->symbol : import->module;
        const char *slash = memrchr(name.p, '/', name.n);
        struct eg_str last = slash ? part(slash + 1, name.p + name.n) : name;
        double sure = to.confidence < IMPORTED ? to.confidence : IMPORTED;
        if (all && ++whole > WHOLE_MOST) {
            continue;
        }
        if (all) {
            found = beside(graph, to.file, callee, sure);
        } else if (eg_str_eq(head, last) && rest.n == 0) {
            bool named = import->symbol.n && !eg_str_is(import->symbol, "default");
            found = to.def >= 0 ? to : to_symbol(graph, to.file, named ? import->symbol : head, sure);
        } else if (eg_str_eq(head, last)) {
            struct eg_str qual = rest;
            char text[KEY_MOST_B];
            if (to.def >= 0) { /* a class that was imported */
                struct eg_str class = graph->files[to.file].facts->defs[to.def].qual;
                qual = (struct eg_str){text, (size_t)snprintf(text, sizeof(text), "%.*s.%.*s", (int)class.n, class.p, (int)rest.n, rest.p)};
            }
            found = beside(graph, to.file, eg_str_is(import->symbol, "default") ? callee : qual, sure);
        } else if (import->symbol.n == 0 && callee.n > name.n + 1 && memcmp(callee.p, name.p, name.n) == 0 && callee.p[name.n] == '.') {
            found = to_symbol(graph, to.file, part(callee.p + name.n + 1, end), sure); /* import pkg.a … pkg.a.f() */
        }
        if (found.file >= 0) {
            found.confidence = found.confidence < sure ? found.confidence : sure;
            return found;
        }
    }
    return nowhere;
}

static struct eg_target in_file(const struct eg_graph *graph, int file, int def, struct eg_str callee) {
    static const char *const selves[] = {"self.", "this.", "cls.", "Self.", "static."};
    const struct eg_facts *facts = graph->files[file].facts;
    struct eg_str member = {0};
    for (size_t i = 0; i < sizeof(selves) / sizeof(selves[0]); i++) {
        size_t n = strlen(selves[i]);
        if (callee.n > n && memcmp(callee.p, selves[i], n) == 0) {
            member = part(callee.p + n, callee.p + callee.n);
        }
    }
    bool needs_self = facts->grammar->lang->imports == EG_IMPORT_PYTHON || facts->grammar->lang->imports == EG_IMPORT_ES;
    for (int at = def, scopes = 0; at >= 0 && scopes < SCOPES_MOST; at = facts->defs[at].parent, scopes++) {
        const struct eg_def *around = &facts->defs[at];
        char text[KEY_MOST_B];
        struct eg_str name = member.n ? member : callee;
        if ((around->cls == EG_DEF_FUNCTION && member.n) || (around->cls == EG_DEF_CLASS && !member.n && needs_self)) {
            continue;
        }
        int n = snprintf(text, sizeof(text), "%.*s.%.*s", (int)around->qual.n, around->qual.p, (int)name.n, name.p);
        bool fits = n > 0 && (size_t)n < sizeof(text);
        struct eg_target target = fits ? to_symbol(graph, file, (struct eg_str){text, (size_t)n}, EXACT) : nowhere;
        if (target.file >= 0) {
            return target;
        }
    }
    return member.n ? nowhere : to_symbol(graph, file, callee, EXACT);
}

bool eg_resolve_stays(const struct eg_graph *graph, int file, const struct eg_call *call) {
    return *call->callee.p != '.' && in_file(graph, file, call->def, call->callee).file >= 0;
}

struct eg_target eg_resolve_call(const struct eg_graph *graph, int file, const struct eg_call *call, const struct eg_target *imports) {
    struct eg_str callee = call->callee;
    const char *dot = memrchr(callee.p, '.', callee.n);
    struct eg_str last = dot ? part(dot + 1, callee.p + callee.n) : callee;
    struct eg_target target = nowhere;
    if (*callee.p != '.') {
        target = in_file(graph, file, call->def, callee);
        target = target.file >= 0 ? target : by_imports(graph, file, callee, imports);
        enum eg_import_style style = graph->files[file].facts->grammar->lang->imports;
        if (target.file < 0 && (style == EG_IMPORT_GO || style == EG_IMPORT_JAVA)) {
            target = beside(graph, file, callee, IMPORTED); /* of the same package */
        }
    }
    return target.file >= 0 ? target : to_name(graph, file, last, dot ? UNIQUE_OF : UNIQUE);
}
