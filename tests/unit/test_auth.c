/* Tokens: every way of making a good one, and every known way of forging one. */
#include <check.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/auth/auth.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define NOW_S 1760000000
#define NOW_US ((int64_t)NOW_S * 1000000)

static struct eg_arena *arena;
static struct eg_err err;
static const struct eg_identity *who;
static struct eg_auth *auth;
static char *rsa_private, *rsa_public, *ec_private, *ec_public;

static char *pem_of(EVP_PKEY *key, bool private) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    ck_assert_int_eq(
        private ? PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) : PEM_write_bio_PUBKEY(bio, key), 1);
    long len = BIO_get_mem_data(bio, &text);
    char *copy = strndup(text, (size_t)len);
    BIO_free(bio);
    return copy;
}

static void make_keys(void) {
    EVP_PKEY *rsa = EVP_RSA_gen(2048), *ec = EVP_EC_gen("P-256");
    ck_assert(rsa && ec);
    rsa_private = pem_of(rsa, true);
    rsa_public = pem_of(rsa, false);
    ec_private = pem_of(ec, true);
    ec_public = pem_of(ec, false);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ec);
}

static void free_keys(void) {
    free(rsa_private);
    free(rsa_public);
    free(ec_private);
    free(ec_public);
}

static void setup(void) {
    arena = eg_arena_new(1 << 20);
    err = (struct eg_err){.code = EG_E_NONE};
    auth = NULL;
}

static void teardown(void) {
    eg_auth_close(auth);
    eg_arena_free(arena);
}

static void open_with(struct eg_auth_config config) {
    ck_assert_msg(eg_auth_open(&config, &auth, &err) == EG_OK, "%s", err.message);
}
static void open_hs256(void) { open_with((struct eg_auth_config){.mode = EG_AUTH_HS256, .secret = SECRET}); }

/* "Bearer header.payload.HMAC" */
static char *forge(const char *header, const char *payload, const char *secret) {
    static char out[32768];
    unsigned char mac[32];
    unsigned mac_len;
    const char *parts[2] = {header, payload};
    char *at = out + sprintf(out, "Bearer ");
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            HMAC(EVP_sha256(), secret, (int)strlen(secret), (unsigned char *)out + 7, (size_t)(at - out - 8), mac,
                 &mac_len);
        int n = EVP_EncodeBlock((unsigned char *)at, i < 2 ? (const unsigned char *)parts[i] : mac,
                                i < 2 ? (int)strlen(parts[i]) : 32);
        while (n > 0 && at[n - 1] == '=')
            n--;
        for (int k = 0; k < n; k++)
            at[k] = at[k] == '+' ? '-' : at[k] == '/' ? '_' : at[k];
        at += n;
        *at++ = '.';
    }
    at[-1] = '\0';
    return out;
}

static char *hs256(const char *payload) { return forge("{\"alg\":\"HS256\",\"typ\":\"JWT\"}", payload, SECRET); }

static bool verify_at(const char *authorization, int64_t now_us) {
    eg_err_clear(&err);
    who = NULL;
    return eg_auth_verify(auth, authorization, now_us, arena, &who, &err) == EG_OK;
}
static bool verify(const char *authorization) { return verify_at(authorization, NOW_US); }

static void refused(const char *authorization, const char *why) {
    ck_assert_msg(!verify(authorization), "accepted, although it %s", why);
    ck_assert_int_eq(err.code, EG_E_UNAUTHORIZED);
    ck_assert_msg(strstr(err.message, why), "\"%s\" does not say \"%s\"", err.message, why);
}

#define BASIC "\"sub\":\"me\",\"exp\":1760000600"

START_TEST(a_good_token) {
    open_hs256();
    ck_assert_msg(
        verify(hs256("{" BASIC ",\"scope\":\"events:write other query\",\"topics\":[\"core.*\",\"run.started@v1\"],"
                     "\"trust\":\"low\"}")),
        "%s", err.message);
    ck_assert_str_eq(who->sub, "me");
    ck_assert_uint_eq(who->scopes, EG_SCOPE_EVENTS_WRITE | EG_SCOPE_QUERY);
    ck_assert(who->low_trust && who->n_topics == 2);
    ck_assert(eg_identity_may_write(who, "core.step.finished@v1", 21));
    ck_assert(!eg_identity_may_write(who, "heal.proposed@v1", 16));
    ck_assert(verify(hs256("{" BASIC ",\"topics\":\" a.*  b \",\"trust\":\"high\"}")));
    ck_assert(who->scopes == 0 && !who->low_trust && who->n_topics == 2);
    ck_assert_str_eq(who->topics[1], "b");
    ck_assert(verify(hs256("{" BASIC "}")) && who->n_topics == 0);
}
END_TEST

START_TEST(empty_topics_allow_none) {
    open_hs256();
    ck_assert(verify(hs256("{" BASIC ",\"topics\":[]}")));
    ck_assert(!eg_identity_may_write(who, "a", 1));
    ck_assert(verify(hs256("{" BASIC ",\"topics\":\"  \"}")));
    ck_assert(!eg_identity_may_write(who, "a", 1));
}
END_TEST

START_TEST(forged_algorithms) {
    open_hs256();
    refused(forge("{\"alg\":\"none\"}", "{" BASIC "}", SECRET), "algorithm");
    refused(forge("{\"alg\":\"HS384\"}", "{" BASIC "}", SECRET), "algorithm");
    refused(forge("{\"alg\":\"hs256\"}", "{" BASIC "}", SECRET), "algorithm");
    refused(forge("{}", "{" BASIC "}", SECRET), "algorithm");
    refused(forge("{\"alg\":\"HS256\",\"alg\":\"none\"}", "{" BASIC "}", SECRET), "repeats");
    refused(forge("{\"alg\":\"HS256\",\"crit\":[\"x\"]}", "{" BASIC "}", SECRET), "crit");
    refused(forge("[]", "{" BASIC "}", SECRET), "header");
    char *unsigned_token = forge("{\"alg\":\"HS256\"}", "{" BASIC "}", SECRET);
    *(strrchr(unsigned_token, '.') + 1) = '\0';
    refused(unsigned_token, "form");
    refused(forge("{\"alg\":\"HS256\"}", "{" BASIC "}", "another secret of thirty-two byte"), "signature");
}
END_TEST

START_TEST(hs256_with_the_public_key) {
    open_with((struct eg_auth_config){.mode = EG_AUTH_RS256, .secret = rsa_public});
    refused(forge("{\"alg\":\"HS256\"}", "{" BASIC "}", rsa_public), "algorithm");
    refused(forge("{\"alg\":\"RS256\"}", "{" BASIC "}", rsa_public), "signature");
    refused(forge("{\"alg\":\"none\"}", "{" BASIC "}", rsa_public), "algorithm");
}
END_TEST

START_TEST(times) {
    open_hs256();
    refused(hs256("{\"sub\":\"me\"}"), "no exp");
    refused(hs256("{\"sub\":\"me\",\"exp\":\"1760000600\"}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":null}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":true}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":1e300}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":-1}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":9223372036854775807}"), "no time");
    refused(hs256("{\"sub\":\"me\",\"exp\":0}"), "expired");
    refused(hs256("{\"sub\":\"me\",\"exp\":1759999970}"), "expired"); /* exactly the leeway */
    ck_assert(verify(hs256("{\"sub\":\"me\",\"exp\":1759999971}")));
    ck_assert(verify(hs256("{\"sub\":\"me\",\"exp\":1760000600.5}")));
    refused(hs256("{" BASIC ",\"nbf\":\"x\"}"), "nbf");
    refused(hs256("{" BASIC ",\"nbf\":1760000031}"), "nbf");
    ck_assert(verify(hs256("{" BASIC ",\"nbf\":1760000030,\"iat\":1}")));
    refused(hs256("{" BASIC ",\"iat\":\"x\"}"), "iat");
}
END_TEST

START_TEST(claims_of_wrong_types) {
    open_hs256();
    refused(hs256("{" BASIC ",\"sub\":\"admin\"}"), "repeats");
    refused(hs256("{" BASIC ",\"exp\":1}"), "repeats");
    refused(hs256("{\"exp\":1760000600}"), "sub");
    refused(hs256("{\"exp\":1760000600,\"sub\":\"\"}"), "sub");
    refused(hs256("{\"exp\":1760000600,\"sub\":7}"), "sub");
    refused(hs256("{" BASIC ",\"scope\":[\"admin\"]}"), "scope");
    refused(hs256("{" BASIC ",\"topics\":{}}"), "topics");
    refused(hs256("{" BASIC ",\"topics\":[1]}"), "topics");
    refused(hs256("{" BASIC ",\"topics\":[\"\"]}"), "topics");
    refused(hs256("{" BASIC ",\"trust\":\"medium\"}"), "trust");
    refused(hs256("{" BASIC ",\"trust\":1}"), "trust");
    refused(hs256("[]"), "payload");
    refused(hs256("{" BASIC), "signature");
}
END_TEST

START_TEST(issuer_and_audience) {
    open_with((struct eg_auth_config){.mode = EG_AUTH_HS256, .secret = SECRET, .issuer = "ci", .audience = "egdb"});
    refused(hs256("{" BASIC "}"), "issuer");
    refused(hs256("{" BASIC ",\"iss\":\"x\",\"aud\":\"egdb\"}"), "issuer");
    refused(hs256("{" BASIC ",\"iss\":\"ci\"}"), "aud");
    refused(hs256("{" BASIC ",\"iss\":\"ci\",\"aud\":[\"x\",1]}"), "aud");
    ck_assert(verify(hs256("{" BASIC ",\"iss\":\"ci\",\"aud\":\"egdb\"}")));
    ck_assert(verify(hs256("{" BASIC ",\"iss\":\"ci\",\"aud\":[\"x\",\"egdb\"]}")));
}
END_TEST

START_TEST(shapes_of_the_header) {
    static char huge[10000] = "Bearer ";
    open_hs256();
    ck_assert(!verify(NULL) && err.place[0] == '\0');
    ck_assert(!verify("Basic abc"));
    ck_assert_str_eq(err.place, "invalid_request");
    ck_assert(!verify("Bearer"));
    ck_assert(!verify("Bearer "));
    ck_assert(!verify("Bearer a b"));
    refused("Bearer a.b", "form");
    refused("Bearer a.b.c.d", "form");
    refused("Bearer ..", "form");
    memset(huge + 7, 'a', 9216);
    refused(huge, "8 KiB");
    char *token = hs256("{" BASIC "}");
    memcpy(token, "bEARER ", 7);
    ck_assert(verify(token));
}
END_TEST

START_TEST(the_cache_forgets) {
    open_with((struct eg_auth_config){.mode = EG_AUTH_HS256, .secret = SECRET, .cache_max = 4});
    char payload[128];
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 10; i++) {
            snprintf(payload, sizeof payload, "{\"sub\":\"s%d\",\"exp\":%d}", i, NOW_S + 100);
            ck_assert(verify(hs256(payload)));
            ck_assert_int_eq(atoi(who->sub + 1), i);
        }
    char *token = hs256(payload);
    ck_assert(verify(token));
    ck_assert(!verify_at(token, NOW_US + (int64_t)130 * 1000000)); /* although it is remembered */
    ck_assert(!verify_at(token, NOW_US + (int64_t)131 * 1000000));
    ck_assert(verify(token));
    token[strlen(token) - 2] = token[strlen(token) - 2] == 'A' ? 'B' : 'A';
    refused(token, "signature");
}
END_TEST

static const struct eg_auth_claims claims = {
    .sub = "ci", .scope = "events:write query", .topics = "core.* run.*", .low_trust = true, .ttl_s = 60};

static void round_trip(enum eg_auth_mode mode, const char *signing, const char *verifying) {
    char *token, *header;
    struct eg_auth_config signer = {.mode = mode, .secret = signing};
    ck_assert_msg(eg_auth_token_make(&signer, &claims, NOW_US, &token, &err) == EG_OK, "%s", err.message);
    open_with((struct eg_auth_config){.mode = mode, .secret = verifying});
    ck_assert(asprintf(&header, "Bearer %s", token) > 0);
    ck_assert_msg(verify(header), "%s", err.message);
    ck_assert_str_eq(who->sub, "ci");
    ck_assert(who->low_trust && who->n_topics == 2);
    ck_assert(!verify_at(header, NOW_US + (int64_t)91 * 1000000));
    size_t len = strlen(header);
    header[len - 10] = header[len - 10] == 'A' ? 'B' : 'A';
    refused(header, "signature");
    free(token);
    free(header);
    eg_auth_close(auth);
    auth = NULL;
}

START_TEST(made_tokens_verify) {
    round_trip(EG_AUTH_HS256, SECRET, SECRET);
    round_trip(EG_AUTH_RS256, rsa_private, rsa_public);
    round_trip(EG_AUTH_RS256, rsa_private, rsa_private);
    round_trip(EG_AUTH_ES256, ec_private, ec_public);
}
END_TEST

static void no_token(struct eg_auth_claims bad, const char *place) {
    char *token = NULL;
    struct eg_auth_config signer = {.mode = EG_AUTH_HS256, .secret = SECRET};
    eg_err_clear(&err);
    ck_assert(eg_auth_token_make(&signer, &bad, NOW_US, &token, &err) == EG_FAIL);
    ck_assert_str_eq(err.place, place);
}

START_TEST(bad_claims_make_no_token) {
    struct eg_auth_claims bad = claims;
    bad.sub = "";
    no_token(bad, "sub");
    bad = claims;
    bad.scope = "events:write everything";
    no_token(bad, "scope");
    bad.scope = " ";
    no_token(bad, "scope");
    bad = claims;
    bad.ttl_s = 0;
    no_token(bad, "ttl");
}
END_TEST

static void bad_key(struct eg_auth_config config, const char *why) {
    eg_err_clear(&err);
    ck_assert(eg_auth_open(&config, &auth, &err) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
    ck_assert_msg(strstr(err.message, why), "%s", err.message);
}

START_TEST(bad_keys) {
    bad_key((struct eg_auth_config){.mode = EG_AUTH_HS256}, "needs a key");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_HS256, .secret = "short"}, "32 bytes");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_HS256, .secret = rsa_public}, "PEM");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_RS256, .secret = SECRET}, "PEM");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_RS256, .secret = ec_public}, "RSA");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_ES256, .secret = rsa_public}, "P-256");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_RS256, .key_file = "/nonexistent"}, "opened");
    EVP_PKEY *small = EVP_RSA_gen(1024), *other = EVP_EC_gen("P-384");
    char *small_pem = pem_of(small, false), *other_pem = pem_of(other, false);
    bad_key((struct eg_auth_config){.mode = EG_AUTH_RS256, .secret = small_pem}, "2048");
    bad_key((struct eg_auth_config){.mode = EG_AUTH_ES256, .secret = other_pem}, "P-256");
    free(small_pem);
    free(other_pem);
    EVP_PKEY_free(small);
    EVP_PKEY_free(other);
}
END_TEST

START_TEST(a_key_file) {
    char path[] = "/tmp/egdb-test-key-XXXXXX";
    int fd = mkstemp(path);
    ck_assert(fd >= 0 && write(fd, SECRET "\n", strlen(SECRET) + 1) > 0);
    close(fd);
    open_with((struct eg_auth_config){.mode = EG_AUTH_HS256, .key_file = path});
    ck_assert(verify(hs256("{" BASIC "}"))); /* the final newline is not of the secret */
    unlink(path);
}
END_TEST

START_TEST(without_auth) {
    open_with((struct eg_auth_config){.mode = EG_AUTH_NONE});
    ck_assert(verify(NULL) && who->sub[0] == '\0' && who->scopes == 15 && who->n_topics == 0 && !who->low_trust);
    static const char *const good[] = {"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"};
    static const char *const bad[] = {"0.0.0.0", "::", "10.0.0.1", "localhost.evil", "", "::2", "128.0.0.1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(eg_auth_check_listen(EG_AUTH_NONE, good[i], &err) == EG_OK, "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        eg_err_clear(&err);
        ck_assert_msg(eg_auth_check_listen(EG_AUTH_NONE, bad[i], &err) == EG_FAIL, "%s", bad[i]);
        ck_assert_int_eq(err.code, EG_E_CONFIG);
    }
    eg_err_clear(&err);
    ck_assert(eg_auth_check_listen(EG_AUTH_HS256, "0.0.0.0", &err) == EG_OK);
}
END_TEST

START_TEST(scopes_and_challenges) {
    char challenge[EG_AUTH_CHALLENGE_B];
    struct eg_identity reader = {.sub = "r", .scopes = EG_SCOPE_EVENTS_READ};
    ck_assert(eg_auth_require(&reader, EG_SCOPE_NONE, &err) == EG_OK);
    ck_assert(eg_auth_require(&reader, EG_SCOPE_ANY, &err) == EG_OK);
    ck_assert(eg_auth_require(&reader, EG_SCOPE_EVENTS_READ | EG_SCOPE_ADMIN, &err) == EG_OK);
    ck_assert(eg_auth_require(&reader, EG_SCOPE_EVENTS_WRITE, &err) == EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_FORBIDDEN);
    eg_auth_challenge(&err, EG_SCOPE_EVENTS_WRITE, challenge);
    ck_assert_str_eq(challenge, "Bearer realm=\"egdb\", error=\"insufficient_scope\", scope=\"events:write\"");
    open_hs256();
    ck_assert(!verify("Bearer a.b"));
    eg_auth_challenge(&err, EG_SCOPE_QUERY, challenge);
    ck_assert_str_eq(challenge, "Bearer realm=\"egdb\", error=\"invalid_token\"");
    ck_assert(!verify(NULL));
    eg_auth_challenge(&err, EG_SCOPE_QUERY, challenge);
    ck_assert_str_eq(challenge, "Bearer realm=\"egdb\"");
}
END_TEST

START_TEST(patterns) {
    static const struct {
        const char *pattern, *topic;
        bool fits;
    } cases[] = {{"a", "a", true},
                 {"a", "ab", false},
                 {"*", "", true},
                 {"*", "any.thing@v1", true},
                 {"core.*", "core.", true},
                 {"core.*", "cor", false},
                 {"*@v1", "a@v1", true},
                 {"*@v1", "a@v12", false},
                 {"a*b*c", "aXbYbc", true},
                 {"a*b*c", "aXbY", false},
                 {"", "a", false},
                 {"", "", true},
                 {"*.step.*", "core.step.finished@v1", true},
                 {"**", "a", true},
                 {"a.b", "axb", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct eg_identity one = {.sub = "", .n_topics = 1, .topics = &cases[i].pattern};
        ck_assert_msg(eg_identity_may_write(&one, cases[i].topic, strlen(cases[i].topic)) == cases[i].fits, "%s %s",
                      cases[i].pattern, cases[i].topic);
    }
}
END_TEST

START_TEST(mode_names) {
    enum eg_auth_mode mode;
    ck_assert(eg_auth_mode_parse("rs256", &mode) && mode == EG_AUTH_RS256);
    ck_assert(eg_auth_mode_parse("none", &mode) && mode == EG_AUTH_NONE);
    ck_assert(!eg_auth_mode_parse("RS512", &mode) && !eg_auth_mode_parse("", &mode));
    ck_assert_str_eq(eg_auth_mode_name(EG_AUTH_ES256), "ES256");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("auth");
    TCase *tests = tcase_create("auth");
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, make_keys, free_keys);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_good_token);
    tcase_add_test(tests, empty_topics_allow_none);
    tcase_add_test(tests, forged_algorithms);
    tcase_add_test(tests, hs256_with_the_public_key);
    tcase_add_test(tests, times);
    tcase_add_test(tests, claims_of_wrong_types);
    tcase_add_test(tests, issuer_and_audience);
    tcase_add_test(tests, shapes_of_the_header);
    tcase_add_test(tests, the_cache_forgets);
    tcase_add_test(tests, made_tokens_verify);
    tcase_add_test(tests, bad_claims_make_no_token);
    tcase_add_test(tests, bad_keys);
    tcase_add_test(tests, a_key_file);
    tcase_add_test(tests, without_auth);
    tcase_add_test(tests, scopes_and_challenges);
    tcase_add_test(tests, patterns);
    tcase_add_test(tests, mode_names);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
