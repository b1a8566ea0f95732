/* Identities: what they may do. */
#include "server/auth/identity.h"

#include "base/text.h"

bool eg_identity_may_write(const struct eg_identity *who, const char *topic, size_t len) {
    if (who->n_topics == 0)
        return true;
    for (size_t i = 0; i < who->n_topics; i++)
        if (eg_text_matches(who->topics[i], topic, len))
            return true;
    return false;
}
