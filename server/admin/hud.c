/* GET /hud/: the page for people. Its files were made by hud/build.mjs and stand in this program, each as it is and, where that is
 * smaller, as gzip; a file that is missing fails the build. With --web-dir they are read from a folder instead, for development.
 * A name without a dot is a view of the page, and the page itself is answered: which view there is, the page knows. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/admin/room.h"

#define MOST_NAME_B 120
#define MOST_FILE_B ((off_t)8 << 20)

/* Everything comes from this server; no script and no style stands in the page itself. */
#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "              \
    "frame-ancestors 'none'; base-uri 'none'"

/* X(number, "name", "type", "etag", has a gzip beside it): what the build made, sorted by name. */
#define X(n, name, type, etag, zipped)                                                                                 \
    __asm__(".pushsection .rodata\n"                                                                                   \
            "eg_hud_" #n ": .incbin \"build/hud/" name "\"\n"                                                          \
            "eg_hud_" #n "_end: .byte 0\n"                                                                             \
            "eg_hud_" #n "_gz:\n"                                                                                      \
            ".if " #zipped "\n.incbin \"build/hud/" name ".gz\"\n.endif\n"                                             \
            "eg_hud_" #n "_gz_end: .byte 0\n"                                                                          \
            ".popsection\n");                                                                                          \
    extern const char eg_hud_##n[], eg_hud_##n##_end[], eg_hud_##n##_gz[], eg_hud_##n##_gz_end[];
#include "build/hud/assets.def"
#undef X

struct asset {
    const char *name, *type, *etag;
    const char *bytes, *end, *gzip, *gzip_end;
};

static const struct asset assets[] = {
#define X(n, name, type, etag, zipped)                                                                                 \
    {name, type, "W/\"" etag "\"", eg_hud_##n, eg_hud_##n##_end, eg_hud_##n##_gz, eg_hud_##n##_gz_end},
#include "build/hud/assets.def"
#undef X
};

static void add_headers(struct eg_request *req, bool for_ever) {
    eg_request_add_header(req, "Content-Security-Policy", POLICY);
    eg_request_add_header(req, "Referrer-Policy", "no-referrer");
    eg_request_add_header(req, "Cache-Control", for_ever ? "public, max-age=31536000, immutable" : "no-cache");
}

static enum eg_step_result not_found(struct eg_request *req) {
    eg_err_set(&req->err, EG_E_NOT_FOUND, NULL, "The page has no file of this name.");
    return eg_request_problem(req, NULL);
}

static enum eg_step_result answer_asset(struct eg_request *req, const struct asset *asset) {
    const char *known = eg_request_header(req, "If-None-Match");
    add_headers(req, strchr(asset->name, '-')); /* behind which its hash stands */
    eg_request_add_header(req, "ETag", asset->etag);
    if (known && strstr(known, asset->etag + 2)) { /* a weak comparison */
        return eg_request_answer(req, 304, NULL);
    }
    if (asset->gzip_end > asset->gzip && eg_request_takes_gzip(req)) {
        eg_buf_add(&req->answer, asset->gzip, (size_t)(asset->gzip_end - asset->gzip));
        return eg_request_answer_gzip(req, 200, asset->type);
    }
    eg_buf_add(&req->answer, asset->bytes, (size_t)(asset->end - asset->bytes));
    return eg_request_answer(req, 200, asset->type);
}

/* With --web-dir */

/* Letters, digits, '-', '_' and '.', which does not come first: no path leads out of the folder. */
static bool is_plain(const char *name) {
    size_t len = strlen(name);
    if (len == 0 || len > MOST_NAME_B || name[0] == '.') {
        return false;
    }
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == len;
}

static const char *type_of(const char *name) {
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".txt", "text/plain; charset=utf-8"}};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(dot, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return NULL;
}

static bool read_file(struct eg_buf *out, const char *dir, const char *name) {
    char piece[16384];
    struct stat info;
    ssize_t n = -1;
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= MOST_FILE_B) {
        while ((n = read(fd, piece, sizeof(piece))) > 0) {
            eg_buf_add(out, piece, (size_t)n);
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    if (folder >= 0) {
        close(folder);
    }
    return n == 0;
}

static enum eg_step_result answer_from(struct eg_request *req, const char *dir, const char *name) {
    const char *type = is_plain(name) ? type_of(name) : NULL;
    if (!type || !read_file(&req->answer, dir, name)) {
        return not_found(req);
    }
    add_headers(req, false);
    return eg_request_answer(req, 200, type);
}

static enum eg_step_result answer_named(struct eg_request *req, const char *name) {
    const struct eg_admin *admin = eg_admin_of(req);
    if (!strchr(name, '.')) {
        name = "index.html";
    }
    if (*admin->config.web_dir) {
        return answer_from(req, admin->config.web_dir, name);
    }
    for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
        if (strcmp(assets[i].name, name) == 0) {
            return answer_asset(req, &assets[i]);
        }
    }
    return not_found(req);
}

static enum eg_step_result answer(struct eg_request *req) { return answer_named(req, req->param ? req->param : ""); }

/* From / and /hud, relative, so that it holds behind a proxy that serves this under a path. */
static enum eg_step_result redirect(struct eg_request *req) {
    eg_request_add_header(req, "Location", "hud/");
    return eg_request_answer(req, 302, NULL);
}

static const struct eg_step way[] = {{"answer", answer}};
const struct eg_flow eg_flow_hud = {.name = "hud", .n_steps = 1, .steps = way};

static const struct eg_step redirect_way[] = {{"redirect", redirect}};
const struct eg_flow eg_flow_hud_redirect = {.name = "hud_redirect", .n_steps = 1, .steps = redirect_way};
