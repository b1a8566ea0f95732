/* egqlc: reads a query from its arguments or standard input, and says what becomes of it, or what is wrong with a
 * caret. It needs no database. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egql/plan.h"

#define MOST_ARENA_B (16U << 20)
#define MOST_OUT_B (4U << 20)
#define EXIT_USAGE 2
#define EXIT_CONFIG 78

static const char usage[] =
    "usage: egqlc [--spec DIR] [--dialect NAME | --check] [--param NAME:TYPE]… [QUERY]\n"
    "Reads a query from the argument, or from standard input, and prints its statements.\n"
    "  --spec DIR         the folder of declarations (EGDB_SPEC, or spec)\n"
    "  --dialect NAME     postgresql (the default) or sqlite\n"
    "  --check            print the answer's columns and their types instead\n"
    "  --param NAME:TYPE  the query's $NAME is text, integer, number, boolean, or null; may be repeated\n"
    "Exit: 0, 1 when the query is wrong, 2 on wrong usage, 78 when the declarations are.\n";

struct options {
    const char *spec;
    const struct egql_dialect *dialect;
    bool check;
    struct egql_param params[EGQL_MOST_PARAMS];
    size_t n_params;
};

static bool param(struct options *o, const char *text) {
    static const enum eg_type types[] = {EG_TEXT, EG_INT8, EG_FLOAT8, EG_BOOL};
    const char *colon = strrchr(text, ':'), *type = colon ? colon + 1 : "text";
    if (o->n_params == EGQL_MOST_PARAMS)
        return false;
    struct egql_param *p = &o->params[o->n_params++];
    p->name = (struct eg_str){text, colon ? (size_t)(colon - text) : strlen(text)};
    p->null = strcmp(type, "null") == 0;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(egql_type_name(types[i]), type) == 0) {
            p->type = types[i];
            return true;
        }
    }
    return p->null;
}

/* The arguments with blanks between them, or standard input without the line breaks at its end. */
static bool read_query(int n, char **words, struct eg_buf *text) {
    char bytes[4096];
    size_t got;
    for (int i = 0; i < n; i++) {
        eg_buf_str(text, i ? " " : "");
        eg_buf_str(text, words[i]);
    }
    while (n == 0 && (got = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        eg_buf_add(text, bytes, got);
    while (text->len > 0 && text->data[text->len - 1] == '\n')
        text->len--;
    return !text->failed;
}

static void print_columns(const struct egql_compiled *compiled, struct eg_buf *out) {
    for (size_t i = 0; i < compiled->n_columns; i++)
        eg_buf_printf(out, "%s %s\n", compiled->columns[i].name, egql_type_name(compiled->columns[i].type));
}

static int compile(const struct egql_sources *sources, const struct options *o, const char *text, size_t len,
                   struct eg_arena *arena) {
    const struct egql_compiled *compiled;
    struct egql_diag diag;
    struct eg_buf out;
    eg_buf_init(&out, MOST_OUT_B);
    eg_status status = egql_compile(sources, o->dialect, text, len, o->params, o->n_params, arena, &compiled, &diag);
    if (status != EG_OK)
        egql_diag_print(&diag, text, len, &out);
    else if (o->check)
        print_columns(compiled, &out);
    else
        egql_compiled_print(compiled, &out);
    fputs(eg_buf_text(&out), status == EG_OK ? stdout : stderr);
    eg_buf_free(&out);
    return status == EG_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct options *o, int n, char **words) {
    struct egql_sources *sources;
    struct eg_err err = {0};
    struct eg_buf text;
    if (egql_sources_load(o->spec, &sources, &err) != EG_OK) {
        fprintf(stderr, "egqlc: %s: %s\n", err.place, err.message);
        return EXIT_CONFIG;
    }
    struct eg_arena *arena = eg_arena_new(MOST_ARENA_B);
    eg_buf_init(&text, MOST_OUT_B);
    int code = EXIT_FAILURE;
    if (arena && read_query(n, words, &text))
        code = compile(sources, o, text.len ? text.data : "", text.len, arena);
    else
        fputs("egqlc: the query is too long\n", stderr);
    eg_buf_free(&text);
    eg_arena_free(arena);
    egql_sources_free(sources);
    return code;
}

int main(int argc, char **argv) {
    static const struct option known[] = {
        {"spec", required_argument, NULL, 's'},    {"check", no_argument, NULL, 'c'},
        {"dialect", required_argument, NULL, 'd'}, {"param", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},          {0}};
    const char *spec = getenv("EGDB_SPEC");
    struct options o = {.spec = spec && *spec ? spec : "spec", .dialect = egql_dialect_find("postgresql")};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        bool ok = true;
        if (c == 'h') {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        } else if (c == 's') {
            o.spec = optarg;
        } else if (c == 'c') {
            o.check = true;
        } else if (c == 'd') {
            o.dialect = egql_dialect_find(optarg);
            ok = o.dialect != NULL;
        } else {
            ok = c == 'p' && param(&o, optarg);
        }
        if (!ok) {
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    return run(&o, argc - optind, argv + optind);
}
