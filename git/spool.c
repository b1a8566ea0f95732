/* A short text file that is replaced under a lock of its own. */
#include "git/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

#define LOOK_AGAIN_MS 20

bool eg_sha_valid(const char *text, size_t len) {
    return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") >= len;
}

static bool has(const struct eg_spool *spool, const char *sha) {
    for (size_t i = 0; i < spool->n; i++) {
        if (strcmp(spool->shas[i], sha) == 0) {
            return true;
        }
    }
    return false;
}

static bool add(struct eg_spool *spool, const char *sha) {
    if (has(spool, sha)) {
        return true;
    }
    if (spool->n == EG_SPOOL_MOST) {
        return false;
    }
    snprintf(spool->shas[spool->n++], EG_SHA_B, "%s", sha);
    return true;
}

static int open_lock(const char *path, const char *kind, struct eg_err *err) {
    char *name;
    if (asprintf(&name, "%s.%s", path, kind) < 0) {
        eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        return -1;
    }
    int fd = eg_file_lock_open(name, err);
    free(name);
    return fd;
}

eg_status eg_spool_read(const char *path, struct eg_spool **out, struct eg_err *err) {
    char text[EG_SPOOL_MOST * (EG_SHA_B + 1)], *rest = NULL;
    size_t n = 0;
    ssize_t got;
    struct eg_spool *spool = *out = calloc(1, sizeof(*spool));
    if (!spool) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); /* not there: nothing waits */
    while (fd >= 0 && n < sizeof(text) - 1 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0) {
        n += (size_t)got;
    }
    if (fd >= 0) {
        close(fd);
    }
    text[n] = '\0';
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (eg_sha_valid(line, strlen(line))) {
            (void)add(spool, line);
        }
    }
    return EG_OK;
}

static eg_status save(const char *path, const struct eg_spool *spool, struct eg_err *err) {
    struct eg_file file;
    if (eg_file_open(path, &file, err)) {
        return EG_FAIL;
    }
    for (size_t i = 0; i < spool->n; i++) {
        fprintf(file.out, "%s\n", spool->shas[i]);
    }
    return eg_file_close(&file, true, err);
}

typedef bool (*change_spool)(struct eg_spool *spool, const void *with);

/* Reads, changes and writes under the lock. *good: what change said. */
static eg_status change(const char *path, change_spool with, const void *ctx, bool *good, struct eg_err *err) {
    struct eg_spool *spool = NULL;
    int lock = open_lock(path, "lock", err);
    if (lock < 0) {
        return EG_FAIL;
    }
    while (flock(lock, LOCK_EX) && errno == EINTR) {
    }
    eg_status status = eg_spool_read(path, &spool, err);
    if (status == EG_OK) {
        *good = with(spool, ctx);
        status = save(path, spool, err);
    }
    free(spool);
    close(lock);
    return status;
}

static bool add_one(struct eg_spool *spool, const void *with) { return add(spool, with); }

static bool drop_told(struct eg_spool *spool, const void *with) {
    size_t kept = 0;
    for (size_t i = 0; i < spool->n; i++) {
        if (!has(with, spool->shas[i])) {
            memmove(spool->shas[kept++], spool->shas[i], EG_SHA_B);
        }
    }
    spool->n = kept;
    return true;
}

eg_status eg_spool_add(const char *path, const char *sha, bool *waits, struct eg_err *err) {
    return change(path, add_one, sha, waits, err);
}

eg_status eg_spool_forget(const char *path, const struct eg_spool *told, struct eg_err *err) {
    bool done;
    return change(path, drop_told, told, &done, err);
}

int eg_spool_claim(const char *path, long wait_ms, struct eg_err *err) {
    const struct timespec rest = {0, LOOK_AGAIN_MS * 1000000L};
    int64_t until_us = eg_clock_mono_us() + (int64_t)wait_ms * 1000;
    int lock = open_lock(path, "posting", err);
    while (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB)) {
        if (eg_clock_mono_us() >= until_us) {
            close(lock);
            return -1;
        }
        nanosleep(&rest, NULL);
    }
    return lock;
}
