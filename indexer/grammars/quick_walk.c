/* The way through a tree (indexer/tree.h). A part of core.c, behind the core's node.c and subtree.c. Bytes are added up on the way;
 * lines are counted in the text, up to the nodes that are asked for only. */
#include "indexer/tree.h"

static void eg_walk_look(struct eg_tree_walk *walk, const Subtree *subtree, TSSymbol alias) {
    TSSymbol symbol = alias ? alias : ts_subtree_symbol(*subtree);
    walk->symbol = symbol < walk->tree->language->symbol_count ? walk->tree->language->public_symbol_map[symbol] : symbol;
    walk->subtree = subtree;
    walk->alias = alias;
    walk->from = walk->before + ts_subtree_padding(*subtree).bytes;
    walk->to = walk->from + ts_subtree_size(*subtree).bytes;
    walk->children = ts_subtree_visible_child_count(*subtree);
}

static void eg_walk_open(struct eg_tree_walk *walk, Subtree subtree, bool shown) {
    if (walk->n == walk->room) {
        walk->room = walk->room ? walk->room * 2 : 64;
        walk->levels = ts_realloc(walk->levels, walk->room * sizeof(*walk->levels));
    }
    const Subtree *children = ts_subtree_children(subtree);
    walk->levels[walk->n++] = (struct eg_tree_level){
        .next = children, .end = children + subtree.ptr->child_count, .shown = shown,
        .aliases = ts_language_alias_sequence(walk->tree->language, subtree.ptr->production_id)};
    walk->depth += shown;
}

void eg_tree_walk_begin(struct eg_tree_walk *walk, TSNode node, const char *text) {
    TSPoint start = ts_node_start_point(node);
    uint32_t from = ts_node_start_byte(node);
    const Subtree *subtree = node.id;
    *walk = (struct eg_tree_walk){.tree = node.tree, .text = text, .before = from - ts_subtree_padding(*subtree).bytes,
                                  .counted = from, .row = start.row, .begun = from - start.column};
    eg_walk_look(walk, subtree, (TSSymbol)node.context[3]);
}

bool eg_tree_walk_next(struct eg_tree_walk *walk, bool into) {
    if (into) {
        eg_walk_open(walk, *(const Subtree *)walk->subtree, true);
    } else {
        walk->before = walk->to;
    }
    while (walk->n > 0) {
        struct eg_tree_level *level = &walk->levels[walk->n - 1];
        const Subtree *child = level->next;
        if (child == level->end) {
            walk->depth -= level->shown;
            walk->n--;
            continue;
        }
        level->next = child + 1;
        TSSymbol alias = !level->aliases || ts_subtree_extra(*child) ? 0 : *level->aliases++;
        if (alias || ts_subtree_visible(*child)) {
            eg_walk_look(walk, child, alias);
            return true;
        }
        if (ts_subtree_visible_child_count(*child) > 0) {
            eg_walk_open(walk, *child, false);
        } else {
            walk->before += ts_subtree_total_bytes(*child);
        }
    }
    return false;
}

TSNode eg_tree_walk_node(struct eg_tree_walk *walk) {
    const char *at = walk->text + walk->counted, *end = walk->text + walk->from;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        at++;
        walk->row++;
        walk->begun = (uint32_t)(at - walk->text);
    }
    walk->counted = walk->from;
    Length position = {walk->from, {walk->row, walk->from - walk->begun}};
    return ts_node_new(walk->tree, walk->subtree, position, walk->alias);
}
