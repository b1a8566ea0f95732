/* A NOTIFY takes a transaction id, and so a commit record; it is made without waiting for the disk, at most a hundred times a second. */
#include "db/db_pg_news.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"

#define PACE_US 10000
#define CHANNEL "egdb_news"

static struct eg_pg_news *news_of(struct eg_pg_conn *conn) { return EG_CONTAINER(conn, struct eg_pg_news, conn); }

static void on_pace(uv_timer_t *timer);

static void look_again(struct eg_pg_news *news, int64_t in_us) {
    if (!uv_is_active((uv_handle_t *)&news->pace))
        uv_timer_start(&news->pace, on_pace, in_us > 0 ? (uint64_t)(in_us + 999) / 1000 : 0, 0);
}

static void send_text(struct eg_pg_news *news, const char *sql) {
    news->busy = true;
    /* A failure is found by on_poll of the connection: a dead socket polls as writable. */
    (void)PQsendQuery(news->conn.pq, sql);
    eg_pg_conn_flush(&news->conn);
}

static void tell_there(struct eg_pg_news *news) {
    char sql[64];
    int64_t now_us = eg_clock_mono_us();
    if (news->conn.state != EG_PG_UP || news->busy || news->told_there == news->position)
        return;
    if (now_us - news->sent_us < PACE_US) {
        look_again(news, PACE_US - (now_us - news->sent_us));
        return;
    }
    news->sent_us = now_us;
    news->told_there = news->position;
    (void)snprintf(sql, sizeof sql, "NOTIFY " CHANNEL ", '%lld'", (long long)news->position);
    send_text(news, sql);
}

static void on_pace(uv_timer_t *timer) {
    struct eg_pg_news *news = timer->data;
    if (news->news && news->told_here != news->position) {
        news->told_here = news->position;
        news->news(news->ctx, news->position);
    }
    tell_there(news);
}

/* What others wrote; a server hears its own words too. */
static void take_notices(struct eg_pg_news *news) {
    PGnotify *notice;
    int64_t position = 0;
    bool any = false;
    while ((notice = PQnotifies(news->conn.pq)) != NULL) {
        if (notice->be_pid != PQbackendPID(news->conn.pq)) {
            long long said = strtoll(notice->extra, NULL, 10);
            position = said > position ? said : position;
            any = true;
        }
        PQfreemem(notice);
    }
    if (any && news->news && !news->conn.host->closing)
        news->news(news->ctx, position);
}

static void on_input(struct eg_pg_conn *conn) {
    struct eg_pg_news *news = news_of(conn);
    while (news->busy && !PQisBusy(conn->pq)) {
        PGresult *result = PQgetResult(conn->pq);
        if (!result) {
            if (PQstatus(conn->pq) == CONNECTION_BAD)
                return;
            news->busy = false;
        } else if (PQresultStatus(result) == PGRES_FATAL_ERROR) {
            eg_warn(&conn->log, "news are not told: %s", PQresultErrorMessage(result));
        }
        PQclear(result);
    }
    take_notices(news);
    tell_there(news);
}

/* What was written while nobody listened is news too, of an unknown position. */
static void on_up(struct eg_pg_conn *conn) {
    struct eg_pg_news *news = news_of(conn);
    send_text(news, "SET synchronous_commit TO off; LISTEN " CHANNEL);
    if (conn->generation > 1 && news->news && !conn->host->closing)
        news->news(news->ctx, 0);
}

static void on_down(struct eg_pg_conn *conn, const struct eg_err *err) {
    (void)err;
    news_of(conn)->busy = false;
}

void eg_pg_news_init(struct eg_pg_news *news, struct eg_pg_host *host) {
    static const struct eg_pg_role role = {.name = "news", .follows = true, .up = on_up, .input = on_input, .down = on_down};
    eg_pg_conn_init(&news->conn, host, &role, 1);
    EG_ASSERT(uv_timer_init(host->loop, &news->pace) == 0);
    news->pace.data = news;
    eg_pg_host_hold(host);
}

void eg_pg_news_start(struct eg_pg_news *news) {
    if (news->news)
        eg_pg_conn_start(&news->conn);
}

void eg_pg_news_watch(struct eg_pg_news *news, void (*call)(void *ctx, int64_t position), void *ctx) {
    news->news = call;
    news->ctx = ctx;
    if (news->conn.host->first->state == EG_PG_UP)
        eg_pg_news_start(news);
}

void eg_pg_news_announce(struct eg_pg_news *news, int64_t position) {
    if (position > news->position)
        news->position = position;
    if (news->news && news->told_here != news->position) {
        uv_timer_stop(&news->pace); /* it may wait for the next NOTIFY */
        look_again(news, 0);
    }
}

void eg_pg_news_close(struct eg_pg_news *news) {
    news->pace.data = news->conn.host;
    uv_close((uv_handle_t *)&news->pace, eg_pg_host_released);
    eg_pg_conn_close(&news->conn);
}
