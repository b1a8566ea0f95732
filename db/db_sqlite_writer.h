/* The thread that does all writes and all checkpoints, on one connection. Made, called and freed by the loop's thread.
 * For db_sqlite_* alone. */
#ifndef EG_DB_DB_SQLITE_WRITER_H
#define EG_DB_DB_SQLITE_WRITER_H

#include <uv.h>

#include "db/db_sqlite_conn.h"

struct eg_sqlite_writer;

/* Opens the connection and keeps it; the thread is not started yet. done is what the writer wakes when it has something
 * for eg_sqlite_writer_deliver; config and path must outlive the writer. */
EG_MUST_CHECK eg_status eg_sqlite_writer_new(const char *path, const struct eg_db_config *config, uv_async_t *done,
                                             struct eg_sqlite_writer **writer, struct eg_err *err);
sqlite3 *eg_sqlite_writer_handle(struct eg_sqlite_writer *writer); /* for start-up: before the thread is started */
EG_MUST_CHECK eg_status eg_sqlite_writer_start(struct eg_sqlite_writer *writer, struct eg_err *err);

void eg_sqlite_writer_round(struct eg_sqlite_writer *writer, struct eg_op *ops, size_t n_ops, bool commit,
                            struct eg_arena *arena, eg_round_done done, void *ctx);
void eg_sqlite_writer_rollback(struct eg_sqlite_writer *writer, eg_round_done done, void *ctx);
/* Calls done of the round that has ended, if one has. */
void eg_sqlite_writer_deliver(struct eg_sqlite_writer *writer);

bool eg_sqlite_writer_ready(struct eg_sqlite_writer *writer, struct eg_err *err);
void eg_sqlite_writer_stats(struct eg_sqlite_writer *writer, struct eg_db_stats *stats); /* adds its own figures */

/* Asks the thread to end after what it runs; an open transaction is taken back. It wakes `done` once it has. */
void eg_sqlite_writer_stop(struct eg_sqlite_writer *writer);
bool eg_sqlite_writer_stopped(struct eg_sqlite_writer *writer);
void eg_sqlite_writer_free(struct eg_sqlite_writer *writer); /* ends the thread if it runs still */

#endif
