/* The memory of the parser: blocks by size, reused, one pool a thread. Faster than malloc for the many small nodes of trees. A pool knows
 * its blocks by a mark, and leaves an address that is none of them alone. */
#ifndef EG_INDEXER_POOL_H
#define EG_INDEXER_POOL_H

#include <stddef.h>

void eg_pool_reset(void);   /* forgets all that this thread's pool holds, and keeps memory for the next file */
void eg_pool_drop(void);    /* gives this thread's pool back, with whatever still stands in it */

#endif
