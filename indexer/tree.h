/* The way through a syntax tree, node by node from the top: what a cursor of the parser's library does, but each step gives what the walk
 * asks of a node, and nothing is gone through twice. A part of the parser's core (grammars/quick_walk.c), as it knows the tree inside. */
#ifndef EG_INDEXER_TREE_H
#define EG_INDEXER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tree_sitter/api.h>

struct eg_tree_level { /* children of an open node that are still to come */
    const void *next, *end;
    const TSSymbol *aliases;
    bool shown;
};

struct eg_tree_walk {
    /* the node */
    TSSymbol symbol;   /* as ts_node_symbol says it */
    uint32_t from, to; /* bytes */
    uint32_t depth;    /* 0: where the walk began */
    uint32_t children;
    /* inside */
    const TSTree *tree;
    const char *text;
    const void *subtree;
    TSSymbol alias;
    uint32_t before;              /* the byte that the white space in front of the node begins at */
    uint32_t counted, row, begun; /* of the bytes up to counted: the last row, and the byte it begins at */
    struct eg_tree_level *levels; /* of the parser's memory: gone with the tree */
    size_t n, room;
};

/* At the node. text: of the whole tree, to count its lines; kept until the walk ends. */
void eg_tree_walk_begin(struct eg_tree_walk *walk, TSNode node, const char *text);
/* On to the node's first child (into, which is for nodes with children only), or else to what comes behind it. False: that was all. */
bool eg_tree_walk_next(struct eg_tree_walk *walk, bool into);
TSNode eg_tree_walk_node(struct eg_tree_walk *walk);

#endif
