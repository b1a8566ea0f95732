/* One task at a time, chosen at each tick. An index whose list was found empty is looked at only every 16th time: most
 * partitions are not being written to. */
#include "db/db_pg_tend.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/list.h"
#include "db/db_pg_write.h"
#include "db/migrate.h"

#define SECOND_US INT64_C(1000000)
#define VERSION_US (2 * SECOND_US)
#define LIST_US (60 * SECOND_US)
#define PARTITIONS_US (3600 * SECOND_US)
#define PARTITIONS_AGAIN_US (60 * SECOND_US)
#define PARTITIONS_WANTED_US SECOND_US /* when an event waits for one */
#define COUNT_US (60 * SECOND_US)
/* Slices take a fifth of the time; what cannot be exchanged now may be when others have ended. Whoever comes later waits behind an
 * exchange that waits: a fortieth of the time, then. */
#define MERGE_FIRST_US (2 * SECOND_US)
#define MERGE_SLICE_TIMES 4
#define MERGE_WAITS_US SECOND_US /* at least */
#define MERGE_WAITS_TIMES 40
#define MERGE_NONE_US (3600 * SECOND_US)
#define COLD_EVERY 16
#define MOST_LIST_B (1U << 20)

static struct eg_pg_tend *tend_of(struct eg_pg_conn *conn) { return EG_CONTAINER(conn, struct eg_pg_tend, conn); }

static void send_task(struct eg_pg_tend *tend, enum eg_pg_task task, const char *sql, const char *param) {
    tend->task = task;
    tend->failed = false;
    tend->since_us = eg_clock_mono_us();
    if (!PQsendQueryParams(tend->conn.pq, sql, param ? 1 : 0, NULL, param ? &param : NULL, NULL, NULL, 0)) {
        tend->failed = true; /* the connection is dead: on_poll or the next ticks find it so */
    }
    eg_pg_conn_flush(&tend->conn);
}

static void send_clean(struct eg_pg_tend *tend) {
    struct eg_buf list;
    tend->all = tend->ticks++ % COLD_EVERY == 0;
    eg_buf_init(&list, MOST_LIST_B);
    eg_buf_char(&list, '{');
    for (size_t i = 0; i < tend->n_gins; i++) {
        if (tend->all || tend->gins[i].hot) {
            eg_buf_printf(&list, "%s%u", list.len > 1 ? "," : "", tend->gins[i].oid);
        }
    }
    eg_buf_char(&list, '}');
    if (list.len > 2 && !list.failed) {
        send_task(tend, EG_PG_TASK_CLEAN,
                  "SELECT i, gin_clean_pending_list(i::regclass) FROM unnest($1::oid[]) AS i"
                  " WHERE EXISTS (SELECT 1 FROM pg_class WHERE oid = i)", /* another server may have merged partitions */
                  eg_buf_text(&list));
    }
    eg_buf_free(&list);
}

/* False: neither is due. */
static bool send_partitions(struct eg_pg_tend *tend, int64_t now_us) {
    const struct eg_db_config *config = &tend->conn.host->config;
    char days[16];
    if (tend->partitions_due_us <= now_us || (*tend->no_partition && now_us - tend->partitions_us > PARTITIONS_WANTED_US)) {
        (void)snprintf(days, sizeof days, "%d", config->partition_days);
        send_task(tend, EG_PG_TASK_PARTITIONS, "SELECT egdb_partitions_ahead($1::int)", days);
    } else if (tend->count_due_us <= now_us) {
        send_task(tend, EG_PG_TASK_COUNT, EG_PG_COUNT_SQL, NULL);
    } else if (tend->merge_due_us <= now_us) {
        (void)snprintf(days, sizeof days, "%d", config->partition_merge_days);
        send_task(tend, EG_PG_TASK_MERGE, "SELECT did, wide, n_partitions, n_rows, why FROM egdb_partitions_merge($1::int)", days);
    } else {
        return false;
    }
    return true;
}

static void send_next(struct eg_pg_tend *tend, int64_t now_us) {
    const struct eg_db_config *config = &tend->conn.host->config;
    bool cleans = config->tend_ms > 0 && !tend->no_gin;
    if (tend->version_due_us <= now_us) {
        send_task(tend, EG_PG_TASK_VERSION, "SELECT coalesce(max(version), 0) FROM egdb_schema_version", NULL);
    } else if (send_partitions(tend, now_us)) {
        return;
    } else if (cleans && tend->list_due_us <= now_us) {
        send_task(
            tend, EG_PG_TASK_LIST,
            "SELECT c.oid FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'gin' AND c.relkind = 'i'"
            " AND c.relnamespace = current_schema()::regnamespace",
            NULL);
    } else if (cleans && *tend->commits != tend->cleaned_at) {
        /* What is committed while the cleaning runs is counted for the next. */
        tend->cleaned_at = *tend->commits;
        send_clean(tend);
    }
}

static void on_tick(uv_timer_t *timer) {
    struct eg_pg_tend *tend = timer->data;
    int64_t now_us = eg_clock_mono_us();
    if (tend->conn.state != EG_PG_UP) {
        return;
    }
    if (tend->task == EG_PG_TASK_NONE) {
        if (!tend->conn.host->closing) {
            send_next(tend, now_us);
        }
    } else if (now_us - tend->since_us > tend->conn.host->config.write_timeout_ms * INT64_C(1000) + SECOND_US) {
        struct eg_err err = {0};
        tend->frozen = true;
        (void)eg_err_set(&err, EG_E_STORE_UNAVAILABLE, NULL, "PostgreSQL does not answer");
        eg_pg_conn_drop(&tend->conn, &err);
    }
}

static void take_list(struct eg_pg_tend *tend, const PGresult *result) {
    int n = PQntuples(result);
    struct eg_pg_gin *gins = calloc((size_t)n + 1, sizeof *gins);
    if (!gins) {
        return;
    }
    for (int i = 0; i < n; i++) {
        gins[i] = (struct eg_pg_gin){.oid = (Oid)strtoul(PQgetvalue(result, i, 0), NULL, 10), .hot = true};
    }
    free(tend->gins);
    tend->gins = gins;
    tend->n_gins = (size_t)n;
}

static void take_cleaned(struct eg_pg_tend *tend, const PGresult *result) {
    for (int row = 0; row < PQntuples(result); row++) {
        Oid oid = (Oid)strtoul(PQgetvalue(result, row, 0), NULL, 10);
        for (size_t i = 0; i < tend->n_gins; i++) {
            if (tend->gins[i].oid == oid) {
                tend->gins[i].hot = strtoll(PQgetvalue(result, row, 1), NULL, 10) > 0;
            }
        }
    }
}

void eg_pg_tend_counted(struct eg_pg_tend *tend, const PGresult *result) {
    tend->event_partitions = atoi(PQgetvalue(result, 0, 0));
    tend->token_partitions = atoi(PQgetvalue(result, 0, 1));
}

/* What it did decides when the next step is due. */
static void take_merge(struct eg_pg_tend *tend, const PGresult *result) {
    const char *did = PQgetvalue(result, 0, 0), *wide = PQgetvalue(result, 0, 1), *parts = PQgetvalue(result, 0, 2);
    const char *rows = PQgetvalue(result, 0, 3), *why = PQgetvalue(result, 0, 4);
    int64_t now_us = eg_clock_mono_us(), took_us = now_us - tend->since_us;
    if (strcmp(did, "waits") == 0 || strcmp(did, "busy") == 0) {
        int64_t pause_us = MERGE_WAITS_TIMES * took_us;
        tend->merge_due_us = now_us + (pause_us > MERGE_WAITS_US ? pause_us : MERGE_WAITS_US);
    } else if (strcmp(did, "none") != 0) {
        tend->merge_due_us = now_us + MERGE_SLICE_TIMES * took_us;
    }
    if (strcmp(did, "begun") == 0) {
        eg_info(&tend->conn.log, "%s partitions are being merged into %s", parts, wide);
    } else if (strcmp(did, "merged") == 0) {
        eg_info(&tend->conn.log, "%s partitions have become %s; %s rows were copied, and ingest waited %.0f ms at most", parts, wide, rows,
                (double)took_us / 1000);
        tend->merges++;
        tend->count_due_us = tend->list_due_us = 0;
    } else if (strcmp(did, "dropped") == 0) {
        eg_warn(&tend->conn.log, "the merge into %s was given up: %s", wide, why);
    } else if (*why) {
        eg_warn(&tend->conn.log, "the merge into %s waits: %s", wide, why);
    }
}

static void take_result(struct eg_pg_tend *tend, const PGresult *result) {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        tend->failed = true;
        if (tend->task == EG_PG_TASK_VERSION && state && strcmp(state, "42P01") == 0) {
            tend->version = 0; /* migrated down to nothing */
            return;
        }
        if (tend->task == EG_PG_TASK_CLEAN && state && strcmp(state, "42501") == 0) {
            tend->no_gin = true;
        }
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        eg_warn(&tend->conn.log, "upkeep failed: %s", message ? message : PQresultErrorMessage(result));
    } else if (tend->task == EG_PG_TASK_VERSION) {
        tend->version = atoi(PQgetvalue(result, 0, 0));
    } else if (tend->task == EG_PG_TASK_COUNT) {
        eg_pg_tend_counted(tend, result);
    } else if (tend->task == EG_PG_TASK_MERGE) {
        take_merge(tend, result);
    } else if (tend->task == EG_PG_TASK_LIST) {
        take_list(tend, result);
    } else if (tend->task == EG_PG_TASK_CLEAN) {
        take_cleaned(tend, result);
    }
}

static void task_done(struct eg_pg_tend *tend) {
    int64_t now_us = eg_clock_mono_us();
    if (tend->task == EG_PG_TASK_PARTITIONS) {
        tend->partitions_us = now_us;
        *tend->no_partition &= tend->failed;
        tend->partitions_due_us = now_us + (tend->failed ? PARTITIONS_AGAIN_US : PARTITIONS_US);
        tend->list_due_us = tend->count_due_us = 0; /* there may be new ones */
    } else if (tend->task == EG_PG_TASK_LIST) {
        tend->list_due_us = now_us + LIST_US;
    } else if (tend->task == EG_PG_TASK_CLEAN && tend->failed) {
        tend->list_due_us = 0; /* an index has gone */
    }
    if (tend->task == EG_PG_TASK_VERSION) {
        tend->version_due_us = now_us + VERSION_US;
    } else if (tend->task == EG_PG_TASK_COUNT) {
        tend->count_due_us = now_us + COUNT_US;
    } else if (tend->task == EG_PG_TASK_MERGE && tend->merge_due_us <= tend->since_us) { /* nothing to do, or it failed */
        tend->merge_due_us = now_us + (tend->failed ? PARTITIONS_AGAIN_US : MERGE_NONE_US);
    }
    tend->task = EG_PG_TASK_NONE;
    tend->finished(tend->conn.host);
}

static void on_input(struct eg_pg_conn *conn) {
    struct eg_pg_tend *tend = tend_of(conn);
    while (conn->state == EG_PG_UP && !PQisBusy(conn->pq) && tend->task != EG_PG_TASK_NONE) {
        PGresult *result = PQgetResult(conn->pq);
        if (result) {
            take_result(tend, result);
            PQclear(result);
        } else if (PQstatus(conn->pq) == CONNECTION_BAD) {
            return;
        } else {
            task_done(tend);
        }
    }
}

static void on_up(struct eg_pg_conn *conn) {
    struct eg_pg_tend *tend = tend_of(conn);
    tend->frozen = false;
    tend->list_due_us = 0;
    if (conn->generation == 1) {
        /* The opening has just made the partitions. */
        tend->partitions_due_us = eg_clock_mono_us() + PARTITIONS_US;
        tend->merge_due_us = eg_clock_mono_us() + MERGE_FIRST_US;
    }
}

static void on_down(struct eg_pg_conn *conn, const struct eg_err *err) {
    struct eg_pg_tend *tend = tend_of(conn);
    (void)err;
    tend->task = EG_PG_TASK_NONE;
    tend->finished(conn->host);
}

/* The writer may be up and idle meanwhile, and knows nothing. */
static void on_undialled(struct eg_pg_conn *conn, bool silent) { tend_of(conn)->frozen = silent; }

void eg_pg_tend_init(struct eg_pg_tend *tend, struct eg_pg_host *host, struct eg_pg_write *write) {
    static const struct eg_pg_role role = {
        .name = "upkeep", .follows = true, .up = on_up, .input = on_input, .down = on_down, .undialled = on_undialled};
    eg_pg_conn_init(&tend->conn, host, &role, 1);
    tend->commits = &write->commits;
    tend->no_partition = &write->no_partition;
    tend->version = eg_migrate_newest(); /* the opening has looked */
    EG_ASSERT(uv_timer_init(host->loop, &tend->tick) == 0);
    tend->tick.data = tend;
    eg_pg_host_hold(host);
    uint64_t every_ms = host->config.tend_ms > 0 ? (uint64_t)host->config.tend_ms : 1000;
    uv_timer_start(&tend->tick, on_tick, every_ms, every_ms);
}

void eg_pg_tend_close(struct eg_pg_tend *tend) {
    tend->tick.data = tend->conn.host;
    uv_close((uv_handle_t *)&tend->tick, eg_pg_host_released);
    eg_pg_conn_close(&tend->conn);
}

void eg_pg_tend_free(struct eg_pg_tend *tend) { free(tend->gins); }
