/* What the files of this room share: keys and claims. */
#ifndef EG_AUTH_AUTH_INT_H
#define EG_AUTH_AUTH_INT_H

#include "server/auth/auth.h"

struct eg_key { /* what libjwt takes: the secret, or PEM with a NUL behind */
    unsigned char *bytes;
    size_t len;
};

/* Reads and judges the key of config (not none): an HS256 secret has 32 bytes at least, an RSA key 2048 bits, an EC key
 * is of P-256. Verifying keys come out as a public key, whatever PEM they were given in. eg_key_free wipes it. */
EG_MUST_CHECK eg_status eg_key_load(const struct eg_auth_config *config, bool to_sign, struct eg_key *key,
                                    struct eg_err *err);
void eg_key_free(struct eg_key *key);

struct eg_claims {
    struct eg_identity who; /* all it points to is in one block: who.sub's */
    char *block;            /* malloc'ed */
    int64_t expires_us;
    int64_t not_before_us; /* INT64_MIN without nbf */
};

struct eg_claims_rules { /* NULL: not checked */
    const char *issuer;
    const char *audience;
};

/* Header: one alg, equal to the given name, and no crit. Payload: every claim of its type, none twice. json is
 * base64url as in the token. Times are read, not judged. Errors: unauthorized. */
EG_MUST_CHECK eg_status eg_claims_check_header(const char *base64, size_t len, const char *alg, struct eg_err *err);
EG_MUST_CHECK eg_status eg_claims_read(const char *base64, size_t len, const struct eg_claims_rules *rules,
                                       struct eg_claims *claims, struct eg_err *err);

#endif
