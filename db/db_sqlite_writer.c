/* The writer's thread. One job at a time comes by mutex and condition and goes back by uv_async_t, so that a round
 * costs two hops. Between jobs it makes checkpoints (after it has answered, so that no acknowledgement waits for one),
 * and while the file is down it tries to come back, with back-off. */
#include "db/db_sqlite_writer.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "db/db_sqlite_catalogue.h"
#include "db/db_sqlite_round.h"
#include "db/migrate.h"

#define IDLE_CHECKPOINT_MS 1000 /* a quiet server's log is brought into the file */
#define LEAST_FREE_B (1U << 20) /* a full disk counts as mended from here on */
#define LONG_LOG 8              /* times the configured pages */
#define LEAST_BUSY_MS 5         /* that a checkpoint of a long log waits for readers: no write happens meanwhile */
#define MOST_BUSY_MS 50
#define LOOK_MS 2000            /* at the schema's version */

enum job { JOB_NONE, JOB_ROUND, JOB_ROLLBACK };

struct eg_sqlite_writer {
    const struct eg_db_config *config;
    const char *path;
    uv_async_t *done;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t wake;
    struct eg_log log;

    /* under the mutex */
    enum job job;
    bool finished; /* the job has ended and waits for delivery */
    bool stop;
    bool stopped;
    bool up;
    struct eg_err down; /* why it is not up */
    dev_t dev;
    ino_t ino;
    uint64_t reopened;
    int version; /* of the schema, when it was last looked at */

    /* the job: the loop's until it is posted, the thread's until it is finished, then the loop's again */
    struct eg_sqlite_round round;
    eg_round_done round_done;
    void *round_ctx;
    enum eg_fault fault;
    struct eg_err err;

    /* the thread's own */
    struct eg_sqlite_conn conn;
    int wal_pages;  /* in the log, when the last commit was behind the last checkpoint; else 0 */
    int most_pages; /* with so many the next checkpoint is due */
    int busy_ms;    /* that the next checkpoint of a long log waits */
    int wait_ms;    /* back-off */
    int64_t looked_us; /* at the schema's version */
    bool distrust;  /* an fsync failed: the log is emptied before anything is written behind it */

    /* the loop's own */
    uint64_t rounds, commits, refused, retried, lost;
};

static int count_pages(void *arg, sqlite3 *db, const char *name, int pages) {
    (void)db;
    (void)name;
    struct eg_sqlite_writer *w = arg;
    w->wal_pages = pages;
    return SQLITE_OK;
}

static eg_status open_conn(struct eg_sqlite_writer *w, struct eg_err *err) {
    if (eg_sqlite_conn_open(&w->conn, w->path, w->config, !w->config->look, err) != EG_OK)
        return EG_FAIL;
    sqlite3_wal_hook(w->conn.db, count_pages, w);
    w->wal_pages = 0;
    w->most_pages = w->config->sqlite_checkpoint_pages;
    w->busy_ms = LEAST_BUSY_MS;
    return EG_OK;
}

static void set_state(struct eg_sqlite_writer *w, bool up, const struct eg_err *why) {
    uv_mutex_lock(&w->mutex);
    bool was_up = w->up;
    w->up = up;
    if (up)
        eg_err_clear(&w->down);
    else
        w->down = *why;
    w->dev = w->conn.dev;
    w->ino = w->conn.ino;
    uv_mutex_unlock(&w->mutex);
    if (was_up && !up)
        eg_error(&w->log, "the store is down: %s", why->message);
    if (!was_up && up)
        eg_info(&w->log, "the store is up again");
}

/* Opens the file anew. After a failed fsync nobody knows which pages of the log are on the disk, although the page
 * cache shows them all: so the log is written into the file and emptied before a new commit may stand behind them. */
static eg_status reopen(struct eg_sqlite_writer *w, struct eg_err *err) {
    if (open_conn(w, err) != EG_OK)
        return EG_FAIL;
    int rc =
        w->distrust ? sqlite3_wal_checkpoint_v2(w->conn.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) : SQLITE_OK;
    if (rc != SQLITE_OK) {
        (void)eg_sqlite_fault(&w->conn, rc, w->path, err);
        eg_sqlite_conn_close(&w->conn);
        return EG_FAIL;
    }
    w->distrust = false;
    uv_mutex_lock(&w->mutex);
    w->reopened++;
    uv_mutex_unlock(&w->mutex);
    return EG_OK;
}

/* Makes sure that the connection is open and on the file that stands at the path. */
static eg_status reach(struct eg_sqlite_writer *w, struct eg_err *err) {
    if (w->conn.db && sqlite3_get_autocommit(w->conn.db) && eg_sqlite_conn_moved(&w->conn))
        eg_sqlite_conn_close(&w->conn);
    return w->conn.db ? EG_OK : reopen(w, err);
}

static void after_fault(struct eg_sqlite_writer *w, enum eg_fault fault, int code, const struct eg_err *err) {
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
        w->distrust = true;
    if (eg_sqlite_fatal(code) && fault != EG_FAULT_FULL)
        eg_sqlite_conn_close(&w->conn);
    if (fault == EG_FAULT_LOST || fault == EG_FAULT_FULL || !w->conn.db)
        set_state(w, false, err);
}

static void run_round(struct eg_sqlite_writer *w) {
    int code = SQLITE_OK;
    if (reach(w, &w->err) != EG_OK) {
        w->fault = EG_FAULT_LOST;
        set_state(w, false, &w->err);
        return;
    }
    w->conn.deadline_us = eg_clock_mono_us() + w->config->write_timeout_ms * 1000LL;
    w->fault = eg_sqlite_round(&w->conn, &w->round, &code, &w->err);
    w->conn.deadline_us = 0;
    if (w->fault != EG_FAULT_NONE)
        after_fault(w, w->fault, code, &w->err);
    else if (w->round.commit && !w->up) /* only this thread changes it */
        set_state(w, true, NULL);
}

static void run_job(struct eg_sqlite_writer *w, enum job job) {
    w->fault = EG_FAULT_NONE;
    eg_err_clear(&w->err);
    if (job == JOB_ROUND)
        run_round(w);
    else
        eg_sqlite_rollback(&w->conn);
}

static int run_checkpoint(struct eg_sqlite_writer *w, int mode, int busy_ms, int *in_log, int *done) {
    sqlite3_busy_timeout(w->conn.db, busy_ms);
    int rc = sqlite3_wal_checkpoint_v2(w->conn.db, NULL, mode, in_log, done);
    sqlite3_busy_timeout(w->conn.db, w->config->sqlite_busy_ms);
    if (*in_log < 0) { /* somebody else makes one */
        *in_log = w->wal_pages;
        *done = 0;
    }
    return rc;
}

/* PASSIVE waits for no one: what a reader still needs stays in the log until the next one. When readers follow each
 * other without a gap, the log would never begin anew: so one that has grown long waits for them, a little longer each
 * time. A reader that goes on for minutes (an answer whose client is slow) is not worth more: the log grows until it
 * ends (query.client_wait_s), and is then cut to nothing. */
static void checkpoint(struct eg_sqlite_writer *w) {
    if (!w->conn.db || !sqlite3_get_autocommit(w->conn.db))
        return;
    int limit = w->config->sqlite_checkpoint_pages, in_log = 0, done = 0;
    bool is_long = w->wal_pages >= limit * LONG_LOG;
    int rc = is_long ? run_checkpoint(w, SQLITE_CHECKPOINT_TRUNCATE, w->busy_ms, &in_log, &done)
                     : run_checkpoint(w, SQLITE_CHECKPOINT_PASSIVE, 0, &in_log, &done);
    bool whole = done >= in_log && (rc == SQLITE_OK || !is_long);
    w->wal_pages = whole ? 0 : in_log; /* else it is due again in the next pause, or when the log has grown as much again */
    w->most_pages = whole ? limit : in_log + limit;
    if (is_long)
        w->busy_ms = whole ? LEAST_BUSY_MS : 2 * w->busy_ms < MOST_BUSY_MS ? 2 * w->busy_ms : MOST_BUSY_MS;
    if (rc == SQLITE_OK || (rc & 0xFF) == SQLITE_BUSY || (rc & 0xFF) == SQLITE_LOCKED)
        return;
    struct eg_err err = {0};
    enum eg_fault fault = eg_sqlite_fault(&w->conn, rc, w->path, &err);
    eg_warn(&w->log, "a checkpoint failed: %s", err.message);
    after_fault(w, fault, rc, &err);
}

static bool has_room(const char *path) {
    struct statvfs fs;
    return statvfs(path, &fs) != 0 || (uint64_t)fs.f_bavail * fs.f_frsize >= LEAST_FREE_B;
}

static void come_back(struct eg_sqlite_writer *w) {
    struct eg_err err = {0};
    int code = SQLITE_OK;
    bool well = reach(w, &err) == EG_OK;
    if (well && w->down.code == EG_E_STORE_FULL) {
        checkpoint(w); /* may free the log for new frames */
        well = w->conn.db && has_room(w->path);
        err = w->down;
    }
    if (well) {
        eg_err_clear(&err);
        enum eg_fault fault = eg_sqlite_probe(&w->conn, &code, &err);
        well = fault == EG_FAULT_NONE || fault == EG_FAULT_RETRY;
        if (!well)
            after_fault(w, fault, code, &err);
    }
    if (well) {
        set_state(w, true, NULL);
        return;
    }
    set_state(w, false, &err);
    w->wait_ms = w->wait_ms * 2 > w->config->reconnect_most_ms ? w->config->reconnect_most_ms : w->wait_ms * 2;
}

static int pause_ms(const struct eg_sqlite_writer *w) {
    if (!w->up)
        return w->wait_ms > 0 ? w->wait_ms : 1;
    return w->wal_pages > 0 && sqlite3_get_autocommit(w->conn.db) ? IDLE_CHECKPOINT_MS : LOOK_MS;
}

/* Another program may migrate the file meanwhile. */
static void look_at_schema(struct eg_sqlite_writer *w) {
    struct eg_err err = {0};
    int version;
    int64_t now_us = eg_clock_mono_us();
    if (now_us - w->looked_us < LOOK_MS * 1000LL || !w->conn.db || !sqlite3_get_autocommit(w->conn.db))
        return;
    w->looked_us = now_us;
    if (eg_sqlite_schema_version(w->conn.db, &version, &err) != EG_OK)
        return;
    uv_mutex_lock(&w->mutex);
    w->version = version;
    uv_mutex_unlock(&w->mutex);
}

/* Waits for a job with the mutex held; false when the pause is over without one. */
static bool wait_job(struct eg_sqlite_writer *w) {
    int ms = pause_ms(w);
    uint64_t until_ns = uv_hrtime() + (uint64_t)ms * 1000000;
    while (!w->stop && (w->job == JOB_NONE || w->finished)) {
        uint64_t now_ns = uv_hrtime();
        if (now_ns >= until_ns || uv_cond_timedwait(&w->wake, &w->mutex, until_ns - now_ns) == UV_ETIMEDOUT)
            return false;
    }
    return w->job != JOB_NONE && !w->finished;
}

static void between_jobs(struct eg_sqlite_writer *w) {
    if (w->conn.db && !sqlite3_get_autocommit(w->conn.db)) /* a transaction of several rounds is its caller's to end */
        return;
    if (!w->up)
        come_back(w);
    else if (w->wal_pages > 0)
        checkpoint(w);
    look_at_schema(w);
}

static void writer_main(void *arg) {
    struct eg_sqlite_writer *w = arg;
    uv_mutex_lock(&w->mutex);
    for (;;) {
        if (w->up)
            w->wait_ms = w->config->reconnect_least_ms;
        bool has_job = wait_job(w);
        if (!has_job && w->stop)
            break;
        enum job job = w->job;
        uv_mutex_unlock(&w->mutex);
        if (!has_job) {
            between_jobs(w);
            uv_mutex_lock(&w->mutex);
            continue;
        }
        run_job(w, job);
        uv_mutex_lock(&w->mutex);
        w->finished = true;
        uv_mutex_unlock(&w->mutex);
        uv_async_send(w->done);
        if (w->wal_pages >= w->most_pages)
            checkpoint(w);
        look_at_schema(w);
        uv_mutex_lock(&w->mutex);
    }
    uv_mutex_unlock(&w->mutex);
    eg_sqlite_rollback(&w->conn);
    eg_sqlite_conn_close(&w->conn); /* the last connection: SQLite brings the log into the file */
    uv_mutex_lock(&w->mutex);
    w->stopped = true;
    uv_mutex_unlock(&w->mutex);
    uv_async_send(w->done);
}

eg_status eg_sqlite_writer_new(const char *path, const struct eg_db_config *config, uv_async_t *done,
                               struct eg_sqlite_writer **writer, struct eg_err *err) {
    struct eg_sqlite_writer *w = calloc(1, sizeof *w);
    if (!w)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, path, "out of memory");
    *w = (struct eg_sqlite_writer){.config = config, .path = path, .done = done, .up = true, .stopped = true};
    w->version = eg_migrate_newest(); /* the opening looks at it */
    w->log = (struct eg_log){.object = "store", .id = "sqlite"};
    if (open_conn(w, err) != EG_OK) {
        free(w);
        return EG_FAIL;
    }
    w->dev = w->conn.dev;
    w->ino = w->conn.ino;
    EG_ASSERT(uv_mutex_init(&w->mutex) == 0 && uv_cond_init(&w->wake) == 0);
    *writer = w;
    return EG_OK;
}

sqlite3 *eg_sqlite_writer_handle(struct eg_sqlite_writer *w) { return w->conn.db; }

eg_status eg_sqlite_writer_start(struct eg_sqlite_writer *w, struct eg_err *err) {
    w->stopped = false;
    int rc = uv_thread_create(&w->thread, writer_main, w);
    if (rc == 0)
        return EG_OK;
    w->stopped = true;
    w->thread = 0;
    return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "the writer's thread cannot be started: %s", uv_strerror(rc));
}

static void post(struct eg_sqlite_writer *w, enum job job, eg_round_done done, void *ctx) {
    EG_ASSERT(w->job == JOB_NONE); /* only this thread sets it: one round at a time */
    w->round_done = done;
    w->round_ctx = ctx;
    uv_mutex_lock(&w->mutex);
    w->job = job;
    w->finished = false;
    uv_cond_signal(&w->wake);
    uv_mutex_unlock(&w->mutex);
}

void eg_sqlite_writer_round(struct eg_sqlite_writer *w, struct eg_op *ops, size_t n_ops, bool commit,
                            struct eg_arena *arena, eg_round_done done, void *ctx) {
    w->round = (struct eg_sqlite_round){ops, n_ops, commit, arena};
    post(w, JOB_ROUND, done, ctx);
}

void eg_sqlite_writer_rollback(struct eg_sqlite_writer *w, eg_round_done done, void *ctx) {
    post(w, JOB_ROLLBACK, done, ctx);
}

static void count(struct eg_sqlite_writer *w, enum job job) {
    w->rounds += job == JOB_ROUND;
    w->commits += job == JOB_ROUND && w->fault == EG_FAULT_NONE && w->round.commit;
    w->refused += w->fault == EG_FAULT_REFUSED;
    w->retried += w->fault == EG_FAULT_RETRY;
    w->lost += w->fault == EG_FAULT_LOST;
}

void eg_sqlite_writer_deliver(struct eg_sqlite_writer *w) {
    uv_mutex_lock(&w->mutex);
    enum job job = w->finished ? w->job : JOB_NONE;
    if (job != JOB_NONE) {
        w->job = JOB_NONE;
        w->finished = false;
    }
    uv_mutex_unlock(&w->mutex);
    if (job == JOB_NONE)
        return;
    count(w, job);
    struct eg_err err = w->err; /* done may post the next round, which clears it */
    w->round_done(w->round_ctx, w->fault, w->fault == EG_FAULT_NONE ? NULL : &err);
}

bool eg_sqlite_writer_ready(struct eg_sqlite_writer *w, struct eg_err *err) {
    uv_mutex_lock(&w->mutex);
    bool up = w->up;
    struct eg_err down = w->down;
    dev_t dev = w->dev;
    ino_t ino = w->ino;
    int version = w->version;
    uv_mutex_unlock(&w->mutex);
    if (!up)
        (void)eg_err_set(err, down.code, down.place, "%s", down.message);
    else if (eg_sqlite_moved(w->path, dev, ino) && access(w->path, F_OK) != 0)
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, w->path,
                         "the database file has gone: put it back, or run `egdb init`");
    else if (access(w->path, W_OK) != 0)
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, w->path,
                         "the database file cannot be written: check its permissions");
    else /* with a newer one it goes on as long as it can: a newer program has migrated */
        return version >= eg_migrate_newest() || eg_migrate_judge(version, err) == EG_OK;
    return false;
}

void eg_sqlite_writer_stats(struct eg_sqlite_writer *w, struct eg_db_stats *stats) {
    stats->rounds = w->rounds;
    stats->commits = w->commits;
    stats->refused = w->refused;
    stats->retried = w->retried;
    stats->lost = w->lost;
    uv_mutex_lock(&w->mutex);
    stats->reconnects = w->reopened;
    stats->up = w->up;
    uv_mutex_unlock(&w->mutex);
}

void eg_sqlite_writer_stop(struct eg_sqlite_writer *w) {
    uv_mutex_lock(&w->mutex);
    w->stop = true;
    uv_cond_signal(&w->wake);
    uv_mutex_unlock(&w->mutex);
}

bool eg_sqlite_writer_stopped(struct eg_sqlite_writer *w) {
    uv_mutex_lock(&w->mutex);
    bool stopped = w->stopped;
    uv_mutex_unlock(&w->mutex);
    return stopped;
}

void eg_sqlite_writer_free(struct eg_sqlite_writer *w) {
    if (w->thread) {
        eg_sqlite_writer_stop(w);
        uv_thread_join(&w->thread);
    }
    eg_sqlite_conn_close(&w->conn);
    uv_mutex_destroy(&w->mutex);
    uv_cond_destroy(&w->wake);
    free(w);
}
