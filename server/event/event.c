/* Opens, drains and closes the room. */
#include "server/event/event.h"

#include <stdlib.h>

#include "findings/findings.h"
#include "findings/secrets.h"
#include "server/event/room.h"
#include "server/event/tail.h"

#define ROOM_MOST_B ((size_t)16 << 20)
#define BATCH_ARENA_MOST_B ((size_t)256 << 20)
#define EVENT_MAGIC 0x45474556u

eg_status eg_event_open(uv_loop_t *loop, struct eg_db *db, const struct eg_registry *registry,
                        const struct eg_event_config *config, struct eg_event **out, struct eg_err *err) {
    struct eg_arena *arena = eg_arena_new(ROOM_MOST_B);
    struct eg_event *event = arena ? eg_arena_zalloc(arena, sizeof *event) : NULL;
    if (!event) {
        eg_arena_free(arena);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "no memory for the event room");
    }
    *event = (struct eg_event){.magic = EVENT_MAGIC, .loop = loop, .db = db, .registry = registry, .config = *config,
                               .arena = arena, .memory = {.most_b = config->memory_b}, .log = {.object = "batch"}};
    const json_t *sast = eg_registry_policy(registry, "sast");
    if (sast && eg_findings_policy_new(sast, eg_registry_policy(registry, "secrets"), &event->findings_policy, err) != EG_OK) {
        eg_arena_free(arena);
        return EG_FAIL;
    }
    const json_t *secrets = eg_registry_policy(registry, "secrets");
    if (config->refuse_secrets && !secrets)
        eg_err_set(err, EG_E_CONFIG, "event.secrets", "event.secrets = refuse needs spec/policies/secrets.json, which is not there");
    if (config->refuse_secrets && (!secrets || eg_secrets_new(secrets, EG_SECRETS_STEPS_LOOP, &event->secrets, err) != EG_OK)) {
        eg_findings_policy_free(event->findings_policy);
        eg_arena_free(arena);
        return EG_FAIL;
    }
    event->batch.arena = eg_arena_new(BATCH_ARENA_MOST_B);
    if (!event->batch.arena || eg_plan_make(&event->plan, registry, eg_db_catalogue(db), arena, err) != EG_OK ||
        eg_gather_open(event, err) != EG_OK) {
        eg_arena_free(event->batch.arena);
        eg_findings_policy_free(event->findings_policy);
        eg_secrets_free(event->secrets);
        eg_arena_free(arena);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "no memory for the event room");
    }
    event->tail = eg_tail_open(loop, db, &config->tail);
    *out = event;
    return EG_OK;
}

void eg_event_drain(struct eg_event *event, void (*drained)(void *ctx), void *ctx) {
    EG_ASSERT(event->magic == EVENT_MAGIC);
    event->draining = true;
    event->drained = drained;
    event->drained_ctx = ctx;
    if (!event->batch.busy)
        eg_gather_batch_over(event);
}

void eg_event_close(struct eg_event *event) {
    EG_ASSERT(!event->batch.busy && eg_list_empty(&event->queue));
    eg_tail_close(event->tail);
    eg_gather_close(event);
}

void eg_event_tail_stats(const struct eg_event *event, struct eg_tail_stats *stats) {
    const struct eg_tail *tail = event->tail;
    *stats = (struct eg_tail_stats){tail->n_streaming, tail->n_opened, tail->n_refused, tail->n_sent, tail->n_pages, tail->n_resyncs};
}

void eg_event_stats(const struct eg_event *event, struct eg_event_stats *stats) {
    *stats = event->stats;
    stats->memory_b = atomic_load_explicit(&event->memory.used_b, memory_order_relaxed);
}
