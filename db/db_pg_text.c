/* Texts by hash, compared whole: the same text with other parameter types is another statement. Names are hashes under
 * the process's random key, so that behind a pooler no two statements ever share one. */
#include "db/db_pg_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/map.h"

#define MOST_TEXT_B 16384

static bool same(const struct eg_pg_text *text, uint64_t hash, const struct eg_read *read) {
    return text->text && text->hash == hash && text->n_types == read->n_params &&
           (read->n_params == 0 ||
            memcmp(text->types, read->param_types, read->n_params * sizeof *text->types) == 0) &&
           strcmp(text->text, read->text) == 0;
}

static void clear(struct eg_pg_text *text) {
    free(text->text);
    free(text->types);
    *text = (struct eg_pg_text){0};
}

static bool fill(struct eg_pg_text *text, uint64_t hash, const struct eg_read *read, size_t len) {
    size_t size = read->n_params * sizeof *text->types;
    text->text = malloc(len + 1);
    text->types = malloc(size + 1);
    if (!text->text || !text->types) {
        clear(text);
        return false;
    }
    memcpy(text->text, read->text, len + 1);
    if (size) {
        memcpy(text->types, read->param_types, size);
    }
    text->n_types = read->n_params;
    text->hash = hash;
    (void)snprintf(text->name, sizeof text->name, "q_%016llx", (unsigned long long)hash);
    return true;
}

struct eg_pg_text *eg_pg_texts_see(struct eg_pg_texts *texts, const struct eg_read *read) {
    size_t len = read->sql == EG_SQL_COUNT && read->by_key ? strlen(read->text) : 0;
    if (len == 0 || len > MOST_TEXT_B || texts->drop[0]) {
        return NULL;
    }
    uint64_t seed = eg_hash64(read->param_types, read->n_params * sizeof *read->param_types, 0);
    uint64_t hash = eg_hash64(read->text, len, seed);
    struct eg_pg_text *oldest = &texts->all[0];
    for (size_t i = 0; i < EG_PG_TEXTS; i++) {
        struct eg_pg_text *text = &texts->all[i];
        if (same(text, hash, read)) {
            text->used = ++texts->clock;
            text->again = true;
            return text;
        }
        oldest = text->used < oldest->used ? text : oldest;
    }
    if (oldest->prepared) {
        memcpy(texts->drop, oldest->name, sizeof texts->drop);
    }
    clear(oldest);
    if (!fill(oldest, hash, read, len)) {
        return NULL;
    }
    oldest->used = ++texts->clock;
    return oldest;
}

void eg_pg_texts_forget(struct eg_pg_texts *texts) {
    for (size_t i = 0; i < EG_PG_TEXTS; i++) {
        clear(&texts->all[i]);
    }
    texts->drop[0] = '\0';
}
