/* Bytes as a report, in the format that they look like or (by the first byte) in any. Nothing may crash; what is told is JSON,
 * and the same the second time. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/findings.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct eg_findings_policy *policy;

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    struct eg_err err = {0};
    (void)argc;
    (void)argv;
    json_t *sast = json_load_file("spec/policies/sast.json", 0, NULL), *secrets = json_load_file("spec/policies/secrets.json", 0, NULL);
    EG_ASSERT(sast && secrets && eg_findings_policy_new(sast, secrets, &policy, &err) == EG_OK);
    json_decref(sast);
    json_decref(secrets);
    return 0;
}

static eg_status take(void *ctx, const struct eg_buf *payload, struct eg_err *err) {
    json_t *json = json_loadb(payload->data, payload->len, JSON_REJECT_DUPLICATES, NULL);
    (void)err;
    EG_ASSERT(json_is_object(json));
    json_decref(json);
    eg_buf_add(ctx, payload->data, payload->len);
    return EG_OK;
}

static void run(enum eg_report_format format, const char *text, size_t len, struct eg_buf *out) {
    struct eg_findings_config config = {.policy = policy, .repo = "r", .root = "/src"};
    struct eg_findings_event event = {.sha = "0123456789", .complete = true, .scan = "s"};
    struct eg_err err = {0};
    struct eg_findings *set = eg_findings_new(&config);
    EG_ASSERT(set);
    if (eg_findings_read(set, format, text, len, &err) == EG_OK && eg_findings_finish(set, &err) == EG_OK) {
        EG_ASSERT(eg_findings_payloads(set, &event, take, out, &err) == EG_OK);
    } else {
        EG_ASSERT(err.code != EG_E_NONE);
    }
    eg_findings_free(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct eg_buf first, second;
    size_t at = size && data[0] < 7 ? 1 : 0;
    enum eg_report_format format = at ? (enum eg_report_format)data[0] : EG_REPORT_UNKNOWN;
    char *text = malloc(size - at + 1); /* of its size for the sanitizer, but for a byte where there is none */
    eg_buf_init(&first, (size_t)64 << 20);
    eg_buf_init(&second, (size_t)64 << 20);
    if (text) {
        memcpy(text, data + at, size - at);
        run(format, text, size - at, &first);
        run(format, text, size - at, &second);
        EG_ASSERT(first.len == second.len && (first.len == 0 || memcmp(first.data, second.data, first.len) == 0));
    }
    free(text);
    eg_buf_free(&first);
    eg_buf_free(&second);
    return 0;
}
