/* What the server and the commands share: the rooms' views of the configuration, and a short look into the store. */
#include <stdio.h>
#include <string.h>

#include "server/app.h"

enum eg_exit eg_exit_of(const struct eg_err *err) { return err->code == EG_E_CONFIG ? EG_EXIT_CONFIG : EG_EXIT_FAILED; }

struct eg_db_config eg_app_db_config(const struct eg_config *config) {
    return (struct eg_db_config){
        .dsn = config->store_dsn,
        .read_connections = (int)config->store_read_connections,
        .connect_timeout_ms = (int)config->store_connect_timeout_ms,
        .write_timeout_ms = (int)config->store_write_timeout_ms,
        .lock_timeout_ms = (int)config->store_lock_timeout_ms,
        .idle_tx_timeout_ms = (int)config->store_idle_tx_timeout_ms,
        .read_timeout_ms = (int)config->store_read_timeout_ms,
        .reconnect_least_ms = (int)config->store_reconnect_least_ms,
        .reconnect_most_ms = (int)config->store_reconnect_most_ms,
        .tend_ms = (int)config->store_tend_ms,
        .partition_days = (int)config->store_partition_days,
        .partition_merge_days = (int)config->store_partition_merge_days,
        .sqlite_cache_mib = (int)config->store_sqlite_cache_mib,
        .sqlite_checkpoint_pages = (int)config->store_sqlite_checkpoint_pages,
        .sqlite_busy_ms = (int)config->store_sqlite_busy_ms,
    };
}

eg_status eg_app_auth_config(const struct eg_config *config, struct eg_auth_config *auth, struct eg_err *err) {
    *auth = (struct eg_auth_config){
        .key_file = config->auth_key_file,
        .issuer = config->auth_issuer,
        .audience = config->auth_audience,
        .leeway_s = (unsigned)config->auth_leeway_s,
        .cache_max = (size_t)config->auth_cache_tokens,
    };
    if (!eg_auth_mode_parse(config->auth_mode, &auth->mode)) {
        return eg_err_set(err, EG_E_CONFIG, "auth.mode", "auth.mode is none, HS256, RS256 or ES256, not \"%.60s\"",
                          config->auth_mode);
    }
    return EG_OK;
}

static void on_closed(void *ctx) { (void)ctx; }

eg_status eg_app_look(const struct eg_config *config, struct eg_look *look, struct eg_err *err) {
    struct eg_db_config db = eg_app_db_config(config);
    db.look = true;
    if (uv_loop_init(&look->loop)) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "no event loop can be made");
    }
    look->db = NULL;
    if (eg_db_open(&look->loop, &db, &look->db, err)) {
        uv_run(&look->loop, UV_RUN_DEFAULT);
        uv_loop_close(&look->loop);
        return EG_FAIL;
    }
    return EG_OK;
}

void eg_app_look_close(struct eg_look *look) {
    eg_db_close(look->db, on_closed, look);
    uv_run(&look->loop, UV_RUN_DEFAULT);
    uv_loop_close(&look->loop);
}

void eg_app_where(const char *dsn, char *out, size_t size_b) {
    const char *slashes = strstr(dsn, "://");
    const char *host = slashes ? strchr(slashes + 3, '@') : NULL;
    const char *colon = host ? memchr(slashes + 3, ':', (size_t)(host - slashes - 3)) : NULL;
    if (strncmp(dsn, "sqlite:", 7) != 0 && strstr(dsn, "password")) {
        snprintf(out, size_b, "(a DSN with a password parameter)");
    } else if (colon) {
        snprintf(out, size_b, "%.*s:***%s", (int)(colon - dsn), dsn, host);
    } else {
        snprintf(out, size_b, "%s", dsn);
    }
}
