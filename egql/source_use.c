/* Sources in use: finding them and their fields, telling of them, comparing them with the tables that exist. */
#include <string.h>

#include "egql/source.h"

const char *egql_type_name(enum eg_type type) {
    switch (type) {
    case EG_TEXT:
        return "text";
    case EG_INT4:
    case EG_INT8:
        return "integer";
    case EG_FLOAT8:
        return "number";
    case EG_BOOL:
        return "boolean";
    case EG_TIME:
        return "time";
    case EG_JSON:
        return "json";
    case EG_BYTES:
        return "bytes";
    }
    return "text";
}

static int compare(const char *name, const char *word, size_t len) {
    int order = strncmp(name, word, len);
    return order ? order : name[len] != '\0';
}

const struct egql_source *egql_source_find(const struct egql_sources *sources, const char *name, size_t len) {
    if (len == 0)
        return NULL;
    size_t from = 0, to = sources->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        int order = compare(sources->all[middle].name, name, len);
        if (order == 0)
            return &sources->all[middle];
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

bool egql_sources_have(const struct egql_sources *sources, const char *name) { return egql_source_find(sources, name, strlen(name)); }

int egql_source_field(const struct egql_source *source, const char *name, size_t len) {
    for (size_t i = 0; i < source->n_fields; i++)
        if (compare(source->fields[i].name, name, len) == 0)
            return (int)i;
    return -1;
}

static void string(struct eg_buf *out, const char *before, const char *text) {
    eg_buf_str(out, before);
    if (text)
        eg_buf_json_string(out, text, strlen(text));
    else
        eg_buf_str(out, "null");
}

static void field_json(const struct egql_field *f, struct eg_buf *out) {
    string(out, "{\"name\":", f->name);
    string(out, ",\"type\":", egql_type_name(f->type));
    string(out, ",\"title\":", f->title);
    if (f->hidden)
        eg_buf_str(out, ",\"hidden\":true");
    if (f->surrogate)
        eg_buf_str(out, ",\"surrogate\":true");
    eg_buf_char(out, '}');
}

void egql_sources_json(const struct egql_sources *sources, struct eg_buf *out) {
    eg_buf_char(out, '[');
    for (size_t i = 0; i < sources->n; i++) {
        const struct egql_source *s = &sources->all[i];
        char needed[EG_SCOPE_NAMES_B];
        eg_scope_names(s->scope, needed, sizeof needed);
        string(out, i ? ",{\"name\":" : "{\"name\":", s->name);
        string(out, ",\"title\":", s->title);
        string(out, ",\"table\":", s->table);
        string(out, ",\"time\":", s->time < 0 ? NULL : s->fields[s->time].name);
        string(out, ",\"scope\":", s->scope == EG_SCOPE_NONE ? NULL : needed);
        eg_buf_str(out, ",\"columns\":[");
        for (size_t j = 0; j < s->n_fields; j++) {
            if (j)
                eg_buf_char(out, ',');
            field_json(&s->fields[j], out);
        }
        eg_buf_str(out, "]}");
    }
    eg_buf_char(out, ']');
}

static enum eg_type widened(enum eg_type type) { return type == EG_INT4 ? EG_INT8 : type; }

static eg_status check_field(const struct egql_source *s, const struct egql_field *f, const struct eg_table *table,
                             struct eg_err *err) {
    if (f->kind == EGQL_F_DEPTH)
        return EG_OK;
    int column = eg_table_column(table, f->column, strlen(f->column));
    if (column < 0)
        return eg_err_set(err, EG_E_CONFIG, s->name, "spec/sources/%s.json: field %s: the table %s has no column %s",
                          s->name, f->name, table->name, f->column);
    enum eg_type is = widened(table->columns[column].type), must = f->kind == EGQL_F_MEMBER ? EG_JSON : f->type;
    if (f->kind != EGQL_F_GIVEN && is != must)
        return eg_err_set(err, EG_E_CONFIG, s->name, "spec/sources/%s.json: field %s: the column %s.%s is %s, not %s",
                          s->name, f->name, table->name, f->column, egql_type_name(is), egql_type_name(must));
    return EG_OK;
}

eg_status egql_sources_check(const struct egql_sources *sources, const struct eg_catalogue *catalogue,
                             struct eg_err *err) {
    const struct eg_table *events = eg_catalogue_table(catalogue, "events");
    for (size_t i = 0; i < sources->n; i++) {
        const struct egql_source *s = &sources->all[i];
        const struct eg_table *table = eg_catalogue_table(catalogue, s->table);
        if (!table || !events)
            return eg_err_set(err, EG_E_CONFIG, s->name, "spec/sources/%s.json: there is no table or view %s", s->name,
                              table ? "events" : s->table);
        for (size_t j = 0; j < s->n_fields; j++)
            if (check_field(s, &s->fields[j], s->fields[j].of_event ? events : table, err) != EG_OK)
                return EG_FAIL;
    }
    return EG_OK;
}
