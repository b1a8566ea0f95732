/* Fuzzes the schema compiler, the validator and the patterns: the input is a schema, a NUL byte, a value. Whatever
 * compiles must say the same with and without errors, say something about every refusal, and end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "server/registry/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct eg_schema *schema, const json_t *value) {
    struct eg_schema_errors errors = {.arena = eg_arena_new(1 << 20)};
    bool ok = eg_schema_valid(schema, value, &errors);
    EG_ASSERT(ok || (errors.n > 0 && errors.n <= 32));
    for (size_t i = 0; !ok && i < errors.n; i++)
        EG_ASSERT(strlen(errors.list[i].message) < 1000 && strlen(errors.list[i].instance) < 1100);
    /* Only the clock of the patterns may make two answers differ. */
    if (eg_schema_valid(schema, value, NULL) != ok)
        EG_ASSERT(!ok || eg_schema_valid(schema, value, NULL) == ok);
    eg_arena_free(errors.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *zero = memchr(data, 0, size);
    size_t len = zero ? (size_t)(zero - data) : size;
    size_t flags = JSON_DECODE_ANY | JSON_REJECT_DUPLICATES;
    json_t *document = json_loadb((const char *)data, len, flags, NULL);
    json_t *value = zero ? json_loadb((const char *)zero + 1, size - len - 1, flags, NULL) : NULL;
    const struct eg_schema *schema = NULL;
    struct eg_err err = {0};
    struct eg_schema_set *set = eg_schema_set_new();
    eg_schema_set_assert_formats(set, size % 2 == 0);
    if (document && eg_schema_set_add(set, "fuzz", document, &err) == EG_OK &&
        eg_schema_compile(set, "fuzz", &schema, &err) == EG_OK) {
        check(schema, document);
        if (value)
            check(schema, value);
    } else if (document) {
        EG_ASSERT(err.code != EG_E_NONE && err.message[0] != '\0');
    }
    json_decref(document);
    json_decref(value);
    eg_schema_set_free(set);
    return 0;
}
