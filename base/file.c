/* From folder to folder by their descriptors, so that none can be exchanged for a link on the way. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static eg_status failed(struct eg_err *err, const char *path) {
    bool link = errno == ELOOP || errno == ENOTDIR;
    return eg_err_set(err, EG_E_USAGE, path, "it cannot be written: %s%s", strerror(errno),
                      link ? "; symbolic links are not followed there" : "");
}

/* The folder of a path, as O_PATH; -1 with errno. path is cut up. */
static int walk(char *path) {
    bool absolute = *path == '/';
    char *rest = NULL, *last = strrchr(path, '/');
    int at = open(absolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!last) {
        return at;
    }
    *last = '\0';
    for (char *name = strtok_r(path, "/", &rest); name && at >= 0; name = strtok_r(NULL, "/", &rest)) {
        (void)mkdirat(at, name, 0777); /* what cannot be made cannot be opened */
        int next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC | (absolute ? 0 : O_NOFOLLOW));
        int error = errno;
        close(at);
        errno = error;
        at = next;
    }
    return at;
}

static bool is_systems(const char *path) { return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0; }

/* A descriptor to write to; -1 with errno. */
static int open_in(struct eg_file *file, const char *path) {
    struct stat is;
    bool there = fstatat(file->folder, file->name, &is, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && !S_ISREG(is.st_mode)) {
        int fd = openat(file->folder, file->name, O_WRONLY | O_CLOEXEC | (is_systems(path) ? O_TRUNC : O_NOFOLLOW));
        int error = errno;
        close(file->folder);
        file->folder = -1;
        errno = error;
        return fd;
    }
    (void)unlinkat(file->folder, file->part, 0); /* of a run that was cut off */
    return openat(file->folder, file->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

static void end(struct eg_file *file) {
    if (file->folder >= 0) {
        close(file->folder);
    }
    free(file->name);
    free(file->part);
    free(file->place);
    *file = (struct eg_file){.folder = -1};
}

eg_status eg_file_open(const char *path, struct eg_file *file, struct eg_err *err) {
    const char *slash = strrchr(path, '/');
    char *cut = strdup(path);
    *file = (struct eg_file){.folder = -1, .name = strdup(slash ? slash + 1 : path), .place = strdup(path)};
    if (!cut || !file->name || !file->place || asprintf(&file->part, "%s.part", file->name) < 0) {
        file->part = NULL;
        free(cut);
        end(file);
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    file->folder = walk(cut);
    free(cut);
    int fd = file->folder < 0 ? -1 : open_in(file, path);
    file->out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file->out) {
        failed(err, path);
        if (fd >= 0) {
            close(fd);
        }
        end(file);
        return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_file_close(struct eg_file *file, bool keep, struct eg_err *err) {
    int bad = ferror(file->out);
    bad |= fclose(file->out);
    if (keep && !bad && file->folder >= 0) {
        bad = renameat(file->folder, file->part, file->folder, file->name);
    }
    eg_status status = keep && bad ? failed(err, file->place) : EG_OK;
    if (file->folder >= 0 && (!keep || bad)) {
        (void)unlinkat(file->folder, file->part, 0);
    }
    end(file);
    return status;
}

eg_status eg_file_write(const char *path, const void *bytes, size_t n, struct eg_err *err) {
    struct eg_file file;
    if (eg_file_open(path, &file, err)) {
        return EG_FAIL;
    }
    fwrite(bytes, 1, n, file.out);
    return eg_file_close(&file, true, err);
}

eg_status eg_file_write_line(const char *path, const char *text, struct eg_err *err) {
    struct eg_file file;
    if (eg_file_open(path, &file, err)) {
        return EG_FAIL;
    }
    fprintf(file.out, "%s\n", text);
    return eg_file_close(&file, true, err);
}

int eg_file_lock_open(const char *path, struct eg_err *err) {
    const char *slash = strrchr(path, '/');
    char *cut = strdup(path);
    int folder = cut ? walk(cut) : -1;
    int fd = folder < 0 ? -1 : openat(folder, slash ? slash + 1 : path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        failed(err, path);
    }
    if (folder >= 0) {
        close(folder);
    }
    free(cut);
    return fd;
}
