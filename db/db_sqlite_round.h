/* What one round of a write transaction does on a connection: synchronous, in the writer's thread. For db_sqlite_*
 * alone. */
#ifndef EG_DB_DB_SQLITE_ROUND_H
#define EG_DB_DB_SQLITE_ROUND_H

#include "db/db_sqlite_conn.h"

struct eg_sqlite_round {
    struct eg_op *ops;
    size_t n_ops;
    bool commit;
    struct eg_arena *arena;
};

/* Begins a transaction when none is open, runs the operations, commits when asked. On a failure the transaction has
 * been taken back, *code is SQLite's code, and err says what is wrong. */
enum eg_fault eg_sqlite_round(struct eg_sqlite_conn *conn, const struct eg_sqlite_round *round, int *code,
                              struct eg_err *err);
void eg_sqlite_rollback(struct eg_sqlite_conn *conn); /* also when none is open */
/* Writes a row as it stands, so that it is known whether the file takes writes. */
enum eg_fault eg_sqlite_probe(struct eg_sqlite_conn *conn, int *code, struct eg_err *err);

#endif
