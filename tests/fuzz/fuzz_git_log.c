/* Bytes as what `git log` writes, with patches or without. Nothing may crash; what becomes an event is JSON without NUL, and the same
 * in whatever pieces the bytes come. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "git/diff.h"
#include "git/event.h"
#include "git/log_read.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eg_git_source source = {.repo = "r", .branch = "main"};
static struct eg_secrets *secrets;
static struct eg_change_types *types;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct eg_err err = {0};
    (void)argc;
    (void)argv;
    EG_ASSERT(eg_git_secrets_load("spec/policies/secrets.json", &secrets, &err) == EG_OK);
    EG_ASSERT(eg_change_types_load("spec/policies/change_types.json", &types, &err) == EG_OK);
    source.secrets = secrets;
    source.types = types;
    return 0;
}

static eg_status take(void *ctx, const struct eg_commit *commit, struct eg_err *err) {
    struct eg_buf event;
    size_t left_out = 0;
    eg_buf_init(&event, (size_t)64 << 20);
    EG_ASSERT(eg_git_event(&source, commit, &event, &left_out, err) == EG_OK);
    json_t *json = json_loadb(event.data, event.len, JSON_REJECT_DUPLICATES, NULL); /* takes no \u0000 */
    EG_ASSERT(json_is_object(json));
    json_decref(json);
    eg_buf_add(ctx, event.data, event.len);
    eg_buf_free(&event);
    return EG_OK;
}

static bool run(const uint8_t *data, size_t size, size_t piece, bool with_diff, struct eg_buf *out) {
    size_t edge = 0;
    struct eg_err err = {0};
    struct eg_log_reading reading = {.take = take, .ctx = out, .edge = &edge, .with_diff = with_diff};
    struct eg_log_reader *reader = eg_log_reader_new(&reading);
    eg_status status = EG_OK;
    EG_ASSERT(reader);
    for (size_t at = 0; status == EG_OK && at < size; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        char *exact = malloc(n); /* for the sanitizer */
        EG_ASSERT(exact);
        memcpy(exact, data + at, n);
        status = eg_log_reader_feed(reader, exact, n, &err);
        free(exact);
    }
    status = status ? status : eg_log_reader_end(reader, &err);
    EG_ASSERT((status == EG_OK) == (err.code == EG_E_NONE));
    eg_log_reader_free(reader);
    return status == EG_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct eg_buf whole, pieces;
    bool with_diff = size == 0 || data[0] != 'n';
    size_t at = size && data[0] != '\x01';
    eg_buf_init(&whole, (size_t)64 << 20);
    eg_buf_init(&pieces, (size_t)64 << 20);
    bool good = run(data + at, size - at, size + 1, with_diff, &whole);
    EG_ASSERT(good == run(data + at, size - at, 7, with_diff, &pieces));
    EG_ASSERT(whole.len == pieces.len && (whole.len == 0 || memcmp(whole.data, pieces.data, whole.len) == 0));
    eg_buf_free(&whole);
    eg_buf_free(&pieces);
    return 0;
}
