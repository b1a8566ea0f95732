/* The configuration: which source wins, what is refused, and what is said then. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "server/config.h"

static char path[] = "/tmp/egdb-config-XXXXXX";

static void write_file(const char *text) {
    snprintf(path, sizeof(path), "/tmp/egdb-config-XXXXXX");
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static struct eg_config *load(const char *const *env, const struct eg_config_flag *flags, size_t n) {
    struct eg_config *config = NULL;
    struct eg_err err = {0};
    ck_assert_msg(eg_config_load(path, env, flags, n, &config, &err) == EG_OK, "%s (%s)", err.message, err.place);
    unlink(path);
    return config;
}

static void refused(const char *file, const char *const *env, const struct eg_config_flag *flags, size_t n,
                    const char *place, const char *words) {
    struct eg_config *config = NULL;
    struct eg_err err = {0};
    write_file(file);
    ck_assert_int_eq(eg_config_load(path, env, flags, n, &config, &err), EG_FAIL);
    unlink(path);
    ck_assert_ptr_null(config);
    ck_assert_int_eq(err.code, EG_E_CONFIG);
    ck_assert_msg(strstr(err.place, place) != NULL, "place: %s", err.place);
    ck_assert_msg(strstr(err.message, words) != NULL, "message: %s", err.message);
}

START_TEST(defaults) {
    write_file("");
    struct eg_config *config = load(NULL, NULL, 0);
    ck_assert_str_eq(config->server_listen, "127.0.0.1:8421");
    ck_assert_str_eq(config->store_dsn, "sqlite:.glx/egdb.db");
    ck_assert_int_eq(config->event_batch_most_events, 1000);
    ck_assert(config->event_group_commit);
    ck_assert(!config->log_json);
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        ck_assert_int_eq(config->from[i], EG_FROM_DEFAULT);
    }
    eg_config_free(config);
}
END_TEST

START_TEST(flag_over_environment_over_file) {
    const char *const env[] = {"HOME=/root",      "EGDB_LOG_LEVEL=warn",        "EGDB_STORE=sqlite:env.db",
                               "EGDB_CORPORA=/x", "EGDB_PORT_8421_TCP=tcp://1", NULL};
    const struct eg_config_flag flags[] = {{"store", "sqlite:flag.db"}, {"http-access-log", "on"}};
    write_file("; a comment\n[store]\ndsn = sqlite:file.db\nread_connections = 7 ; of file\n"
               "[log]\nlevel = debug\njson = yes\n");
    struct eg_config *config = load(env, flags, 2);
    ck_assert_str_eq(config->store_dsn, "sqlite:flag.db");
    ck_assert_int_eq(config->from[EG_OPT_store_dsn], EG_FROM_FLAG);
    ck_assert_str_eq(config->log_level, "warn");
    ck_assert_int_eq(config->from[EG_OPT_log_level], EG_FROM_ENVIRONMENT);
    ck_assert_int_eq(config->store_read_connections, 7);
    ck_assert_int_eq(config->from[EG_OPT_store_read_connections], EG_FROM_FILE);
    ck_assert(config->log_json && config->http_access_log);
    eg_config_free(config);
}
END_TEST

START_TEST(indented_lines_are_lines) {
    write_file("[log]\n  level = debug\n  json = on\n");
    struct eg_config *config = load(NULL, NULL, 0);
    ck_assert_str_eq(config->log_level, "debug");
    ck_assert(config->log_json);
    eg_config_free(config);
}
END_TEST

START_TEST(unknown_names) {
    const char *const env[] = {"EGDB_STOR=x", NULL};
    const struct eg_config_flag flag = {"stor", "x"};
    refused("[http]\n\nmax_body = 5\n", NULL, NULL, 0, ":3", "did you mean http.max_body_b?");
    refused("[htpp]\nmax_body_b = 5\n", NULL, NULL, 0, ":2", "did you mean http.max_body_b?");
    refused("listen = x\n", NULL, NULL, 0, ":1", "there is no option .listen");
    refused("", env, NULL, 0, "EGDB_STOR", "did you mean EGDB_STORE?");
    refused("", NULL, &flag, 1, "--stor", "there is no option");
}
END_TEST

START_TEST(bad_values) {
    const char *const env[] = {"EGDB_EVENT_GROUP_COMMIT=maybe", NULL};
    const struct eg_config_flag flag = {"http-max-body-b", "12x"};
    const struct eg_config_flag small = {"event-batch-most-events", "0"};
    const struct eg_config_flag large = {"event-batch-most-events", "99999999999999999999"};
    refused("[event]\nbatch_most_events = ten\n", NULL, NULL, 0, ":2", "\"ten\" is none");
    refused("", env, NULL, 0, "EGDB_EVENT_GROUP_COMMIT", "neither");
    refused("", NULL, &flag, 1, "--http-max-body-b", "whole number");
    refused("", NULL, &small, 1, "--event-batch-most-events", "lies between 1 and 100000");
    refused("", NULL, &large, 1, "--event-batch-most-events", "whole number");
    refused("[log]\nlevel = loud\n", NULL, NULL, 0, "log.level", "debug, info, warn or error");
    refused("[auth]\nmode = RS512\n", NULL, NULL, 0, "auth.mode", "HS256");
}
END_TEST

START_TEST(bad_files) {
    char text[800];
    struct eg_config *config = NULL;
    struct eg_err err = {0};
    refused("[log]\nlevel debug\n", NULL, NULL, 0, ":2", "neither");
    snprintf(text, sizeof(text), "[store]\ndsn = sqlite:%0700d\n", 1);
    refused(text, NULL, NULL, 0, ":2", "too long");
    ck_assert_int_eq(eg_config_load("/nowhere/egdb.ini", NULL, NULL, 0, &config, &err), EG_FAIL);
    ck_assert_msg(strstr(err.message, "cannot be read") != NULL, "%s", err.message);
}
END_TEST

static const struct {
    const char *given, *address;
    int port; /* −1: refused */
} addresses[] = {
    {"127.0.0.1:8421", "127.0.0.1", 8421},
    {"0.0.0.0:0", "0.0.0.0", 0},
    {"[::1]:80", "::1", 80},
    {"localhost:1", "127.0.0.1", 1},
    {"127.0.0.1", NULL, -1},
    {"127.0.0.1:", NULL, -1},
    {":80", NULL, -1},
    {"::1:80", NULL, -1},
    {"[::1:80", NULL, -1},
    {"127.0.0.1:65536", NULL, -1},
    {"127.0.0.1:8x", NULL, -1},
    {"host.example:80", NULL, -1},
    {"", NULL, -1},
    {"[]:1", NULL, -1},
    {"127.0.0.1:+80", NULL, -1},
};

START_TEST(listen_addresses) {
    struct eg_config config = {.server_listen = addresses[_i].given};
    struct eg_err err = {0};
    char address[EG_ADDRESS_B];
    uint16_t port;
    eg_status status = eg_config_listen(&config, address, &port, &err);
    ck_assert_msg((status == EG_OK) == (addresses[_i].port >= 0), "%s", addresses[_i].given);
    if (status == EG_OK) {
        ck_assert_str_eq(address, addresses[_i].address);
        ck_assert_int_eq(port, addresses[_i].port);
    }
}
END_TEST

START_TEST(names_are_unique) {
    for (int i = 0; i < EG_OPT_COUNT; i++) {
        char env[EG_CONFIG_ENV_B];
        eg_option_env((enum eg_option)i, env);
        ck_assert_uint_lt(strlen(env), EG_CONFIG_ENV_B - 1);
        ck_assert_int_eq(eg_option_by_flag(eg_options[i].flag, strlen(eg_options[i].flag)), i);
        ck_assert(*eg_options[i].help);
    }
}
END_TEST

START_TEST(nearest_words) {
    static const char *const words[] = {"serve", "init", "migrate", "http-max-body-b"};
    ck_assert_str_eq(eg_text_nearest("sevre", words, 4), "serve");
    ck_assert_str_eq(eg_text_nearest("migrat", words, 4), "migrate");
    ck_assert_str_eq(eg_text_nearest("max-body", words, 4), "http-max-body-b");
    ck_assert_ptr_null(eg_text_nearest("zzzzzz", words, 4));
    ck_assert_ptr_null(eg_text_nearest("", words, 4));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("config");
    TCase *tc = tcase_create("config");
    tcase_add_test(tc, defaults);
    tcase_add_test(tc, flag_over_environment_over_file);
    tcase_add_test(tc, indented_lines_are_lines);
    tcase_add_test(tc, unknown_names);
    tcase_add_test(tc, bad_values);
    tcase_add_test(tc, bad_files);
    tcase_add_loop_test(tc, listen_addresses, 0, (int)(sizeof(addresses) / sizeof(addresses[0])));
    tcase_add_test(tc, names_are_unique);
    tcase_add_test(tc, nearest_words);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
