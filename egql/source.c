/* Loads spec/sources/: a file a source, whatever is wrong with one named with its file and member. Texts and arrays
 * live in the arena of the sources; the JSON is gone afterwards. */
#include "egql/source.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "egql/ast.h"

#define MOST_B (16U << 20)
#define MOST_FIELDS 200

const struct egql_field egql_field_payload = {
    .name = "payload", .title = "the event's payload", .column = "payload_json", .type = EG_JSON, .of_event = true};
const struct egql_field egql_field_env = {
    .name = "env", .title = "the event's environment", .column = "env_json", .type = EG_JSON, .of_event = true};

struct loader {
    struct eg_arena *arena;
    struct eg_err *err;
    const char *path; /* of the file */
};

static bool wrong(struct loader *l, const char *member, const char *what) {
    eg_err_set(l->err, EG_E_CONFIG, l->path, "%s: %s", member, what);
    return false;
}

static const char *text(struct loader *l, json_t *object, const char *member, bool needed, bool *ok) {
    json_t *value = json_object_get(object, member);
    if (!value && !needed)
        return NULL;
    if (!json_is_string(value) || json_string_length(value) == 0) {
        *ok = wrong(l, member, value ? "must be a string that is not empty" : "is missing");
        return NULL;
    }
    return eg_arena_dup(l->arena, json_string_value(value), json_string_length(value));
}

static bool flag(struct loader *l, json_t *object, const char *member, bool *ok) {
    json_t *value = json_object_get(object, member);
    if (value && !json_is_boolean(value))
        *ok = wrong(l, member, "must be true or false");
    return json_is_true(value);
}

static bool known(struct loader *l, json_t *object, const char *const *members, size_t n) {
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        size_t i = 0;
        while (i < n && strcmp(members[i], name) != 0)
            i++;
        if (i == n)
            return wrong(l, name, "is no member of such a declaration");
    }
    return true;
}

static bool field_type(struct loader *l, const char *name, const char *type, struct egql_field *f) {
    static const enum eg_type types[] = {EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL, EG_TIME, EG_JSON, EG_BYTES};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(egql_type_name(types[i]), type) == 0) {
            f->type = types[i];
            return true;
        }
    }
    return wrong(l, name, "its type must be text, integer, number, boolean, time, json or bytes");
}

/* Where the value comes from: a column, "column.member" of a JSON column, whether a column is given, or the depth of
 * the walk. */
static bool field_kind(struct loader *l, json_t *json, struct egql_field *f) {
    bool ok = true;
    const char *member = text(l, json, "member", false, &ok), *column = text(l, json, "column", false, &ok);
    bool given = flag(l, json, "given", &ok), depth = flag(l, json, "depth", &ok);
    if (member && (given || depth))
        return wrong(l, f->name, "member, given and depth exclude each other");
    f->kind = member ? EGQL_F_MEMBER : given ? EGQL_F_GIVEN : depth ? EGQL_F_DEPTH : EGQL_F_COLUMN;
    f->member = member;
    f->column = column ? column : f->name;
    if (given && f->type != EG_BOOL)
        return wrong(l, f->name, "given needs the type boolean");
    if (depth && f->type != EG_INT8)
        return wrong(l, f->name, "depth needs the type integer");
    if (member && (f->type == EG_TIME || f->type == EG_BYTES))
        return wrong(l, f->name, "a member is text, integer, number, boolean or json");
    return ok;
}

static bool field(struct loader *l, const char *name, json_t *json, struct egql_field *f) {
    static const char *const members[] = {"type",  "title", "column",    "member", "given",
                                          "depth", "event", "surrogate", "hidden"};
    bool ok = true;
    f->name = eg_arena_dup(l->arena, name, strlen(name));
    if (!f->name || !json_is_object(json) || !known(l, json, members, sizeof members / sizeof members[0]))
        return wrong(l, name, "is not the object that a field must be");
    const char *type = text(l, json, "type", true, &ok);
    f->title = text(l, json, "title", true, &ok);
    f->of_event = flag(l, json, "event", &ok);
    f->surrogate = flag(l, json, "surrogate", &ok);
    f->hidden = flag(l, json, "hidden", &ok);
    return ok && type && field_type(l, name, type, f) && field_kind(l, json, f);
}

static bool fields(struct loader *l, json_t *json, struct egql_source *s) {
    size_t n = json_object_size(json);
    if (n == 0 || n > MOST_FIELDS)
        return wrong(l, "fields", "must be an object of 1 to 200 fields");
    struct egql_field *list = eg_arena_zalloc(l->arena, n * sizeof *list);
    const char *name;
    json_t *value;
    if (!list)
        return wrong(l, "fields", "memory is out");
    json_object_foreach(json, name, value) {
        if (!field(l, name, value, &list[s->n_fields++]))
            return false;
    }
    s->fields = list;
    return true;
}

static bool role(struct loader *l, json_t *json, const char *member, enum eg_type type, struct egql_source *s,
                 int *index) {
    bool ok = true;
    const char *name = text(l, json, member, false, &ok);
    *index = name ? egql_source_field(s, name, strlen(name)) : -1;
    if (name && *index < 0)
        return wrong(l, member, "names no field of this source");
    if (name && s->fields[*index].type != type)
        return wrong(l, member, type == EG_TIME ? "must name a field of type time" : "must name a field of type text");
    return ok;
}

static bool tie(struct loader *l, json_t *json, struct egql_source *s) {
    size_t n = json_array_size(json);
    int *list = eg_arena_alloc(l->arena, (n + 1) * sizeof *list);
    if (n == 0 || !list)
        return wrong(l, "tie", "must be a list of fields that are unique together");
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(json, i));
        list[i] = name ? egql_source_field(s, name, strlen(name)) : -1;
        if (list[i] < 0 || s->fields[list[i]].kind != EGQL_F_COLUMN || s->fields[list[i]].of_event)
            return wrong(l, "tie", "must name fields that are columns of the table");
    }
    s->n_tie = n;
    s->tie = list;
    return true;
}

/* The events themselves are what every source shows of its rows' payload: they cannot need more than the others. */
static bool scope(struct loader *l, json_t *json, struct egql_source *s) {
    bool ok = true;
    const char *word = text(l, json, "scope", false, &ok);
    s->scope = word ? eg_scope_of(word, strlen(word)) : EG_SCOPE_NONE;
    if (word && s->scope == EG_SCOPE_NONE)
        return wrong(l, "scope", "is a scope of tokens: events:write, events:read, query or admin");
    if (word && strcmp(s->table, "events") == 0)
        return wrong(l, "scope", "cannot be asked for the events: every source shows those of its rows");
    return ok;
}

static bool source(struct loader *l, json_t *json, const char *file, struct egql_source *s, const char **where) {
    static const char *const members[] = {"name",  "title", "table",        "time",  "sha",   "branch", "correlation",
                                          "event", "tie",   "newest_first", "graph", "where", "scope",  "fields"};
    bool ok = known(l, json, members, sizeof members / sizeof members[0]);
    s->name = ok ? text(l, json, "name", true, &ok) : NULL;
    s->title = text(l, json, "title", true, &ok);
    s->table = text(l, json, "table", true, &ok);
    *where = text(l, json, "where", false, &ok);
    s->graph = flag(l, json, "graph", &ok);
    s->newest_first = flag(l, json, "newest_first", &ok);
    if (!ok || !s->name || !fields(l, json_object_get(json, "fields"), s))
        return false;
    if (strlen(file) != strlen(s->name) + 5 || strncmp(file, s->name, strlen(s->name)) != 0)
        return wrong(l, "name", "must be the file's name without .json");
    return role(l, json, "time", EG_TIME, s, &s->time) && role(l, json, "sha", EG_TEXT, s, &s->sha) &&
           role(l, json, "branch", EG_TEXT, s, &s->branch) &&
           role(l, json, "correlation", EG_TEXT, s, &s->correlation) && role(l, json, "event", EG_TEXT, s, &s->event) &&
           tie(l, json_object_get(json, "tie"), s) &&
           (!s->newest_first || s->time >= 0 || wrong(l, "newest_first", "needs time")) && scope(l, json, s);
}

/* The declaration's own condition is EGQL, and is checked like a query's. */
static bool condition(struct loader *l, const struct egql_sources *sources, struct egql_source *s, const char *where) {
    const char *query = eg_arena_printf(l->arena, "SELECT %s FROM all WHERE %s", s->name, where);
    struct egql_diag diag;
    struct egql_ast *ast;
    if (!query)
        return wrong(l, "where", "memory is out");
    if (egql_parse(query, strlen(query), l->arena, &ast, &diag) != EG_OK ||
        egql_check(ast, sources, NULL, 0, l->arena, &diag) != EG_OK)
        return wrong(l, "where", diag.message);
    s->where = ast->query.where;
    return true;
}

static int is_json(const struct dirent *entry) {
    size_t n = strlen(entry->d_name);
    return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

/* By the names without .json: files are named after their sources, so these come sorted too. */
static int by_name(const struct dirent **a, const struct dirent **b) {
    const char *x = (*a)->d_name, *y = (*b)->d_name;
    size_t n = strlen(x) - 5, m = strlen(y) - 5;
    int order = memcmp(x, y, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static bool load_file(struct loader *l, const char *folder, const char *file, struct egql_source *s,
                      const char **where) {
    json_error_t why;
    l->path = eg_arena_printf(l->arena, "%s/%s", folder, file);
    json_t *json = l->path ? json_load_file(l->path, JSON_REJECT_DUPLICATES, &why) : NULL;
    bool ok = false;
    if (!json)
        eg_err_set(l->err, EG_E_CONFIG, l->path, "line %d, column %d: %s", why.line, why.column, why.text);
    else if (!json_is_object(json))
        wrong(l, "the file", "is not a JSON object");
    else
        ok = source(l, json, file, s, where);
    json_decref(json);
    return ok && (!eg_arena_failed(l->arena) || wrong(l, "the file", "the declarations take too much memory"));
}

static bool load_all(struct loader *l, const char *folder, struct dirent **files, size_t n,
                     struct egql_sources *sources) {
    struct egql_source *all = eg_arena_zalloc(l->arena, (n + 1) * sizeof *all);
    const char **wheres = eg_arena_zalloc(l->arena, (n + 1) * sizeof *wheres);
    if (!all || !wheres)
        return wrong(l, "sources", "memory is out");
    for (size_t i = 0; i < n; i++)
        if (!load_file(l, folder, files[i]->d_name, &all[i], &wheres[i]))
            return false;
    sources->all = all;
    sources->n = n;
    for (size_t i = 0; i < n; i++) {
        l->path = eg_arena_printf(l->arena, "%s/%s.json", folder, all[i].name);
        if (wheres[i] && !condition(l, sources, &all[i], wheres[i]))
            return false;
    }
    return true;
}

eg_status egql_sources_load(const char *spec_dir, struct egql_sources **sources, struct eg_err *err) {
    struct dirent **files = NULL;
    struct eg_arena *arena = eg_arena_new(MOST_B);
    struct egql_sources *made = arena ? eg_arena_zalloc(arena, sizeof *made) : NULL;
    *sources = NULL;
    if (!made) {
        eg_arena_free(arena);
        return eg_err_set(err, EG_E_INTERNAL, spec_dir, "memory is out");
    }
    made->arena = arena;
    const char *folder = eg_arena_printf(arena, "%s/sources", spec_dir);
    int n = folder ? scandir(folder, &files, is_json, by_name) : -1;
    if (n < 0 && folder && errno == ENOENT)
        n = 0; /* a system without sources */
    struct loader loader = {arena, err, folder};
    bool ok = n >= 0 && load_all(&loader, folder, files, (size_t)n, made);
    if (n < 0)
        eg_err_set(err, EG_E_CONFIG, folder, "the folder cannot be read: %s; name another by --spec", strerror(errno));
    for (int i = 0; i < n; i++)
        free(files[i]);
    free(files);
    if (!ok) {
        eg_arena_free(arena);
        return EG_FAIL;
    }
    *sources = made;
    return EG_OK;
}

void egql_sources_free(struct egql_sources *sources) {
    if (sources)
        eg_arena_free(sources->arena);
}
