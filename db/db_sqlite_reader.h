/* The pool of readers: a few threads, each with a read-only connection, behind one bounded queue. Made, called and
 * freed by the loop's thread. For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_READER_H
#define EG_DB_DB_SQLITE_READER_H

#include <uv.h>

#include "db/db_store.h"

struct eg_sqlite_pool;

/* Starts the threads; connections are opened at their first read. done is what the pool wakes when it has something for
 * eg_sqlite_pool_deliver; config and path must outlive the pool. */
EG_MUST_CHECK eg_status eg_sqlite_pool_new(const struct eg_store *store, const char *path,
                                           const struct eg_db_config *config, uv_async_t *done,
                                           struct eg_sqlite_pool **pool, struct eg_err *err);
struct eg_read_handle *eg_sqlite_pool_read(struct eg_sqlite_pool *pool, const struct eg_read *read);
void eg_sqlite_pool_cancel(struct eg_read_handle *handle);
void eg_sqlite_pool_pause(struct eg_read_handle *handle, bool pause);
/* Gives rows and ends to their readers. */
void eg_sqlite_pool_deliver(struct eg_sqlite_pool *pool);
/* Ends what waits for a thread past its time, or is not wanted any more; false: nothing waits. */
bool eg_sqlite_pool_sweep(struct eg_sqlite_pool *pool);
void eg_sqlite_pool_stats(struct eg_sqlite_pool *pool, struct eg_db_stats *stats); /* adds its own figures */

/* Refuses what is queued and lets the threads end after what they run; they wake `done` when they have. */
void eg_sqlite_pool_stop(struct eg_sqlite_pool *pool);
bool eg_sqlite_pool_stopped(struct eg_sqlite_pool *pool); /* and all has been delivered */
void eg_sqlite_pool_free(struct eg_sqlite_pool *pool);

#endif
