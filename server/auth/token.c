/* Making tokens, for `egdb token` and tests. */
#include <jansson.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "server/auth/auth_int.h"

static eg_status check_scope(const char *scope, struct eg_err *err) {
    size_t words = 0;
    for (const char *p = scope ? scope : ""; *p;) {
        p += strspn(p, " ");
        size_t len = strcspn(p, " ");
        if (len == 0)
            break;
        if (eg_scope_of(p, len) == 0)
            return eg_err_set(err, EG_E_USAGE, "scope",
                              "%.*s is no scope: use events:write, events:read, query, admin.",
                              (int)(len < 64 ? len : 64), p);
        words++;
        p += len;
    }
    return words ? EG_OK : eg_err_set(err, EG_E_USAGE, "scope", "A token needs at least one scope.");
}

static eg_status check_claims(const struct eg_auth_claims *claims, struct eg_err *err) {
    if (!claims->sub || !*claims->sub || strlen(claims->sub) > 255)
        return eg_err_set(err, EG_E_USAGE, "sub", "A token needs a sub of 1 to 255 bytes: who it is for.");
    if (claims->ttl_s <= 0 || claims->ttl_s > (int64_t)100 * 366 * 86400)
        return eg_err_set(err, EG_E_USAGE, "ttl", "A token lives from one second to a hundred years.");
    return check_scope(claims->scope, err);
}

static char *payload_of(const struct eg_auth_claims *claims, int64_t now_us) {
    json_int_t now_s = now_us / 1000000;
    json_t *payload =
        json_pack("{s:s, s:s, s:I, s:I, s:s*, s:s*, s:s*, s:s*}", "sub", claims->sub, "scope", claims->scope, "iat",
                  now_s, "exp", (json_int_t)(now_s + claims->ttl_s), "topics", claims->topics, "trust",
                  claims->low_trust ? "low" : NULL, "iss", claims->issuer, "aud", claims->audience);
    char *text = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
    json_decref(payload);
    return text;
}

static char *sign(const struct eg_key *key, jwt_alg_t alg, const char *payload) {
    jwt_t *jwt = NULL;
    char *token = NULL;
    if (jwt_new(&jwt) != 0)
        return NULL;
    if (jwt_add_grants_json(jwt, payload) == 0 && jwt_set_alg(jwt, alg, key->bytes, (int)key->len) == 0)
        token = jwt_encode_str(jwt);
    jwt_free(jwt);
    return token;
}

eg_status eg_auth_token_make(const struct eg_auth_config *config, const struct eg_auth_claims *claims, int64_t now_us,
                             char **token, struct eg_err *err) {
    static const jwt_alg_t algorithms[] = {JWT_ALG_NONE, JWT_ALG_HS256, JWT_ALG_RS256, JWT_ALG_ES256};
    struct eg_key key = {NULL, 0};
    if (config->mode == EG_AUTH_NONE)
        return eg_err_set(err, EG_E_CONFIG, "auth.mode",
                          "Without auth there are no tokens: set auth.mode to HS256, RS256 or ES256.");
    if (check_claims(claims, err) != EG_OK || eg_key_load(config, true, &key, err) != EG_OK)
        return EG_FAIL;
    char *payload = payload_of(claims, now_us);
    *token = payload ? sign(&key, algorithms[config->mode], payload) : NULL;
    free(payload);
    eg_key_free(&key);
    if (!*token)
        return eg_err_set(err, EG_E_USAGE, NULL, "The token cannot be made: are all claims UTF-8?");
    return EG_OK;
}
