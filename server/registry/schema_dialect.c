/* Which vocabularies a schema resource uses: those that its $schema, a metaschema of the set or a published one, lists.
 */
#include <string.h>

#include "server/registry/schema_impl.h"

#define VOCAB "https://json-schema.org/draft/2020-12/vocab/"

static int known(const char *uri) {
    static const struct {
        const char *name;
        int bit;
    } vocabularies[] = {{"core", EG_VOCAB_CORE},
                        {"applicator", EG_VOCAB_APPLICATOR},
                        {"unevaluated", EG_VOCAB_UNEVALUATED},
                        {"validation", EG_VOCAB_VALIDATION},
                        {"format-assertion", EG_VOCAB_FORMAT_ASSERTION},
                        {"format-annotation", 0},
                        {"meta-data", 0},
                        {"content", 0}};
    if (strncmp(uri, VOCAB, sizeof VOCAB - 1) != 0)
        return -1;
    for (size_t i = 0; i < sizeof vocabularies / sizeof *vocabularies; i++)
        if (strcmp(uri + sizeof VOCAB - 1, vocabularies[i].name) == 0)
            return vocabularies[i].bit;
    return -1;
}

eg_status eg_schema_dialect(struct eg_schema_set *set, const struct eg_sres *res, unsigned *vocabularies,
                            struct eg_err *err) {
    const json_t *named = NULL;
    *vocabularies = EG_VOCAB_STANDARD;
    for (const struct eg_sres *at = res; at && !named; at = at->parent)
        named = json_object_get(at->json, "$schema");
    if (!named)
        return EG_OK;
    char *uri = json_is_string(named) ? eg_arena_printf(set->arena, "%s", json_string_value(named)) : NULL;
    if (!uri)
        return eg_err_set(err, EG_E_CONFIG, res->uri, "$schema must be a URI.");
    uri[strcspn(uri, "#")] = '\0';
    const struct eg_sres *meta = eg_schema_resource(set, uri, err);
    if (!meta)
        return eg_err_set(err, EG_E_CONFIG, res->uri,
                          "$schema names %.200s, which is not known: use https://json-schema.org/draft/2020-12/schema.",
                          uri);
    json_t *list = json_object_get(meta->json, "$vocabulary");
    if (!json_is_object(list))
        return EG_OK;
    *vocabularies = EG_VOCAB_CORE;
    const char *name;
    json_t *required;
    json_object_foreach(list, name, required) {
        int bit = known(name);
        if (bit >= 0)
            *vocabularies |= (unsigned)bit;
        else if (json_is_true(required))
            return eg_err_set(err, EG_E_CONFIG, uri, "The vocabulary %.200s is required but not known.", name);
    }
    return EG_OK;
}
