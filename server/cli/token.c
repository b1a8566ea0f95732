/* egdb token: makes a signed token, for a producer or for oneself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/cli/cli.h"

/* "90", "90s", "15m", "12h", "30d". */
static bool read_span(const char *text, int64_t *seconds) {
    static const struct {
        const char *unit;
        int64_t s;
    } units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    char *end;
    long long n = strtoll(text, &end, 10);
    for (size_t i = 0; i < 5; i++) {
        if (end != text && n > 0 && n < 1000000000 && strcmp(end, units[i].unit) == 0) {
            *seconds = n * units[i].s;
            return true;
        }
    }
    return false;
}

static enum eg_exit make(struct eg_cli *cli, const struct eg_auth_config *auth, const struct eg_auth_claims *claims) {
    char *token = NULL;
    if (eg_auth_token_make(auth, claims, eg_clock_now_us(), &token, &cli->err)) {
        enum eg_exit code = eg_cli_failed(cli);
        return cli->err.code == EG_E_USAGE ? EG_EXIT_USAGE : code;
    }
    printf("%s\n", token);
    free(token);
    return EG_EXIT_OK;
}

static enum eg_exit run(struct eg_cli *cli) {
    struct eg_auth_config auth;
    const char *given_scope = eg_cli_value(cli, "scope"), *ttl = eg_cli_value(cli, "ttl"),
               *key = eg_cli_value(cli, "key-file");
    const char *trust = eg_cli_value(cli, "trust");
    if (eg_app_auth_config(cli->config, &auth, &cli->err)) {
        return eg_cli_failed(cli);
    }
    struct eg_auth_claims claims = {
        .sub = eg_cli_value(cli, "sub"),
        .scope = given_scope ? given_scope : "events:write events:read",
        .topics = eg_cli_value(cli, "topics"),
        .low_trust = trust && strcmp(trust, "low") == 0,
        .issuer = *auth.issuer ? auth.issuer : NULL,
        .audience = *auth.audience ? auth.audience : NULL,
        .ttl_s = 3600,
    };
    if (!claims.sub || !*claims.sub) {
        return eg_cli_usage(cli, "--sub NAME says whose token it is");
    }
    if (trust && strcmp(trust, "low") != 0 && strcmp(trust, "high") != 0) {
        return eg_cli_usage(cli, "--trust is high or low");
    }
    if (ttl && !read_span(ttl, &claims.ttl_s)) {
        return eg_cli_usage(cli, "--ttl is a span like 3600, 15m, 12h or 30d");
    }
    if (key) {
        auth.key_file = key;
    }
    if (auth.mode == EG_AUTH_NONE) {
        auth.mode = EG_AUTH_HS256;
    }
    if (!*auth.key_file) {
        return eg_cli_usage(cli, "--key-file FILE (or auth.key_file) names the key that signs");
    }
    return make(cli, &auth, &claims);
}

static const struct eg_cli_flag flags[] = {
    {"sub", "NAME", "whose token it is; also the scope of idempotency keys"},
    {"scope", "WORDS", "events:write events:read query admin, separated by spaces [events:write events:read]"},
    {"topics", "PATTERNS", "topics that may be written, with *, separated by spaces [all]"},
    {"trust", "high|low", "low marks the producer's events [high]"},
    {"ttl", "SPAN", "how long it holds: 3600, 15m, 12h, 30d [1h]"},
    {"key-file", "FILE", "the signing key: HS256 the secret, RS256 and ES256 the private PEM [auth.key_file]"},
};

const struct eg_command eg_command_token = {
    .name = "token",
    .summary = "make a signed token",
    .words = "",
    .about = "Prints a JSON Web Token. The algorithm is auth.mode, HS256 when that is none; the server needs the same "
             "key (HS256)\n"
             "or its public half.",
    .examples =
        "  head -c 32 /dev/urandom | base64 > key\n"
        "  egdb token --sub ci --scope \"events:write\" --topics \"commit.* tests.*\" --ttl 30d --key-file key\n"
        "  egdb token --sub me --scope admin --auth ES256 --key-file private.pem\n",
    .n_flags = sizeof(flags) / sizeof(flags[0]),
    .flags = flags,
    .sections = "auth",
    .run = run,
};
