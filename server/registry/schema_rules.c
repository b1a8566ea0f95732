/* Compiling the keywords that say what a value must be: its type, numbers, strings, arrays, objects. A keyword of the
 * wrong form is an error of the declaration, said with its place. */
#include <math.h>
#include <string.h>

#include "server/registry/schema_impl.h"

#define KEYWORD(name) eg_status eg_schema_kw_##name(struct eg_scompiler *c, struct eg_snode *node, json_t *arg)

static struct eg_number_rules *numbers(struct eg_scompiler *c, struct eg_snode *node) {
    if (!node->number)
        node->number = eg_schema_alloc(c, sizeof *node->number);
    return node->number;
}

static struct eg_string_rules *strings(struct eg_scompiler *c, struct eg_snode *node) {
    if (!node->string && (node->string = eg_schema_alloc(c, sizeof *node->string)))
        node->string->max = SIZE_MAX;
    return node->string;
}

static struct eg_array_rules *arrays(struct eg_scompiler *c, struct eg_snode *node) {
    if (!node->array && (node->array = eg_schema_alloc(c, sizeof *node->array))) {
        node->array->max = node->array->max_contains = SIZE_MAX;
        node->array->min_contains = 1;
    }
    return node->array;
}

static struct eg_object_rules *objects(struct eg_scompiler *c, struct eg_snode *node) {
    if (node->object || !(node->object = eg_schema_alloc(c, sizeof *node->object)))
        return node->object;
    size_t n = json_object_size(json_object_get(node->json, "properties")) +
               json_array_size(json_object_get(node->json, "required"));
    node->object->max = SIZE_MAX;
    node->object->props = eg_schema_alloc(c, n * sizeof *node->object->props);
    return node->object->props ? node->object : NULL;
}

/* ---- any value ---- */

static unsigned type_bit(const json_t *name) {
    static const struct {
        const char *name;
        unsigned bit;
    } types[] = {{"null", EG_T_NULL},     {"boolean", EG_T_BOOLEAN}, {"object", EG_T_OBJECT},  {"array", EG_T_ARRAY},
                 {"number", EG_T_NUMBER}, {"string", EG_T_STRING},   {"integer", EG_T_INTEGER}};
    for (size_t i = 0; json_is_string(name) && i < sizeof types / sizeof *types; i++)
        if (strcmp(json_string_value(name), types[i].name) == 0)
            return types[i].bit;
    return 0;
}

KEYWORD(type) {
    node->types = type_bit(arg);
    for (size_t i = 0; i < json_array_size(arg); i++) {
        unsigned bit = type_bit(json_array_get(arg, i));
        if (bit == 0 || node->types & bit) {
            node->types = 0;
            break;
        }
        node->types |= bit;
    }
    if (node->types == 0)
        return eg_schema_bad(c, node,
                             "type must be one of null boolean object array number string integer, or a list of them.");
    return EG_OK;
}

KEYWORD(const) {
    (void)c;
    node->constant = arg;
    return EG_OK;
}

KEYWORD(enum) {
    if (!json_is_array(arg))
        return eg_schema_bad(c, node, "enum must be an array.");
    node->enumeration = arg;
    return EG_OK;
}

/* ---- numbers ---- */

static eg_status bound(struct eg_scompiler *c, struct eg_snode *node, json_t *arg, const struct eg_snum **to) {
    struct eg_snum *made = eg_schema_alloc(c, sizeof *made);
    if (!json_is_number(arg))
        return eg_schema_bad(c, node, "%s must be a number.", c->keyword);
    if (!made)
        return EG_FAIL;
    *made = eg_schema_num(arg);
    *to = made;
    return EG_OK;
}

KEYWORD(minimum) { return numbers(c, node) ? bound(c, node, arg, &node->number->minimum) : EG_FAIL; }
KEYWORD(maximum) { return numbers(c, node) ? bound(c, node, arg, &node->number->maximum) : EG_FAIL; }
KEYWORD(exclusive_minimum) { return numbers(c, node) ? bound(c, node, arg, &node->number->above) : EG_FAIL; }
KEYWORD(exclusive_maximum) { return numbers(c, node) ? bound(c, node, arg, &node->number->below) : EG_FAIL; }

KEYWORD(multiple_of) {
    if (!json_is_number(arg) || !(json_number_value(arg) > 0))
        return eg_schema_bad(c, node, "multipleOf must be a number above 0.");
    if (!numbers(c, node))
        return EG_FAIL;
    node->number->multiple_of = arg;
    if (json_is_real(arg))
        node->number->multiple = eg_schema_decimal(json_real_value(arg));
    else
        node->number->multiple = (struct eg_decimal){.digits = (uint64_t)json_integer_value(arg)};
    return EG_OK;
}

/* ---- counts of characters, elements, members ---- */

static eg_status count(struct eg_scompiler *c, struct eg_snode *node, json_t *arg, size_t *to) {
    double d = json_number_value(arg);
    if (!json_is_number(arg) || d < 0 || d != floor(d))
        return eg_schema_bad(c, node, "%s must be an integer of at least 0.", c->keyword);
    *to = d >= 9e15 ? SIZE_MAX : (size_t)d;
    return EG_OK;
}

KEYWORD(min_length) { return strings(c, node) ? count(c, node, arg, &node->string->min) : EG_FAIL; }
KEYWORD(max_length) { return strings(c, node) ? count(c, node, arg, &node->string->max) : EG_FAIL; }
KEYWORD(min_items) { return arrays(c, node) ? count(c, node, arg, &node->array->min) : EG_FAIL; }
KEYWORD(max_items) { return arrays(c, node) ? count(c, node, arg, &node->array->max) : EG_FAIL; }
KEYWORD(min_contains) { return arrays(c, node) ? count(c, node, arg, &node->array->min_contains) : EG_FAIL; }
KEYWORD(max_contains) { return arrays(c, node) ? count(c, node, arg, &node->array->max_contains) : EG_FAIL; }
KEYWORD(min_properties) { return objects(c, node) ? count(c, node, arg, &node->object->min) : EG_FAIL; }
KEYWORD(max_properties) { return objects(c, node) ? count(c, node, arg, &node->object->max) : EG_FAIL; }

/* ---- strings ---- */

KEYWORD(pattern) {
    if (!json_is_string(arg))
        return eg_schema_bad(c, node, "pattern must be a string.");
    if (!strings(c, node))
        return EG_FAIL;
    return eg_schema_pattern(c, node, json_string_value(arg), json_string_length(arg), &node->string->pattern);
}

KEYWORD(format) {
    if (!json_is_string(arg))
        return eg_schema_bad(c, node, "format must be a string.");
    if (!c->set->assert_formats && !(node->scope->vocabularies & EG_VOCAB_FORMAT_ASSERTION))
        return EG_OK;
    eg_format_fn ok = eg_schema_format(json_string_value(arg));
    if (ok && !strings(c, node))
        return EG_FAIL;
    if (ok) {
        node->string->format = json_string_value(arg);
        node->string->format_ok = ok;
    }
    return EG_OK;
}

/* ---- arrays ---- */

KEYWORD(items) { return arrays(c, node) ? eg_schema_child(c, node, arg, NULL, &node->array->items) : EG_FAIL; }
KEYWORD(contains) { return arrays(c, node) ? eg_schema_child(c, node, arg, NULL, &node->array->contains) : EG_FAIL; }
KEYWORD(prefix_items) {
    return arrays(c, node) ? eg_schema_children(c, node, arg, &node->array->n_prefix, &node->array->prefix) : EG_FAIL;
}

KEYWORD(unique_items) {
    if (!json_is_boolean(arg))
        return eg_schema_bad(c, node, "uniqueItems must be true or false.");
    if (!arrays(c, node))
        return EG_FAIL;
    node->array->unique = json_is_true(arg);
    return EG_OK;
}

/* ---- objects ---- */

/* The entry of a name, made when it is new; there is room for all. */
static struct eg_sprop *prop(struct eg_object_rules *rules, const char *name, size_t len) {
    for (size_t i = 0; i < rules->n_props; i++)
        if (rules->props[i].len == len && memcmp(rules->props[i].name, name, len) == 0)
            return &rules->props[i];
    struct eg_sprop *made = &rules->props[rules->n_props++];
    made->name = name;
    made->len = len;
    return made;
}

KEYWORD(properties) {
    const char *name;
    json_t *child;
    if (!json_is_object(arg))
        return eg_schema_bad(c, node, "properties must be an object of schemas.");
    if (!objects(c, node))
        return EG_FAIL;
    json_object_foreach(arg, name, child) {
        if (eg_schema_child(c, node, child, name, &prop(node->object, name, strlen(name))->node))
            return EG_FAIL;
    }
    return EG_OK;
}

static bool strings_only(const json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!json_is_string(json_array_get(list, i)))
            return false;
    return json_is_array(list);
}

KEYWORD(required) {
    if (!strings_only(arg))
        return eg_schema_bad(c, node, "required must be an array of member names.");
    if (!objects(c, node))
        return EG_FAIL;
    for (size_t i = 0; i < json_array_size(arg); i++) {
        const json_t *name = json_array_get(arg, i);
        struct eg_sprop *entry = prop(node->object, json_string_value(name), json_string_length(name));
        node->object->n_required += !entry->required;
        entry->required = true;
    }
    return EG_OK;
}

KEYWORD(pattern_properties) {
    const char *text;
    json_t *child;
    if (!json_is_object(arg))
        return eg_schema_bad(c, node, "patternProperties must be an object of schemas.");
    struct eg_object_rules *rules = objects(c, node);
    if (!rules || !(rules->patterns = eg_schema_alloc(c, json_object_size(arg) * sizeof *rules->patterns)))
        return EG_FAIL;
    json_object_foreach(arg, text, child) {
        struct eg_spattern *entry = &rules->patterns[rules->n_patterns++];
        if (eg_schema_pattern(c, node, text, strlen(text), &entry->regex) ||
            eg_schema_child(c, node, child, text, &entry->node))
            return EG_FAIL;
    }
    return EG_OK;
}

KEYWORD(additional_properties) {
    return objects(c, node) ? eg_schema_child(c, node, arg, NULL, &node->object->additional) : EG_FAIL;
}
KEYWORD(property_names) {
    return objects(c, node) ? eg_schema_child(c, node, arg, NULL, &node->object->names) : EG_FAIL;
}

static struct eg_sdependent *dependent(struct eg_scompiler *c, struct eg_snode *node, const char *name) {
    struct eg_object_rules *rules = objects(c, node);
    if (!rules)
        return NULL;
    if (!rules->dependents) {
        size_t n = json_object_size(json_object_get(node->json, "dependentSchemas")) +
                   json_object_size(json_object_get(node->json, "dependentRequired"));
        if (!(rules->dependents = eg_schema_alloc(c, n * sizeof *rules->dependents)))
            return NULL;
    }
    struct eg_sdependent *entry = &rules->dependents[rules->n_dependents++];
    entry->name = name;
    entry->len = strlen(name);
    return entry;
}

KEYWORD(dependent_schemas) {
    const char *name;
    json_t *child;
    if (!json_is_object(arg))
        return eg_schema_bad(c, node, "dependentSchemas must be an object of schemas.");
    json_object_foreach(arg, name, child) {
        struct eg_sdependent *entry = dependent(c, node, name);
        if (!entry || eg_schema_child(c, node, child, name, &entry->node))
            return EG_FAIL;
    }
    return EG_OK;
}

KEYWORD(dependent_required) {
    const char *name;
    json_t *list;
    if (!json_is_object(arg))
        return eg_schema_bad(c, node, "dependentRequired must be an object of arrays of member names.");
    json_object_foreach(arg, name, list) {
        struct eg_sdependent *entry = strings_only(list) ? dependent(c, node, name) : NULL;
        if (!entry)
            return eg_schema_bad(c, node, "dependentRequired must be an object of arrays of member names.");
        entry->required = list;
    }
    return EG_OK;
}
