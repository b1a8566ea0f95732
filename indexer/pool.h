/* The memory of the parser: blocks by size, reused, one pool a thread. Faster than malloc for the many small nodes of trees, and safe
 * where libtree-sitter 0.20 is not: it keeps the number of a node's children in 16 bits, so that an error with more of them is
 * freed by an address inside its block. A pool knows its blocks by a mark and leaves such an address alone. */
#ifndef EG_INDEXER_POOL_H
#define EG_INDEXER_POOL_H

#include <stddef.h>

void eg_pool_install(void); /* before any parser is made */
void eg_pool_reset(void);   /* forgets all that this thread's pool holds, and keeps memory for the next file */
void eg_pool_drop(void);    /* gives this thread's pool back, with whatever still stands in it */

#endif
