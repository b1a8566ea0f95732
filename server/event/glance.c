/* A second look at an event whose text is JSON but holds a value that cannot be kept (a NUL, a number out of range, a name twice): who it
 * was, so that its dead letter can be found and told of. Only the envelope's own texts are read, each alone, and whatever is wrong with
 * them leaves them out; the refusal stands already. */
#include <string.h>

#include "base/jscan.h"
#include "server/event/room.h"

#define TEXT_MOST_B 4096 /* of a member with its escapes: those that count are shorter */

struct wanted {
    const char *member, *attribute; /* of a CloudEvent */
};

static const struct wanted wanted[] = {
    {"id", "id"},
    {"topic", "type"},
    {"source", "source"},
    {"correlation_id", "correlationid"},
    {"causation_id", "causationid"},
    {"repo_sha", "reposha"},
    {"repo_branch", "repobranch"},
    {"payload", "data"},
};

#define N_WANTED (sizeof wanted / sizeof wanted[0])

struct found {
    struct eg_str text;
    size_t times;
};

static void find_members(struct eg_str bytes, bool cloudevent, struct found found[N_WANTED]) {
    struct eg_str name, value;
    size_t at = 0;
    while (eg_jscan_next_member(bytes.p, bytes.n, &at, &name, &value)) {
        for (size_t i = 0; i < N_WANTED; i++) {
            if (!eg_jscan_named(name, cloudevent ? wanted[i].attribute : wanted[i].member))
                continue;
            found[i].text = value;
            found[i].times++;
            break;
        }
    }
}

/* False: it is there and cannot be used, and what is there twice says nothing. */
static bool take_text(struct eg_item *item, const struct found *found, const char *member) {
    if (found->times != 1)
        return found->times == 0;
    json_t *value = found->text.n <= TEXT_MOST_B ? json_loadb(found->text.p, found->text.n, JSON_DECODE_ANY, NULL) : NULL;
    bool good = value && eg_envelope_set(item, member, "", value) == EG_OK;
    json_decref(value);
    return good;
}

static bool read_members(struct eg_item *item) {
    struct found found[N_WANTED] = {0};
    struct eg_str version;
    bool good = true;
    bool cloudevent = item->of->cloudevents || eg_jscan_member(item->bytes.p, item->bytes.n, "specversion", &version);
    find_members(item->bytes, cloudevent, found);
    for (size_t i = 0; i + 1 < N_WANTED; i++)
        good &= take_text(item, &found[i], wanted[i].member);
    const struct found *payload = &found[N_WANTED - 1];
    if (!good || payload->times != 1 || *payload->text.p != '{')
        return false;
    item->doc = item->env.payload = json_object(); /* that there is one is all that counts */
    return eg_envelope_complete(item, cloudevent) == EG_OK;
}

/* The attributes are in the headers, and whole. */
static bool read_headers(struct eg_item *item) {
    item->doc = *item->bytes.p == '{' ? json_object() : json_null();
    return eg_cloudevent_read_binary(item) == EG_OK;
}

void eg_item_glance(struct eg_item *item) {
    enum eg_code code = item->failure->err.code;
    if (code != EG_E_NUL_CHARACTER && code != EG_E_NUMBER_OUT_OF_RANGE && code != EG_E_DUPLICATE_KEY)
        return;
    bool whole = item->of->binary ? read_headers(item) : read_members(item);
    /* nothing is told in the name of a topic that the sender may not write */
    item->has_envelope = whole && eg_item_authenticate(item) == EG_OK;
}
