/* The room's inside: what its flows share. */
#ifndef EG_ADMIN_ROOM_H
#define EG_ADMIN_ROOM_H

#include <jansson.h>

#include "server/admin/admin.h"

#define EG_ADMIN_MAGIC 0x45474144u

#define EG_VIEWS_MOST 64

struct eg_admin_views {
    uv_timer_t tick, tokens_tick, series;
    struct eg_read read;
    bool running; /* a refresh that nobody asked for */
    bool tokens;  /* it is that of the views of tokens alone */
    size_t asked; /* refreshes that were asked for, and run */
    int64_t position;
    int64_t refreshed_at[EG_VIEWS_MOST]; /* of each materialized view: the position that it has seen */
    int64_t tokens_refreshed; /* of those of tokens: the newest row of delta_tokens that they have seen */
    uint64_t refreshed, failed, skipped, took_ms;
};

struct eg_admin {
    uint32_t magic;
    struct eg_admin_config config;
    int64_t started_us;      /* monotonic */
    int64_t started_wall_us; /* UTC */
    bool stopping;
    struct eg_admin_views views;
    char *openapi;
    size_t openapi_len;
};

struct eg_admin *eg_admin_of(const struct eg_request *req); /* asserts that the route's app is this room */
/* Takes over value, writes it into the answer with a newline behind, and answers; NULL is answered as internal. */
enum eg_step_result eg_admin_answer_json(struct eg_request *req, int status, json_t *value);

void eg_admin_views_start(struct eg_admin *admin);
void eg_admin_views_stop(struct eg_admin *admin);

#endif
