/* Counting and typing the parameters of a statement's shape; the order is stated in the header. */
#include "base/dml.h"

const char *eg_dml_kind_name(enum eg_dml_kind kind) {
    static const char *const names[] = {[EG_DML_INSERT] = "insert", [EG_DML_KEEP] = "keep",     [EG_DML_REPLACE] = "replace",
                                        [EG_DML_UPDATE] = "update", [EG_DML_DELETE] = "delete", [EG_DML_LOOKUP] = "lookup",
                                        [EG_DML_DEMAND] = "demand", [EG_DML_FILL] = "fill"};
    return names[kind];
}

static bool has_cells(enum eg_dml_kind kind) {
    return kind == EG_DML_INSERT || kind == EG_DML_KEEP || kind == EG_DML_REPLACE || kind == EG_DML_UPDATE;
}

static bool has_key_params(enum eg_dml_kind kind) {
    return kind == EG_DML_UPDATE || kind == EG_DML_DELETE || kind == EG_DML_LOOKUP || kind == EG_DML_DEMAND;
}

size_t eg_cell_width(const struct eg_cell *cell) { return !cell->ref ? 1 : cell->shared ? 0 : cell->ref->n_where; }

size_t eg_dml_n_params(const struct eg_dml *dml) {
    if (dml->kind == EG_DML_FILL)
        return dml->fill.ref->n_where;
    size_t n = has_key_params(dml->kind) ? dml->n_key : 0;
    if (has_cells(dml->kind))
        for (size_t i = 0; i < dml->n_cells; i++)
            n += eg_cell_width(&dml->cells[i]);
    if (dml->unless)
        n += dml->unless->n_where + (dml->unless->after >= 0);
    return n;
}

static size_t ref_types(const struct eg_ref *ref, enum eg_type *types) {
    for (size_t i = 0; i < ref->n_where; i++)
        types[i] = ref->table->columns[ref->where[i]].type;
    return ref->n_where;
}

void eg_dml_param_types(const struct eg_dml *dml, enum eg_type *types) {
    if (dml->kind == EG_DML_FILL) {
        ref_types(dml->fill.ref, types);
        return;
    }
    if (has_cells(dml->kind))
        for (size_t i = 0; i < dml->n_cells; i++) {
            const struct eg_cell *cell = &dml->cells[i];
            if (cell->ref)
                types += cell->shared ? 0 : ref_types(cell->ref, types);
            else
                *types++ = dml->table->columns[cell->column].type;
        }
    if (has_key_params(dml->kind))
        for (size_t i = 0; i < dml->n_key; i++)
            *types++ = dml->table->columns[dml->key[i]].type;
    const struct eg_guard *unless = dml->unless;
    for (size_t i = 0; unless && i < unless->n_where; i++)
        *types++ = unless->table->columns[unless->where[i]].type;
    if (unless && unless->after >= 0)
        *types = EG_TIME;
}
