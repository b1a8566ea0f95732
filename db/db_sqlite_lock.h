/* Who serves a SQLite file: one server at a time, since two that make checkpoints may damage it. The lock is that of a file beside it,
 * which goes with its process however that ends; the file stays. */
#ifndef EG_DB_DB_SQLITE_LOCK_H
#define EG_DB_DB_SQLITE_LOCK_H

#include "base/err.h"

/* path: an existing database. *fd holds the lock until it is closed. err: store_in_use, naming the process; store_unavailable. */
EG_MUST_CHECK eg_status eg_sqlite_lock(const char *path, int *fd, struct eg_err *err);

#endif
