/* What may be written by a sender at all, and what its token says about this one event. Whether the token is good, and may write
 * at all, was settled before the body was taken. */
#include "server/event/room.h"

eg_status eg_item_authenticate(struct eg_item *item) {
    const struct eg_identity *who = item->of->req->who;
    if (!eg_identity_may_write(who, item->env.topic.p, item->env.topic.n))
        return eg_item_reject(item, EG_E_FORBIDDEN, "/topic", "the token's `topics` claim does not allow writing %.*s",
                              (int)item->env.topic.n, item->env.topic.p);
    const struct eg_topic *topic = eg_registry_topic(item->of->event->registry, item->env.topic.p, item->env.topic.n);
    if (topic && topic->server_only)
        return eg_item_reject(item, EG_E_FORBIDDEN, "/topic", "events of %s are written by the server alone, and taken from nobody",
                              topic->name);
    if (who->low_trust || (item->letter && item->letter->low_trust))
        item->env.trust = (struct eg_str){"low", 3};
    return EG_OK;
}
