/* A short text file under a lock. It is written anew in place: losing it loses no commit, since git has them all. */
#include "git/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/folder.h"

bool eg_sha_valid(const char *text, size_t len) {
    return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") >= len;
}

static void read_shas(struct eg_spool *spool) {
    char text[EG_SPOOL_MOST * (EG_SHA_B + 1)];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof(text) - 1 && (got = read(spool->fd, text + n, sizeof(text) - 1 - n)) > 0) {
        n += (size_t)got;
    }
    text[n] = '\0';
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (eg_sha_valid(line, strlen(line))) {
            (void)eg_spool_add(spool, line);
        }
    }
}

eg_status eg_spool_open(const char *path, struct eg_spool **out, struct eg_err *err) {
    struct eg_spool *spool = calloc(1, sizeof(*spool));
    if (!spool) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_folders_make(path);
    spool->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (spool->fd < 0 || flock(spool->fd, LOCK_EX)) {
        eg_err_set(err, EG_E_USAGE, path, "the spool cannot be opened: %s", strerror(errno));
        if (spool->fd >= 0) {
            close(spool->fd);
        }
        free(spool);
        return EG_FAIL;
    }
    read_shas(spool);
    *out = spool;
    return EG_OK;
}

bool eg_spool_add(struct eg_spool *spool, const char *sha) {
    for (size_t i = 0; i < spool->n; i++) {
        if (strcmp(spool->shas[i], sha) == 0) {
            return true;
        }
    }
    if (spool->n == EG_SPOOL_MOST) {
        return false;
    }
    snprintf(spool->shas[spool->n++], EG_SHA_B, "%s", sha);
    return true;
}

eg_status eg_spool_save(struct eg_spool *spool, struct eg_err *err) {
    eg_status status = EG_OK;
    if (ftruncate(spool->fd, 0) || lseek(spool->fd, 0, SEEK_SET) < 0) {
        status = eg_err_set(err, EG_E_USAGE, "spool", "the spool cannot be written: %s", strerror(errno));
    }
    for (size_t i = 0; i < spool->n && status == EG_OK; i++) {
        if (dprintf(spool->fd, "%s\n", spool->shas[i]) < 0) {
            status = eg_err_set(err, EG_E_USAGE, "spool", "the spool cannot be written: %s", strerror(errno));
        }
    }
    close(spool->fd);
    free(spool);
    return status;
}
