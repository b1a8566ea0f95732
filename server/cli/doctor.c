/* egdb doctor: looks at everything the server needs, says what is wrong, and what to do about it. */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "db/migrate.h"
#include "server/cli/cli.h"
#include "server/cli/client.h"

#define DISK_LEAST_MIB 100
#define DISK_WARN_MIB 1024
#define ANSWER_MOST_B ((size_t)1 << 20)
#define PARTITIONS_MOST 150 /* reads without a window take some 10 ms more than with one */

struct doctor {
    struct eg_cli *cli;
    int wrong;
};

static void say(struct doctor *doctor, bool well, const char *what, const char *format, ...) EG_PRINTF(4, 5);
static void say(struct doctor *doctor, bool well, const char *what, const char *format, ...) {
    va_list list;
    if (eg_cli_value(doctor->cli, "quiet") && well) {
        return;
    }
    printf("%s %-13s ", well ? "ok   " : "WRONG", what);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
    doctor->wrong += !well;
}

static void say_error(struct doctor *doctor, const char *what, const struct eg_err *err, const char *remedy) {
    say(doctor, false, what, "%s%s%s%s%s%s", err->message, *err->place ? " (" : "", err->place, *err->place ? ")" : "",
        *remedy ? "\n      do: " : "", remedy);
}

static void look_at_config(struct doctor *doctor) {
    const struct eg_config *config = doctor->cli->config;
    struct eg_auth_config auth;
    struct eg_auth *opened = NULL;
    struct eg_err err = {0};
    char address[EG_ADDRESS_B];
    uint16_t port;
    say(doctor, true, "configuration", "%s", config->file ? config->file : "no file; flags, environment and defaults");
    if (eg_config_listen(config, address, &port, &err) || eg_app_auth_config(config, &auth, &err) ||
        eg_auth_check_listen(auth.mode, address, &err) || eg_auth_open(&auth, &opened, &err)) {
        say_error(doctor, "auth", &err, "");
        return;
    }
    say(doctor, true, "auth", "%s on %s", eg_auth_mode_name(auth.mode), config->server_listen);
    eg_auth_close(opened);
}

static void look_at_disk(struct doctor *doctor) {
    const char *dsn = doctor->cli->config->store_dsn;
    char folder[1024];
    struct statvfs disk;
    if (!eg_db_is_private(dsn)) {
        return;
    }
    snprintf(folder, sizeof(folder), "%s", strchr(dsn, ':') + 1);
    char *slash = strrchr(folder, '/');
    snprintf(slash ? slash : folder, 2, "%s", slash ? "" : ".");
    if (statvfs(*folder ? folder : "/", &disk)) {
        say(doctor, false, "disk", "%s cannot be looked at\n      do: `egdb init` makes the folder", folder);
        return;
    }
    uint64_t free_mib = (uint64_t)disk.f_bavail * disk.f_frsize >> 20;
    say(doctor, free_mib >= DISK_LEAST_MIB, "disk", "%" PRIu64 " MiB free where the database is%s", free_mib,
        free_mib < DISK_WARN_MIB ? "\n      do: free space; without any, events are answered 503 store_full" : "");
}

/* True when the schema is current, so that more can be asked of the store. */
static bool look_at_schema(struct doctor *doctor) {
    struct eg_err err = {0};
    char where[512];
    int version = 0;
    const char *dsn = doctor->cli->config->store_dsn;
    eg_app_where(dsn, where, sizeof(where));
    if (eg_migrate_status(dsn, NULL, NULL, &version, &err)) {
        say_error(doctor, "store", &err, "check store.dsn, and that the database is up");
        return false;
    }
    say(doctor, true, "store", "%s", where);
    if (eg_migrate_judge(version, &err)) {
        say_error(doctor, "schema", &err, version == 0 ? "run `egdb init`" : "run `egdb migrate up`");
        return false;
    }
    say(doctor, true, "schema", "version %d, current", version);
    return true;
}

/* look NULL: there is no store to hold them against. */
static void look_at_spec(struct doctor *doctor, struct eg_look *look) {
    struct eg_err err = {0};
    size_t n_panels;
    struct eg_registry *registry = NULL;
    const struct eg_topic *const *topics;
    char spec[512];
    if (eg_config_find(doctor->cli->config->server_spec, "spec", "server.spec", spec, sizeof(spec), &err) ||
        eg_registry_load(spec, look ? eg_db_catalogue(look->db) : NULL, &registry, &err) ||
        eg_cli_check_panels(spec, look, &n_panels, &err)) {
        say_error(doctor, "declarations", &err, "mend the file; `egdb check` runs the examples too");
        eg_registry_free(registry);
        return;
    }
    say(doctor, true, "declarations", "%s, %zu topics, %zu panels", spec, eg_registry_topics(registry, &topics), n_panels);
    eg_registry_free(registry);
}

static void look_at_partitions(struct doctor *doctor, const struct eg_db *db) {
    struct eg_db_stats stats;
    eg_db_stats(db, &stats);
    bool few = stats.event_partitions <= PARTITIONS_MOST && stats.token_partitions <= PARTITIONS_MOST;
    if (stats.event_partitions) {
        say(doctor, few, "partitions", "%d of events, %d of delta_tokens%s", stats.event_partitions, stats.token_partitions,
            few ? "" : "\n      do: let a server with store.partition_merge_days of 35 or so merge the old ones; keep fewer ahead\n"
                       "      (store.partition_days); each query without a window plans for all of them");
    }
}

static void look_at_store(struct doctor *doctor) {
    struct eg_look look;
    struct eg_err err = {0};
    look_at_disk(doctor);
    if (!look_at_schema(doctor)) {
        look_at_spec(doctor, NULL);
        return;
    }
    if (eg_app_look(doctor->cli->config, &look, &err)) {
        say_error(doctor, "store", &err, "");
        return;
    }
    look_at_partitions(doctor, look.db);
    look_at_spec(doctor, &look);
    eg_app_look_close(&look);
}

static void ask_server(struct doctor *doctor, const char *server) {
    const struct eg_client_config config = {.server = server, .connect_ms = 2000, .timeout_ms = 5000};
    struct eg_client *client;
    struct eg_err err = {0};
    struct eg_reply reply = {0};
    if (eg_client_open(&config, &client, &err)) {
        say_error(doctor, "server", &err, "");
        return;
    }
    eg_buf_init(&reply.body, ANSWER_MOST_B);
    eg_client_get(client, "/readyz", &reply);
    json_t *answer = json_loadb(reply.body.data ? reply.body.data : "", reply.body.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    const char *hint = json_string_value(json_object_get(answer, "hint"));
    if (!reply.answered) {
        say(doctor, false, "server", "%s: %s\n      do: start it with `egdb serve`", eg_client_server(client),
            reply.error);
    } else if (reply.status != 200) {
        say(doctor, false, "server", "%s answers %ld: %s%s%s", eg_client_server(client), reply.status,
            detail ? detail : "not ready", hint ? "\n      do: " : "", hint ? hint : "");
    } else {
        say(doctor, true, "server", "%s is ready", eg_client_server(client));
    }
    json_decref(answer);
    eg_buf_free(&reply.body);
    eg_client_close(client);
}

static enum eg_exit run(struct eg_cli *cli) {
    struct doctor doctor = {.cli = cli};
    const char *server = eg_cli_value(cli, "server");
    if (server) {
        ask_server(&doctor, server);
    } else {
        look_at_config(&doctor);
        look_at_store(&doctor);
    }
    if (doctor.wrong || !eg_cli_value(cli, "quiet")) {
        printf(doctor.wrong ? "%d wrong\n" : "all is well\n", doctor.wrong);
    }
    return doctor.wrong ? EG_EXIT_FAILED : EG_EXIT_OK;
}

static const struct eg_cli_flag flags[] = {
    {"server", "URL", "ask this running server only, and leave its store to it"},
    {"quiet", NULL, "print only what is wrong"},
};

const struct eg_command eg_command_doctor = {
    .name = "doctor",
    .summary = "look for what is wrong, and say what to do",
    .words = "",
    .about = "Checks the configuration, the key, the disk, the store, its schema and partitions, and every declaration against\n"
             "the tables; or, with --server, whether that server is ready. Exits with 1 when something is wrong.",
    .examples = "  egdb doctor\n"
                "  egdb doctor --server http://127.0.0.1:8421\n",
    .n_flags = 2,
    .flags = flags,
    .sections = "server store auth",
    .run = run,
};
