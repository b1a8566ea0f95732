/* egdb serve: the server. */
#include "server/cli/cli.h"

static enum eg_exit run(struct eg_cli *cli) { return eg_app_serve(cli->config); }

const struct eg_command eg_command_serve = {
    .name = "serve",
    .summary = "run the server",
    .words = "",
    .about =
        "Serves HTTP until SIGTERM or SIGINT, then answers every request in flight and exits with 0. A SQLite file is\n"
        "made and migrated when needed; a PostgreSQL database must be current (`egdb migrate up`). Without auth it\n"
        "listens on loopback only.",
    .examples = "  egdb serve\n"
                "  egdb serve --listen 127.0.0.1:9000 --store sqlite:/var/lib/egdb/egdb.db\n"
                "  egdb serve --store postgresql://egdb@db.example/glitchlab_egdb --listen 0.0.0.0:8421 \\\n"
                "      --auth HS256 --auth-key-file /etc/egdb/key\n",
    .sections = "server store auth http event stream query panels views log",
    .run = run,
};
