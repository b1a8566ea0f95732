/* Compiles `set` into drafts of the columns that a rule sets, and adds the engine's own columns. */
#include <string.h>

#include "server/registry/rules.h"

struct eg_draft *eg_drafts_find(struct eg_drafts *drafts, int column) {
    for (size_t i = 0; i < drafts->n; i++) {
        if (drafts->list[i].column == column && !drafts->list[i].match) {
            return &drafts->list[i];
        }
    }
    return NULL;
}

struct eg_draft *eg_drafts_add(struct eg_rules *rules, struct eg_drafts *drafts, int column) {
    if (drafts->n == EG_COLUMNS_MAX) {
        eg_rules_fail(rules, "a rule sets at most %d columns", EG_COLUMNS_MAX);
        return NULL;
    }
    struct eg_draft *draft = &drafts->list[drafts->n++];
    *draft = (struct eg_draft){.column = column, .first_param = -1};
    return draft;
}

static void collect(const struct eg_source *source, int level, const char **names, size_t *n, size_t most) {
    if (source->kind == EG_SOURCE_POINTER && source->pointer.level == level && source->pointer.n > 0 && *n < most) {
        names[(*n)++] = source->pointer.tokens[0].name;
    }
    for (size_t i = 0; source->kind != EG_SOURCE_REST && i < source->n; i++) {
        collect(&source->list[i], level, names, n, most);
    }
}

/* What `rest` leaves out: the members of its own level that any column takes, whole or in part. */
static eg_status find_used(struct eg_rules *rules, struct eg_drafts *drafts) {
    const char *names[EG_COLUMNS_MAX * 2];
    size_t n = 0;
    int level = (int)rules->plan->n_each;
    for (size_t i = 0; i < drafts->n; i++) {
        struct eg_draft *draft = &drafts->list[i];
        collect(&draft->source, level, names, &n, EG_COLUMNS_MAX * 2);
        for (size_t j = 0; draft->ref && j < draft->ref->n_where; j++) {
            collect(&draft->where[j], level, names, &n, EG_COLUMNS_MAX * 2);
        }
    }
    for (size_t i = 0; i < drafts->n; i++) {
        struct eg_source *source = &drafts->list[i].source;
        if (source->kind != EG_SOURCE_REST) {
            continue;
        }
        const char **used = eg_rules_alloc(rules, (n + 1) * sizeof *used);
        if (!used) {
            return EG_FAIL;
        }
        memcpy(used, names, n * sizeof *used);
        source->names = used;
        source->n = n;
    }
    return EG_OK;
}

static eg_status add_engine(struct eg_rules *rules, struct eg_drafts *drafts) {
    for (size_t i = 0; i < rules->table->n_columns; i++) {
        if (!eg_rules_is_engine(rules->table->columns[i].name) || eg_drafts_find(drafts, (int)i)) {
            continue;
        }
        struct eg_draft *draft = eg_drafts_add(rules, drafts, (int)i);
        if (!draft || eg_rules_engine(rules, rules->table->columns[i].name, &draft->source) != EG_OK) {
            return EG_FAIL;
        }
    }
    return EG_OK;
}

static eg_status add_columns(struct eg_rules *rules, json_t *set, bool match, struct eg_drafts *drafts) {
    const char *name;
    json_t *value;
    json_object_foreach(set, name, value) {
        int column = eg_table_column(rules->table, name, strlen(name));
        rules->column = name;
        if (column < 0) {
            return eg_rules_fail(rules, "the table has no such column");
        }
        struct eg_draft *draft = eg_drafts_add(rules, drafts, column);
        if (!draft) {
            return EG_FAIL;
        }
        draft->match = match;
        json_t *lookup = match ? NULL : json_object_get(value, "lookup");
        eg_status status = lookup && json_object_size(value) == 1
                               ? eg_rules_lookup(rules, lookup, draft)
                               : eg_rules_source(rules, value, rules->table->columns[column].type, &draft->source);
        if (status != EG_OK) {
            return EG_FAIL;
        }
    }
    rules->column = NULL;
    return EG_OK;
}

eg_status eg_rules_columns(struct eg_rules *rules, json_t *set, json_t *match, bool engine, struct eg_drafts *drafts) {
    drafts->n = 0;
    if (!json_is_object(set) || (match && !json_is_object(match))) {
        return eg_rules_fail(rules, "`%s` is an object of columns", json_is_object(set) ? "match" : "set");
    }
    if (add_columns(rules, set, false, drafts) != EG_OK || add_columns(rules, match, true, drafts) != EG_OK) {
        return EG_FAIL;
    }
    if (engine && add_engine(rules, drafts) != EG_OK) {
        return EG_FAIL;
    }
    return find_used(rules, drafts);
}
