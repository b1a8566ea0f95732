/* egdb migrate: brings the database's schema up, down, or shows where it stands. egdb init: the same for a new
 * database. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/migrate.h"
#include "server/cli/cli.h"

static void report(void *ctx, const struct eg_migrate_step *step) {
    int *count = ctx;
    (*count)++;
    printf("%s %s (%d ms)\n", step->up ? "up  " : "down", step->name, step->elapsed_ms);
    fflush(stdout);
}

static void report_status(void *ctx, const struct eg_migrate_step *step) {
    (void)ctx;
    printf("%s %-32s %s\n", step->applied ? "applied" : "missing", step->name, step->applied ? step->applied_utc : "");
}

static enum eg_exit status(struct eg_cli *cli) {
    int version = 0;
    if (eg_migrate_status(cli->config->store_dsn, report_status, NULL, &version, &cli->err)) {
        return eg_cli_failed(cli);
    }
    printf("version %d of %d%s\n", version, eg_migrate_newest(),
           version < eg_migrate_newest() ? "; run `egdb migrate up`" : "");
    return version == eg_migrate_newest() ? EG_EXIT_OK : EG_EXIT_FAILED;
}

static enum eg_exit move(struct eg_cli *cli, bool up, int target) {
    char dir[512];
    int count = 0;
    const char *given = cli->config->server_migrations;
    const char *dsn = cli->config->store_dsn;
    if (eg_migrate_find(*given ? given : NULL, dir, sizeof(dir), &cli->err) ||
        (up ? eg_migrate_up(dsn, dir, target, report, &count, &cli->err)
            : eg_migrate_down(dsn, dir, target, report, &count, &cli->err))) {
        return eg_cli_failed(cli);
    }
    if (count == 0) {
        printf("nothing to do: the database has version %d\n",
               target == EG_MIGRATE_NEWEST ? eg_migrate_newest() : target);
    }
    return EG_EXIT_OK;
}

static enum eg_exit run(struct eg_cli *cli) {
    const char *way = cli->words[0];
    long to;
    if (!eg_cli_number(cli, "to", 0, eg_migrate_newest(), EG_MIGRATE_NEWEST, &to)) {
        return EG_EXIT_USAGE;
    }
    if (strcmp(way, "status") == 0) {
        return status(cli);
    }
    if (strcmp(way, "up") == 0) {
        return move(cli, true, (int)to);
    }
    if (strcmp(way, "down") != 0) {
        return eg_cli_usage(cli, "\"%s\" is neither up, down, nor status", way);
    }
    if (!eg_cli_value(cli, "to")) {
        return eg_cli_usage(cli, "down needs --to N: 0 removes every table with all that is in it");
    }
    return move(cli, false, (int)to);
}

static const struct eg_cli_flag flags[] = {{"to", "N", "the version to end at; up: by default the newest"}};

const struct eg_command eg_command_migrate = {
    .name = "migrate",
    .summary = "bring the database's schema up to date, or back",
    .words = "up|down|status",
    .about = "Applies the files of migrations/sql, each in a transaction of its own, and keeps Alembic's version table "
             "as well, so\n"
             "that either tool continues what the other began. status exits with 1 when the schema is not current.",
    .examples = "  egdb migrate up --store postgresql://egdb@db.example/glitchlab_egdb\n"
                "  egdb migrate status\n"
                "  egdb migrate down --to 1\n",
    .n_flags = 1,
    .flags = flags,
    .sections = "store",
    .least_words = 1,
    .most_words = 1,
    .run = run,
};

static enum eg_exit init(struct eg_cli *cli) {
    char where[512];
    enum eg_exit code = move(cli, true, EG_MIGRATE_NEWEST);
    if (code == EG_EXIT_OK) {
        eg_app_where(cli->config->store_dsn, where, sizeof(where));
        printf("ready: %s\n", where);
    }
    return code;
}

const struct eg_command eg_command_init = {
    .name = "init",
    .summary = "make the database and its tables",
    .words = "",
    .about = "Makes a SQLite file with its folder, and every table; on PostgreSQL the tables only: the database must "
             "exist. Done\n"
             "again, it changes nothing.",
    .examples = "  egdb init\n"
                "  egdb init --store sqlite:/var/lib/egdb/egdb.db\n",
    .sections = "store",
    .run = init,
};
