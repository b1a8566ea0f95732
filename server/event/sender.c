/* How many events each sender has in the queue, so that none can fill it for all. A sender is its token's `sub`, or without auth the
 * address it comes from; it is known here only while it has events in the queue, so there are never more than those. */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "server/event/room.h"

struct eg_sender {
    struct eg_sender *next; /* in its bucket */
    size_t n_events;
    uint64_t hash;
    char name[];
};

static const char *name_of(const struct eg_request *req) { return *req->who->sub ? req->who->sub : eg_request_peer(req); }

static struct eg_sender **find(struct eg_event *event, const char *name, uint64_t hash) {
    struct eg_sender **at = &event->senders[hash % EG_SENDER_BUCKETS];
    while (*at && ((*at)->hash != hash || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

eg_status eg_sender_take(struct eg_event *event, struct eg_submission *sub, struct eg_err *err) {
    size_t most = event->config.sender_most_events;
    if (!most)
        return EG_OK;
    const char *name = name_of(sub->req);
    uint64_t hash = eg_hash64(name, strlen(name), 0);
    struct eg_sender **at = find(event, name, hash), *sender = *at;
    if (sender && sender->n_events + sub->n_items > most)
        return eg_err_set(err, EG_E_TOO_MANY_REQUESTS, NULL,
                          "%zu events of this sender wait already, and %zu may; nothing of this request was taken", sender->n_events, most);
    if (!sender) {
        size_t len = strlen(name) + 1;
        if (!(sender = malloc(sizeof *sender + len)))
            return eg_err_set(err, EG_E_OVERLOADED, NULL, "no memory for this request");
        *sender = (struct eg_sender){.hash = hash};
        memcpy(sender->name, name, len);
        *at = sender;
    }
    sender->n_events += sub->n_items;
    sub->sender = sender;
    return EG_OK;
}

void eg_sender_give_back(struct eg_event *event, struct eg_submission *sub) {
    struct eg_sender *sender = sub->sender;
    sub->sender = NULL;
    if (!sender)
        return;
    EG_ASSERT(sender->n_events >= sub->n_items);
    sender->n_events -= sub->n_items;
    if (sender->n_events)
        return;
    *find(event, sender->name, sender->hash) = sender->next;
    free(sender);
}
