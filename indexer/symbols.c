/* `symbols`: what the tables find in files, one JSON line a definition, import and call. For people who add a language, and for the
 * tests of those that are there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "indexer/command.h"
#include "indexer/facts.h"

#define FILE_MOST_B ((size_t)64 << 20)
#define MEMORY_MOST_B ((size_t)1 << 30)

static void member(struct eg_buf *out, const char *name, struct eg_str text) {
    if (text.n > 0) {
        eg_buf_printf(out, ",\"%s\":", name);
        eg_buf_json_string(out, text.p, text.n);
    }
}

static void put_def(struct eg_buf *out, const struct eg_facts *facts, const struct eg_def *def) {
    eg_buf_printf(out, "{\"def\":");
    eg_buf_json_string(out, def->qual.p, def->qual.n);
    if (def->ordinal > 1) {
        eg_buf_printf(out, ",\"ordinal\":%d", def->ordinal);
    }
    eg_buf_printf(out, ",\"kind\":\"%s\",\"lines\":[%d,%d],\"public\":%s", def->kind, def->line, def->end_line,
                  def->is_public ? "true" : "false");
    member(out, "signature", def->signature);
    if (def->cls == EG_DEF_FUNCTION) {
        eg_buf_printf(out, ",\"params\":%d,\"cc\":%d", def->n_params, def->cc);
    }
    if (def->is_test) {
        eg_buf_str(out, ",\"test\":true");
    }
    if (def->parent >= 0) {
        member(out, "in", facts->defs[def->parent].qual);
    }
    eg_buf_printf(out, ",\"body\":\"%016llx\"}\n", (unsigned long long)def->body);
}

static void put_facts(struct eg_buf *out, const char *path, const struct eg_facts *facts) {
    eg_buf_str(out, "{\"file\":");
    eg_buf_json_string(out, path, strlen(path));
    eg_buf_printf(out, ",\"language\":\"%s\",\"lines\":%d,\"tests\":%d,\"broken\":%s", facts->grammar ? facts->grammar->lang->name : "",
                  facts->lines, facts->n_tests, facts->broken ? "true" : "false");
    eg_buf_printf(out, facts->skipped ? ",\"skipped\":\"%s\"}\n" : "}\n", facts->skipped);
    for (int i = 0; i < facts->n_defs; i++) {
        put_def(out, facts, &facts->defs[i]);
    }
    for (int i = 0; i < facts->n_imports; i++) {
        const struct eg_import *import = &facts->imports[i];
        eg_buf_str(out, "{\"import\":");
        eg_buf_json_string(out, import->module.p, import->module.n);
        member(out, "symbol", import->symbol);
        member(out, "as", import->alias);
        eg_buf_printf(out, ",\"line\":%d}\n", import->line);
    }
    for (int i = 0; i < facts->n_calls; i++) {
        const struct eg_call *call = &facts->calls[i];
        eg_buf_str(out, "{\"call\":");
        eg_buf_json_string(out, call->callee.p, call->callee.n);
        if (call->def >= 0) {
            member(out, "in", facts->defs[call->def].qual);
        }
        eg_buf_printf(out, ",\"line\":%d,\"count\":%d}\n", call->line, call->count);
    }
}

static eg_status read_whole(const char *path, struct eg_buf *text, struct eg_err *err) {
    char piece[65536];
    size_t n;
    FILE *file = fopen(path, "re");
    if (!file) {
        return eg_err_set(err, EG_E_USAGE, path, "%s", strerror(errno));
    }
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        eg_buf_add(text, piece, n);
    }
    bool failed = ferror(file) || text->failed;
    fclose(file);
    return failed ? eg_err_set(err, EG_E_USAGE, path, "it cannot be read, or is larger than 64 MiB") : EG_OK;
}

static eg_status show(struct eg_extractor *extractor, const char *path, struct eg_err *err) {
    struct eg_buf text, out;
    struct eg_facts *facts;
    struct eg_arena *arena = eg_arena_new(MEMORY_MOST_B);
    eg_buf_init(&text, FILE_MOST_B);
    eg_buf_init(&out, MEMORY_MOST_B);
    eg_status status = read_whole(path, &text, err);
    if (status == EG_OK) {
        status = eg_extract(extractor, path, eg_buf_text(&text), text.len, EG_KEEP_CALLS, arena, &facts, err);
    }
    if (status == EG_OK) {
        put_facts(&out, path, facts);
        fwrite(out.data, 1, out.len, stdout);
    }
    eg_buf_free(&text);
    eg_buf_free(&out);
    eg_arena_free(arena);
    return status;
}

int eg_index_symbols(struct eg_index_command *command) {
    struct eg_extractor *extractor = eg_extractor_new();
    eg_status status = extractor ? EG_OK : eg_err_set(&command->err, EG_E_INTERNAL, NULL, "memory is out");
    for (int i = 0; status == EG_OK && i < command->n_words; i++) {
        status = show(extractor, command->words[i], &command->err);
    }
    eg_extractor_free(extractor);
    return status == EG_OK ? EG_EXIT_OK : EG_EXIT_FAILED;
}
