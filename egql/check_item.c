/* The checker: items, GROUP BY and ORDER BY. */
#include <stdio.h>
#include <string.h>

#include "egql/check.h"

static const char *const agg_names[] = {"", "count", "count", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99"};

static bool agg_type(struct egql_checker *c, struct egql_item *item) {
    const struct egql_key *key = item->key;
    enum eg_type type = key ? key->type : EG_INT8;
    const char *name = agg_names[item->agg];
    bool numbers = type == EG_INT8 || type == EG_FLOAT8 || type == EG_JSON;
    if (item->agg == EGQL_A_COUNT) {
        item->type = EG_INT8;
        return true;
    }
    if (!egql_c_scalar(c, key, item->agg == EGQL_A_COUNT_DISTINCT ? "compared" : "aggregated"))
        return false;
    switch (item->agg) {
    case EGQL_A_COUNT_DISTINCT:
        item->type = EG_INT8;
        return true;
    case EGQL_A_SUM:
        item->type = type == EG_INT8 ? EG_INT8 : EG_FLOAT8;
        break;
    case EGQL_A_MIN:
    case EGQL_A_MAX:
        item->type = type;
        return type != EG_BOOL || egql_c_fail(c, item->span, "%s is boolean: it has no %s", key->field->name, name);
    default:
        item->type = EG_FLOAT8;
    }
    return numbers ||
           egql_c_fail(c, item->span, "%s needs numbers, and %s is %s", name, key->field->name, egql_type_name(type));
}

static const char *item_name(struct egql_checker *c, const struct egql_item *item) {
    if (item->alias.p)
        return eg_arena_dup(c->arena, item->alias.p, item->alias.n);
    const char *key = item->key ? egql_c_key_text(c, item->key) : NULL;
    if (item->agg == EGQL_A_NONE || (item->key && !key))
        return key;
    if (!item->key)
        return "count";
    return eg_arena_printf(c->arena, "%s(%s%s)", agg_names[item->agg],
                           item->agg == EGQL_A_COUNT_DISTINCT ? "DISTINCT " : "", key);
}

static bool unique(struct egql_checker *c, const struct egql_query *q, size_t i) {
    for (size_t j = 0; j < i; j++)
        if (strcmp(q->items[j].name, q->items[i].name) == 0)
            return egql_c_fail(c, q->items[i].span, "two items are called %.60s: name one of them by AS",
                               q->items[i].name);
    return true;
}

static int group_of(const struct egql_query *q, const struct egql_key *key) {
    for (size_t i = 0; i < q->n_group; i++)
        if (egql_c_same_key(q->group_by[i], key))
            return (int)i;
    return -1;
}

static bool item(struct egql_checker *c, struct egql_query *q, size_t i) {
    struct egql_item *it = &q->items[i];
    it->group = -1;
    if (it->key && !egql_c_key(c, it->key))
        return false;
    if (it->agg != EGQL_A_NONE) {
        if (!agg_type(c, it))
            return false;
    } else {
        it->type = it->key->type;
        it->group = q->grouped ? group_of(q, it->key) : -1;
        if (q->grouped && it->group < 0) {
            egql_c_fail(c, it->span, "in a grouped query, an item is a key of GROUP BY or an aggregate");
            c->diag->expected = "count(), count(key), count(DISTINCT key), sum, avg, min, max, p50, p90, p95, p99, or "
                                "a key of GROUP BY";
            return false;
        }
    }
    it->name = item_name(c, it);
    return it->name ? unique(c, q, i) : egql_c_fail(c, it->span, "memory");
}

static struct egql_key *field_key(struct egql_checker *c, const struct egql_field *field, struct egql_span span) {
    struct egql_key *key = egql_c_alloc(c, sizeof *key);
    struct eg_str *part = key ? egql_c_alloc(c, sizeof *part) : NULL;
    struct egql_span *part_span = part ? egql_c_alloc(c, sizeof *part_span) : NULL;
    if (!part_span)
        return NULL;
    *part = (struct eg_str){field->name, strlen(field->name)};
    *part_span = span;
    *key = (struct egql_key){.span = span,
                             .n_parts = 1,
                             .parts = part,
                             .part_spans = part_span,
                             .field = field,
                             .path = part + 1,
                             .type = field->type};
    return key;
}

/* SELECT without items: every column that is not hidden. */
static bool all_columns(struct egql_checker *c, struct egql_query *q) {
    const struct egql_source *s = c->source;
    q->items = egql_c_alloc(c, s->n_fields * sizeof *q->items);
    for (size_t i = 0; q->items && i < s->n_fields; i++) {
        const struct egql_field *f = &s->fields[i];
        if (f->hidden || (f->kind == EGQL_F_DEPTH && !c->walk))
            continue;
        struct egql_item *it = &q->items[q->n_items++];
        it->span = q->source_span;
        it->key = field_key(c, f, q->source_span);
        it->name = f->name;
        it->type = f->type;
        it->group = -1;
        if (!it->key)
            return false;
    }
    return q->items != NULL;
}

static bool keys_and_count(struct egql_checker *c, struct egql_query *q) {
    q->n_items = q->n_group + 1;
    q->items = egql_c_alloc(c, q->n_items * sizeof *q->items);
    for (size_t i = 0; q->items && i < q->n_group; i++) {
        q->items[i].span = q->group_by[i]->span;
        q->items[i].key = q->group_by[i];
    }
    if (q->items) {
        q->items[q->n_group].span = q->source_span;
        q->items[q->n_group].agg = EGQL_A_COUNT;
    }
    return q->items != NULL;
}

bool egql_c_items(struct egql_checker *c, struct egql_query *q) {
    q->grouped = q->n_group > 0;
    for (size_t i = 0; i < q->n_items; i++)
        q->grouped |= q->items[i].agg != EGQL_A_NONE;
    for (size_t i = 0; i < q->n_group; i++) {
        if (!egql_c_key(c, q->group_by[i]) || !egql_c_scalar(c, q->group_by[i], "grouped by"))
            return false;
        for (size_t j = 0; j < i; j++)
            if (egql_c_same_key(q->group_by[j], q->group_by[i]))
                return egql_c_fail(c, q->group_by[i]->span, "GROUP BY names this key twice");
    }
    if (q->n_items == 0 && !q->grouped)
        return all_columns(c, q);
    if (q->n_items == 0 && !keys_and_count(c, q))
        return false;
    for (size_t i = 0; i < q->n_items; i++)
        if (!item(c, q, i))
            return false;
    return true;
}

static int item_called(const struct egql_query *q, const char *name) {
    for (size_t i = 0; i < q->n_items; i++)
        if (strcmp(q->items[i].name, name) == 0)
            return (int)i;
    return -1;
}

/* sum(weight): the item that says so, whatever its name is */
static int item_same(const struct egql_query *q, enum egql_agg agg, const struct egql_key *key) {
    for (size_t i = 0; i < q->n_items; i++) {
        const struct egql_item *it = &q->items[i];
        if (it->agg == agg && (it->key ? key && egql_c_same_key(it->key, key) : !key))
            return (int)i;
    }
    return -1;
}

static bool no_item(struct egql_checker *c, const struct egql_query *q, const struct egql_order *o) {
    const char *text = "";
    for (size_t i = 0; text && i < q->n_items; i++)
        text = eg_arena_printf(c->arena, "%s%s%s", text, i ? ", " : "", q->items[i].name);
    egql_c_fail(c, o->span, "ORDER BY of a grouped query names a column of its answer or a key of GROUP BY");
    c->diag->expected = text;
    return false;
}

static bool order(struct egql_checker *c, const struct egql_query *q, struct egql_order *o) {
    o->item = -1;
    if (o->agg == EGQL_A_NONE) {
        const char *name = egql_c_key_text(c, o->key);
        if (!name)
            return false;
        o->item = item_called(q, name);
    } else {
        if (o->key && !egql_c_key(c, o->key))
            return false;
        o->item = item_same(q, o->agg, o->key);
        if (o->item < 0)
            return no_item(c, q, o);
    }
    if (o->item >= 0) {
        const struct egql_item *it = &q->items[o->item];
        return it->agg != EGQL_A_NONE || egql_c_scalar(c, it->key, "ordered by");
    }
    if (q->grouped && (egql_source_field(c->source, o->key->parts[0].p, o->key->parts[0].n) < 0) &&
        o->key->n_parts == 1)
        return no_item(c, q, o);
    if (!egql_c_key(c, o->key) || !egql_c_scalar(c, o->key, "ordered by"))
        return false;
    o->item = item_same(q, EGQL_A_NONE, o->key);
    return !q->grouped || o->item >= 0 || group_of(q, o->key) >= 0 || no_item(c, q, o);
}

bool egql_c_order(struct egql_checker *c, struct egql_query *q) {
    for (size_t i = 0; i < q->n_order; i++)
        if (!order(c, q, &q->order_by[i]))
            return false;
    return true;
}
