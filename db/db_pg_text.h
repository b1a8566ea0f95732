/* The texts of reads by key that a reader's connection has met: one that comes again is prepared under a name, and then
 * neither parsed nor, from the sixth time on, planned, which over some thirty partitions takes milliseconds. Other texts
 * are planned each time for their values: a plan made without them takes a LIMIT for a tenth of the rows and a window for
 * a third, which can cost more than planning. Bounded; the least recently used goes. */
#ifndef EG_DB_DB_PG_TEXT_H
#define EG_DB_DB_PG_TEXT_H

#include "db/db.h"

/* The server keeps a plan of some 10 kB a partition for each prepared text, on each connection. */
#define EG_PG_TEXTS 32
#define EG_PG_TEXT_NAME_B 24

struct eg_pg_text {
    uint64_t hash;
    char *text; /* NULL: free */
    enum eg_type *types;
    size_t n_types;
    uint64_t used; /* by the clock of the texts */
    bool again;    /* it has come more than once */
    bool prepared;
    char name[EG_PG_TEXT_NAME_B];
};

struct eg_pg_texts {
    struct eg_pg_text all[EG_PG_TEXTS];
    uint64_t clock;
    char drop[EG_PG_TEXT_NAME_B]; /* a prepared one that had to go, not deallocated yet; "": none */
};

/* The place of a read's text, now the most recently used; valid until the next call. NULL: it is not kept (not by
 * key, too long, no memory), nor is any while one waits to be dropped. */
struct eg_pg_text *eg_pg_texts_see(struct eg_pg_texts *texts, const struct eg_read *read);
void eg_pg_texts_forget(struct eg_pg_texts *texts); /* the connection has none any more; frees */

#endif
