/* Compiles the row rules of a topic: kind of statement, key, cells, the order of a row's parameters; and checks against
 * the tables what can be known before the first event. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/registry/rules.h"

#define PARAMS_MOST 250 /* of one row: what both stores bind */
#define WHERE_MOST 16

eg_status eg_rules_fail(struct eg_rules *rules, const char *format, ...) {
    char where[160] = "";
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    snprintf(where, sizeof where, "rows[%d]%s%s%s%s%s%s", rules->index, rules->table ? ", table `" : "",
             rules->table ? rules->table->name : "", rules->table ? "`" : "", rules->column ? ", column `" : "",
             rules->column ? rules->column : "", rules->column ? "`" : "");
    return eg_err_set(rules->err, EG_E_CONFIG, rules->file, "%s: %s", where, what);
}

void *eg_rules_alloc(struct eg_rules *rules, size_t size_b) {
    void *p = eg_arena_zalloc(rules->arena, size_b);
    if (!p) {
        eg_err_set(rules->err, EG_E_INTERNAL, rules->file, "the declarations take too much memory");
    }
    return p;
}

static eg_status check_members(struct eg_rules *rules, json_t *json) {
    static const char *const known[] = {"table",  "each",   "when",   "set",     "key",  "on_conflict",
                                        "update", "delete", "newest", "missing", "hold", "match",
                                        "unless"};
    const char *name;
    json_t *value;
    if (!json_is_object(json)) {
        return eg_rules_fail(rules, "a rule is an object");
    }
    json_object_foreach(json, name, value) {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
            found = found || strcmp(known[i], name) == 0;
        }
        if (!found) {
            return eg_rules_fail(rules, "`%s` is no member of a rule; see docs/reference/declarations.md", name);
        }
    }
    return EG_OK;
}

static eg_status flag(struct eg_rules *rules, json_t *json, const char *name, bool *value) {
    json_t *member = json_object_get(json, name);
    *value = json_is_true(member);
    return !member || json_is_boolean(member) ? EG_OK : eg_rules_fail(rules, "`%s` is true or false", name);
}

static eg_status compile_kind(struct eg_rules *rules, json_t *json, struct eg_rule *rule) {
    bool update;
    bool remove;
    json_t *on_conflict = json_object_get(json, "on_conflict");
    const char *conflict = json_string_value(on_conflict);
    const char *missing = json_string_value(json_object_get(json, "missing"));
    bool has_key = json_object_get(json, "key") != NULL;
    if (flag(rules, json, "update", &update) != EG_OK || flag(rules, json, "delete", &remove) != EG_OK ||
        flag(rules, json, "newest", &rule->dml.newest) != EG_OK) {
        return EG_FAIL;
    }
    if ((update && remove) || ((update || remove) && on_conflict)) {
        return eg_rules_fail(rules, "`update`, `delete` and `on_conflict` exclude each other");
    }
    if ((update || remove) && !has_key) {
        return eg_rules_fail(rules, "`%s` needs a `key` that says which rows", update ? "update" : "delete");
    }
    if (!update && !remove && json_object_get(json, "match")) {
        return eg_rules_fail(rules, "`match` is for updates and deletes");
    }
    if (!update && rule->dml.newest) {
        return eg_rules_fail(rules, "`newest` is for rules with \"update\": true");
    }
    if (remove && json_object_get(json, "missing")) {
        return eg_rules_fail(rules, "`missing` is not for rules with \"delete\": true");
    }
    if (json_object_get(json, "missing") &&
        (!missing || (strcmp(missing, "wait") != 0 && strcmp(missing, "skip") != 0))) {
        return eg_rules_fail(rules, "`missing` is \"wait\" or \"skip\"");
    }
    rule->wait_for_target = update && missing && strcmp(missing, "wait") == 0;
    rule->skip_without_parent = !update && missing && strcmp(missing, "skip") == 0;
    if (update || remove) {
        rule->dml.kind = update ? EG_DML_UPDATE : EG_DML_DELETE;
        return EG_OK;
    }
    if (has_key != (on_conflict != NULL)) {
        return eg_rules_fail(rules, "`key` and `on_conflict` go together: say keep, replace or error");
    }
    if (on_conflict && (!conflict || (strcmp(conflict, "keep") != 0 && strcmp(conflict, "replace") != 0 &&
                                      strcmp(conflict, "error") != 0))) {
        return eg_rules_fail(rules, "`on_conflict` is \"keep\", \"replace\" or \"error\"");
    }
    rule->dml.kind = !conflict || *conflict == 'e' ? EG_DML_INSERT : *conflict == 'k' ? EG_DML_KEEP : EG_DML_REPLACE;
    return EG_OK;
}

static eg_status compile_each(struct eg_rules *rules, json_t *each) {
    struct eg_plan *plan = rules->plan;
    size_t n = json_is_array(each) ? json_array_size(each) : each != NULL;
    if (n > EG_EACH_MAX) {
        return eg_rules_fail(rules, "`each` nests at most %d levels", EG_EACH_MAX);
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_is_array(each) ? json_array_get(each, i) : each);
        if (!text) {
            return eg_rules_fail(rules, "`each` is a pointer to an array, or a list of them");
        }
        if (eg_rules_pointer(rules, text, &plan->each[i]) != EG_OK) {
            return EG_FAIL;
        }
        if (plan->each[i].level != (int)i) {
            return eg_rules_fail(rules, "`each`: `%s` must be %s", text,
                                 i ? "inside the element before it (./…)" : "in the payload (/…)");
        }
        plan->n_each++;
    }
    return EG_OK;
}

static int named_column(struct eg_rules *rules, json_t *list, size_t i, const char *what) {
    const char *name = json_string_value(json_array_get(list, i));
    int column = name ? eg_table_column(rules->table, name, strlen(name)) : -1;
    if (column < 0) {
        eg_rules_fail(rules, "`%s` names the column `%s`, which the table does not have", what, name ? name : "?");
    }
    return column;
}

/* The columns of `key`, then those of `match`. Each is set by the rule, or one of the engine's own. */
static eg_status compile_key(struct eg_rules *rules, json_t *list, struct eg_drafts *drafts, struct eg_dml *dml) {
    size_t most = json_array_size(list) + drafts->n + 1;
    int *own = eg_rules_alloc(rules, most * sizeof *own);
    if (!own) {
        return EG_FAIL;
    }
    dml->key = own;
    if (list && json_array_size(list) == 0) {
        return eg_rules_fail(rules, "`key` is a list of columns");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        int column = named_column(rules, list, i, "key");
        if (column < 0) {
            return EG_FAIL;
        }
        const char *name = rules->table->columns[column].name;
        struct eg_draft *draft = eg_drafts_find(drafts, column);
        if (!draft && eg_rules_is_engine(name)) { /* an update's or a delete's */
            draft = eg_drafts_add(rules, drafts, column);
            if (!draft || eg_rules_engine(rules, name, &draft->source) != EG_OK) {
                return EG_FAIL;
            }
        }
        if (!draft || draft->key) {
            return eg_rules_fail(rules, "`key` names the column `%s` %s", name,
                                 draft ? "twice" : "and `set` gives it no value");
        }
        draft->key = true;
        own[dml->n_key] = column;
        drafts->key[dml->n_key++] = (int)(draft - drafts->list);
    }
    for (size_t i = 0; i < drafts->n; i++) {
        if (drafts->list[i].match) {
            drafts->list[i].key = true;
            own[dml->n_key] = drafts->list[i].column;
            drafts->key[dml->n_key++] = (int)i;
        }
    }
    return EG_OK;
}

static eg_status compile_hold(struct eg_rules *rules, json_t *list, struct eg_drafts *drafts, struct eg_dml *dml) {
    int *own = eg_rules_alloc(rules, (json_array_size(list) + 1) * sizeof *own);
    if (!own) {
        return EG_FAIL;
    }
    dml->hold = own;
    if (list && (dml->kind != EG_DML_REPLACE || json_array_size(list) == 0)) {
        return eg_rules_fail(rules, "`hold` is a list of columns, for \"on_conflict\": \"replace\"");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        int column = named_column(rules, list, i, "hold");
        if (column < 0) {
            return EG_FAIL;
        }
        const struct eg_draft *draft = eg_drafts_find(drafts, column);
        if (!draft || draft->key) {
            return eg_rules_fail(rules, "`hold` names the column `%s`, which %s", rules->table->columns[column].name,
                                 draft ? "is part of the key and never changes" : "`set` does not give a value");
        }
        own[dml->n_hold++] = column;
    }
    return EG_OK;
}

static eg_status check_key(struct eg_rules *rules, const struct eg_dml *dml, struct eg_drafts *drafts) {
    for (size_t i = 0; i < dml->n_key; i++) {
        const struct eg_draft *draft = &drafts->list[drafts->key[i]];
        if (dml->kind != EG_DML_INSERT && draft->ref) {
            rules->column = rules->table->columns[draft->column].name;
            return eg_rules_fail(rules, "a key cannot be looked up: use the natural key");
        }
    }
    if ((dml->kind == EG_DML_KEEP || dml->kind == EG_DML_REPLACE) &&
        !eg_table_unique(rules->table, dml->key, dml->n_key)) {
        return eg_rules_fail(
            rules, "`key` is no primary key or unique index of the table: on_conflict needs one of exactly these "
                   "columns");
    }
    if ((dml->kind == EG_DML_UPDATE || dml->kind == EG_DML_DELETE) &&
        !eg_table_indexed(rules->table, dml->key, dml->n_key)) {
        return eg_rules_fail(rules, "no index of the table finds rows by this `key`: each event would read the whole table; make "
                                    "one that begins with its columns");
    }
    if (dml->newest) {
        const struct eg_unique *primary = eg_table_primary(rules->table);
        if (!primary || primary->n != 1) {
            return eg_rules_fail(rules, "`newest` needs a table with a primary key of one column");
        }
    }
    return EG_OK;
}

static bool is_cell(const struct eg_dml *dml, const struct eg_draft *draft) {
    return dml->kind != EG_DML_DELETE && !(dml->kind == EG_DML_UPDATE && draft->key);
}

static void put_param(struct eg_rules *rules, struct eg_rule *rule, struct eg_param *params, enum eg_type *types,
                      const struct eg_draft *draft, const struct eg_source *source, enum eg_type type) {
    const struct eg_column *column = &rules->table->columns[draft->column];
    if (source->kind == EG_SOURCE_MEMBER && source->member == EG_MEMBER_POSITION) {
        rule->position_param = (int)rule->n_params;
    }
    types[rule->n_params] = type;
    params[rule->n_params++] = (struct eg_param){
        .source = source, .type = type, .not_null = column->not_null && !draft->optional, .column = column->name};
}

/* The guard's, behind all others. */
static void put_guard(struct eg_rule *rule, struct eg_param *params, enum eg_type *types, const struct eg_source *sources) {
    const struct eg_guard *guard = rule->dml.unless;
    size_t n = guard ? guard->n_where + (guard->after >= 0) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct eg_column *column = &guard->table->columns[i < guard->n_where ? guard->where[i] : guard->after];
        enum eg_type type = i < guard->n_where ? column->type : EG_TIME;
        types[rule->n_params] = type;
        params[rule->n_params++] = (struct eg_param){.source = &sources[i], .type = type, .column = column->name};
    }
}

static eg_status lay_out(struct eg_rules *rules, struct eg_drafts *drafts, struct eg_rule *rule) {
    size_t most = 1 + (rule->dml.unless ? rule->dml.unless->n_where + 1 : 0);
    for (size_t i = 0; i < drafts->n; i++) {
        most += 1 + (drafts->list[i].ref ? drafts->list[i].ref->n_where : 0);
    }
    struct eg_source *sources = eg_rules_alloc(rules, (drafts->n + 1) * sizeof *sources);
    struct eg_cell *cells = eg_rules_alloc(rules, (drafts->n + 1) * sizeof *cells);
    struct eg_param *params = eg_rules_alloc(rules, most * sizeof *params);
    enum eg_type *types = eg_rules_alloc(rules, most * sizeof *types);
    if (!sources || !cells || !params || !types) {
        return EG_FAIL;
    }
    if (most + drafts->n > PARAMS_MOST) { /* an update's key counts twice */
        return eg_rules_fail(rules, "a rule has at most %d columns, those of its look-ups and its key included", PARAMS_MOST);
    }
    if (rule->dml.n_key > WHERE_MOST) {
        return eg_rules_fail(rules, "a key has at most %d columns", WHERE_MOST);
    }
    for (size_t i = 0; i < drafts->n; i++) {
        if (drafts->list[i].ref && drafts->list[i].ref->n_where > WHERE_MOST) {
            return eg_rules_fail(rules, "a look-up names at most %d columns", WHERE_MOST);
        }
    }
    rule->dml.cells = cells;
    rule->types = types;
    rules->plan->params = params;
    for (size_t i = 0; i < drafts->n; i++) {
        struct eg_draft *draft = &drafts->list[i];
        sources[i] = draft->source;
        if (!is_cell(&rule->dml, draft)) {
            continue;
        }
        const struct eg_ref *ref = draft->ref;
        if (draft->optional && !(draft->shared = eg_rules_alloc(rules, ref->n_where * sizeof *draft->shared))) {
            return EG_FAIL;
        }
        draft->first_param = (int)rule->n_params;
        cells[rule->dml.n_cells++] = (struct eg_cell){.column = draft->column, .ref = ref, .shared = draft->shared};
        for (size_t j = 0; ref && !draft->optional && j < ref->n_where; j++) {
            put_param(rules, rule, params, types, draft, &draft->where[j], ref->table->columns[ref->where[j]].type);
        }
        if (!ref) {
            put_param(rules, rule, params, types, draft, &sources[i], rules->table->columns[draft->column].type);
        }
    }
    for (size_t i = 0; i < rule->dml.n_key && (rule->dml.kind == EG_DML_UPDATE || rule->dml.kind == EG_DML_DELETE);
         i++) {
        struct eg_draft *draft = &drafts->list[drafts->key[i]];
        draft->first_param = (int)rule->n_params;
        put_param(rules, rule, params, types, draft, &sources[drafts->key[i]],
                  rules->table->columns[draft->column].type);
    }
    put_guard(rule, params, types, drafts->unless);
    return EG_OK;
}

static bool fills_itself(const struct eg_table *table,
                         int column) { /* SQLite's INTEGER PRIMARY KEY has no default to see */
    return table->columns[column].type == EG_INT8 && eg_table_unique(table, &column, 1);
}

static eg_status check_cells(struct eg_rules *rules, struct eg_drafts *drafts, const struct eg_dml *dml) {
    if (dml->kind == EG_DML_DELETE) {
        for (size_t i = 0; i < drafts->n; i++) {
            if (!drafts->list[i].key) {
                rules->column = rules->table->columns[drafts->list[i].column].name;
                return eg_rules_fail(rules, "a delete sets nothing but its `key`");
            }
        }
        return EG_OK;
    }
    if (dml->n_cells == 0 || (dml->kind == EG_DML_REPLACE && dml->n_cells <= dml->n_key + dml->n_hold)) {
        return eg_rules_fail(rules, "the rule changes no column; %s",
                             dml->kind == EG_DML_REPLACE ? "use \"on_conflict\": \"keep\""
                                                         : "give `set` one besides the key");
    }
    for (size_t i = 0; dml->kind != EG_DML_UPDATE && i < rules->table->n_columns; i++) {
        const struct eg_column *column = &rules->table->columns[i];
        if (column->not_null && !column->has_default && !eg_drafts_find(drafts, (int)i) &&
            !fills_itself(rules->table, (int)i)) {
            rules->column = column->name;
            return eg_rules_fail(rules, "is NOT NULL without a default, and `set` gives it no value");
        }
    }
    return EG_OK;
}

static eg_status compile_rule(struct eg_rules *rules, json_t *json, struct eg_rule *rule, struct eg_drafts *drafts) {
    const char *table = json_string_value(json_object_get(json, "table"));
    if (check_members(rules, json) != EG_OK) {
        return EG_FAIL;
    }
    rules->table = table ? eg_catalogue_table(rules->catalogue, table) : NULL;
    if (!rules->table) {
        return eg_rules_fail(rules, "the table `%s` does not exist", table ? table : "?");
    }
    if (rules->table->view) {
        return eg_rules_fail(rules, "is a view; rows go into tables");
    }
    rule->dml.table = rules->table;
    rule->topic = rules->topic;
    rule->index = rules->index;
    rule->position_param = -1;
    rule->plan = rules->plan;
    if (compile_kind(rules, json, rule) != EG_OK || compile_each(rules, json_object_get(json, "each")) != EG_OK ||
        eg_rules_when(rules, json_object_get(json, "when")) != EG_OK) {
        return EG_FAIL;
    }
    bool makes_rows = rule->dml.kind != EG_DML_UPDATE && rule->dml.kind != EG_DML_DELETE;
    if (eg_rules_columns(rules, json_object_get(json, "set"), json_object_get(json, "match"), makes_rows, drafts) !=
            EG_OK ||
        compile_key(rules, json_object_get(json, "key"), drafts, &rule->dml) != EG_OK ||
        compile_hold(rules, json_object_get(json, "hold"), drafts, &rule->dml) != EG_OK ||
        check_key(rules, &rule->dml, drafts) != EG_OK ||
        eg_rules_unless(rules, json_object_get(json, "unless"), drafts, &rule->dml) != EG_OK || lay_out(rules, drafts, rule) != EG_OK ||
        check_cells(rules, drafts, &rule->dml) != EG_OK) {
        return EG_FAIL;
    }
    if (rule->dml.kind == EG_DML_DELETE) {
        return EG_OK;
    }
    if (eg_rules_needs(rules, drafts, rule) != EG_OK) {
        return EG_FAIL;
    }
    return eg_rules_fills(rules, drafts, rule);
}

static int order_of(enum eg_dml_kind kind) { return kind == EG_DML_DELETE ? 0 : kind == EG_DML_UPDATE ? 2 : 1; }

eg_status eg_rules_compile(struct eg_rules *rules, json_t *rows, struct eg_topic *topic) {
    size_t n = json_array_size(rows);
    struct eg_rule *list = eg_rules_alloc(rules, (n + 1) * sizeof *list);
    struct eg_drafts *drafts = eg_rules_alloc(rules, sizeof *drafts);
    if (!list || !drafts) {
        return EG_FAIL;
    }
    topic->rules = list;
    for (size_t i = 0; i < n; i++) {
        rules->index = (int)i;
        rules->table = NULL;
        rules->column = NULL;
        rules->plan = eg_rules_alloc(rules, sizeof *rules->plan);
        if (!rules->plan || compile_rule(rules, json_array_get(rows, i), &list[i], drafts) != EG_OK) {
            return EG_FAIL;
        }
        if (i && order_of(list[i - 1].dml.kind) > order_of(list[i].dml.kind)) {
            return eg_rules_fail(rules, "rules stand in the order deletes, inserts, updates");
        }
        topic->n_rules++;
    }
    return EG_OK;
}
