/* Compiles lookups of surrogate keys, and what follows from them and from foreign keys: rows that must exist before
 * (needs), and columns that are filled in when a row appears (fills). */
#include <string.h>

#include "server/registry/rules.h"

static bool finds(const struct eg_table *table, const int *index, size_t n_index, const int *columns, size_t n) {
    for (size_t i = 0; i < n_index; i++) {
        size_t j = 0;
        while (j < n && columns[j] != index[i]) {
            j++;
        }
        if (j == n) {
            return false;
        }
        if (n == 1 || strcmp(table->columns[index[i]].name, "repo") != 0) {
            return true;
        }
    }
    return false;
}

bool eg_table_indexed(const struct eg_table *table, const int *columns, size_t n) {
    for (size_t i = 0; i < table->n_uniques; i++) {
        if (finds(table, table->uniques[i].columns, table->uniques[i].n, columns, n)) {
            return true;
        }
    }
    for (size_t i = 0; i < table->n_indexes; i++) {
        if (finds(table, table->indexes[i].columns, table->indexes[i].n, columns, n)) {
            return true;
        }
    }
    return false;
}

bool eg_table_unique(const struct eg_table *table, const int *columns, size_t n) {
    for (size_t u = 0; u < table->n_uniques; u++) {
        const struct eg_unique *unique = &table->uniques[u];
        size_t found = 0;
        for (size_t i = 0; i < unique->n; i++) {
            for (size_t j = 0; j < n; j++) {
                found += unique->columns[i] == columns[j];
            }
        }
        if (found == n && unique->n == n) {
            return true;
        }
    }
    return false;
}

/* True when some unique key lies within these columns: at most one row can match. */
static bool one_row(const struct eg_table *table, const int *columns, size_t n) {
    for (size_t u = 0; u < table->n_uniques; u++) {
        size_t found = 0;
        for (size_t i = 0; i < table->uniques[u].n; i++) {
            for (size_t j = 0; j < n; j++) {
                found += table->uniques[u].columns[i] == columns[j];
            }
        }
        if (found == table->uniques[u].n) {
            return true;
        }
    }
    return false;
}

static bool has_single_key(const struct eg_table *table) {
    const struct eg_unique *primary = eg_table_primary(table);
    return primary && primary->n == 1;
}

eg_status eg_rules_where(struct eg_rules *rules, const struct eg_table *table, json_t *where, int *columns,
                         struct eg_source *sources) {
    const char *name;
    json_t *value;
    size_t n = 0;
    json_object_foreach(where, name, value) {
        int column = eg_table_column(table, name, strlen(name));
        if (column < 0) {
            return eg_rules_fail(rules, "the lookup's table `%s` has no column `%s`", table->name, name);
        }
        columns[n] = column;
        if (eg_rules_source(rules, value, table->columns[column].type, &sources[n++]) != EG_OK) {
            return EG_FAIL;
        }
        if (table->columns[column].type == EG_JSON) {
            return eg_rules_fail(rules, "a lookup cannot compare the JSON column `%s`", name);
        }
    }
    return EG_OK;
}

/* The natural key: its columns and where their values come from. Where it is unique only within a repository, and says
 * none, the event's own is meant. */
static eg_status compile_where(struct eg_rules *rules, json_t *where, struct eg_ref *ref, struct eg_draft *draft) {
    size_t most = json_object_size(where) + 1;
    int *columns = eg_rules_alloc(rules, most * sizeof *columns);
    struct eg_source *sources = eg_rules_alloc(rules, most * sizeof *sources);
    if (!columns || !sources || eg_rules_where(rules, ref->table, where, columns, sources) != EG_OK) {
        return EG_FAIL;
    }
    ref->where = columns;
    ref->n_where = json_object_size(where);
    draft->where = sources;
    int repo = eg_table_column(ref->table, "repo", 4);
    if (repo >= 0 && !ref->newest && !json_object_get(where, "repo") && !one_row(ref->table, columns, ref->n_where)) {
        columns[ref->n_where] = repo;
        return eg_rules_engine(rules, "repo", &sources[ref->n_where++]);
    }
    return EG_OK;
}

eg_status eg_rules_lookup(struct eg_rules *rules, json_t *lookup, struct eg_draft *draft) {
    const char *table = NULL;
    const char *column = NULL;
    json_t *where = NULL;
    int optional = 0;
    int newest = 0;
    json_error_t why;
    struct eg_ref *ref = eg_rules_alloc(rules, sizeof *ref);
    if (!ref) {
        return EG_FAIL;
    }
    if (json_unpack_ex(lookup, &why, JSON_STRICT, "{s:s, s:o, s:s, s?:b, s?:b}", "table", &table, "where", &where,
                       "column", &column, "optional", &optional, "newest", &newest) != 0) {
        return eg_rules_fail(
            rules, "a lookup is {\"table\", \"where\": {column: value}, \"column\", \"optional\"?, \"newest\"?}: %s",
            why.text);
    }
    ref->table = eg_catalogue_table(rules->catalogue, table);
    if (!ref->table || ref->table->view) {
        return eg_rules_fail(rules, "the lookup's table `%s` does not exist", table);
    }
    ref->column = eg_table_column(ref->table, column, strlen(column));
    ref->newest = newest;
    if (ref->column < 0) {
        return eg_rules_fail(rules, "the lookup's table `%s` has no column `%s`", table, column);
    }
    if (ref->table->columns[ref->column].type != rules->table->columns[draft->column].type) {
        return eg_rules_fail(rules, "the lookup finds %s, the column is %s",
                             eg_type_name(ref->table->columns[ref->column].type),
                             eg_type_name(rules->table->columns[draft->column].type));
    }
    if (json_object_size(where) == 0 || compile_where(rules, where, ref, draft) != EG_OK) {
        return eg_rules_fail(rules, "a lookup's `where` is an object of columns");
    }
    if (!newest && !one_row(ref->table, ref->where, ref->n_where)) {
        return eg_rules_fail(
            rules,
            "the lookup's `where` is no unique key of `%s`: several rows may match; add \"newest\": true "
            "or the missing columns",
            table);
    }
    if (!eg_table_indexed(ref->table, ref->where, ref->n_where)) {
        return eg_rules_fail(
            rules, "no index of `%s` finds rows by the lookup's `where`: each event would read the whole table; make one",
            table);
    }
    if (newest && !has_single_key(ref->table)) {
        return eg_rules_fail(rules, "`newest` needs a table with a primary key of one column, not `%s`", table);
    }
    if (optional && rules->table->columns[draft->column].not_null) {
        return eg_rules_fail(rules,
                             "an optional lookup leaves the column null until the row appears, but it is NOT NULL");
    }
    draft->ref = ref;
    draft->optional = optional;
    return EG_OK;
}

static eg_status add_need(struct eg_rules *rules, struct eg_need *needs, size_t *n, const struct eg_table *table,
                          const int *where, const int *params, size_t n_where) {
    for (size_t i = 0; i < *n; i++) {
        if (needs[i].table == table && needs[i].n_where == n_where &&
            memcmp(needs[i].where, where, n_where * sizeof *where) == 0 &&
            memcmp(needs[i].params, params, n_where * sizeof *params) == 0) {
            return EG_OK;
        }
    }
    int *own = eg_rules_alloc(rules, 2 * n_where * sizeof *own);
    if (!own) {
        return EG_FAIL;
    }
    memcpy(own, where, n_where * sizeof *own);
    memcpy(own + n_where, params, n_where * sizeof *own);
    needs[(*n)++] = (struct eg_need){.table = table, .n_where = n_where, .where = own, .params = own + n_where};
    return EG_OK;
}

static eg_status fkey_need(struct eg_rules *rules, struct eg_drafts *drafts, const struct eg_fkey *fkey,
                           const struct eg_dml *dml, struct eg_need *needs, size_t *n) {
    int where[EG_COLUMNS_MAX];
    int params[EG_COLUMNS_MAX];
    const struct eg_table *parent = eg_catalogue_table(rules->catalogue, fkey->ref_table);
    if (!parent || fkey->n > EG_COLUMNS_MAX || strcmp(fkey->ref_table, "event_ids") == 0) {
        return EG_OK;
    }
    for (size_t i = 0; i < fkey->n; i++) {
        const struct eg_draft *draft = eg_drafts_find(drafts, fkey->columns[i]);
        if (!draft || draft->ref || draft->first_param < 0) {
            return EG_OK; /* null, or found by a lookup, which is a need itself */
        }
        if (dml->kind == EG_DML_UPDATE && draft->key) {
            return EG_OK; /* compared, not set */
        }
        where[i] = eg_table_column(parent, fkey->ref_columns[i], strlen(fkey->ref_columns[i]));
        params[i] = draft->first_param;
        if (where[i] < 0) {
            return eg_rules_fail(rules, "its foreign key names `%s.%s`, which does not exist", fkey->ref_table,
                                 fkey->ref_columns[i]);
        }
    }
    return add_need(rules, needs, n, parent, where, params, fkey->n);
}

eg_status eg_rules_needs(struct eg_rules *rules, struct eg_drafts *drafts, struct eg_rule *rule) {
    size_t most = drafts->n + rules->table->n_fkeys + 1;
    struct eg_need *needs = eg_rules_alloc(rules, most * sizeof *needs);
    if (!needs) {
        return EG_FAIL;
    }
    rule->needs = needs;
    for (size_t i = 0; i < drafts->n; i++) {
        const struct eg_draft *draft = &drafts->list[i];
        int params[EG_COLUMNS_MAX];
        if (!draft->ref || draft->optional || draft->ref->n_where > EG_COLUMNS_MAX) {
            continue;
        }
        for (size_t j = 0; j < draft->ref->n_where; j++) {
            params[j] = draft->first_param + (int)j;
        }
        if (add_need(rules, needs, &rule->n_needs, draft->ref->table, draft->ref->where, params, draft->ref->n_where) !=
            EG_OK) {
            return EG_FAIL;
        }
    }
    for (size_t i = 0; i < rules->table->n_fkeys; i++) {
        if (fkey_need(rules, drafts, &rules->table->fkeys[i], &rule->dml, needs, &rule->n_needs) != EG_OK) {
            return EG_FAIL;
        }
    }
    if (rule->wait_for_target) {
        int params[EG_COLUMNS_MAX];
        for (size_t i = 0; i < rule->dml.n_key; i++) {
            params[i] = drafts->list[drafts->key[i]].first_param;
        }
        return add_need(rules, needs, &rule->n_needs, rules->table, rule->dml.key, params, rule->dml.n_key);
    }
    return EG_OK;
}

/* The column of this rule that stores what the lookup asks for: the same source, of the same type. */
static const struct eg_draft *stored(struct eg_rules *rules, struct eg_drafts *drafts, const struct eg_source *source,
                                     enum eg_type type) {
    for (size_t i = 0; i < drafts->n; i++) {
        const struct eg_draft *draft = &drafts->list[i];
        if (!draft->ref && eg_source_same(&draft->source, source) &&
            rules->table->columns[draft->column].type == type) {
            return draft;
        }
    }
    return NULL;
}

static eg_status one_fill(struct eg_rules *rules, struct eg_drafts *drafts, const struct eg_draft *draft,
                          struct eg_dml *fill) {
    const struct eg_ref *ref = draft->ref;
    int *columns = eg_rules_alloc(rules, ref->n_where * sizeof *columns);
    if (!columns) {
        return EG_FAIL;
    }
    if (!eg_table_primary(rules->table)) {
        return eg_rules_fail(rules, "an optional lookup is filled in later, so `%s` needs a primary key", rules->table->name);
    }
    for (size_t i = 0; i < ref->n_where; i++) {
        const struct eg_column *wanted = &ref->table->columns[ref->where[i]];
        const struct eg_draft *at = stored(rules, drafts, &draft->where[i], wanted->type);
        if (!at) {
            rules->column = rules->table->columns[draft->column].name;
            return eg_rules_fail(
                rules,
                "an optional lookup is filled in later, so the rule must store what it asks for (`%s` of "
                "`%s`) in a column of the row",
                wanted->name, ref->table->name);
        }
        columns[i] = at->column;
        draft->shared[i] = at->first_param;
    }
    *fill = (struct eg_dml){
        .kind = EG_DML_FILL, .table = rules->table, .fill = {.column = draft->column, .ref = ref, .stored = columns}};
    return EG_OK;
}

eg_status eg_rules_fills(struct eg_rules *rules, struct eg_drafts *drafts, struct eg_rule *rule) {
    struct eg_dml *fills = eg_rules_alloc(rules, (drafts->n + 1) * sizeof *fills);
    if (!fills) {
        return EG_FAIL;
    }
    rule->fills = fills;
    for (size_t i = 0; i < drafts->n; i++) {
        if (!drafts->list[i].optional) {
            continue;
        }
        if (one_fill(rules, drafts, &drafts->list[i], &fills[rule->n_fills]) != EG_OK) {
            return EG_FAIL;
        }
        rule->n_fills++;
    }
    return EG_OK;
}
