/* Bytes → JSON → envelope. The scanner runs first, so that depth and memory are bounded before the parser builds anything; and what it
 * will take, at most, counts beside the submission's arena until the text goes. */
#include <stdio.h>
#include <string.h>

#include "base/jscan.h"
#include "base/json_code.h"
#include "server/event/json_build.h"
#include "server/event/room.h"

#define HASHED_B 16 /* a value takes no more in its canonical form, beside its text */

static const struct eg_jscan_limits limits = {.max_depth = EG_JSON_MAX_DEPTH, .max_values = EG_JSON_MOST_VALUES, .max_number_b = 400};

bool eg_json_bounded(struct eg_str text, size_t *built_b) {
    struct eg_err err = {0};
    struct eg_jscan_limits counting = limits;
    *built_b = 0;
    counting.built_b = built_b;
    eg_status status = eg_jscan_check(text.p, text.n, &counting, &err);
    return status == EG_OK || err.code == EG_E_NUL_CHARACTER || err.code == EG_E_NUMBER_OUT_OF_RANGE;
}

/* The binary mode's data stands beside its attributes: a pointer into it is told as of the structured form. */
static eg_status refuse_text(struct eg_item *item, struct eg_err *err) {
    struct eg_err told = {0};
    char place[sizeof err->place + 5];
    bool inside = item->of->binary && err->code != EG_E_JSON_INVALID;
    snprintf(place, sizeof place, "%s%s", inside ? "/data" : "", err->place);
    eg_err_set(&told, err->code, place, "%s", err->message);
    return eg_item_reject_with(item, &told, NULL);
}

/* The parser stands behind the name that an object has already. */
static eg_status refuse_parsed(struct eg_item *item, const json_error_t *error) {
    struct eg_err err = {0};
    char place[sizeof err.place] = "";
    enum eg_code code = eg_json_code(error);
    if (code == EG_E_DUPLICATE_KEY && error->position > 0)
        eg_jscan_pointer(item->bytes.p, item->bytes.n, (size_t)error->position - 1, place, sizeof place);
    eg_err_set(&err, code, place, "line %d, column %d: %s", error->line, error->column, error->text);
    return refuse_text(item, &err);
}

eg_status eg_item_read_json(struct eg_item *item) {
    struct eg_err err = {0};
    if (item->bytes.n == 0 && item->of->binary)
        return eg_item_reject(item, EG_E_JSON_INVALID, NULL, "a binary CloudEvent needs its data, a JSON object, as the body");
    size_t values = 0, built_b = 0;
    struct eg_jscan_limits counting = limits;
    counting.values = &values;
    counting.built_b = &built_b;
    if (eg_jscan_check(item->bytes.p, item->bytes.n, &counting, &err) != EG_OK)
        return refuse_text(item, &err);
    size_t doc_b = 2 * item->bytes.n + built_b + values * HASHED_B;
    if (!eg_arena_hold(item->of->arena, doc_b))
        return eg_item_full(item);
    item->doc_b = doc_b;
    json_error_t error;
    item->doc = eg_json_build(item->bytes.p, item->bytes.n);
    if (!item->doc)
        item->doc = json_loadb(item->bytes.p, item->bytes.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    return item->doc ? EG_OK : refuse_parsed(item, &error);
}

eg_status eg_item_parse(struct eg_item *item) {
    if (eg_item_read_json(item) != EG_OK) {
        eg_item_glance(item);
        return EG_FAIL;
    }
    if (item->of->binary)
        return eg_cloudevent_read_binary(item);
    if (!json_is_object(item->doc))
        return eg_item_reject(item, EG_E_ENVELOPE_INVALID, "", "an event is a JSON object, its envelope");
    bool cloudevent = item->of->cloudevents || json_object_get(item->doc, "specversion");
    return cloudevent ? eg_cloudevent_read(item) : eg_envelope_read(item);
}
