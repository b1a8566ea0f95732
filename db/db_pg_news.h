/* News of commits, to and from other servers: LISTEN and NOTIFY on a connection of their own, outside of every write transaction. A hint
 * only: while the connection is down, news are lost. */
#ifndef EG_DB_DB_PG_NEWS_H
#define EG_DB_DB_PG_NEWS_H

#include "db/db_pg_conn.h"

struct eg_pg_news {
    struct eg_pg_conn conn;
    uv_timer_t pace;    /* runs: something is to be told, here or there */
    int64_t position;   /* the highest that this server announced */
    int64_t told_here;  /* … told to the watcher */
    int64_t told_there; /* … told to the other servers */
    int64_t sent_us;    /* monotonic: the last NOTIFY */
    bool busy;          /* a statement runs */
    void (*news)(void *ctx, int64_t position); /* NULL: nobody watches, and the connection stays down */
    void *ctx;
};

void eg_pg_news_init(struct eg_pg_news *news, struct eg_pg_host *host);
void eg_pg_news_start(struct eg_pg_news *news); /* dials, when somebody watches */
void eg_pg_news_watch(struct eg_pg_news *news, void (*call)(void *ctx, int64_t position), void *ctx);
void eg_pg_news_announce(struct eg_pg_news *news, int64_t position);
void eg_pg_news_close(struct eg_pg_news *news);

#endif
