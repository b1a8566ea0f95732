/* Opens and closes the room; and the answer in JSON that its flows share. */
#include "server/admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/admin/room.h"
#include "server/registry/json_write.h"

#define OPENAPI_MOST_B ((size_t)4 << 20)

static eg_status read_openapi(struct eg_admin *admin, struct eg_err *err) {
    const char *path = admin->config.openapi_file;
    FILE *file = fopen(path, "re");
    struct eg_buf text;
    char piece[16384];
    size_t n;
    if (!file) {
        return eg_err_set(err, EG_E_CONFIG, path, "the description of the API cannot be read: %s", strerror(errno));
    }
    eg_buf_init(&text, OPENAPI_MOST_B);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        eg_buf_add(&text, piece, n);
    }
    bool failed = ferror(file) || text.failed;
    fclose(file);
    if (failed) {
        eg_buf_free(&text);
        return eg_err_set(err, EG_E_CONFIG, path, "the description of the API cannot be read, or is larger than 4 MiB");
    }
    admin->openapi = eg_buf_detach(&text, &admin->openapi_len);
    return EG_OK;
}

eg_status eg_admin_open(const struct eg_admin_config *config, struct eg_admin **out, struct eg_err *err) {
    struct eg_admin *admin = calloc(1, sizeof(*admin));
    if (!admin) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    *admin = (struct eg_admin){.magic = EG_ADMIN_MAGIC,
                               .config = *config,
                               .started_us = eg_clock_mono_us(),
                               .started_wall_us = eg_clock_now_us()};
    if (read_openapi(admin, err)) {
        free(admin);
        return EG_FAIL;
    }
    eg_admin_views_start(admin);
    *out = admin;
    return EG_OK;
}

void eg_admin_stopping(struct eg_admin *admin) {
    admin->stopping = true;
    eg_admin_views_stop(admin);
}

void eg_admin_close(struct eg_admin *admin) {
    if (admin) {
        free(admin->openapi);
        free(admin);
    }
}

struct eg_admin *eg_admin_of(const struct eg_request *req) {
    struct eg_admin *admin = req->app;
    EG_ASSERT(admin && admin->magic == EG_ADMIN_MAGIC);
    return admin;
}

enum eg_step_result eg_admin_answer_json(struct eg_request *req, int status, json_t *value) {
    if (value) {
        eg_json_write(&req->answer, value);
    }
    bool failed = !value || req->answer.failed;
    json_decref(value);
    if (failed) {
        eg_err_set(&req->err, EG_E_INTERNAL, NULL, "the answer does not fit into memory");
        return eg_request_problem(req, NULL);
    }
    eg_buf_char(&req->answer, '\n');
    return eg_request_answer(req, status, "application/json");
}
