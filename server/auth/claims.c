/* Reading a token's header and payload. libjwt keeps the last of two equal members and turns types into each other, so
 * both are parsed here again, strictly. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "server/auth/auth_int.h"

#define MOST_SUB_B 255
#define MOST_TOPICS 64
#define MOST_PATTERN_B 255

static eg_status refuse(struct eg_err *err, const char *what) {
    return eg_err_set(err, EG_E_UNAUTHORIZED, "invalid_token", "The token %s.", what);
}

static int sextet(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* Only the URL alphabet, unpadded, as RFC 7515 has it: libjwt takes more, and would see other bytes than these. */
static char *decode(const char *text, size_t len, size_t *out_len) {
    char *out = len % 4 == 1 ? NULL : malloc(len * 3 / 4 + 1);
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++) {
        int value = sextet(text[i]);
        if (value < 0) {
            free(out);
            return NULL;
        }
        bits = bits << 6 | (uint32_t)value;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (char)(bits >> have & 0xFF);
        }
    }
    *out_len = n;
    return out;
}

static json_t *parse(const char *base64, size_t len) {
    size_t n = 0;
    char *text = decode(base64, len, &n);
    json_t *json = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    free(text);
    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* libjwt refuses all others, without a reason. */
static bool known_type(const json_t *typ) { return !typ || (json_is_string(typ) && strcasecmp(json_string_value(typ), "JWT") == 0); }

eg_status eg_claims_check_header(const char *base64, size_t len, const char *alg, struct eg_err *err) {
    json_t *header = parse(base64, len);
    if (!header)
        return refuse(err, "has a header that is no JSON object, or repeats a member");
    const char *given = json_string_value(json_object_get(header, "alg"));
    eg_status status = EG_OK;
    if (!given || strcmp(given, alg) != 0)
        status = refuse(err, "is not signed with the algorithm that the server is configured for");
    else if (!known_type(json_object_get(header, "typ")))
        status = refuse(err, "has a typ other than JWT (at+jwt of RFC 9068 is one): have it issued with typ JWT, or without typ");
    else if (json_object_get(header, "crit"))
        status = refuse(err, "asks for an extension (crit), and none is understood");
    json_decref(header);
    return status;
}

/* A NumericDate, in microseconds. False when it is no number or not of years 1970 to 9999. */
static bool read_time(const json_t *json, int64_t *us) {
    double seconds = json_number_value(json);
    if (!json_is_number(json) || !(seconds >= 0 && seconds <= (double)EG_TIME_MOST_S))
        return false;
    *us = json_is_integer(json) ? (int64_t)json_integer_value(json) * 1000000 : (int64_t)(seconds * 1e6);
    return true;
}

static eg_status read_times(const json_t *payload, struct eg_claims *claims, struct eg_err *err) {
    const json_t *nbf = json_object_get(payload, "nbf"), *iat = json_object_get(payload, "iat");
    int64_t unused;
    if (!json_object_get(payload, "exp"))
        return refuse(err, "has no exp");
    if (!read_time(json_object_get(payload, "exp"), &claims->expires_us))
        return refuse(err, "has an exp that is no time in seconds");
    claims->not_before_us = INT64_MIN;
    if (nbf && !read_time(nbf, &claims->not_before_us))
        return refuse(err, "has an nbf that is no time in seconds");
    if (iat && !read_time(iat, &unused))
        return refuse(err, "has an iat that is no time in seconds");
    return EG_OK;
}

static bool audience_has(const json_t *aud, const char *wanted) {
    if (json_is_string(aud))
        return strcmp(json_string_value(aud), wanted) == 0;
    for (size_t i = 0; i < json_array_size(aud); i++) {
        const char *one = json_string_value(json_array_get(aud, i));
        if (one && strcmp(one, wanted) == 0)
            return true;
    }
    return false;
}

static eg_status check_parties(const json_t *payload, const struct eg_claims_rules *rules, struct eg_err *err) {
    if (rules->issuer) {
        const char *iss = json_string_value(json_object_get(payload, "iss"));
        if (!iss || strcmp(iss, rules->issuer) != 0)
            return refuse(err, "is not of the configured issuer (iss)");
    }
    if (rules->audience && !audience_has(json_object_get(payload, "aud"), rules->audience))
        return refuse(err, "is not meant for this server (aud)");
    return EG_OK;
}

static eg_status read_scopes(const json_t *payload, uint32_t *scopes, struct eg_err *err) {
    const json_t *scope = json_object_get(payload, "scope");
    *scopes = 0;
    if (scope && !json_is_string(scope))
        return refuse(err, "has a scope that is no string of words");
    for (const char *p = scope ? json_string_value(scope) : ""; *p;) {
        size_t len = strcspn(p, " ");
        *scopes |= eg_scope_of(p, len); /* words of other services are not ours to judge */
        p += len + strspn(p + len, " ");
    }
    return EG_OK;
}

static eg_status read_trust(const json_t *payload, bool *low, struct eg_err *err) {
    const json_t *trust = json_object_get(payload, "trust");
    const char *word = json_string_value(trust);
    *low = word && strcmp(word, "low") == 0;
    if (trust && !*low && !(word && strcmp(word, "high") == 0))
        return refuse(err, "has a trust that is neither \"low\" nor \"high\"");
    return EG_OK;
}

struct words {
    struct {
        const char *p;
        size_t n;
    } at[MOST_TOPICS];
    size_t n, bytes;
};

static bool add_word(struct words *words, const char *p, size_t n) {
    if (words->n == MOST_TOPICS || n == 0 || n > MOST_PATTERN_B)
        return false;
    words->at[words->n].p = p;
    words->at[words->n++].n = n;
    words->bytes += n + 1;
    return true;
}

/* An empty claim allows nothing, while a missing one allows everything: it becomes the one pattern that fits no topic.
 */
static bool list_topics(const json_t *topics, struct words *words) {
    if (json_is_array(topics)) {
        for (size_t i = 0; i < json_array_size(topics); i++) {
            const json_t *one = json_array_get(topics, i);
            if (!json_is_string(one) || !add_word(words, json_string_value(one), json_string_length(one)))
                return false;
        }
    } else if (json_is_string(topics)) {
        for (const char *p = json_string_value(topics); *p;) {
            p += strspn(p, " ");
            size_t len = strcspn(p, " ");
            if (len > 0 && !add_word(words, p, len))
                return false;
            p += len;
        }
    } else {
        return false;
    }
    if (words->n == 0) {
        words->at[words->n++].p = "";
        words->bytes += 1;
    }
    return true;
}

/* One block: the patterns' pointers, their texts, the subject. */
static eg_status keep(const char *sub, const struct words *words, struct eg_claims *claims, struct eg_err *err) {
    size_t sub_len = strlen(sub);
    claims->block = malloc(words->n * sizeof(char *) + words->bytes + sub_len + 1);
    if (!claims->block)
        return eg_err_set(err, EG_E_OVERLOADED, NULL, "Memory is out; send the request again later.");
    const char **patterns = (const char **)(void *)claims->block;
    char *at = claims->block + words->n * sizeof(char *);
    for (size_t i = 0; i < words->n; i++) {
        patterns[i] = memcpy(at, words->at[i].p, words->at[i].n);
        at[words->at[i].n] = '\0';
        at += words->at[i].n + 1;
    }
    claims->who.sub = memcpy(at, sub, sub_len + 1);
    claims->who.topics = patterns;
    claims->who.n_topics = words->n;
    return EG_OK;
}

static eg_status read_who(const json_t *payload, struct eg_claims *claims, struct eg_err *err) {
    const json_t *sub = json_object_get(payload, "sub"), *topics = json_object_get(payload, "topics");
    struct words words = {.n = 0};
    if (!json_is_string(sub) || json_string_length(sub) == 0 || json_string_length(sub) > MOST_SUB_B)
        return refuse(err, "has no sub of 1 to 255 bytes");
    if (read_scopes(payload, &claims->who.scopes, err) != EG_OK ||
        read_trust(payload, &claims->who.low_trust, err) != EG_OK)
        return EG_FAIL;
    if (topics && !list_topics(topics, &words))
        return refuse(err, "has topics that are no list of at most 64 patterns");
    return keep(json_string_value(sub), &words, claims, err);
}

eg_status eg_claims_read(const char *base64, size_t len, const struct eg_claims_rules *rules, struct eg_claims *claims,
                         struct eg_err *err) {
    json_t *payload = parse(base64, len);
    *claims = (struct eg_claims){.block = NULL};
    if (!payload)
        return refuse(err, "has a payload that is no JSON object, or repeats a claim");
    eg_status status = EG_FAIL;
    if (read_times(payload, claims, err) == EG_OK && check_parties(payload, rules, err) == EG_OK)
        status = read_who(payload, claims, err);
    json_decref(payload);
    return status;
}
