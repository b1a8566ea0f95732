/* egdb version: what this program is. */
#include <stdio.h>

#include "db/migrate.h"
#include "server/cli/cli.h"
#include "server/version.h"

static enum eg_exit run(struct eg_cli *cli) {
    (void)cli;
    printf("egdb %s (schema %d)\n", EG_VERSION, eg_migrate_newest());
    return EG_EXIT_OK;
}

const struct eg_command eg_command_version = {
    .name = "version",
    .summary = "print the program's version and the schema it needs",
    .words = "",
    .about = "Prints the version of the program, and the newest schema that it knows.",
    .examples = "  egdb version\n",
    .run = run,
};
