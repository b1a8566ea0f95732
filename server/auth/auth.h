/* Tokens: who sent a request, by a JSON Web Token signed with the one configured algorithm and key. Nothing of a token
 * is believed before its signature, algorithm and times have been checked. One thread only. */
#ifndef EG_AUTH_AUTH_H
#define EG_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "server/auth/identity.h"

#define EG_AUTH_MAX_TOKEN_B 8192
#define EG_AUTH_CHALLENGE_B 256

enum eg_auth_mode { EG_AUTH_NONE, EG_AUTH_HS256, EG_AUTH_RS256, EG_AUTH_ES256 };

bool eg_auth_mode_parse(const char *word, enum eg_auth_mode *mode); /* "none" "HS256" "RS256" "ES256", in any case */
const char *eg_auth_mode_name(enum eg_auth_mode mode);

struct eg_auth_config { /* strings are copied by eg_auth_open; NULL and "" mean the same */
    enum eg_auth_mode mode;
    const char *key_file; /* HS256: a file whose bytes, without a final newline, are the secret; else PEM. To verify:
                           * the public key (or certificate's), to sign: the private one */
    const char *secret;   /* the same inline, used when there is no key_file. An HS256 secret has at least 32 bytes */
    const char *issuer;   /* when given, `iss` must equal it */
    const char *audience; /* when given, `aud` must be it or hold it */
    unsigned leeway_s;    /* for exp and nbf; 0: 30 */
    size_t cache_max;     /* verified tokens kept; 0: 4096 */
};

struct eg_auth;

/* mode none needs no key; eg_auth_verify then answers the local identity for everyone. Errors: config_invalid. */
EG_MUST_CHECK eg_status eg_auth_open(const struct eg_auth_config *config, struct eg_auth **auth, struct eg_err *err);
void eg_auth_close(struct eg_auth *auth);

/* authorization: the header's value, or NULL. now_us: the wall clock. *who and all it points to is in the arena.
 * Errors: unauthorized (err->place is the OAuth error word "invalid_token" or "invalid_request", or empty when there
 * was no token). */
EG_MUST_CHECK eg_status eg_auth_verify(struct eg_auth *auth, const char *authorization, int64_t now_us,
                                       struct eg_arena *arena, const struct eg_identity **who, struct eg_err *err);

/* needed: scope bits, any of which suffices; EG_SCOPE_NONE: always granted. Errors: forbidden, naming the scopes. */
EG_MUST_CHECK eg_status eg_auth_require(const struct eg_identity *who, uint32_t needed, struct eg_err *err);

/* The WWW-Authenticate value for a 401 or 403 made by the two above. */
void eg_auth_challenge(const struct eg_err *err, uint32_t needed, char out[EG_AUTH_CHALLENGE_B]);

bool eg_auth_is_loopback(const char *address); /* numeric: 127.0.0.0/8 or ::1, also mapped */

/* Without auth the server listens on loopback only (127.0.0.0/8, ::1). Errors: config_invalid with the remedy. */
EG_MUST_CHECK eg_status eg_auth_check_listen(enum eg_auth_mode mode, const char *address, struct eg_err *err);

struct eg_auth_claims {
    const char *sub;    /* required */
    const char *scope;  /* words, space-separated: "events:write events:read"; required, each must be known */
    const char *topics; /* patterns, space-separated; NULL: all */
    bool low_trust;
    const char *issuer;   /* NULL: none */
    const char *audience; /* NULL: none */
    int64_t ttl_s;        /* > 0 */
};

/* Makes a signed token; config names the algorithm and the signing key. The caller frees *token. Errors: config_invalid
 * (key), usage (claims). */
EG_MUST_CHECK eg_status eg_auth_token_make(const struct eg_auth_config *config, const struct eg_auth_claims *claims,
                                           int64_t now_us, char **token, struct eg_err *err);

#endif
