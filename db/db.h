/* The one interface of both stores. Everything is asynchronous in form: a call starts, its callback comes later
 * from the loop's thread, never inside the call that submitted it. Nothing above this header knows which store
 * runs; where stores differ, a `supports` bit says so. */
#ifndef EG_DB_DB_H
#define EG_DB_DB_H

#include <uv.h>

#include "base/arena.h"
#include "base/catalogue.h"
#include "base/dml.h"
#include "base/err.h"
#include "base/value.h"

struct eg_db;

struct eg_db_config {
    const char *dsn; /* "sqlite:PATH", or a libpq URI "postgresql://…" */
    int read_connections;
    int connect_timeout_ms;
    int write_timeout_ms; /* one round of a write transaction; then the connection is given up */
    int lock_timeout_ms;  /* PostgreSQL: waiting for the position counter */
    int idle_tx_timeout_ms; /* PostgreSQL: frees the counter of a frozen server */
    int read_timeout_ms;
    int reconnect_least_ms; /* back-off, doubled up to the most, with jitter */
    int reconnect_most_ms;
    int tend_ms;          /* PostgreSQL: pause between cleanings of GIN pending lists after writes; 0: never */
    int partition_days;   /* PostgreSQL: days kept ahead */
    int partition_merge_days; /* PostgreSQL: age from which partitions are merged; 0: never */
    int sqlite_cache_mib;
    int sqlite_checkpoint_pages;
    int sqlite_busy_ms;
    bool exclusive;       /* a SQLite file: nobody else may serve or migrate it meanwhile */
    bool look;            /* nothing will be written: a SQLite file is opened for reading, beside its server */
};

/* Connects (waits up to connect_timeout_ms), reads the schema version and the catalogue. err: config_invalid for a
 * DSN that is none, store_unavailable, store_in_use, schema_old (naming the command). The loop must not run yet. */
EG_MUST_CHECK eg_status eg_db_open(uv_loop_t *loop, const struct eg_db_config *config, struct eg_db **db, struct eg_err *err);
/* True for a database that is this program's alone (a SQLite file): `serve` may make and migrate it without being
 * told to. */
bool eg_db_is_private(const char *dsn);
/* Ends threads and connections; waits for what runs. closed is called once nothing uses the loop any more. */
void eg_db_close(struct eg_db *db, void (*closed)(void *ctx), void *ctx);

const struct eg_catalogue *eg_db_catalogue(const struct eg_db *db);
const char *eg_db_name(const struct eg_db *db);    /* "sqlite" or "postgresql", for banner and metrics */
const char *eg_db_where(const struct eg_db *db);   /* the DSN without its password, for the banner */
/* True when the store answered its last contact (a down store is probed with back-off by the store itself). err
 * says what is wrong. */
bool eg_db_ready(const struct eg_db *db, struct eg_err *err);

/* Statements */

enum eg_sql { /* db/statements.def: the fixed ones */
#define X(name, ...) EG_SQL_##name,
#include "db/statements.def"
#undef X
    EG_SQL_COUNT
};

struct eg_rows {
    size_t n_rows;
    size_t n_columns;
    const struct eg_value *cells; /* row-major; bytes live in the arena that the call was given */
};

/* Write transactions: one at a time a store. A transaction is a series of rounds; each sends all its operations at
 * once and gets all their results. The first round begins the transaction (and its first operation should lock the
 * counter), the one with `commit` ends it. After a failed round the transaction has been rolled back (or its
 * connection was given up) and is over. */

struct eg_op {
    const struct eg_dml *dml; /* either a shape … */
    enum eg_sql sql;          /* … or, when dml is NULL, a fixed statement (then n_rows is 1 and its params are the row) */
    size_t n_rows;
    const struct eg_value *params; /* row-major, n_rows × parameters */
    struct eg_rows result;         /* set for LOOKUP (first column: the index of the parameter row, EG_INT8; then `out`) and
                                      fixed statements that return rows */
    int64_t affected;              /* rows changed */
};

enum eg_fault {
    EG_FAULT_NONE,
    EG_FAULT_REFUSED, /* the database does not take a row (SQLSTATE 21, 22, 23; SQLITE_CONSTRAINT, _MISMATCH, _TOOBIG): split the batch */
    EG_FAULT_RETRY,   /* 40001, 40P01, 55P03, 25P03, SQLITE_BUSY: the same again may work */
    EG_FAULT_LOST,    /* no answer; with commit set the outcome is unknown: ask by id, or run it again */
    EG_FAULT_FULL,    /* the disk is full (53100, SQLITE_FULL) */
    EG_FAULT_BROKEN   /* anything else: a defect, or a schema that is not ours */
};

typedef void (*eg_round_done)(void *ctx, enum eg_fault fault, const struct eg_err *err);

/* Runs ops in order; stops at the first that fails. ops, their params and the arena live until done. Only one
 * round at a time. On SQLite and PostgreSQL alike, done with EG_FAULT_NONE and commit set means committed and
 * fsynced. */
void eg_db_round(struct eg_db *db, struct eg_op *ops, size_t n_ops, bool commit, struct eg_arena *arena, eg_round_done done,
                 void *ctx);
/* Ends an open transaction without effect; done gets EG_FAULT_NONE or EG_FAULT_LOST. */
void eg_db_rollback(struct eg_db *db, eg_round_done done, void *ctx);

/* Reads: on a read-only connection of a pool, bounded queue (err overloaded when it is full, or when no connection became free in the
 * read's time; timeout when the read itself took longer). */

struct eg_read {
    enum eg_sql sql;       /* a fixed statement; or, when EG_SQL_COUNT, the text below */
    const char *text;      /* SQL of the store's dialect */
    size_t n_params;
    const struct eg_value *params;
    const enum eg_type *param_types; /* for text only */
    size_t n_columns;                /* for text only */
    const enum eg_type *column_types;
    int timeout_ms; /* 0: the configured one */
    bool pausable;  /* eg_db_read_pause may be called */
    bool lengthy;   /* it may take long, by its own work or its reader's: such reads get all connections but one at most */
    bool by_key;    /* for text only: the best plan does not hang on the values, so the store may keep one */
    /* One row; cells live during the call. False stops the read: done comes with EG_OK and the rest is dropped. */
    bool (*row)(void *ctx, const struct eg_value *cells, size_t n_columns);
    void (*done)(void *ctx, const struct eg_err *err); /* err NULL: all rows were given or the reader stopped */
    void *ctx;
};

struct eg_read_handle;
/* Starts a read; everything that read points to lives until done. Returns a handle for eg_db_read_cancel, valid
 * until done. */
struct eg_read_handle *eg_db_read(struct eg_db *db, const struct eg_read *read);
void eg_db_read_cancel(struct eg_read_handle *handle); /* done still comes, soon */
/* Back-pressure, from row() or from the loop, until done: while a read is paused, row is not called and the store holds a
 * few chunks of rows at most. A read's time is that in which it is not paused: the caller has a deadline of its own for the rest. */
void eg_db_read_pause(struct eg_read_handle *handle);
void eg_db_read_resume(struct eg_read_handle *handle);

/* News: called from the loop when events may have been committed, by this server or (PostgreSQL) by another. A
 * hint: it may come without news and, when a connection was lost, not come at all; who must not miss anything
 * polls as well. position is the highest known, 0 when not known. One watcher. */
void eg_db_watch(struct eg_db *db, void (*news)(void *ctx, int64_t position), void *ctx);
/* To be called after a batch has been committed: tells the other servers, at most a hundred times a second. */
void eg_db_announce(struct eg_db *db, int64_t position);

/* Brings a materialized view up to date without stopping its readers (REFRESH … CONCURRENTLY), one after another,
 * on a connection of the store's own; where views are plain ones there is nothing to do. done(err NULL: well; rows
 * of the view; its milliseconds). A name that is no view is refused as not_found. */
void eg_db_refresh(struct eg_db *db, const char *view, int timeout_ms,
                   void (*done)(void *ctx, const struct eg_err *err, int64_t rows, int64_t took_ms), void *ctx);
size_t eg_db_materialized(const struct eg_db *db, const char *const **names); /* views that need it, sorted; 0 where all are plain */

/* Figures for /metrics. */
struct eg_db_stats {
    uint64_t rounds, commits, refused, retried, lost, reads, reconnects;
    int reads_waiting, reads_running;
    int event_partitions, token_partitions; /* of events and delta_tokens; 0 where tables have none */
    uint64_t merges;                        /* of partitions, by this server */
    bool up;
};
void eg_db_stats(const struct eg_db *db, struct eg_db_stats *stats);

#endif
