/* egdb check: the configuration, and every declaration with its examples, against the tables when there are some. */
#include "server/registry/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/migrate.h"
#include "egql/egql.h"
#include "server/cli/cli.h"
#include "server/query/board.h"

struct tally {
    bool verbose;
    size_t topics, rows;
};

static void report(void *ctx, const struct eg_topic *topic, size_t n_rows, const struct eg_err *err) {
    struct tally *tally = ctx;
    tally->topics++;
    tally->rows += n_rows;
    if (err) {
        fprintf(stderr, "FAIL %s: %s%s%s%s\n", topic->name, err->message, *err->place ? " (" : "", err->place,
                *err->place ? ")" : "");
    } else if (tally->verbose) {
        printf("ok   %-32s %zu examples, %zu rows\n", topic->name, json_array_size(topic->examples), n_rows);
    }
}

eg_status eg_cli_check_panels(const char *spec, struct eg_look *look, size_t *n, struct eg_err *err) {
    struct eg_panels *panels = NULL;
    struct eg_board *board = NULL;
    struct egql_sources *sources = NULL;
    const struct eg_panel *list;
    eg_status status = eg_panels_load(spec, &panels, err);
    if (status == EG_OK && look) {
        status = egql_sources_load(spec, &sources, err) || egql_sources_check(sources, eg_db_catalogue(look->db), err)
                     ? EG_FAIL
                     : EG_OK;
    }
    if (status == EG_OK && look) {
        const struct eg_board_config config = {.db = look->db, .panels = panels, .sources = sources};
        status = eg_board_open(&config, &board, err);
        status = status == EG_OK ? eg_board_check(board, &look->loop, err) : status;
        eg_board_close(board);
    }
    *n = status == EG_OK ? eg_panels_all(panels, &list) : 0;
    eg_panels_free(panels);
    egql_sources_free(sources);
    return status;
}

static enum eg_exit check(struct eg_cli *cli, struct eg_look *look) {
    const struct eg_catalogue *catalogue = look ? eg_db_catalogue(look->db) : NULL;
    struct eg_registry *registry = NULL;
    size_t n_panels;
    struct egql_sources *sources = NULL;
    struct tally tally = {.verbose = eg_cli_value(cli, "verbose") != NULL};
    char spec[512];
    if (eg_config_find(cli->config->server_spec, "spec", "server.spec", spec, sizeof(spec), &cli->err) ||
        eg_cli_check_panels(spec, look, &n_panels, &cli->err) || eg_registry_load(spec, catalogue, &registry, &cli->err)) {
        return eg_cli_failed(cli);
    }
    if (egql_sources_load(spec, &sources, &cli->err) ||
        (catalogue && egql_sources_check(sources, catalogue, &cli->err))) {
        egql_sources_free(sources);
        eg_registry_free(registry);
        return eg_cli_failed(cli);
    }
    egql_sources_free(sources);
    size_t failed = eg_registry_check(registry, report, &tally);
    eg_registry_free(registry);
    printf("%s: %zu topics, %zu rows from their examples, %zu failed, %zu panels%s\n", spec, tally.topics,
           tally.rows, failed, n_panels, catalogue ? "" : " (without a store: rows were not checked)");
    return failed ? EG_EXIT_FAILED : EG_EXIT_OK;
}

/* Tables of a database that is made for this, and removed again. */
static enum eg_exit check_with_new_tables(struct eg_cli *cli) {
    char folder[] = "/tmp/egdb-check-XXXXXX", dsn[64], dir[512], path[64];
    static const char *const files[] = {"", "-wal", "-shm", "-journal"};
    const char *given = cli->config->server_migrations;
    struct eg_config config = *cli->config;
    struct eg_look look;
    enum eg_exit code = EG_EXIT_FAILED;
    if (!mkdtemp(folder)) {
        eg_err_set(&cli->err, EG_E_INTERNAL, folder, "no temporary folder can be made");
        return eg_cli_failed(cli);
    }
    snprintf(dsn, sizeof(dsn), "sqlite:%s/egdb.db", folder);
    config.store_dsn = dsn;
    if (eg_migrate_find(*given ? given : NULL, dir, sizeof(dir), &cli->err) ||
        eg_migrate_up(dsn, dir, EG_MIGRATE_NEWEST, NULL, NULL, &cli->err) || eg_app_look(&config, &look, &cli->err)) {
        code = eg_cli_failed(cli);
    } else {
        code = check(cli, &look);
        eg_app_look_close(&look);
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/egdb.db%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return code;
}

static bool is_missing(const char *dsn) { return eg_db_is_private(dsn) && access(strchr(dsn, ':') + 1, F_OK) != 0; }

static enum eg_exit run(struct eg_cli *cli) {
    struct eg_auth_config auth;
    struct eg_look look;
    char address[EG_ADDRESS_B];
    uint16_t port;
    if (eg_config_listen(cli->config, address, &port, &cli->err) || eg_app_auth_config(cli->config, &auth, &cli->err) ||
        eg_auth_check_listen(auth.mode, address, &cli->err)) {
        return eg_cli_failed(cli);
    }
    if (eg_cli_value(cli, "no-store")) {
        return check(cli, NULL);
    }
    if (is_missing(cli->config->store_dsn)) {
        return check_with_new_tables(cli);
    }
    if (eg_app_look(cli->config, &look, &cli->err)) {
        fprintf(stderr, "egdb check: the declarations can be checked without a database by --no-store\n");
        return eg_cli_failed(cli);
    }
    enum eg_exit code = check(cli, &look);
    eg_app_look_close(&look);
    return code;
}

static const struct eg_cli_flag flags[] = {
    {"no-store", NULL, "check without a database: schemas and examples, no rows"}, {"verbose", NULL, "a line a topic"}};

const struct eg_command eg_command_check = {
    .name = "check",
    .summary = "check the configuration and every declaration",
    .words = "",
    .about = "Reads the configuration and all of spec/, checks every row rule, every source of queries and every panel\n"
             "against the tables, and runs the examples of every declaration. While the SQLite file does not exist, the\n"
             "tables are those of a new one. Exits with 78 when something cannot be loaded, with 1 when an example fails.",
    .examples = "  egdb check\n"
                "  egdb check --no-store --spec ./spec\n",
    .n_flags = 2,
    .flags = flags,
    .sections = "server store auth",
    .run = run,
};
