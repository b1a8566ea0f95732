/* Identities: scopes by name, and topic patterns. */
#include "server/auth/identity.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "server/auth/auth_int.h"

static const struct {
    const char *word;
    uint32_t bit;
} scopes[] = {{"events:write", EG_SCOPE_EVENTS_WRITE},
              {"events:read", EG_SCOPE_EVENTS_READ},
              {"query", EG_SCOPE_QUERY},
              {"admin", EG_SCOPE_ADMIN}};

uint32_t eg_scope_of(const char *word, size_t len) {
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++)
        if (strlen(scopes[i].word) == len && memcmp(scopes[i].word, word, len) == 0)
            return scopes[i].bit;
    return 0;
}

void eg_scope_names(uint32_t bits, char *out, size_t room) {
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0] && len < room; i++)
        if (bits & scopes[i].bit)
            len += (size_t)snprintf(out + len, room - len, "%s%s", len ? " " : "", scopes[i].word);
}

bool eg_identity_may_write(const struct eg_identity *who, const char *topic, size_t len) {
    if (who->n_topics == 0)
        return true;
    for (size_t i = 0; i < who->n_topics; i++)
        if (eg_text_matches(who->topics[i], topic, len))
            return true;
    return false;
}
