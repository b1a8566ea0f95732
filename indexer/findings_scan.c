/* Which scan this is. Its name is made of what it says, and of the scan that the server had before it where the commit had been scanned
 * already: the same once more is the same events, and what was seen, gone, and is seen again is a scan of its own. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "indexer/event.h"
#include "indexer/findings_place.h"

/* A chain: of the hash so far and that of the payload. */
static eg_status add(void *ctx, const struct eg_buf *payload, struct eg_err *err) {
    char *so_far = ctx, both[129];
    (void)err;
    memcpy(both, so_far, 64);
    eg_sha256_hex(payload->data, payload->len, both + 64);
    eg_sha256_hex(both, 128, so_far);
    return EG_OK;
}

static eg_status digest(struct eg_findings *set, const struct eg_findings_event *event, char out[65], struct eg_err *err) {
    struct eg_findings_event bare = {.sha = event->sha, .tool = event->tool};
    eg_sha256_hex(event->complete ? "complete" : "", event->complete ? 8 : 0, out);
    return eg_findings_payloads(set, &bare, add, out, err);
}

static void name_of(const char *digest, int64_t after, char out[EG_SCAN_B]) {
    char text[96], hex[65];
    int n = snprintf(text, sizeof(text), "%s#%lld", digest, (long long)after);
    eg_sha256_hex(text, (size_t)n, hex);
    snprintf(out, EG_SCAN_B, "%.32s", hex);
}

eg_status eg_findings_scan(struct eg_findings *set, struct eg_asker *asker, const char *repo, struct eg_findings_event *event,
                           char name[EG_SCAN_B], struct eg_err *err) {
    char content[65];
    json_t *seen = NULL, *newest = NULL;
    event->after = 0;
    event->scan = name;
    if (digest(set, event, content, err)) {
        return EG_FAIL;
    }
    name_of(content, 0, name);
    if (!asker) {
        return EG_OK;
    }
    eg_status status = eg_ask(asker, "SELECT scans (position) FROM all WHERE repo=$repo tool=$tool sha=$sha LIMIT 1",
                              json_pack("{s:s, s:s, s:s}", "repo", repo, "tool", event->tool, "sha", event->sha), &seen, err);
    status = status ? status : eg_ask(asker, "SELECT scans (scan, payload.after, position) FROM all WHERE repo=$repo tool=$tool "
                                             "ORDER BY position DESC LIMIT 1",
                                      json_pack("{s:s, s:s}", "repo", repo, "tool", event->tool), &newest, err);
    if (status == EG_OK && json_array_size(seen) > 0) {
        const json_t *row = json_array_get(newest, 0);
        const char *last = json_string_value(json_array_get(row, 0));
        event->after = json_integer_value(json_array_get(row, 1));
        name_of(content, event->after, name);
        if (!last || strcmp(last, name) != 0) {
            event->after = json_integer_value(json_array_get(row, 2));
            name_of(content, event->after, name);
        }
    }
    json_decref(seen);
    json_decref(newest);
    return status;
}

eg_status eg_findings_date(struct eg_asker *asker, const char *repo, const char *sha, int64_t *time_s, struct eg_err *err) {
    static const char *const questions[] = {"SELECT commits (created_at) FROM all WHERE commit_sha=$sha repo=$repo LIMIT 1",
                                            "SELECT scans (created_utc) FROM all WHERE repo=$repo sha=$sha ORDER BY created_utc LIMIT 1"};
    eg_status status = EG_OK;
    bool found = false;
    for (size_t i = 0; status == EG_OK && !found && i < sizeof(questions) / sizeof(questions[0]); i++) {
        json_t *rows = NULL;
        status = eg_ask(asker, questions[i], json_pack("{s:s, s:s}", "repo", repo, "sha", sha), &rows, err);
        const char *when = json_string_value(json_array_get(json_array_get(rows, 0), 0));
        int64_t us;
        found = when && eg_time_parse(when, strlen(when), false, &us);
        *time_s = found ? us / 1000000 : *time_s;
        json_decref(rows);
    }
    return status;
}
