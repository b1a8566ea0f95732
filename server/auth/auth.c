/* Verifying tokens, and remembering those that were: an RS256 verification costs a third of a millisecond, nearly all
 * of it the parsing of the same PEM. */
#include "server/auth/auth.h"

#include <arpa/inet.h>
#include <jwt.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/list.h"
#include "server/auth/auth_int.h"

#define LEEWAY_S 30
#define CACHE_MAX 4096

struct entry {
    struct entry *next;  /* in its bucket */
    struct eg_link used; /* most recently used first */
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct eg_claims claims;
};

struct eg_auth {
    enum eg_auth_mode mode;
    struct eg_key key;
    char *issuer;
    char *audience;
    int64_t leeway_us;
    size_t cache_max;
    size_t n_entries;
    size_t n_buckets; /* a power of two */
    struct entry **buckets;
    struct eg_link used;
};

static const struct eg_identity local = {
    .sub = "", .scopes = EG_SCOPE_EVENTS_WRITE | EG_SCOPE_EVENTS_READ | EG_SCOPE_QUERY | EG_SCOPE_ADMIN};

static const char *const names[] = {"none", "HS256", "RS256", "ES256"};
static const jwt_alg_t algorithms[] = {JWT_ALG_NONE, JWT_ALG_HS256, JWT_ALG_RS256, JWT_ALG_ES256};

bool eg_auth_mode_parse(const char *word, enum eg_auth_mode *mode) {
    for (int i = 0; i < 4; i++)
        if (strcasecmp(word, names[i]) == 0) {
            *mode = (enum eg_auth_mode)i;
            return true;
        }
    return false;
}

const char *eg_auth_mode_name(enum eg_auth_mode mode) { return names[mode]; }

static char *copy(const char *text) { return text && *text ? strdup(text) : NULL; }

eg_status eg_auth_open(const struct eg_auth_config *config, struct eg_auth **out, struct eg_err *err) {
    struct eg_auth *auth = calloc(1, sizeof *auth);
    if (!auth)
        return eg_err_set(err, EG_E_CONFIG, "auth", "Memory is out.");
    auth->mode = config->mode;
    auth->leeway_us = (int64_t)(config->leeway_s ? config->leeway_s : LEEWAY_S) * 1000000;
    auth->cache_max = config->cache_max ? config->cache_max : CACHE_MAX;
    eg_list_init(&auth->used);
    auth->issuer = copy(config->issuer);
    auth->audience = copy(config->audience);
    for (auth->n_buckets = 16; auth->n_buckets < auth->cache_max;)
        auth->n_buckets *= 2;
    auth->buckets = calloc(auth->n_buckets, sizeof(struct entry *));
    eg_status status = EG_OK;
    if (!auth->buckets || (config->issuer && *config->issuer && !auth->issuer) ||
        (config->audience && *config->audience && !auth->audience))
        status = eg_err_set(err, EG_E_CONFIG, "auth", "Memory is out.");
    if (status == EG_OK && config->mode != EG_AUTH_NONE)
        status = eg_key_load(config, false, &auth->key, err);
    if (status == EG_OK)
        *out = auth;
    else
        eg_auth_close(auth);
    return status;
}

static struct entry **bucket(struct eg_auth *auth, const unsigned char hash[SHA256_DIGEST_LENGTH]) {
    uint64_t head;
    memcpy(&head, hash, sizeof head);
    return &auth->buckets[head & (auth->n_buckets - 1)];
}

static void forget(struct eg_auth *auth, struct entry *entry) {
    struct entry **at = bucket(auth, entry->hash);
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    eg_list_remove(&entry->used);
    auth->n_entries--;
    free(entry->claims.block);
    free(entry);
}

void eg_auth_close(struct eg_auth *auth) {
    if (!auth)
        return;
    while (!eg_list_empty(&auth->used))
        forget(auth, EG_CONTAINER(auth->used.next, struct entry, used));
    free(auth->buckets);
    free(auth->issuer);
    free(auth->audience);
    eg_key_free(&auth->key);
    free(auth);
}

static struct entry *find(struct eg_auth *auth, const unsigned char hash[SHA256_DIGEST_LENGTH]) {
    struct entry *entry = *bucket(auth, hash);
    while (entry && memcmp(entry->hash, hash, SHA256_DIGEST_LENGTH) != 0)
        entry = entry->next;
    return entry;
}

static eg_status refuse(struct eg_err *err, const char *what) {
    return eg_err_set(err, EG_E_UNAUTHORIZED, "invalid_token", "The token %s.", what);
}

static eg_status check_times(const struct eg_auth *auth, const struct eg_claims *claims, int64_t now_us,
                             struct eg_err *err) {
    if (now_us >= claims->expires_us + auth->leeway_us)
        return refuse(err, "has expired");
    if (claims->not_before_us != INT64_MIN && now_us < claims->not_before_us - auth->leeway_us)
        return refuse(err, "is not valid yet (nbf)");
    return EG_OK;
}

static eg_status verify_signature(const struct eg_auth *auth, const char *token, struct eg_err *err) {
    jwt_t *jwt = NULL;
    EG_ASSERT(auth->key.bytes && auth->key.len > 0); /* without a key libjwt accepts everything */
    if (jwt_decode(&jwt, token, auth->key.bytes, (int)auth->key.len) != 0)
        return refuse(err, "has no valid signature");
    bool same = jwt_get_alg(jwt) == algorithms[auth->mode];
    jwt_free(jwt);
    return same ? EG_OK : refuse(err, "is not signed with the algorithm that the server is configured for");
}

static eg_status read_token(const struct eg_auth *auth, const char *token, struct eg_claims *claims,
                            struct eg_err *err) {
    const char *dot = strchr(token, '.'), *last = dot ? strchr(dot + 1, '.') : NULL;
    if (!last || strchr(last + 1, '.') || last[1] == '\0')
        return refuse(err, "is not of the form header.payload.signature");
    if (eg_claims_check_header(token, (size_t)(dot - token), names[auth->mode], err) != EG_OK ||
        verify_signature(auth, token, err) != EG_OK)
        return EG_FAIL;
    struct eg_claims_rules rules = {auth->issuer, auth->audience};
    return eg_claims_read(dot + 1, (size_t)(last - dot - 1), &rules, claims, err);
}

static struct entry *remember(struct eg_auth *auth, const unsigned char hash[SHA256_DIGEST_LENGTH],
                              const struct eg_claims *claims) {
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    while (auth->n_entries >= auth->cache_max)
        forget(auth, EG_CONTAINER(auth->used.prev, struct entry, used));
    memcpy(entry->hash, hash, SHA256_DIGEST_LENGTH);
    entry->claims = *claims;
    entry->next = *bucket(auth, hash);
    *bucket(auth, hash) = entry;
    eg_list_prepend(&auth->used, &entry->used);
    auth->n_entries++;
    return entry;
}

/* The cache may forget an identity while a request still needs it. */
static eg_status hand_out(const struct eg_identity *from, struct eg_arena *arena, const struct eg_identity **who,
                          struct eg_err *err) {
    struct eg_identity *to = eg_arena_alloc(arena, sizeof *to);
    const char **topics = eg_arena_alloc(arena, (from->n_topics + 1) * sizeof *topics);
    char *sub = eg_arena_dup(arena, from->sub, strlen(from->sub));
    bool good = to && topics && sub;
    for (size_t i = 0; good && i < from->n_topics; i++) {
        topics[i] = eg_arena_dup(arena, from->topics[i], strlen(from->topics[i]));
        good = topics[i] != NULL;
    }
    if (!good)
        return eg_err_set(err, EG_E_OVERLOADED, NULL, "Memory is out; send the request again later.");
    *to = *from;
    to->sub = sub;
    to->topics = topics;
    *who = to;
    return EG_OK;
}

static eg_status verify_token(struct eg_auth *auth, const char *token, size_t len, int64_t now_us,
                              struct eg_arena *arena, const struct eg_identity **who, struct eg_err *err) {
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct eg_claims claims;
    SHA256((const unsigned char *)token, len, hash);
    struct entry *entry = find(auth, hash);
    if (entry) {
        eg_list_remove(&entry->used);
        eg_list_prepend(&auth->used, &entry->used);
        if (check_times(auth, &entry->claims, now_us, err) == EG_OK)
            return hand_out(&entry->claims.who, arena, who, err);
        forget(auth, entry);
        return EG_FAIL;
    }
    if (read_token(auth, token, &claims, err) != EG_OK)
        return EG_FAIL;
    claims.who.expires_us = claims.expires_us + auth->leeway_us;
    eg_status status = check_times(auth, &claims, now_us, err);
    if (status == EG_OK)
        status = hand_out(&claims.who, arena, who, err);
    if (status != EG_OK || !remember(auth, hash, &claims))
        free(claims.block);
    return status;
}

eg_status eg_auth_verify(struct eg_auth *auth, const char *authorization, int64_t now_us, struct eg_arena *arena,
                         const struct eg_identity **who, struct eg_err *err) {
    if (auth->mode == EG_AUTH_NONE) {
        *who = &local;
        return EG_OK;
    }
    if (!authorization)
        return eg_err_set(err, EG_E_UNAUTHORIZED, NULL, "The request has no Authorization header.");
    if (strncasecmp(authorization, "Bearer ", 7) != 0)
        return eg_err_set(err, EG_E_UNAUTHORIZED, "invalid_request", "Authorization must be \"Bearer <token>\".");
    const char *token = authorization + 7;
    token += strspn(token, " ");
    size_t len = strlen(token);
    if (len == 0 || strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != len)
        return eg_err_set(err, EG_E_UNAUTHORIZED, "invalid_request",
                          "The token is empty, or has characters that none has.");
    if (len > EG_AUTH_MAX_TOKEN_B)
        return refuse(err, "is longer than 8 KiB");
    return verify_token(auth, token, len, now_us, arena, who, err);
}

eg_status eg_auth_require(const struct eg_identity *who, uint32_t needed, struct eg_err *err) {
    char wanted[128];
    if (needed == EG_SCOPE_NONE || (who->scopes & needed))
        return EG_OK;
    eg_scope_names(needed, wanted, sizeof wanted);
    return eg_err_set(err, EG_E_FORBIDDEN, NULL, "The token's scope must hold %s%s.",
                      (needed & (needed - 1)) ? "one of: " : "", wanted);
}

void eg_auth_challenge(const struct eg_err *err, uint32_t needed, char out[EG_AUTH_CHALLENGE_B]) {
    char wanted[128];
    eg_scope_names(needed, wanted, sizeof wanted);
    if (err->code == EG_E_FORBIDDEN)
        snprintf(out, EG_AUTH_CHALLENGE_B, "Bearer realm=\"egdb\", error=\"insufficient_scope\", scope=\"%s\"", wanted);
    else if (err->place[0])
        snprintf(out, EG_AUTH_CHALLENGE_B, "Bearer realm=\"egdb\", error=\"%.40s\"", err->place);
    else
        snprintf(out, EG_AUTH_CHALLENGE_B, "Bearer realm=\"egdb\"");
}

bool eg_auth_is_loopback(const char *address) {
    struct in6_addr v6;
    struct in_addr v4;
    if (inet_pton(AF_INET, address, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, address, &v6) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

eg_status eg_auth_check_listen(enum eg_auth_mode mode, const char *address, struct eg_err *err) {
    if (mode != EG_AUTH_NONE || eg_auth_is_loopback(address))
        return EG_OK;
    return eg_err_set(
        err, EG_E_CONFIG, "auth.mode",
        "Without auth the server listens on loopback only, and %s is not: set auth.mode to HS256, RS256 or ES256 "
        "with a key, or listen on 127.0.0.1.",
        address);
}
