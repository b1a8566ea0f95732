/* The parser's stack where it is a plain list, as it is but for the few places where the grammar leaves open what the text means: what the
 * core does by its iterators, arrays and cleared nodes, done straight on, to the same end. A part of core.c, behind the core's stack.c,
 * whose functions of these names are called eg_any_… there. */

static inline void eg_quick_release(SubtreePool *pool, Subtree tree) {
    if (tree.data.is_inline) {
        return;
    }
    if (tree.ptr->ref_count > 1) {
        eg_plain_dec(&((SubtreeHeapData *)tree.ptr)->ref_count);
    } else {
        (ts_subtree_release)(pool, tree);
    }
}

/* Of the way back over `count` subtrees all nodes have one link, or the core goes it. */
StackSliceArray ts_stack_pop_count(Stack *self, StackVersion version, uint32_t count) {
    StackNode *top = self->heads.contents[version].node, *node = top;
    uint32_t n = 0;
    for (uint32_t left = count; left > 0; node = node->links[0].node) {
        Subtree subtree = node->links[0].subtree;
        if (node->link_count != 1) {
            return eg_any_stack_pop_count(self, version, count);
        }
        n += subtree.ptr != NULL;
        left -= !subtree.ptr || !ts_subtree_extra(subtree);
    }
    SubtreeArray subtrees = array_new();
    array_reserve(&subtrees, (uint32_t)(ts_subtree_alloc_size(n) / sizeof(Subtree)));
    subtrees.size = n;
    for (StackNode *at = top; at != node; at = at->links[0].node) {
        Subtree subtree = at->links[0].subtree;
        if (subtree.ptr) {
            subtrees.contents[--n] = subtree;
            ts_subtree_retain(subtree);
        }
    }
    StackSlice slice = {subtrees, ts_stack__add_version(self, version, node)};
    array_clear(&self->slices);
    array_push(&self->slices, slice);
    return self->slices;
}

/* Links behind the last are not read, so they need not be cleared. */
void ts_stack_push(Stack *self, StackVersion version, Subtree subtree, bool pending, TSStateId state) {
    StackHead *head = array_get(&self->heads, version);
    if (!subtree.ptr) {
        eg_any_stack_push(self, version, subtree, pending, state);
        return;
    }
    StackNode *before = head->node, *node = self->node_pool.size > 0 ? array_pop(&self->node_pool) : ts_malloc(sizeof(*node));
    node->state = state;
    node->links[0] = (StackLink){.node = before, .subtree = subtree, .is_pending = pending};
    node->link_count = 1;
    node->ref_count = 1;
    node->position = length_add(before->position, ts_subtree_total_size(subtree));
    node->error_cost = before->error_cost + ts_subtree_error_cost(subtree);
    node->node_count = before->node_count + stack__subtree_node_count(subtree);
    node->dynamic_precedence = before->dynamic_precedence + ts_subtree_dynamic_precedence(subtree);
    head->node = node;
}
