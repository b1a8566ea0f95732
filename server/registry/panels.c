/* Loads spec/panels. A file is one panel; every member is known, every parameter of a text is declared, and every declared
 * parameter is used, so that a slip of the pen is an error at the start. */
#include "server/registry/panels.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "server/registry/files.h"
#include "server/registry/panels_int.h"

#define MOST_MEMORY_B ((size_t)16 << 20)
#define MOST_CACHE_S 86400
#define SECOND_US INT64_C(1000000)

struct eg_panels {
    struct eg_arena *arena;
    json_t *documents;
    size_t n;
    struct eg_panel *list;
};

static const char *const members[] = {"name",    "system", "group",      "title", "description", "parameters",
                                      "cache_s", "draw",   "columns",    "egql",  "sql",         "scope", NULL};

eg_status eg_panel_wrong(const struct eg_panel_load *load, const char *format, ...) {
    va_list args;
    char text[400];
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return eg_err_set(load->err, EG_E_CONFIG, load->file, "%s", text);
}

const char *eg_panel_string(const struct eg_panel_load *load, const json_t *object, const char *where, const char *name,
                            bool required, size_t most_b) {
    const json_t *value = json_object_get(object, name);
    size_t len = json_string_length(value);
    if (!value && !required) {
        return NULL;
    }
    if (!json_is_string(value) || len == 0 || len > most_b) {
        (void)eg_panel_wrong(load, "%s%s%s: a text of 1 to %zu bytes is wanted", where, *where ? "." : "", name, most_b);
        return NULL;
    }
    return eg_arena_dup(load->arena, json_string_value(value), len);
}

eg_status eg_panel_members(const struct eg_panel_load *load, const json_t *object, const char *where,
                           const char *const *known) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        size_t i = 0;
        while (known[i] && strcmp(known[i], name) != 0) {
            i++;
        }
        if (!known[i]) {
            return eg_panel_wrong(load, "%s%s%.60s: no such member is known", where, *where ? "." : "", name);
        }
    }
    return EG_OK;
}

static bool is_name(const char *text) {
    if (!islower((unsigned char)*text)) {
        return false;
    }
    for (; *text; text++) {
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) && *text != '-') {
            return false;
        }
    }
    return true;
}

/* Columns of SQL */

static bool column_type(const char *name, enum eg_type *type) {
    static const struct {
        const char *name;
        enum eg_type type;
    } types[] = {{"text", EG_TEXT}, {"integer", EG_INT8}, {"number", EG_FLOAT8},
                 {"boolean", EG_BOOL}, {"time", EG_TIME}, {"json", EG_JSON}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (name && strcmp(types[i].name, name) == 0) {
            *type = types[i].type;
            return true;
        }
    }
    return false;
}

static eg_status read_columns(const struct eg_panel_load *load, const json_t *list, struct eg_panel *panel) {
    static const char *const known[] = {"name", "type", "title", NULL};
    size_t n = json_array_size(list);
    if (n == 0 || n > EG_PANEL_MOST_COLUMNS) {
        return eg_panel_wrong(load, "columns: a panel in SQL lists its columns, 1 to %d", EG_PANEL_MOST_COLUMNS);
    }
    struct eg_panel_column *columns = eg_arena_zalloc(load->arena, n * sizeof *columns);
    for (size_t i = 0; columns && i < n; i++) {
        char where[32];
        const json_t *one = json_array_get(list, i);
        (void)snprintf(where, sizeof where, "columns[%zu]", i);
        columns[i].name = eg_panel_string(load, one, where, "name", true, 60);
        columns[i].title = eg_panel_string(load, one, where, "title", true, 200);
        if (eg_panel_members(load, one, where, known) || !columns[i].name || !columns[i].title) {
            return EG_FAIL;
        }
        if (!column_type(json_string_value(json_object_get(one, "type")), &columns[i].type)) {
            return eg_panel_wrong(load, "%s.type: text, integer, number, boolean, time or json is wanted", where);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(columns[j].name, columns[i].name) == 0) {
                return eg_panel_wrong(load, "%s.name: \"%s\" is there twice", where, columns[i].name);
            }
        }
    }
    panel->columns = columns;
    panel->n_columns = n;
    return columns ? EG_OK : eg_panel_wrong(load, "out of memory");
}

/* The drawing */

static const char *const kinds[] = {"table", "bars", "lines", "heat", "timeline", NULL};
static const char *const axes[] = {"kind", "x", "y", "value", "end", "series", NULL};

static eg_status check_draw(const struct eg_panel_load *load, const json_t *draw) {
    const char *kind = json_string_value(json_object_get(draw, "kind"));
    size_t i = 0;
    while (kind && kinds[i] && strcmp(kinds[i], kind) != 0) {
        i++;
    }
    if (!kind || !kinds[i]) {
        return eg_panel_wrong(load, "draw.kind: table, bars, lines, heat or timeline is wanted");
    }
    if (i > 0 && (!json_object_get(draw, "x") || !json_object_get(draw, "y"))) {
        return eg_panel_wrong(load, "draw: \"%s\" wants x and y", kind);
    }
    return eg_panel_members(load, draw, "draw", axes);
}

eg_status eg_panel_check_draw(const struct eg_panel *panel, const char *const *columns, size_t n, struct eg_err *err) {
    const json_t *draw = json_object_get(panel->document, "draw");
    for (size_t i = 1; axes[i]; i++) {
        const json_t *value = json_object_get(draw, axes[i]);
        const char *name = json_string_value(value);
        size_t at = 0;
        while (name && at < n && strcmp(columns[at], name) != 0) {
            at++;
        }
        if (value && (!name || at == n)) {
            return eg_err_set(err, EG_E_CONFIG, panel->file, "draw.%s: \"%.60s\" is no column of the panel", axes[i],
                              name ? name : "");
        }
    }
    return EG_OK;
}

/* One file */

static eg_status read_sql(const struct eg_panel_load *load, const json_t *sql, struct eg_panel *panel) {
    static const char *const known[] = {"any", "postgresql", "sqlite", NULL};
    const json_t *any = json_object_get(sql, "any");
    const json_t *pg = json_object_get(sql, "postgresql");
    const json_t *lite = json_object_get(sql, "sqlite");
    if (!json_is_object(sql) || (any ? pg || lite : !pg || !lite)) {
        return eg_panel_wrong(load, "sql: either \"any\", or \"postgresql\" and \"sqlite\" are wanted");
    }
    if (eg_panel_members(load, sql, "sql", known) || read_columns(load, json_object_get(panel->document, "columns"), panel)) {
        return EG_FAIL;
    }
    const char *names[EG_PANEL_MOST_COLUMNS];
    for (size_t i = 0; i < panel->n_columns; i++) {
        names[i] = panel->columns[i].name;
    }
    if (eg_panel_check_draw(panel, names, panel->n_columns, load->err) ||
        eg_panel_read_text(load, any ? any : pg, any ? "sql.any" : "sql.postgresql", panel, &panel->postgresql)) {
        return EG_FAIL;
    }
    return eg_panel_read_text(load, any ? any : lite, any ? "sql.any" : "sql.sqlite", panel, &panel->sqlite);
}

static eg_status read_scope(const struct eg_panel_load *load, const json_t *document, struct eg_panel *panel) {
    const json_t *value = json_object_get(document, "scope");
    const char *word = json_string_value(value);
    panel->scope = word ? eg_scope_of(word, strlen(word)) : EG_SCOPE_NONE;
    return !value || panel->scope != EG_SCOPE_NONE
               ? EG_OK
               : eg_panel_wrong(load, "scope: a scope of tokens is wanted: events:write, events:read, query or admin");
}

static eg_status read_panel(const struct eg_panel_load *load, const char *stem, const json_t *document,
                            struct eg_panel *panel) {
    static const char *const texts[] = {"system", "group", "title", "description"};
    const json_t *egql = json_object_get(document, "egql");
    const json_t *sql = json_object_get(document, "sql");
    const json_t *cache = json_object_get(document, "cache_s");
    panel->document = document;
    panel->file = load->file;
    panel->name = eg_panel_string(load, document, "", "name", true, 64);
    if (!panel->name || eg_panel_members(load, document, "", members)) {
        return EG_FAIL;
    }
    if (!is_name(panel->name) || strcmp(panel->name, stem) != 0) {
        return eg_panel_wrong(load, "name: it is the file's, in lower case with hyphens, not \"%.64s\"", panel->name);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!eg_panel_string(load, document, "", texts[i], true, 1000)) {
            return EG_FAIL;
        }
    }
    if (!json_is_integer(cache) || json_integer_value(cache) < 0 || json_integer_value(cache) > MOST_CACHE_S) {
        return eg_panel_wrong(load, "cache_s: seconds from 0 to %d are wanted", MOST_CACHE_S);
    }
    panel->cache_us = json_integer_value(cache) * SECOND_US;
    if (check_draw(load, json_object_get(document, "draw")) ||
        eg_panel_read_params(load, json_object_get(document, "parameters"), panel) || read_scope(load, document, panel)) {
        return EG_FAIL;
    }
    if (!egql == !sql) {
        return eg_panel_wrong(load, "either egql or sql is wanted");
    }
    if (egql && json_object_get(document, "columns")) {
        return eg_panel_wrong(load, "columns: a panel in EGQL has the columns of its query");
    }
    return egql ? eg_panel_read_text(load, egql, "egql", panel, &panel->egql) : read_sql(load, sql, panel);
}

static eg_status load_one(struct eg_panels *panels, const char *folder, const char *name, struct eg_err *err) {
    const char *file = eg_arena_printf(panels->arena, "%s/%s", folder, name);
    const char *stem = eg_arena_dup(panels->arena, name, strlen(name) - strlen(".json"));
    json_t *document = file && stem ? eg_file_object(file, err) : NULL;
    if (!document || json_array_append_new(panels->documents, document) != 0) {
        return eg_err_set(err, EG_E_INTERNAL, folder, "out of memory");
    }
    const struct eg_panel_load load = {panels->arena, file, err};
    if (read_panel(&load, stem, document, &panels->list[panels->n])) {
        return EG_FAIL;
    }
    panels->n++;
    return eg_arena_failed(panels->arena) ? eg_err_set(err, EG_E_INTERNAL, folder, "out of memory") : EG_OK;
}

eg_status eg_panels_load(const char *spec_dir, struct eg_panels **out, struct eg_err *err) {
    struct eg_panels *panels = calloc(1, sizeof *panels);
    const char *const *names = NULL;
    size_t n = 0;
    struct stat st;
    *out = NULL;
    if (!panels || !(panels->arena = eg_arena_new(MOST_MEMORY_B)) || !(panels->documents = json_array())) {
        eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
        goto fail;
    }
    const char *folder = eg_arena_printf(panels->arena, "%s/panels", spec_dir);
    if (folder && stat(folder, &st) == 0 && eg_folder_names(folder, false, panels->arena, &names, &n, err)) {
        goto fail;
    }
    panels->list = eg_arena_zalloc(panels->arena, (n + 1) * sizeof *panels->list);
    if (!folder || !panels->list) {
        eg_err_set(err, EG_E_INTERNAL, spec_dir, "out of memory");
        goto fail;
    }
    for (size_t i = 0; i < n; i++) {
        if (load_one(panels, folder, names[i], err)) {
            goto fail;
        }
    }
    *out = panels;
    return EG_OK;
fail:
    eg_panels_free(panels);
    return EG_FAIL;
}

void eg_panels_free(struct eg_panels *panels) {
    if (panels) {
        json_decref(panels->documents);
        eg_arena_free(panels->arena);
        free(panels);
    }
}

size_t eg_panels_all(const struct eg_panels *panels, const struct eg_panel **list) {
    *list = panels->list;
    return panels->n;
}

const struct eg_panel *eg_panels_find(const struct eg_panels *panels, const char *name) {
    for (size_t i = 0; i < panels->n; i++) {
        if (strcmp(panels->list[i].name, name) == 0) {
            return &panels->list[i];
        }
    }
    return NULL;
}
