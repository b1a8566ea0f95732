/* The envelope. */
#include "indexer/event.h"

#include <openssl/sha.h>

#include "base/clock.h"

void eg_sha256_hex(const void *bytes, size_t len, char out[65]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256(bytes, len, hash);
    for (size_t i = 0; i < sizeof(hash); i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[64] = '\0';
}

void eg_index_id(const char *topic, int64_t time_s, const struct eg_buf *payload, char id[EG_ULID_B]) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)(payload->data ? payload->data : ""), payload->len, hash);
    hash[0] ^= (unsigned char)topic[0]; /* two topics may have one payload */
    eg_ulid_from(eg_time_of_seconds(time_s), hash, id);
}

void eg_index_event(struct eg_buf *out, const char *topic, int64_t time_s, const char *sha, const struct eg_buf *payload) {
    char id[EG_ULID_B], time[EG_TIME_TEXT_B];
    eg_index_id(topic, time_s, payload, id);
    eg_time_format(eg_time_of_seconds(time_s), time);
    out->len = 0;
    eg_buf_printf(out, "{\"id\":\"%s\",\"topic\":\"%s\",\"ts_utc\":\"%s\",\"source\":\"egdb-index\",\"correlation_id\":\"%s\","
                  "\"repo_sha\":\"%s\",\"payload\":", id, topic, time, sha, sha);
    eg_buf_add(out, payload->data ? payload->data : "", payload->len);
    eg_buf_char(out, '}');
}
