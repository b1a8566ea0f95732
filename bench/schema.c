/* What checking one payload of core.step.finished@v1 costs, beside its limit of 3 µs; and what parsing the same payload
 * and refusing a wrong one cost. Run from the repository: build/bench/schema. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/registry/schema.h"

#define LIMIT_NS 3000.0
#define TOPIC "core.step.finished@v1"
#define ROUNDS 7
#define TURNS 200000

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const struct eg_schema *load(struct eg_schema_set *set, json_t *document) {
    const struct eg_schema *schema = NULL;
    struct eg_err err = {0};
    if (!document || eg_schema_set_add(set, TOPIC, document, &err) || eg_schema_compile(set, TOPIC, &schema, &err)) {
        fprintf(stderr, "bench/schema: %s %s\n", err.place, err.message);
        exit(1);
    }
    return schema;
}

/* The best of some rounds: other work on the machine only ever adds. */
static double best(bool (*turn)(const struct eg_schema *, json_t *, const char *), const struct eg_schema *schema,
                   json_t *value, const char *text, int turns, bool wanted) {
    double least = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (int i = 0; i < turns; i++) {
            if (turn(schema, value, text) != wanted)
                abort();
        }
        double ns = (now_ns() - start) / turns;
        least = ns < least ? ns : least;
    }
    return least;
}

static bool check(const struct eg_schema *schema, json_t *value, const char *text) {
    (void)text;
    return eg_schema_valid(schema, value, NULL);
}

static bool refuse(const struct eg_schema *schema, json_t *value, const char *text) {
    static struct eg_schema_errors errors;
    (void)text;
    if (!errors.arena)
        errors.arena = eg_arena_new(1 << 20);
    eg_arena_reset(errors.arena);
    return eg_schema_valid(schema, value, &errors);
}

static bool parse(const struct eg_schema *schema, json_t *value, const char *text) {
    (void)schema, (void)value;
    json_t *made = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    json_decref(made);
    return made != NULL;
}

int main(void) {
    json_t *document = json_load_file("spec/schemas/glitchlab/" TOPIC ".json", 0, NULL);
    struct eg_schema_set *set = eg_schema_set_new();
    const struct eg_schema *schema = load(set, document);
    json_t *value =
        json_array_get(json_object_get(json_object_get(document, "x-egdb"), "examples"), 1); /* with deltas */
    json_t *wrong = json_deep_copy(value);
    char *text = json_dumps(value, JSON_COMPACT);
    json_object_set_new(wrong, "idx", json_integer(-1));
    double valid_ns = best(check, schema, value, text, TURNS, true);
    double wrong_ns = best(refuse, schema, wrong, text, TURNS / 10, false);
    double parse_ns = best(parse, schema, value, text, TURNS / 10, true);
    printf("schema: %s: %.0f ns a validation, limit %.0f ns, ratio %.2f\n", TOPIC, valid_ns, LIMIT_NS,
           valid_ns / LIMIT_NS);
    printf("schema: refusing one with its error %.0f ns; parsing the payload %.0f ns\n", wrong_ns, parse_ns);
    free(text);
    json_decref(wrong);
    json_decref(document);
    eg_schema_set_free(set);
    return valid_ns > LIMIT_NS;
}
