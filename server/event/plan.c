/* Makes the plan at start: shapes for the log's own tables by the names of their columns, and for each rule what its rows need, make,
 * and touch. */
#include <string.h>

#include "server/event/plan_make.h"

#define COLUMNS_MOST 32

/* "a b c" → column indexes. */
static eg_status columns_of(struct eg_plan_maker *m, const struct eg_table *table, const char *names, const int **out, size_t *n) {
    int *columns = eg_arena_alloc(m->arena, COLUMNS_MOST * sizeof *columns);
    if (!columns)
        return eg_err_set(m->err, EG_E_INTERNAL, NULL, "no memory for the plan");
    *n = 0;
    while (*names) {
        size_t len = strcspn(names, " ");
        columns[*n] = eg_table_column(table, names, len);
        if (columns[*n] < 0)
            return eg_err_set(m->err, EG_E_SCHEMA_OLD, table->name, "table %s has no column %.*s; run `egdb migrate up`",
                              table->name, (int)len, names);
        EG_ASSERT(++*n <= COLUMNS_MOST);
        names += len + (names[len] == ' ');
    }
    *out = columns;
    return EG_OK;
}

static eg_status shape(struct eg_plan_maker *m, struct eg_dml *dml, enum eg_dml_kind kind, const char *table_name, const char *cells,
                       const char *key, const char *out) {
    const struct eg_table *table = eg_catalogue_table(m->catalogue, table_name);
    const int *columns;
    size_t n;
    if (!table)
        return eg_err_set(m->err, EG_E_SCHEMA_OLD, table_name, "there is no table %s; run `egdb migrate up`", table_name);
    *dml = (struct eg_dml){.kind = kind, .table = table};
    if (columns_of(m, table, cells, &columns, &n) != EG_OK || columns_of(m, table, key, &dml->key, &dml->n_key) != EG_OK ||
        columns_of(m, table, out, &dml->out, &dml->n_out) != EG_OK)
        return EG_FAIL;
    struct eg_cell *made = eg_arena_zalloc(m->arena, (n + 1) * sizeof *made);
    if (!made)
        return eg_err_set(m->err, EG_E_INTERNAL, NULL, "no memory for the plan");
    for (size_t i = 0; i < n; i++)
        made[i].column = columns[i];
    dml->cells = made;
    dml->n_cells = n;
    return EG_OK;
}

static eg_status log_shapes(struct eg_plan_maker *m) {
    struct eg_plan *p = m->plan;
    struct {
        struct eg_dml *dml;
        enum eg_dml_kind kind;
        const char *table, *cells, *key, *out;
    } rows[] = {
        {&p->key_lookup, EG_DML_LOOKUP, "event_keys", "", "scope idempotency_key", "id position content_hash"},
        {&p->id_lookup, EG_DML_LOOKUP, "event_ids", "", "id", "position content_hash"},
        {&p->dlq_lookup, EG_DML_LOOKUP, "events_dlq", "", "own_id original_hash", "seen"},
        {&p->letter_lookup, EG_DML_LOOKUP, "events_dlq", "", "id", "original_hash code topic event_id redriven_id"},
        {&p->id_insert, EG_DML_INSERT, "event_ids", "id position ts_utc received_utc content_hash", "", ""},
        {&p->key_insert, EG_DML_INSERT, "event_keys", "scope idempotency_key id position content_hash", "", ""},
        {&p->event_insert, EG_DML_INSERT, "events",
         "id topic ts_utc source correlation_id causation_id repo_sha repo_branch env_json payload_json artifacts_json "
         "idempotency_key trust position received_utc",
         "", ""},
        {&p->artifact_insert, EG_DML_INSERT, "artifacts", "event_id kind path size_b sha256", "", ""},
        {&p->dlq_insert, EG_DML_INSERT, "events_dlq",
         "id own_id original_hash original code errors_json topic event_id scope source received_utc last_seen_utc seen headers_json "
         "trust",
         "", ""},
        {&p->dlq_seen, EG_DML_UPDATE, "events_dlq", "seen last_seen_utc", "own_id original_hash", ""},
        {&p->dlq_redriven, EG_DML_UPDATE, "events_dlq", "redriven_utc redriven_id", "id", ""},
        {&p->dlq_delete, EG_DML_DELETE, "events_dlq", "", "id", ""},
        {&p->pending_insert, EG_DML_INSERT, "pending_rows",
         "need_table need_key topic rule event_id params_json created_utc received_utc row_table row_key size_b", "", ""},
        {&p->pending_move, EG_DML_UPDATE, "pending_rows", "need_table need_key", "id", ""},
        {&p->pending_delete, EG_DML_DELETE, "pending_rows", "", "id", ""},
        {&p->pending_drop, EG_DML_DELETE, "pending_rows", "", "row_table row_key", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (shape(m, rows[i].dml, rows[i].kind, rows[i].table, rows[i].cells, rows[i].key, rows[i].out) != EG_OK)
            return EG_FAIL;
    }
    return EG_OK;
}

static const struct eg_need_shape *need_shape(struct eg_plan_maker *m, const struct eg_need *need) {
    struct eg_plan *p = m->plan;
    for (size_t i = 0; i < p->n_shapes; i++) {
        const struct eg_need *old = m->shapes[i].need;
        if (old->table == need->table && old->n_where == need->n_where &&
            memcmp(old->where, need->where, need->n_where * sizeof *need->where) == 0)
            return &m->shapes[i];
    }
    EG_ASSERT(p->n_shapes < m->cap_shapes);
    struct eg_need_shape *made = &m->shapes[p->n_shapes];
    enum eg_type *types = eg_arena_alloc(m->arena, need->n_where * sizeof *types);
    if (!types)
        return NULL;
    for (size_t i = 0; i < need->n_where; i++)
        types[i] = need->table->columns[need->where[i]].type;
    *made = (struct eg_need_shape){
        .id = (int)p->n_shapes++,
        .need = need,
        .types = types,
        .lookup = {.kind = EG_DML_LOOKUP, .table = need->table, .n_key = need->n_where, .key = need->where,
                   .n_out = 1, .out = need->where}, /* eg_plan_gone adds to it */
    };
    made->demand = made->lookup;
    made->demand.kind = EG_DML_DEMAND;
    return made;
}

/* The parameter that holds a plain column in rows of this shape: of the cells, else of the key. −1: none, or it is a reference. */
static int param_of(const struct eg_dml *dml, int column) {
    int at = 0;
    for (size_t i = 0; i < dml->n_cells; i++) {
        const struct eg_cell *cell = &dml->cells[i];
        if (cell->column == column)
            return cell->ref ? -1 : at;
        at += (int)eg_cell_width(cell);
    }
    for (size_t i = 0; i < dml->n_key; i++) {
        if (dml->key[i] == column && (dml->kind == EG_DML_UPDATE || dml->kind == EG_DML_DELETE))
            return at + (int)i;
    }
    return -1;
}

static int param_of_key_first(const struct eg_dml *dml, int column) {
    if (dml->kind == EG_DML_UPDATE) { /* rows are found by the key, whatever is set */
        int n = 0;
        for (size_t i = 0; i < dml->n_cells; i++)
            n += (int)eg_cell_width(&dml->cells[i]);
        for (size_t i = 0; i < dml->n_key; i++) {
            if (dml->key[i] == column)
                return n + (int)i;
        }
        return -1;
    }
    return param_of(dml, column);
}

bool eg_plan_params(struct eg_plan_maker *m, const struct eg_dml *dml, size_t n, const int *columns, struct eg_params *out) {
    int *at = eg_arena_alloc(m->arena, (n + 1) * sizeof *at);
    *out = (struct eg_params){0, at};
    for (size_t i = 0; at && i < n; i++) {
        at[i] = param_of_key_first(dml, columns[i]);
        if (at[i] < 0)
            return false;
    }
    if (at)
        out->n = n;
    return at != NULL;
}

static size_t keyset_of(const struct eg_plan_maker *m, const struct eg_table *table, size_t n, const int *columns) {
    size_t i = 0;
    for (; i < m->n_keysets; i++) {
        const struct eg_plan_keyset *old = &m->keysets[i];
        if (old->table == table && old->n == n && !memcmp(old->columns, columns, n * sizeof *columns))
            break;
    }
    return i;
}

static void note_keyset(struct eg_plan_maker *m, const struct eg_table *table, size_t n, const int *columns) {
    if (n && keyset_of(m, table, n, columns) == m->n_keysets)
        m->keysets[m->n_keysets++] = (struct eg_plan_keyset){table, n, columns};
}

/* Which row is the newest depends on what was inserted before, as a row's content depends on what its key met before. */
static const struct eg_ref *newest_of(const struct eg_cell *cell) { return cell->ref && cell->ref->newest ? cell->ref : NULL; }

static void note_keysets(struct eg_plan_maker *m, const struct eg_dml *dml) {
    if (dml->kind != EG_DML_INSERT)
        note_keyset(m, dml->table, dml->n_key, dml->key);
    for (size_t i = 0; i < dml->n_cells; i++) {
        const struct eg_ref *ref = newest_of(&dml->cells[i]);
        if (ref)
            note_keyset(m, ref->table, ref->n_where, ref->where);
    }
    if (dml->unless)
        note_keyset(m, dml->unless->of, dml->unless->n_where, dml->unless->of_where);
}

static eg_status plan_reads(struct eg_plan_maker *m, struct eg_rule_plan *plan, struct eg_keyset_use *uses) {
    const struct eg_dml *dml = &plan->rule->dml;
    int at = 0;
    for (size_t i = 0; i < dml->n_cells; i++) {
        const struct eg_ref *ref = newest_of(&dml->cells[i]);
        const int *shared = dml->cells[i].shared;
        int *params = ref ? eg_arena_alloc(m->arena, ref->n_where * sizeof *params) : NULL;
        if (ref && !params)
            return EG_FAIL;
        for (size_t j = 0; ref && j < ref->n_where; j++)
            params[j] = shared ? shared[j] : at + (int)j;
        if (ref)
            uses[plan->n_keysets++] =
                (struct eg_keyset_use){(int)keyset_of(m, ref->table, ref->n_where, ref->where), ref->table, {ref->n_where, params}};
        at += (int)eg_cell_width(&dml->cells[i]);
    }
    const struct eg_guard *unless = dml->unless;
    int *params = unless ? eg_arena_alloc(m->arena, unless->n_where * sizeof *params) : NULL;
    if (!unless)
        return EG_OK;
    if (!params)
        return EG_FAIL;
    for (size_t i = 0; i < unless->n_where; i++)
        params[i] = at + (int)i;
    uses[plan->n_keysets++] = (struct eg_keyset_use){
        (int)keyset_of(m, unless->of, unless->n_where, unless->of_where), unless->of, {unless->n_where, params}};
    return EG_OK;
}

static eg_status plan_keysets(struct eg_plan_maker *m, struct eg_rule_plan *plan) {
    const struct eg_dml *dml = &plan->rule->dml;
    struct eg_keyset_use *uses = eg_arena_alloc(m->arena, (m->n_keysets + dml->n_cells + 2) * sizeof *uses);
    if (!uses)
        return EG_FAIL;
    for (size_t i = 0; i < m->n_keysets; i++) {
        if (m->keysets[i].table != dml->table)
            continue;
        struct eg_keyset_use *use = &uses[plan->n_keysets++];
        use->id = (int)i;
        use->table = dml->table;
        if (!eg_plan_params(m, dml, m->keysets[i].n, m->keysets[i].columns, &use->at))
            use->at.n = 0;
    }
    plan->keysets = uses;
    if (plan_reads(m, plan, uses) != EG_OK)
        return EG_FAIL;
    if (dml->kind != EG_DML_INSERT && !eg_plan_params(m, dml, dml->n_key, dml->key, &plan->key))
        plan->key.n = 0;
    return EG_OK;
}

/* Whether a row that stands already may keep another value in one of the need's columns. */
static bool keeps_columns(const struct eg_dml *dml, const struct eg_need *need) {
    bool keeps = false;
    for (size_t i = 0; i < need->n_where; i++)
        keeps |= dml->kind == EG_DML_KEEP ? !eg_columns_have(dml->key, dml->n_key, need->where[i])
                                          : eg_columns_have(dml->hold, dml->n_hold, need->where[i]);
    return keeps && dml->kind != EG_DML_INSERT;
}

/* The row of the same key, as something to ask for. */
static const struct eg_need_shape *key_shape(struct eg_plan_maker *m, const struct eg_dml *dml) {
    struct eg_need *need = eg_arena_zalloc(m->arena, sizeof *need);
    if (!need)
        return NULL;
    *need = (struct eg_need){.table = dml->table, .n_where = dml->n_key, .where = dml->key};
    return need_shape(m, need);
}

static eg_status note_key_shape(struct eg_plan_maker *m, const struct eg_dml *dml) {
    for (size_t i = 0; eg_plan_makes_rows(dml) && i < m->plan->n_shapes; i++) {
        const struct eg_need *need = m->shapes[i].need;
        if (need->table == dml->table && keeps_columns(dml, need))
            return key_shape(m, dml) ? EG_OK : EG_FAIL;
    }
    return EG_OK;
}

static eg_status plan_creates(struct eg_plan_maker *m, struct eg_rule_plan *plan) {
    const struct eg_dml *dml = &plan->rule->dml;
    struct eg_creates *creates = eg_arena_alloc(m->arena, (m->plan->n_shapes + 1) * sizeof *creates);
    if (!creates)
        return EG_FAIL;
    for (size_t i = 0; eg_plan_makes_rows(dml) && i < 2 * m->plan->n_shapes; i++) {
        const struct eg_need_shape *shape = &m->shapes[i % m->plan->n_shapes];
        bool keeps = shape->need->table == dml->table && keeps_columns(dml, shape->need);
        struct eg_creates made = {.shape = shape};
        if (shape->need->table != dml->table || keeps != (i < m->plan->n_shapes) ||
            !eg_plan_params(m, dml, shape->need->n_where, shape->need->where, &made.at))
            continue;
        if (keeps && (!(made.unless = key_shape(m, dml)) || !eg_plan_params(m, dml, dml->n_key, dml->key, &made.unless_at)))
            return EG_FAIL;
        if (eg_plan_gone_at(m, dml, &made) != EG_OK)
            return EG_FAIL;
        creates[plan->n_creates++] = made;
    }
    plan->creates = creates;
    return EG_OK;
}

/* What a new row of the rule lets others find. What the row itself looks for it has found, or whoever makes that will fill it in: in each
 * phase fills come last. */
static eg_status plan_fills(struct eg_plan_maker *m, struct eg_rule_plan *plan) {
    const struct eg_rule *rule = plan->rule;
    const struct eg_dml *const *of_table = NULL;
    size_t n_of = eg_plan_makes_rows(&rule->dml) ? eg_registry_fills_of(m->registry, rule->dml.table, &of_table) : 0;
    struct eg_fill_use *uses = eg_arena_alloc(m->arena, (n_of + 1) * sizeof *uses);
    if (!uses)
        return EG_FAIL;
    for (size_t i = 0; i < n_of; i++) {
        const struct eg_ref *ref = of_table[i]->fill.ref;
        struct eg_params at;
        if (eg_plan_params(m, &rule->dml, ref->n_where, ref->where, &at))
            uses[plan->n_fills++] = (struct eg_fill_use){of_table[i], at};
    }
    plan->fills = uses;
    return EG_OK;
}

static bool holds(const struct eg_dml *dml, int column) {
    for (size_t i = 0; i < dml->n_hold; i++) {
        if (dml->hold[i] == column)
            return true;
    }
    return false;
}

/* Which parameters a later row of the same key replaces in an earlier one. */
static eg_status plan_folding(struct eg_plan_maker *m, struct eg_rule_plan *plan) {
    const struct eg_rule *rule = plan->rule;
    plan->replaced = eg_arena_zalloc(m->arena, (rule->n_params + 1) * sizeof *plan->replaced);
    if (!plan->replaced)
        return EG_FAIL;
    size_t at = 0;
    for (size_t i = 0; i < rule->dml.n_cells; i++) {
        const struct eg_cell *cell = &rule->dml.cells[i];
        size_t width = eg_cell_width(cell);
        bool replaced = rule->dml.kind == EG_DML_UPDATE ||
                        (rule->dml.kind == EG_DML_REPLACE && !holds(&rule->dml, cell->column));
        for (size_t j = 0; j < width; j++)
            plan->replaced[at++] = replaced;
        for (size_t j = 0; rule->dml.kind == EG_DML_UPDATE && j < rule->dml.n_key; j++)
            plan->moves_key |= rule->dml.key[j] == cell->column;
    }
    return EG_OK;
}

static eg_status plan_rule(struct eg_plan_maker *m, const struct eg_rule *rule) {
    struct eg_rule_plan *plan = eg_arena_zalloc(m->arena, sizeof *plan);
    const struct eg_rule **key = eg_arena_alloc(m->arena, sizeof *key);
    const struct eg_need_shape **needs = eg_arena_alloc(m->arena, (rule->n_needs + 1) * sizeof *needs);
    if (!plan || !key || !needs)
        return EG_FAIL;
    *key = rule;
    plan->rule = rule;
    plan->needs = needs;
    for (size_t i = 0; i < rule->n_needs; i++)
        needs[i] = need_shape(m, &rule->needs[i]);
    if (rule->dml.kind == EG_DML_DELETE && !(plan->gone = eg_plan_gone_of(m, &rule->dml)))
        return EG_FAIL;
    if (eg_plan_taken(m, plan) != EG_OK || plan_keysets(m, plan) != EG_OK || plan_creates(m, plan) != EG_OK ||
        plan_fills(m, plan) != EG_OK || plan_folding(m, plan) != EG_OK)
        return EG_FAIL;
    if (rule->dml.unless && plan->n_creates)
        return eg_err_set(m->err, EG_E_CONFIG, rule->topic, "rule %d of %s has `unless`, but others need rows of %s: whether they are made "
                          "must be known before", rule->index, rule->topic, rule->dml.table->name);
    return eg_map_put(m->plan->rules, key, sizeof *key, plan) ? EG_OK : EG_FAIL;
}

static eg_status plan_rules(struct eg_plan_maker *m) {
    const struct eg_topic *const *topics;
    size_t n_topics = eg_registry_topics(m->registry, &topics), n_keysets = 0, n_rules = 0, n_needs = 0;
    for (size_t i = 0; i < n_topics; i++) {
        n_rules += topics[i]->n_rules;
        for (size_t j = 0; j < topics[i]->n_rules; j++) {
            n_needs += topics[i]->rules[j].n_needs;
            n_keysets += 2 + topics[i]->rules[j].dml.n_cells;
        }
    }
    m->plan->rules = eg_map_new(m->arena, n_rules + 1);
    m->cap_shapes = n_needs + n_rules;
    m->shapes = eg_arena_alloc(m->arena, (m->cap_shapes + 1) * sizeof *m->shapes);
    m->keysets = eg_arena_alloc(m->arena, (n_keysets + 1) * sizeof *m->keysets);
    m->gone = eg_arena_alloc(m->arena, (n_rules + 1) * sizeof *m->gone);
    if (!m->plan->rules || !m->shapes || !m->keysets || !m->gone)
        return EG_FAIL;
    for (size_t i = 0; i < n_topics; i++) { /* all shapes before the first rule: what a row makes is told by all needs */
        for (size_t j = 0; j < topics[i]->n_rules; j++) {
            const struct eg_rule *rule = &topics[i]->rules[j];
            note_keysets(m, &rule->dml);
            if (rule->dml.kind == EG_DML_DELETE && !eg_plan_gone_of(m, &rule->dml))
                return EG_FAIL;
            for (size_t k = 0; k < rule->n_needs; k++) {
                if (!need_shape(m, &rule->needs[k]))
                    return EG_FAIL;
            }
        }
    }
    for (size_t i = 0; i < n_topics; i++) {
        for (size_t j = 0; j < topics[i]->n_rules; j++) {
            if (note_key_shape(m, &topics[i]->rules[j].dml) != EG_OK)
                return EG_FAIL;
        }
    }
    for (size_t i = 0; i < m->plan->n_shapes; i++) {
        if (eg_plan_gone(m, &m->shapes[i]) != EG_OK)
            return EG_FAIL;
    }
    for (size_t i = 0; i < n_topics; i++) {
        for (size_t j = 0; j < topics[i]->n_rules; j++) {
            if (plan_rule(m, &topics[i]->rules[j]) != EG_OK)
                return EG_FAIL;
        }
    }
    m->plan->shapes = m->shapes;
    return EG_OK;
}

eg_status eg_plan_make(struct eg_plan *plan, const struct eg_registry *registry, const struct eg_catalogue *catalogue,
                       struct eg_arena *arena, struct eg_err *err) {
    struct eg_plan_maker m = {.arena = arena, .catalogue = catalogue, .registry = registry, .plan = plan, .err = err};
    *plan = (struct eg_plan){0};
    if (log_shapes(&m) == EG_OK && plan_rules(&m) == EG_OK)
        return EG_OK;
    return eg_err_set(err, EG_E_INTERNAL, NULL, "no memory for the plan");
}

const struct eg_rule_plan *eg_plan_rule(const struct eg_plan *plan, const struct eg_rule *rule) {
    const struct eg_rule_plan *found = eg_map_get(plan->rules, &rule, sizeof rule);
    EG_ASSERT(found);
    return found;
}
