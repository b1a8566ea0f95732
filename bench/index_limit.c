/* The limit of the indexer: the bare parser over the same files, all of one language; the trees are not looked at. Files are named on
 * standard input, one a line; one line of JSON says the speed, by processor time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tree_sitter/api.h>

#define X(name, grammar, ...) const TSLanguage *grammar(void);
#include "indexer/languages.def"
#undef X

static const struct {
    const TSLanguage *(*grammar)(void);
    const char *endings;
} languages[] = {
#define X(name, grammar, endings, ...) {grammar, endings " "},
#include "indexer/languages.def"
#undef X
};

/* NULL: of none. */
static const TSLanguage *language_of(const char *path) {
    char ending[32];
    const char *dot = strrchr(path, '.');
    snprintf(ending, sizeof(ending), "%s ", dot ? dot : "");
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        if (dot && strstr(languages[i].endings, ending)) {
            return languages[i].grammar();
        }
    }
    return NULL;
}

static int64_t processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int main(void) {
    char path[4096];
    TSParser *parser = ts_parser_new();
    size_t bytes = 0, files = 0;
    int64_t spent_us = 0;
    while (fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        const TSLanguage *language = language_of(path);
        FILE *file = fopen(path, "re");
        if (!language || !ts_parser_set_language(parser, language) || !file || fseek(file, 0, SEEK_END)) {
            fprintf(stderr, "index_limit: %s cannot be read\n", path);
            return 1;
        }
        size_t len = (size_t)ftell(file);
        char *text = malloc(len + 1);
        rewind(file);
        if (!text || fread(text, 1, len, file) != len) {
            fprintf(stderr, "index_limit: %s cannot be read\n", path);
            return 1;
        }
        fclose(file);
        int64_t begun_us = processor_us();
        ts_tree_delete(ts_parser_parse_string(parser, NULL, text, (uint32_t)len));
        spent_us += processor_us() - begun_us;
        bytes += len;
        files++;
        free(text);
    }
    ts_parser_delete(parser);
    printf("{\"files\":%zu,\"bytes\":%zu,\"mb_per_s\":%.3f}\n", files, bytes, (double)bytes / (double)(spent_us ? spent_us : 1));
    return 0;
}
