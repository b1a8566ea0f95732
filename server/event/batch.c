/* The batch's own memory: parameter buffers and the operations of a round. */
#include "server/event/batch.h"

#include <string.h>

struct eg_value *eg_batch_row(struct eg_batch *batch, struct eg_params_buf *rows) {
    if (!rows->width)
        rows->width = eg_dml_n_params(rows->dml);
    if (rows->n_rows == rows->cap) {
        size_t cap = rows->cap ? 2 * rows->cap : 64;
        struct eg_value *values = eg_arena_alloc(batch->arena, cap * rows->width * sizeof *values);
        if (!values) {
            batch->failed = true;
            return NULL;
        }
        if (rows->n_rows)
            memcpy(values, rows->values, rows->n_rows * rows->width * sizeof *values);
        rows->values = values;
        rows->cap = cap;
    }
    return rows->values + rows->width * rows->n_rows++;
}

struct eg_op *eg_batch_op(struct eg_batch *batch, const struct eg_dml *dml, size_t n_rows, const struct eg_value *params) {
    if (batch->n_ops == batch->cap_ops) {
        size_t cap = batch->cap_ops ? 2 * batch->cap_ops : 32;
        struct eg_op *ops = eg_arena_alloc(batch->arena, cap * sizeof *ops);
        if (!ops) {
            batch->failed = true;
            return NULL;
        }
        if (batch->n_ops)
            memcpy(ops, batch->ops, batch->n_ops * sizeof *ops);
        batch->ops = ops;
        batch->cap_ops = cap;
    }
    struct eg_op *op = &batch->ops[batch->n_ops++];
    *op = (struct eg_op){.dml = dml, .n_rows = n_rows, .params = params};
    return op;
}

void eg_batch_ops_begin(struct eg_batch *batch) { batch->n_ops = 0; }
