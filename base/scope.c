/* Scopes by their words. */
#include "base/scope.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    uint32_t bit;
} scopes[] = {
#define X(name, word, bit) {word, bit},
#include "base/scopes.def"
#undef X
};

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
