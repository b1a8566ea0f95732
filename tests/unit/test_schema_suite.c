/* Runs the official JSON Schema test suite (draft 2020-12, its required files) from $EGDB_CORPORA/json-schema; by
 * default from
 * ../shared/corpora. Without the corpus it says so and passes. Misses are listed in docs/reference/json-schema.md; with
 * `-v` every one is printed, and with names of files only these are run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/registry/schema.h"

#define REQUIRED_CASES 1299
#define MOST_MISSES 0

static char root[1024];
static int cases, misses;
static bool verbose;

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static json_t *load(const char *path) {
    json_error_t error;
    json_t *json = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
    if (!json)
        fprintf(stderr, "%s: %s\n", path, error.text);
    return json;
}

/* Adds every file under remotes/draft2020-12 under the URI that the suite gives it. */
static int add_remotes(struct eg_schema_set *set, const char *below) {
    struct dirent **list;
    char path[4096], uri[1024];
    snprintf(path, sizeof path, "%s/remotes/%s", root, below);
    int n = scandir(path, &list, NULL, by_name), bad = 0;
    for (int i = 0; i < n; i++) {
        const char *name = list[i]->d_name;
        size_t len = strlen(name);
        if ((size_t)snprintf(uri, sizeof uri, "%s/%s", below, name) >= sizeof uri)
            return 1;
        if (list[i]->d_type == DT_DIR && name[0] != '.') {
            bad += add_remotes(set, uri);
        } else if (len > 5 && strcmp(name + len - 5, ".json") == 0) {
            struct eg_err err = {0};
            snprintf(path, sizeof path, "%s/remotes/%s", root, uri);
            json_t *json = load(path);
            snprintf(path, sizeof path, "http://localhost:1234/%s", uri);
            if (!json || eg_schema_set_add(set, path, json, &err)) {
                fprintf(stderr, "remote %s: %s %s\n", uri, err.place, err.message);
                bad++;
            }
            json_decref(json);
        }
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    return bad;
}

static void miss(const char *file, json_t *group, const char *test, const char *why) {
    misses++;
    printf("miss: %s: %s: %s: %s\n", file, json_string_value(json_object_get(group, "description")), test, why);
}

static void run_case(const char *file, json_t *group, const struct eg_schema *schema, json_t *test) {
    struct eg_schema_errors errors = {.arena = eg_arena_new(1 << 20)};
    json_t *data = json_object_get(test, "data");
    const char *name = json_string_value(json_object_get(test, "description"));
    bool wanted = json_is_true(json_object_get(test, "valid"));
    cases++;
    if (eg_schema_valid(schema, data, &errors) != wanted)
        miss(file, group, name, wanted ? "should be valid" : "should be invalid");
    else if (eg_schema_valid(schema, data, NULL) != wanted)
        miss(file, group, name, "differs without errors");
    else if (!wanted && errors.n == 0)
        miss(file, group, name, "invalid, but nothing is said");
    for (size_t i = 0; verbose && i < errors.n; i++)
        printf("%s: %s: %s: at '%s' by '%s': %s\n", file, json_string_value(json_object_get(group, "description")),
               name, errors.list[i].instance, errors.list[i].keyword, errors.list[i].message);
    eg_arena_free(errors.arena);
}

static void run_group(const char *file, json_t *group) {
    struct eg_schema_set *set = eg_schema_set_new();
    struct eg_err err = {0};
    const struct eg_schema *schema = NULL;
    json_t *document = json_object_get(group, "schema"), *tests = json_object_get(group, "tests"), *test;
    size_t i;
    int bad = add_remotes(set, "draft2020-12");
    if (bad > 0 || eg_schema_set_add(set, "test:schema", document, &err) ||
        eg_schema_compile(set, "test:schema", &schema, &err)) {
        char why[1024];
        snprintf(why, sizeof why, "does not compile: %s: %s", err.place, err.message);
        json_array_foreach(tests, i, test) {
            cases++;
            miss(file, group, json_string_value(json_object_get(test, "description")), why);
        }
    } else {
        json_array_foreach(tests, i, test) { run_case(file, group, schema, test); }
    }
    eg_schema_set_free(set);
}

static void run_file(const char *name) {
    char path[2048];
    size_t i, len = strlen(name);
    json_t *group;
    if (len < 6 || strcmp(name + len - 5, ".json") != 0)
        return;
    snprintf(path, sizeof path, "%s/tests/draft2020-12/%s", root, name);
    json_t *groups = load(path);
    json_array_foreach(groups, i, group) { run_group(name, group); }
    json_decref(groups);
}

/* Also to the notes, which are printed at the end of `make test`: a run without the suite must not look like one with it. */
static void tell_missing(void) {
    const char *path = getenv("EGDB_NOTES");
    FILE *notes = path ? fopen(path, "ae") : NULL;
    printf("corpus not run: json-schema (not at %s; set EGDB_CORPORA)\n", root);
    if (notes) {
        fprintf(notes, "corpus not run: json-schema (not at %s; set EGDB_CORPORA)\n", root);
        fclose(notes);
    }
}

int main(int argc, char **argv) {
    const char *corpora = getenv("EGDB_CORPORA");
    struct dirent **list;
    char path[2048];
    snprintf(root, sizeof root, "%s/json-schema", corpora ? corpora : "../shared/corpora");
    snprintf(path, sizeof path, "%s/tests/draft2020-12", root);
    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (argc > 1 + verbose) {
        for (int i = 1 + verbose; i < argc; i++)
            run_file(argv[i]);
        printf("JSON Schema: %d of %d cases of the named files\n", cases - misses, cases);
        return misses > 0;
    }
    int n = scandir(path, &list, NULL, by_name);
    if (n < 0) {
        tell_missing();
        return 0;
    }
    for (int i = 0; i < n; i++) {
        run_file(list[i]->d_name);
        free(list[i]);
    }
    free(list);
    printf("JSON Schema: %d of %d required cases\n", cases - misses, cases);
    return misses > MOST_MISSES || cases < REQUIRED_CASES;
}
