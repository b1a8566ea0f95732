/* The limit of the indexer: the bare parser over the same files; the trees are not looked at. Files are named on standard input,
 * one a line; one line of JSON says the speed, by processor time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_python(void);

static int64_t processor_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int main(void) {
    char path[4096];
    TSParser *parser = ts_parser_new();
    ts_parser_set_language(parser, tree_sitter_python());
    size_t bytes = 0, files = 0;
    int64_t spent_us = 0;
    while (fgets(path, sizeof(path), stdin)) {
        path[strcspn(path, "\n")] = '\0';
        FILE *file = fopen(path, "re");
        if (!file || fseek(file, 0, SEEK_END)) {
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
