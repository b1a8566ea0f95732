/* Upkeep on a connection of its own, so that ingest never waits for it: partitions ahead of time, old ones merged, the pending lists of
 * GIN indexes, and every two seconds the schema's version, which also notices a server that has frozen while nobody writes. */
#ifndef EG_DB_DB_PG_TEND_H
#define EG_DB_DB_PG_TEND_H

#include "db/db_pg_conn.h"

enum eg_pg_task {
    EG_PG_TASK_NONE,
    EG_PG_TASK_PARTITIONS,
    EG_PG_TASK_COUNT,
    EG_PG_TASK_MERGE,
    EG_PG_TASK_LIST,
    EG_PG_TASK_CLEAN,
    EG_PG_TASK_VERSION
};

/* Partitions of events and delta_tokens. */
#define EG_PG_COUNT_SQL                                                                                                                    \
    "SELECT (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('events')),"                                                   \
    " (SELECT count(*) FROM pg_inherits WHERE inhparent = to_regclass('delta_tokens'))"

struct eg_pg_gin {
    Oid oid;
    bool hot; /* had pending pages when it was cleaned last */
};

struct eg_pg_tend {
    struct eg_pg_conn conn;
    uv_timer_t tick;
    enum eg_pg_task task; /* running */
    int64_t since_us, version_due_us, partitions_due_us, partitions_us, count_due_us, merge_due_us, list_due_us;
    int version;              /* of the schema, when it was last asked for */
    int event_partitions, token_partitions;
    uint64_t merges;
    bool *no_partition;       /* the writer's */
    const uint64_t *commits;  /* its count */
    uint64_t cleaned_at;     /* commits when the lists were cleaned last */
    bool all;                /* the running CLEAN covers cold ones too */
    unsigned ticks;
    struct eg_pg_gin *gins;
    size_t n_gins;
    bool failed; /* the running task */
    bool frozen; /* no answer in time, and none since */
    bool no_gin; /* not allowed, or not there: said once */
    void (*finished)(struct eg_pg_host *host);
};

struct eg_pg_write;
void eg_pg_tend_init(struct eg_pg_tend *tend, struct eg_pg_host *host, struct eg_pg_write *write);
void eg_pg_tend_counted(struct eg_pg_tend *tend, const PGresult *result); /* of EG_PG_COUNT_SQL */
void eg_pg_tend_close(struct eg_pg_tend *tend); /* when no task runs */
void eg_pg_tend_free(struct eg_pg_tend *tend);

#endif
