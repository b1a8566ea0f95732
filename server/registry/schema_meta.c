/* The metaschema of JSON Schema 2020-12 and those of its vocabularies, written down from the specification (core,
 * sections 8 to 11; validation, sections 6 to 9), so that a schema may refer to them without a network. */
#include <string.h>

#include "server/registry/schema_impl.h"

#define DRAFT "https://json-schema.org/draft/2020-12/"
#define HEAD(name, vocabulary)                                                                                         \
    "{\"$schema\":\"" DRAFT "schema\",\"$id\":\"" DRAFT name                                                           \
    "\",\"$dynamicAnchor\":\"meta\",\"$vocabulary\":{\"" DRAFT "vocab/" vocabulary                                     \
    "\":true},\"type\":[\"object\",\"boolean\"]"
#define SELF "{\"$dynamicRef\":\"#meta\"}"
#define SELF_LIST "{\"type\":\"array\",\"minItems\":1,\"items\":" SELF "}"
#define SELF_MAP "{\"type\":\"object\",\"default\":{},\"additionalProperties\":" SELF "}"
#define TEXT "{\"type\":\"string\"}"
#define NUMBER "{\"type\":\"number\"}"
#define COUNT "{\"type\":\"integer\",\"minimum\":0}"
#define NAMES "{\"type\":\"array\",\"items\":" TEXT ",\"uniqueItems\":true,\"default\":[]}"
#define NAME_PATTERN "\"pattern\":\"^[A-Za-z_][-A-Za-z0-9._]*$\""

static const struct {
    const char *name, *text;
} metaschemas[] = {
    {"schema",
     "{\"$schema\":\"" DRAFT "schema\",\"$id\":\"" DRAFT "schema\",\"$dynamicAnchor\":\"meta\",\"$vocabulary\":{"
     "\"" DRAFT "vocab/core\":true,\"" DRAFT "vocab/applicator\":true,\"" DRAFT "vocab/unevaluated\":true,"
     "\"" DRAFT "vocab/validation\":true,\"" DRAFT "vocab/meta-data\":true,\"" DRAFT "vocab/format-annotation\":true,"
     "\"" DRAFT "vocab/content\":true},"
     "\"allOf\":[{\"$ref\":\"meta/core\"},{\"$ref\":\"meta/applicator\"},{\"$ref\":\"meta/unevaluated\"},"
     "{\"$ref\":\"meta/validation\"},{\"$ref\":\"meta/meta-data\"},{\"$ref\":\"meta/format-annotation\"},"
     "{\"$ref\":\"meta/content\"}],\"type\":[\"object\",\"boolean\"],"
     "\"properties\":{\"definitions\":" SELF_MAP ",\"dependencies\":{\"type\":\"object\",\"additionalProperties\":{"
     "\"anyOf\":[" SELF "," NAMES "]}},\"$recursiveAnchor\":{\"type\":\"string\"," NAME_PATTERN "},"
     "\"$recursiveRef\":{\"type\":\"string\",\"format\":\"uri-reference\"}}}"},
    {"meta/core",
     HEAD("meta/core",
          "core") ",\"properties\":{"
                  "\"$id\":{\"type\":\"string\",\"format\":\"uri-reference\",\"pattern\":\"^[^#]*#?$\"},"
                  "\"$schema\":{\"type\":\"string\",\"format\":\"uri\"},"
                  "\"$ref\":{\"type\":\"string\",\"format\":\"uri-reference\"},"
                  "\"$dynamicRef\":{\"type\":\"string\",\"format\":\"uri-reference\"},"
                  "\"$anchor\":{\"type\":\"string\"," NAME_PATTERN
                  "},\"$dynamicAnchor\":{\"type\":\"string\"," NAME_PATTERN "},"
                  "\"$vocabulary\":{\"type\":\"object\",\"propertyNames\":{\"type\":\"string\",\"format\":\"uri\"},"
                  "\"additionalProperties\":{\"type\":\"boolean\"}},\"$comment\":" TEXT ",\"$defs\":" SELF_MAP "}}"},
    {"meta/applicator",
     HEAD("meta/applicator",
          "applicator") ",\"properties\":{"
                        "\"prefixItems\":" SELF_LIST ",\"items\":" SELF ",\"contains\":" SELF
                        ",\"additionalProperties\":" SELF ","
                        "\"properties\":" SELF_MAP
                        ",\"patternProperties\":{\"type\":\"object\",\"additionalProperties\":" SELF ","
                        "\"propertyNames\":{\"format\":\"regex\"},\"default\":{}},\"dependentSchemas\":" SELF_MAP ","
                        "\"propertyNames\":" SELF ",\"if\":" SELF ",\"then\":" SELF ",\"else\":" SELF
                        ",\"allOf\":" SELF_LIST ","
                        "\"anyOf\":" SELF_LIST ",\"oneOf\":" SELF_LIST ",\"not\":" SELF "}}"},
    {"meta/unevaluated", HEAD("meta/unevaluated", "unevaluated") ",\"properties\":{\"unevaluatedItems\":" SELF
                                                                 ",\"unevaluatedProperties\":" SELF "}}"},
    {"meta/validation",
     HEAD("meta/validation",
          "validation") ",\"properties\":{"
                        "\"type\":{\"anyOf\":[{\"$ref\":\"#/$defs/"
                        "simpleTypes\"},{\"type\":\"array\",\"items\":{\"$ref\":"
                        "\"#/$defs/simpleTypes\"},\"minItems\":1,\"uniqueItems\":true}]},\"const\":true,"
                        "\"enum\":{\"type\":\"array\",\"items\":true},\"multipleOf\":{\"type\":\"number\","
                        "\"exclusiveMinimum\":0},"
                        "\"maximum\":" NUMBER ",\"exclusiveMaximum\":" NUMBER ",\"minimum\":" NUMBER
                        ",\"exclusiveMinimum\":" NUMBER ","
                        "\"maxLength\":" COUNT ",\"minLength\":" COUNT
                        ",\"pattern\":{\"type\":\"string\",\"format\":\"regex\"},"
                        "\"maxItems\":" COUNT ",\"minItems\":" COUNT
                        ",\"uniqueItems\":{\"type\":\"boolean\",\"default\":false},"
                        "\"maxContains\":" COUNT ",\"minContains\":" COUNT ",\"maxProperties\":" COUNT
                        ",\"minProperties\":" COUNT ","
                        "\"required\":" NAMES
                        ",\"dependentRequired\":{\"type\":\"object\",\"additionalProperties\":" NAMES "}},"
                        "\"$defs\":{\"simpleTypes\":{\"enum\":[\"array\",\"boolean\",\"integer\",\"null\",\"number\","
                        "\"object\",\"string\"]}}}"},
    {"meta/meta-data", HEAD("meta/meta-data", "meta-data") ",\"properties\":{\"title\":" TEXT ",\"description\":" TEXT
                                                           ",\"default\":true,"
                                                           "\"deprecated\":{\"type\":\"boolean\",\"default\":false},"
                                                           "\"readOnly\":{\"type\":\"boolean\",\"default\":false},"
                                                           "\"writeOnly\":{\"type\":\"boolean\",\"default\":false},"
                                                           "\"examples\":{\"type\":\"array\",\"items\":true}}}"},
    {"meta/format-annotation",
     HEAD("meta/format-annotation", "format-annotation") ",\"properties\":{\"format\":" TEXT "}}"},
    {"meta/format-assertion",
     HEAD("meta/format-assertion", "format-assertion") ",\"properties\":{\"format\":" TEXT "}}"},
    {"meta/content",
     HEAD("meta/content", "content") ",\"properties\":{\"contentEncoding\":" TEXT ",\"contentMediaType\":" TEXT ","
                                     "\"contentSchema\":" SELF "}}"},
};

const char *eg_schema_metaschema(const char *uri) {
    if (strncmp(uri, DRAFT, sizeof DRAFT - 1) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof metaschemas / sizeof *metaschemas; i++)
        if (strcmp(uri + sizeof DRAFT - 1, metaschemas[i].name) == 0)
            return metaschemas[i].text;
    return NULL;
}
