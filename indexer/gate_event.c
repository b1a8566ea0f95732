/* The envelope. Members are sorted, so that the same content has the same bytes. */
#include "indexer/gate_event.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ulid.h"

#define NO_SHA "0000000000000000000000000000000000000000"

json_t *eg_gate_number(double x) {
    char text[40];
    snprintf(text, sizeof(text), "%.12g", x);
    return json_real(strtod(text, NULL));
}

static void id_of(const struct eg_gate_event *event, char id[EG_ULID_B]) {
    unsigned char hash[SHA256_DIGEST_LENGTH] = {0};
    char *text = json_dumps(event->payload, JSON_COMPACT | JSON_SORT_KEYS), *all = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&all, &len);
    if (file) {
        fprintf(file, "%s\n%s\n%s\n%s", event->topic, event->sha ? event->sha : "",
                event->causation ? event->causation : "", text ? text : "");
        fclose(file);
        SHA256((const unsigned char *)all, len, hash);
    }
    free(text);
    free(all);
    eg_ulid_from(event->at_us, hash, id);
}

eg_status eg_gate_event_put(struct eg_sink *sink, const struct eg_gate_event *event, struct eg_err *err) {
    char id[EG_ULID_B], time[EG_TIME_TEXT_B];
    const char *sha = event->sha && *event->sha ? event->sha : NO_SHA;
    id_of(event, id);
    eg_time_format(event->at_us, time);
    json_t *whole =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "topic", event->topic, "ts_utc", time, "source",
                  "egdb-index", "correlation_id", sha, "repo_sha", sha, "payload", event->payload);
    if (whole && event->causation) {
        json_object_set_new(whole, "causation_id", json_string(event->causation));
    }
    char *text = whole ? json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(12)) : NULL;
    json_decref(whole);
    if (!text) {
        return eg_err_set(err, EG_E_INTERNAL, event->topic,
                          "the event is no JSON: memory is out, or a text is not UTF-8");
    }
    eg_status status = eg_sink_put(sink, text, strlen(text), err);
    free(text);
    return status;
}
