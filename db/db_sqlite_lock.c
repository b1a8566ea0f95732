/* The lock of a served file: flock() on PATH-lock, where PATH has its symbolic links followed, so that each name of the file means
 * the same. Not on the file itself: closing a descriptor of it would end SQLite's own locks. */
#include "db/db_sqlite_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PATH_MOST_B 4096

static eg_status in_use(int fd, const char *path, struct eg_err *err) {
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return eg_err_set(err, EG_E_STORE_IN_USE, path,
                      "another process has the database (pid %s): stop it first, or use PostgreSQL for several servers",
                      *pid ? pid : "unknown");
}

eg_status eg_sqlite_lock(const char *path, int *fd, struct eg_err *err) {
    char name[PATH_MOST_B + 8], pid[16];
    char *whole = realpath(path, NULL);
    int len = whole ? snprintf(name, sizeof name, "%s-lock", whole) : -1;
    free(whole);
    *fd = -1;
    if (len < 0 || len >= (int)sizeof name)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, path, "the path of the database cannot be followed: %s", strerror(errno));
    *fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (*fd < 0)
        return eg_err_set(err, EG_E_STORE_UNAVAILABLE, name, "the lock beside the database cannot be opened: %s", strerror(errno));
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) {
        len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
        bool told = ftruncate(*fd, 0) == 0 && pwrite(*fd, pid, (size_t)len, 0) == len;
        (void)told; /* the number is for people: a full disk is found by who writes next */
        return EG_OK;
    }
    bool taken = errno == EWOULDBLOCK;
    eg_status status = eg_err_set(err, EG_E_STORE_UNAVAILABLE, name, "the file system has no locks: %s", strerror(errno));
    if (taken) {
        eg_err_clear(err);
        status = in_use(*fd, path, err);
    }
    close(*fd);
    *fd = -1;
    return status;
}
