/* Keys as SQL: columns, JSON paths, items of the answer, and what ORDER BY makes of them. */
#include "egql/emit.h"

#include <string.h>

static bool on_events(const struct egql_source *source) { return strcmp(source->table, "events") == 0; }

static const char *member(struct egql_emit *e, const struct egql_field *field, const char *document) {
    const struct egql_dialect *d = e->dialect;
    const char *path = egql_put(e, ", %", egql_slot_text(e, field->member, strlen(field->member)), NULL);
    const char *as = field->type == EG_TEXT   ? d->json_text
                     : field->type == EG_BOOL ? d->json_bool
                     : field->type == EG_INT8 ? d->json_integer
                     : field->type == EG_JSON ? d->json
                                              : d->json_number;
    return egql_put(e, as, egql_put(e, d->json_at, document, path), NULL);
}

const char *egql_field_sql(struct egql_emit *e, const struct egql_field *field) {
    if (field->kind == EGQL_F_DEPTH)
        return "w.depth";
    bool own = !field->of_event || on_events(e->source);
    e->with_event |= !own;
    const char *column = egql_column(e, own ? "s" : "e", field->column);
    if (field->kind == EGQL_F_GIVEN)
        return egql_put(e, "(% IS NOT NULL)", column, NULL);
    return field->kind == EGQL_F_MEMBER ? member(e, field, column) : column;
}

const char *egql_newest_sql(struct egql_emit *e, const char *time) {
    enum egql_scope_kind scope = e->plan->scope->kind;
    bool few = scope == EGQL_S_SHA || scope == EGQL_S_RUN || scope == EGQL_S_CORRELATION || scope == EGQL_S_CAUSES ||
               scope == EGQL_S_EFFECTS;
    return few ? egql_put(e, e->dialect->unordered, time, NULL) : time;
}

bool egql_field_present(const struct egql_source *source, const struct egql_field *field) {
    return on_events(source) && field >= source->fields && field < source->fields + source->n_fields &&
           (field - source->fields == source->time || field - source->fields == source->event);
}

bool egql_key_is_json(const struct egql_key *key) { return key->field->type == EG_JSON; }

const char *egql_json_key(struct egql_emit *e, const struct egql_key *key, const char *pattern) {
    const char *document = egql_field_sql(e, key->field), *path = "";
    for (size_t i = 0; i < key->n_path; i++)
        path = egql_put(e, "%, ^", path, egql_slot_text(e, key->path[i].p, key->path[i].n));
    const char *at = egql_put(e, key->n_path ? e->dialect->json_at : e->dialect->json_whole, document, path);
    return egql_put(e, pattern, at, NULL);
}

/* One number for all places of a width, so that PostgreSQL sees the group's expression in the items. */
static const char *column_sql(struct egql_emit *e, const struct egql_key *key) {
    const char *column = egql_field_sql(e, key->field);
    if (!key->bucket)
        return column;
    return egql_put(e, e->dialect->bucket, column,
                    egql_slot(e, (struct egql_slot){.kind = EGQL_SLOT_WIDTH,
                                                    .type = EG_INT8,
                                                    .us = key->bucket->us,
                                                    .param = key->bucket->param,
                                                    .span = key->bucket->span,
                                                    .shared = true}));
}

const char *egql_key_sql(struct egql_emit *e, const struct egql_key *key) {
    return egql_key_is_json(key) ? egql_json_key(e, key, e->dialect->json) : column_sql(e, key);
}

const char *egql_key_group(struct egql_emit *e, const struct egql_key *key) {
    return egql_key_is_json(key) ? egql_json_key(e, key, e->dialect->json_group) : column_sql(e, key);
}

const char *egql_key_text(struct egql_emit *e, const struct egql_key *key) {
    return egql_key_is_json(key) ? egql_json_key(e, key, e->dialect->json_text) : egql_field_sql(e, key->field);
}

const char *egql_key_number(struct egql_emit *e, const struct egql_key *key) {
    return egql_key_is_json(key) ? egql_json_key(e, key, e->dialect->json_number) : egql_field_sql(e, key->field);
}

static const char *least_or_most(struct egql_emit *e, const struct egql_key *key, bool least) {
    const struct egql_dialect *d = e->dialect;
    if (egql_key_is_json(key))
        return egql_put(e, least ? d->json_min : d->json_max, egql_key_group(e, key), NULL);
    const char *column = egql_field_sql(e, key->field);
    if (key->field->type == EG_BOOL)
        return egql_put(e, least ? d->bool_min : d->bool_max, column, NULL);
    return egql_put(e, least ? "min(%)" : "max(%)", column, NULL);
}

static const char *percentile(struct egql_emit *e, const struct egql_item *item) {
    const char *fraction = item->agg == EGQL_A_P50   ? "0.5"
                           : item->agg == EGQL_A_P90 ? "0.9"
                           : item->agg == EGQL_A_P95 ? "0.95"
                                                     : "0.99";
    return egql_put(e, e->dialect->percentile, egql_key_number(e, item->key), fraction);
}

static const char *aggregate(struct egql_emit *e, const struct egql_item *item) {
    const struct egql_dialect *d = e->dialect;
    switch (item->agg) {
    case EGQL_A_COUNT:
        if (e->plan->tallied)
            return egql_put(e, "coalesce(%, 0)", egql_put(e, d->sum_whole, "w.n", NULL), NULL);
        return item->key ? egql_put(e, "count(%)", egql_key_sql(e, item->key), NULL) : "count(*)";
    case EGQL_A_COUNT_DISTINCT:
        return egql_put(e, "count(DISTINCT %)", egql_key_group(e, item->key), NULL);
    case EGQL_A_SUM:
        return egql_put(e, item->type == EG_FLOAT8 ? d->sum_real : d->sum_whole, egql_key_number(e, item->key), NULL);
    case EGQL_A_AVG:
        return egql_put(e, d->average, egql_key_number(e, item->key), NULL);
    case EGQL_A_MIN:
    case EGQL_A_MAX:
        return least_or_most(e, item->key, item->agg == EGQL_A_MIN);
    case EGQL_A_P50:
    case EGQL_A_P90:
    case EGQL_A_P95:
    case EGQL_A_P99:
        return percentile(e, item);
    case EGQL_A_NONE:
        break;
    }
    return "";
}

const char *egql_item_sql(struct egql_emit *e, const struct egql_query *query, const struct egql_item *item) {
    if (item->agg != EGQL_A_NONE)
        return aggregate(e, item);
    if (!egql_key_is_json(item->key))
        return column_sql(e, item->key);
    if (query->grouped)
        return egql_json_key(e, item->key, e->dialect->json_item);
    return item->key->n_path ? egql_key_sql(e, item->key) : egql_field_sql(e, item->key->field);
}

void egql_order_sql(struct egql_emit *e, struct eg_buf *sql, const char *expression, bool descending, bool never_null) {
    eg_buf_str(sql, sql->len ? ", " : " ORDER BY ");
    eg_buf_str(sql, expression);
    if (never_null)
        eg_buf_str(sql, descending ? " DESC" : "");
    else
        eg_buf_str(sql, descending ? e->dialect->descending : e->dialect->ascending);
}

static void order_json(struct egql_emit *e, struct eg_buf *sql, const char *grouped, bool descending) {
    for (size_t i = 0; i < EGQL_MOST_SORTS && e->dialect->json_sort[i]; i++)
        egql_order_sql(e, sql, egql_put(e, e->dialect->json_sort[i], grouped, NULL), descending, false);
}

void egql_order_key(struct egql_emit *e, struct eg_buf *sql, const struct egql_key *key, bool descending) {
    const char *by = egql_key_group(e, key);
    if (egql_key_is_json(key))
        order_json(e, sql, by, descending);
    else
        egql_order_sql(e, sql, by, descending, egql_field_present(e->source, key->field));
}

void egql_order_item(struct egql_emit *e, struct eg_buf *sql, const struct egql_item *item, bool descending) {
    if (item->agg == EGQL_A_NONE) {
        egql_order_key(e, sql, item->key, descending);
        return;
    }
    bool json = (item->agg == EGQL_A_MIN || item->agg == EGQL_A_MAX) && egql_key_is_json(item->key);
    const char *by = aggregate(e, item);
    if (json)
        order_json(e, sql, egql_put(e, e->dialect->json_again, by, NULL), descending);
    else
        egql_order_sql(e, sql, by, descending, false);
}
