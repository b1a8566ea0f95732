/* Compiles `unless`: what must not stand for a row to be made. It is asked by the statement that makes the row, in the same transaction;
 * `of` names the table that a view shows, so that what earlier events did to that table is done before. */
#include <string.h>

#include "server/registry/rules.h"

#define WHERE_MOST 16

static const struct eg_table *table_of(struct eg_rules *rules, const char *name) {
    const struct eg_table *table = eg_catalogue_table(rules->catalogue, name);
    if (!table) {
        eg_rules_fail(rules, "`unless`: the table `%s` does not exist", name);
    }
    return table;
}

static eg_status find_tables(struct eg_rules *rules, const char *name, const char *of, struct eg_guard *guard) {
    guard->table = table_of(rules, name);
    guard->of = guard->table && of ? table_of(rules, of) : guard->table;
    if (!guard->of) {
        return EG_FAIL;
    }
    if (guard->of->view) {
        return eg_rules_fail(rules, "`unless`: `%s` is a view; `of` names the table whose rows it shows", guard->of->name);
    }
    /* rows of one statement see each other in SQLite only */
    return guard->of != rules->table ? EG_OK : eg_rules_fail(rules, "`unless` asks for rows of another table than the rule's own");
}

/* Its columns in the table and in `of`, with the event's own repository where none is named. */
static eg_status find_columns(struct eg_rules *rules, json_t *where, struct eg_guard *guard, struct eg_source *sources) {
    size_t most = json_object_size(where) + 1;
    int *columns = eg_rules_alloc(rules, most * sizeof *columns), *of_columns = eg_rules_alloc(rules, most * sizeof *of_columns);
    if (!columns || !of_columns || eg_rules_where(rules, guard->table, where, columns, sources) != EG_OK) {
        return EG_FAIL;
    }
    guard->n_where = json_object_size(where);
    int repo = eg_table_column(guard->table, "repo", 4);
    if (repo >= 0 && !json_object_get(where, "repo")) {
        columns[guard->n_where] = repo;
        if (eg_rules_engine(rules, "repo", &sources[guard->n_where++]) != EG_OK) {
            return EG_FAIL;
        }
    }
    for (size_t i = 0; i < guard->n_where; i++) {
        const char *name = guard->table->columns[columns[i]].name;
        of_columns[i] = eg_table_column(guard->of, name, strlen(name));
        if (of_columns[i] < 0) {
            return eg_rules_fail(rules, "`unless`: the table `%s` has no column `%s`", guard->of->name, name);
        }
    }
    guard->where = columns;
    guard->of_where = of_columns;
    return eg_table_indexed(guard->of, of_columns, guard->n_where)
               ? EG_OK
               : eg_rules_fail(rules, "no index of `%s` finds rows by the `where` of `unless`: each event would read the whole table",
                               guard->of->name);
}

static eg_status find_after(struct eg_rules *rules, json_t *after, struct eg_guard *guard, struct eg_source *source) {
    const char *name = json_object_iter_key(json_object_iter(after));
    guard->after = -1;
    if (!after) {
        return EG_OK;
    }
    guard->after = json_object_size(after) == 1 ? eg_table_column(guard->table, name, strlen(name)) : -1;
    if (guard->after < 0 || guard->table->columns[guard->after].type != EG_TIME) {
        return eg_rules_fail(rules, "the `after` of `unless` is an object of one column that holds times");
    }
    return eg_rules_source(rules, json_object_get(after, name), EG_TIME, source);
}

eg_status eg_rules_unless(struct eg_rules *rules, json_t *unless, struct eg_drafts *drafts, struct eg_dml *dml) {
    const char *table = NULL, *of = NULL;
    json_t *where = NULL, *after = NULL;
    json_error_t why;
    drafts->unless = NULL;
    if (!unless) {
        return EG_OK;
    }
    if (json_unpack_ex(unless, &why, JSON_STRICT, "{s:s, s?:s, s:o, s?:o}", "table", &table, "of", &of, "where", &where, "after",
                       &after) != 0 || json_object_size(where) == 0 || json_object_size(where) >= WHERE_MOST) {
        return eg_rules_fail(rules, "`unless` is {\"table\", \"of\"?, \"where\": {column: value}, \"after\"?: {column: value}}");
    }
    if (dml->kind != EG_DML_INSERT) {
        return eg_rules_fail(rules, "`unless` is for rules that make a new row each time");
    }
    struct eg_guard *guard = eg_rules_alloc(rules, sizeof *guard);
    struct eg_source *sources = eg_rules_alloc(rules, (json_object_size(where) + 2) * sizeof *sources);
    if (!guard || !sources || find_tables(rules, table, of, guard) != EG_OK ||
        find_columns(rules, where, guard, sources) != EG_OK ||
        find_after(rules, after, guard, &sources[guard->n_where]) != EG_OK) {
        return EG_FAIL;
    }
    drafts->unless = sources;
    dml->unless = guard;
    return EG_OK;
}
