/* Write transactions on the one writing connection: each round is one flush and one answer. */
#ifndef EG_DB_DB_PG_WRITE_H
#define EG_DB_DB_PG_WRITE_H

#include "db/db_pg_conn.h"
#include "db/db_pg_shape.h"

enum { EG_PG_OWN_BEGIN, EG_PG_OWN_TAKE, EG_PG_OWN_COMMIT, EG_PG_OWN_COUNT };

struct eg_pg_step { /* one answer that the pipeline owes */
    enum { EG_PG_STEP_PREPARE, EG_PG_STEP_RUN, EG_PG_STEP_OP, EG_PG_STEP_SYNC } kind;
    uint32_t *mark; /* PREPARE: zeroed when it fails */
    struct eg_op *op;
    struct eg_pg_shape *shape; /* of op; NULL: a fixed statement */
};

struct eg_pg_write {
    struct eg_pg_conn conn;
    struct eg_pg_shapes shapes;
    uint32_t fixed[EG_SQL_COUNT]; /* the connection's generation they are prepared on */
    uint32_t own[EG_PG_OWN_COUNT];
    uv_timer_t timer; /* the round's; 0 ms when it cannot even start: never complete inside the submitting call */
    struct eg_pg_step *steps;
    size_t n_steps, cap_steps, at;
    char *scratch; /* one operation's encoded parameters */
    size_t cap_scratch;

    bool running; /* a round or a rollback */
    bool rolling_back;
    bool commit;
    bool stale;   /* prepared statements must be forgotten */
    bool unsent;  /* the pipeline does not hold what steps say: drop the connection */
    bool untaken; /* a result does not fit into its arena */
    bool late;    /* the timer has ended it */
    bool tx_open; /* as the caller sees it: between rounds */
    uint32_t tx_generation;
    struct eg_arena *arena;
    enum eg_fault fault;
    struct eg_err err;
    eg_round_done done;
    void *ctx;
    uint64_t rounds, commits, refused, retried, lost;
    bool no_partition; /* an event's day had none; the upkeep makes it */
    void (*finished)(struct eg_pg_host *host); /* after each round's done: the host may be waiting to close */
    void (*came_up)(struct eg_pg_host *host);
};

void eg_pg_write_init(struct eg_pg_write *write, struct eg_pg_host *host);
void eg_pg_write_round(struct eg_pg_write *write, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena,
                       eg_round_done done, void *ctx);
void eg_pg_write_rollback(struct eg_pg_write *write, eg_round_done done, void *ctx);
void eg_pg_write_close(struct eg_pg_write *write); /* nothing runs */
void eg_pg_write_free(struct eg_pg_write *write);  /* after the loop has let go */

#endif
