/* Readers. A thread steps its statement and packs rows into a chunk; the loop's thread gives them to the reader's
 * callback. A thread has two chunks, so it works while one is read, and waits when both are full: memory stays bounded
 * whatever a query returns. */
#include "db/db_sqlite_reader.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "db/db_sqlite_bind.h"
#include "db/db_sqlite_conn.h"
#include "db/db_sqlite_regexp.h"
#include "db/db_store.h"
#include "db/read_queue.h"

#define MOST_QUEUED 256
#define CHUNK_ROWS 256
#define CHUNK_B (64U << 10)      /* a chunk is given on when it has so much … */
#define CHUNK_MOST_B (64U << 20) /* … and a row that makes more of it is too large */
#define MOST_COLUMNS 1024
#define MOST_PARAMS 16384
#define HANDLE_MAGIC 0x52454144u
#define STOPS "the server is stopping"

struct read {
    struct eg_read_handle base;
    uint32_t magic;
    struct eg_sqlite_pool *pool;
    const struct eg_read *what;
    struct eg_read_place place; /* in the queue, running, or its link among the refused */
    int timeout_ms;             /* of waiting, and again of reading */
    atomic_bool cancelled; /* by the loop's thread; the reading one obeys */
    bool deaf;             /* the loop's own: no more rows are wanted */
    bool paused;           /* the loop's own */
    enum eg_code refusal;  /* for the refused, and for the paused at the stop; of the unwanted NONE */
    const char *says;      /* with the refusal */
};

struct chunk {
    struct eg_link link; /* among the full */
    struct read *read;
    struct eg_arena *arena;
    const struct eg_value *rows[CHUNK_ROWS];
    size_t n_rows;
    size_t n_given; /* rows that the reader has had: a pause may come in the middle */
    size_t n_columns;
    bool last;
    struct eg_err err; /* with last */
    bool full;         /* under the mutex: the loop has it */
};

struct reader {
    struct eg_sqlite_pool *pool;
    uv_thread_t thread;
    struct eg_sqlite_conn conn;
    struct chunk chunks[2];
    int turn;
};

struct eg_sqlite_pool {
    const struct eg_store *store;
    const struct eg_db_config *config;
    const char *path;
    uv_async_t *done;
    uv_mutex_t mutex;
    uv_cond_t wake;  /* something is queued, or stop */
    uv_cond_t freed; /* a chunk is empty again */
    /* under the mutex */
    struct eg_read_queue queue;
    struct eg_link full;
    int n_threads;
    bool stop;
    /* the loop's own */
    struct eg_link held; /* full chunks of paused reads, in order */
    struct eg_link refused;
    int n_undone;
    uint64_t n_reads;
    int n_readers;
    struct reader readers[];
};

/* The reading thread */

static struct chunk *empty_chunk(struct reader *r) {
    struct chunk *chunk = &r->chunks[r->turn];
    int64_t from_us = 0;
    r->turn = !r->turn;
    uv_mutex_lock(&r->pool->mutex);
    if (chunk->full)
        from_us = eg_clock_mono_us();
    while (chunk->full)
        uv_cond_wait(&r->pool->freed, &r->pool->mutex);
    uv_mutex_unlock(&r->pool->mutex);
    if (from_us && r->conn.deadline_us) /* a read's time is that in which it works */
        r->conn.deadline_us += eg_clock_mono_us() - from_us;
    eg_arena_reset(chunk->arena);
    chunk->n_rows = chunk->n_given = 0;
    chunk->last = false;
    eg_err_clear(&chunk->err);
    return chunk;
}

static void give(struct reader *r, struct chunk *chunk) {
    uv_mutex_lock(&r->pool->mutex);
    chunk->full = true;
    eg_list_append(&r->pool->full, &chunk->link);
    uv_mutex_unlock(&r->pool->mutex);
    uv_async_send(r->pool->done);
}

static void read_failed(struct reader *r, const struct read *read, int rc, struct eg_err *err) {
    if (rc == SQLITE_INTERRUPT) {
        if (!atomic_load(&read->cancelled))
            (void)eg_err_set(err, EG_E_TIMEOUT, NULL, "the read took longer than its time");
        return; /* a cancelled read ends like one whose reader has had enough */
    }
    if (rc == EG_SQLITE_PATTERN)
        (void)eg_err_set(err, EG_E_QUERY_INVALID, NULL, "%s", sqlite3_errmsg(r->conn.db));
    else if (rc == SQLITE_BUSY || rc == SQLITE_NOMEM)
        (void)eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "SQLite: %s", sqlite3_errstr(rc));
    else if (rc == SQLITE_ERROR && strcmp(sqlite3_errmsg(r->conn.db), "integer overflow") == 0)
        (void)eg_err_set(err, EG_E_NUMBER_OUT_OF_RANGE, NULL, EG_READ_OUT_OF_RANGE);
    else
        (void)eg_sqlite_fault(&r->conn, rc, NULL, err);
    if (err->code == EG_E_STORE_REFUSED) /* a text too long for SQLite, say: nothing was to be stored */
        err->code = (rc & 0xFF) == SQLITE_TOOBIG ? EG_E_ANSWER_TOO_LARGE : EG_E_INTERNAL;
    if (eg_sqlite_fatal(rc))
        eg_sqlite_conn_close(&r->conn);
}

static bool add_row(struct chunk *chunk, sqlite3_stmt *stmt, const enum eg_type *types, size_t n) {
    struct eg_value *cells = eg_arena_alloc(chunk->arena, (n ? n : 1) * sizeof *cells);
    if (!cells || !eg_sqlite_cells(stmt, types, cells, n, chunk->arena))
        return false;
    chunk->rows[chunk->n_rows++] = cells;
    return true;
}

/* Steps to the end; returns the last chunk, not yet given. */
static struct chunk *step_all(struct reader *r, struct read *read, sqlite3_stmt *stmt, const enum eg_type *types,
                              size_t n) {
    struct chunk *chunk = empty_chunk(r);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (atomic_load_explicit(&read->cancelled, memory_order_relaxed)) {
            rc = SQLITE_INTERRUPT;
            break;
        }
        chunk->read = read;
        chunk->n_columns = n;
        if (!add_row(chunk, stmt, types, n)) {
            (void)eg_err_set(&chunk->err, EG_E_ANSWER_TOO_LARGE, NULL, "a row is larger than %u bytes", CHUNK_MOST_B);
            return chunk;
        }
        if (chunk->n_rows == CHUNK_ROWS || eg_arena_used(chunk->arena) >= CHUNK_B) {
            give(r, chunk);
            chunk = empty_chunk(r);
        }
    }
    if (rc != SQLITE_DONE)
        read_failed(r, read, rc, &chunk->err);
    return chunk;
}

static struct chunk *failed_at_start(struct reader *r, const struct read *read, int rc) {
    struct chunk *chunk = empty_chunk(r);
    read_failed(r, read, rc, &chunk->err);
    return chunk;
}

static struct chunk *run_fixed(struct reader *r, struct read *read) {
    int rc;
    struct eg_sqlite_stmt *stmt = eg_sqlite_conn_fixed(&r->conn, read->what->sql, &rc);
    if (!stmt)
        return failed_at_start(r, read, rc);
    rc = eg_sqlite_bind(stmt->stmt, stmt->params, read->what->params, stmt->n_params, stmt->times);
    if (rc != SQLITE_OK)
        return failed_at_start(r, read, rc);
    struct chunk *last = step_all(r, read, stmt->stmt, stmt->columns, stmt->n_columns);
    if (r->conn.db)
        sqlite3_reset(stmt->stmt);
    return last;
}

static int prepare_text(struct reader *r, const struct eg_read *what, sqlite3_stmt **stmt, char **times) {
    int rc = eg_sqlite_conn_text(&r->conn, what->text, stmt);
    *times = NULL;
    if (rc != SQLITE_OK)
        return rc;
    if (!sqlite3_stmt_readonly(*stmt))
        return SQLITE_AUTH;
    if ((size_t)sqlite3_column_count(*stmt) != what->n_columns ||
        (size_t)sqlite3_bind_parameter_count(*stmt) > what->n_params)
        return SQLITE_RANGE;
    *times = malloc(what->n_params * EG_TIME_TEXT_B + 1);
    if (!*times)
        return SQLITE_NOMEM;
    size_t used = (size_t)sqlite3_bind_parameter_count(*stmt); /* a text need not use its last ones */
    return eg_sqlite_bind(*stmt, what->param_types, what->params, used, *times);
}

static struct chunk *run_text(struct reader *r, struct read *read) {
    sqlite3_stmt *stmt;
    char *times;
    EG_ASSERT(read->what->n_columns <= MOST_COLUMNS && read->what->n_params <= MOST_PARAMS);
    int rc = prepare_text(r, read->what, &stmt, &times);
    struct chunk *last = rc == SQLITE_OK ? step_all(r, read, stmt, read->what->column_types, read->what->n_columns)
                                         : failed_at_start(r, read, rc);
    if (r->conn.db) /* else closing it has finalized the statement */
        sqlite3_finalize(stmt);
    free(times);
    return last;
}

static struct chunk *run_read(struct reader *r, struct read *read) {
    struct eg_err err = {0};
    if (atomic_load(&read->cancelled))
        return empty_chunk(r);
    if (r->conn.db && eg_sqlite_conn_moved(&r->conn))
        eg_sqlite_conn_close(&r->conn);
    if (!r->conn.db && eg_sqlite_conn_open(&r->conn, r->pool->path, r->pool->config, false, &err) != EG_OK) {
        struct chunk *chunk = empty_chunk(r);
        chunk->err = err;
        return chunk;
    }
    r->conn.deadline_us = eg_clock_mono_us() + read->timeout_ms * 1000LL;
    r->conn.cancelled = &read->cancelled;
    struct chunk *last = read->what->sql < EG_SQL_COUNT ? run_fixed(r, read) : run_text(r, read);
    r->conn.deadline_us = 0;
    r->conn.cancelled = NULL;
    return last;
}

static void reader_main(void *arg) {
    struct reader *r = arg;
    struct eg_sqlite_pool *pool = r->pool;
    uv_mutex_lock(&pool->mutex);
    for (;;) {
        struct eg_read_place *place;
        while (!(place = eg_read_queue_take(&pool->queue)) && !pool->stop)
            uv_cond_wait(&pool->wake, &pool->mutex);
        if (!place)
            break;
        struct read *read = EG_CONTAINER(place, struct read, place);
        const struct eg_read_place was = *place; /* the read may be gone before its thread is free */
        uv_mutex_unlock(&pool->mutex);
        struct chunk *last = run_read(r, read);
        last->read = read;
        last->last = true;
        give(r, last);
        uv_mutex_lock(&pool->mutex);
        while (r->chunks[0].full || r->chunks[1].full) /* of a paused read, say: the next must not wait for it */
            uv_cond_wait(&pool->freed, &pool->mutex);
        eg_read_queue_ended(&pool->queue, &was);
        uv_cond_signal(&pool->wake); /* a lengthy one may now run elsewhere */
    }
    uv_mutex_unlock(&pool->mutex);
    eg_sqlite_conn_close(&r->conn);
    uv_mutex_lock(&pool->mutex);
    pool->n_threads--;
    uv_mutex_unlock(&pool->mutex);
    uv_async_send(pool->done);
}

/* The loop's thread */

static void finish(struct read *read, const struct eg_err *err) {
    struct eg_sqlite_pool *pool = read->pool;
    const struct eg_read *what = read->what;
    read->magic = 0;
    free(read);
    pool->n_undone--;
    what->done(what->ctx, err->code != EG_E_NONE ? err : NULL);
}

static void refuse(struct read *read, enum eg_code code, const char *says) {
    read->refusal = code;
    read->says = says;
}

static void deliver_chunk(struct eg_sqlite_pool *pool, struct chunk *chunk) {
    struct read *read = chunk->read;
    while (chunk->n_given < chunk->n_rows && !read->deaf && !read->paused)
        if (!read->what->row(read->what->ctx, chunk->rows[chunk->n_given++], chunk->n_columns)) {
            read->deaf = true;
            atomic_store(&read->cancelled, true);
        }
    if (read->paused && !read->deaf && !pool->stop) {
        eg_list_append(&pool->held, &chunk->link);
        return;
    }
    if (read->paused && !read->deaf) { /* nobody may come to resume it */
        refuse(read, EG_E_STOPPING, STOPS);
        read->deaf = true;
        atomic_store(&read->cancelled, true);
    }
    struct eg_err err = chunk->err;
    bool last = chunk->last;
    uv_mutex_lock(&pool->mutex);
    chunk->full = false;
    uv_cond_broadcast(&pool->freed);
    uv_mutex_unlock(&pool->mutex);
    if (!last)
        return;
    if (read->deaf)
        eg_err_clear(&err);
    if (read->refusal != EG_E_NONE)
        (void)eg_err_set(&err, read->refusal, NULL, "%s", read->says);
    finish(read, &err);
}

static void move_all(struct eg_link *from, struct eg_link *to) {
    eg_list_init(to);
    while (!eg_list_empty(from)) {
        struct eg_link *link = from->next;
        eg_list_remove(link);
        eg_list_append(to, link);
    }
}

static void deliver_chunks(struct eg_sqlite_pool *pool, struct eg_link *chunks) {
    while (!eg_list_empty(chunks)) {
        struct chunk *chunk = EG_CONTAINER(chunks->next, struct chunk, link);
        eg_list_remove(&chunk->link);
        deliver_chunk(pool, chunk);
    }
}

void eg_sqlite_pool_deliver(struct eg_sqlite_pool *pool) {
    struct eg_link held, full, refused;
    uv_mutex_lock(&pool->mutex);
    move_all(&pool->full, &full);
    uv_mutex_unlock(&pool->mutex);
    move_all(&pool->held, &held);
    deliver_chunks(pool, &held); /* the older chunk of a read comes first */
    deliver_chunks(pool, &full);
    move_all(&pool->refused, &refused);
    while (!eg_list_empty(&refused)) {
        struct read *read = EG_CONTAINER(refused.next, struct read, place.link);
        struct eg_err err = {0};
        eg_list_remove(&read->place.link);
        if (read->refusal != EG_E_NONE)
            (void)eg_err_set(&err, read->refusal, NULL, "%s", read->says);
        finish(read, &err);
    }
}

struct eg_read_handle *eg_sqlite_pool_read(struct eg_sqlite_pool *pool, const struct eg_read *what) {
    struct read *read = calloc(1, sizeof *read);
    EG_ASSERT(read != NULL);
    int timeout_ms = what->timeout_ms > 0 ? what->timeout_ms : pool->config->read_timeout_ms;
    *read = (struct read){.base = {pool->store}, .magic = HANDLE_MAGIC, .pool = pool, .what = what};
    read->timeout_ms = timeout_ms;
    read->place.lengthy = what->lengthy;
    read->place.until_us = eg_clock_mono_us() + timeout_ms * 1000LL;
    pool->n_undone++;
    pool->n_reads++;
    uv_mutex_lock(&pool->mutex);
    if (pool->stop || pool->queue.n_waiting >= MOST_QUEUED) {
        if (pool->stop)
            refuse(read, EG_E_STOPPING, STOPS);
        else
            refuse(read, EG_E_OVERLOADED, "as many reads wait already as may");
        eg_list_append(&pool->refused, &read->place.link);
    } else {
        eg_read_queue_add(&pool->queue, &read->place);
        uv_cond_signal(&pool->wake);
    }
    uv_mutex_unlock(&pool->mutex);
    if (read->refusal != EG_E_NONE)
        uv_async_send(pool->done);
    return &read->base;
}

bool eg_sqlite_pool_sweep(struct eg_sqlite_pool *pool) {
    int64_t now_us = eg_clock_mono_us();
    struct eg_read_place *place;
    bool any = false;
    uv_mutex_lock(&pool->mutex);
    while ((place = eg_read_queue_late(&pool->queue, now_us))) {
        struct read *read = EG_CONTAINER(place, struct read, place);
        if (!read->deaf)
            refuse(read, EG_E_OVERLOADED, EG_READ_WAITED);
        eg_list_append(&pool->refused, &place->link);
        any = true;
    }
    bool waits = pool->queue.n_waiting > 0;
    uv_mutex_unlock(&pool->mutex);
    if (any)
        uv_async_send(pool->done);
    return waits;
}

void eg_sqlite_pool_cancel(struct eg_read_handle *handle) {
    struct read *read = EG_CONTAINER(handle, struct read, base);
    EG_ASSERT(read->magic == HANDLE_MAGIC);
    read->deaf = true;
    atomic_store(&read->cancelled, true);
    uv_mutex_lock(&read->pool->mutex);
    read->place.until_us = INT64_MIN; /* if it waits, the next sweep lets it go */
    uv_mutex_unlock(&read->pool->mutex);
    if (read->paused)
        uv_async_send(read->pool->done); /* what is held for it is let go */
}

void eg_sqlite_pool_pause(struct eg_read_handle *handle, bool pause) {
    struct read *read = EG_CONTAINER(handle, struct read, base);
    EG_ASSERT(read->magic == HANDLE_MAGIC && read->what->pausable);
    if (read->paused && !pause)
        uv_async_send(read->pool->done);
    read->paused = pause;
}

void eg_sqlite_pool_stats(struct eg_sqlite_pool *pool, struct eg_db_stats *stats) {
    stats->reads = pool->n_reads;
    uv_mutex_lock(&pool->mutex);
    stats->reads_waiting = pool->queue.n_waiting;
    stats->reads_running = pool->queue.n_running;
    uv_mutex_unlock(&pool->mutex);
}

void eg_sqlite_pool_stop(struct eg_sqlite_pool *pool) {
    uv_mutex_lock(&pool->mutex);
    pool->stop = true;
    struct eg_read_place *place;
    while ((place = eg_read_queue_late(&pool->queue, INT64_MAX))) {
        refuse(EG_CONTAINER(place, struct read, place), EG_E_STOPPING, STOPS);
        eg_list_append(&pool->refused, &place->link);
    }
    uv_cond_broadcast(&pool->wake);
    uv_mutex_unlock(&pool->mutex);
    uv_async_send(pool->done);
}

bool eg_sqlite_pool_stopped(struct eg_sqlite_pool *pool) {
    uv_mutex_lock(&pool->mutex);
    bool stopped = pool->n_threads == 0;
    uv_mutex_unlock(&pool->mutex);
    return stopped && pool->n_undone == 0;
}

void eg_sqlite_pool_free(struct eg_sqlite_pool *pool) {
    for (int i = 0; i < pool->n_readers; i++) {
        struct reader *r = &pool->readers[i];
        if (r->thread)
            uv_thread_join(&r->thread);
        eg_arena_free(r->chunks[0].arena);
        eg_arena_free(r->chunks[1].arena);
    }
    uv_mutex_destroy(&pool->mutex);
    uv_cond_destroy(&pool->wake);
    uv_cond_destroy(&pool->freed);
    free(pool);
}

static bool start_reader(struct eg_sqlite_pool *pool, struct reader *r) {
    r->pool = pool;
    r->conn.path = pool->path;
    r->chunks[0].arena = eg_arena_new(CHUNK_MOST_B);
    r->chunks[1].arena = eg_arena_new(CHUNK_MOST_B);
    if (!r->chunks[0].arena || !r->chunks[1].arena)
        return false;
    pool->n_threads++;
    if (uv_thread_create(&r->thread, reader_main, r) == 0)
        return true;
    pool->n_threads--;
    r->thread = 0;
    return false;
}

eg_status eg_sqlite_pool_new(const struct eg_store *store, const char *path, const struct eg_db_config *config,
                             uv_async_t *done, struct eg_sqlite_pool **made, struct eg_err *err) {
    int n = config->read_connections > 0 ? config->read_connections : 1;
    struct eg_sqlite_pool *pool = calloc(1, sizeof *pool + (size_t)n * sizeof(struct reader));
    if (!pool)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "out of memory");
    *pool = (struct eg_sqlite_pool){.store = store, .config = config, .path = path, .done = done, .n_readers = n};
    EG_ASSERT(uv_mutex_init(&pool->mutex) == 0 && uv_cond_init(&pool->wake) == 0 && uv_cond_init(&pool->freed) == 0);
    eg_read_queue_init(&pool->queue, n);
    eg_list_init(&pool->full);
    eg_list_init(&pool->held);
    eg_list_init(&pool->refused);
    uv_mutex_lock(&pool->mutex); /* a thread counts itself down under it */
    bool ok = true;
    for (int i = 0; i < n && ok; i++)
        ok = start_reader(pool, &pool->readers[i]);
    pool->stop = !ok;
    uv_mutex_unlock(&pool->mutex);
    if (ok) {
        *made = pool;
        return EG_OK;
    }
    uv_cond_broadcast(&pool->wake);
    eg_sqlite_pool_free(pool);
    return eg_err_set(err, EG_E_STORE_UNAVAILABLE, NULL, "the readers' threads cannot be started");
}
