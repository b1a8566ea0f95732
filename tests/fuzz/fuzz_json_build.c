/* Fuzzes the quick builder of JSON values beside jansson's parser: of a text that the scanner passes it makes the same value or none;
 * of any other it reads no byte too many. */
#include <stdint.h>

#include "base/jscan.h"
#include "server/event/json_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct eg_jscan_limits limits = {.max_depth = EG_JSON_MAX_DEPTH, .max_values = 100000, .max_number_b = 400};
    const char *text = (const char *)data;
    struct eg_err err = {0};
    bool good = eg_jscan_check(text, size, &limits, &err) == EG_OK;
    json_t *built = eg_json_build(text, size);
    if (good && built) {
        json_t *parsed = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        EG_ASSERT(parsed && json_equal(parsed, built));
        json_decref(parsed);
    }
    json_decref(built);
    return 0;
}
