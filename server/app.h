/* The server put together: the only place, with its command lines in cli/, that knows all rooms. */
#ifndef EG_APP_H
#define EG_APP_H

#include "base/catalogue.h"
#include "base/err.h"
#include "db/db.h"
#include "server/auth/auth.h"
#include "server/config.h"
#include "server/registry/registry.h"

/* What the program answers to its caller. */
enum eg_exit { EG_EXIT_OK = 0, EG_EXIT_FAILED = 1, EG_EXIT_USAGE = 2, EG_EXIT_CONFIG = 78 };
enum eg_exit eg_exit_of(const struct eg_err *err); /* 78 for config_invalid, else 1 */

/* Serves until SIGTERM or SIGINT, then answers what is in flight. What is wrong has been written to stderr. */
enum eg_exit eg_app_serve(const struct eg_config *config);

/* Views of the configuration, as the rooms take them; strings stay the configuration's. */
struct eg_db_config eg_app_db_config(const struct eg_config *config);
EG_MUST_CHECK eg_status eg_app_auth_config(const struct eg_config *config, struct eg_auth_config *auth,
                                           struct eg_err *err);

/* Opens the store of a command that only wants to look, with the loop that it needs; eg_app_look_close waits until both
 * are closed. */
struct eg_look {
    uv_loop_t loop;
    struct eg_db *db;
};
EG_MUST_CHECK eg_status eg_app_look(const struct eg_config *config, struct eg_look *look, struct eg_err *err);
void eg_app_look_close(struct eg_look *look);

/* A DSN with its password replaced, for messages; out is cut to size_b. */
void eg_app_where(const char *dsn, char *out, size_t size_b);

#endif
