/* Which of the three forms an answer takes: by its name, or by an Accept header (RFC 9110, 12.5.1). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/query/answer.h"

static const struct {
    const char *name;
    const char *type; /* as answered */
    const char *accepted[3];
} formats[EG_FORMATS] = {
    [EG_FORMAT_JSON] = {"json", "application/json", {"application/json"}},
    [EG_FORMAT_NDJSON] = {"ndjson",
                          "application/x-ndjson",
                          {"application/x-ndjson", "application/ndjson", "application/jsonl"}},
    [EG_FORMAT_CSV] = {"csv", "text/csv; charset=utf-8; header=present", {"text/csv"}},
};

const char *eg_format_type(enum eg_format format) { return formats[format].type; }

bool eg_format_by_name(const char *name, enum eg_format *format) {
    for (int i = 0; i < EG_FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *format = (enum eg_format)i;
            return true;
        }
    }
    return false;
}

/* 3: the type itself, 2: type/…, 1: anything, 0: no. */
static int fits(enum eg_format format, const char *range, size_t len) {
    int best = len == 3 && memcmp(range, "*/*", 3) == 0;
    for (int i = 0; i < 3 && formats[format].accepted[i]; i++) {
        const char *type = formats[format].accepted[i];
        if (strlen(type) == len && strncasecmp(type, range, len) == 0) {
            return 3;
        }
        if (len > 2 && memcmp(range + len - 2, "/*", 2) == 0 && strncasecmp(type, range, len - 1) == 0) {
            best = 2;
        }
    }
    return best;
}

/* q of one range, in thousandths, 1 when it is no number from 0 to 1; its other parameters are not looked at. */
static int quality(const char *range, size_t len) {
    for (size_t i = 0; i + 1 < len; i++) {
        if (range[i] == ';') {
            size_t at = i + 1 + strspn(range + i + 1, " \t");
            if (at + 1 < len && (range[at] | 32) == 'q' && range[at + 1] == '=') {
                double q = strtod(range + at + 2, NULL);
                return q >= 0 && q <= 1 ? (int)(q * 1000) : 1000;
            }
        }
    }
    return 1000;
}

bool eg_format_by_accept(const char *accept, enum eg_format *format) {
    int wanted[EG_FORMATS] = {0}, how[EG_FORMATS] = {0}, best = 0;
    *format = EG_FORMAT_JSON;
    if (!accept || !*accept) {
        return true;
    }
    for (const char *at = accept; *at;) {
        at += strspn(at, ", \t");
        size_t len = strcspn(at, ","), type_len = strcspn(at, ";, \t");
        for (int i = 0; i < EG_FORMATS && len > 0; i++) {
            int fit = fits((enum eg_format)i, at, type_len < len ? type_len : len);
            if (fit > how[i]) { /* the most exact range decides */
                how[i] = fit;
                wanted[i] = quality(at, len);
            }
        }
        at += len;
    }
    for (int i = 0; i < EG_FORMATS; i++) { /* between equals, the one that was named */
        int weight = wanted[i] > 0 ? wanted[i] * 4 + how[i] : 0;
        if (weight > best) {
            best = weight;
            *format = (enum eg_format)i;
        }
    }
    return best > 0;
}

eg_status eg_format_asked(struct eg_request *req, enum eg_format *format) {
    const char *name = eg_request_query(req, "format");
    if (name && !eg_format_by_name(name, format)) {
        return eg_err_set(&req->err, EG_E_USAGE, "format", "format is json, ndjson or csv, not \"%.40s\"", name);
    }
    if (!name && !eg_format_by_accept(eg_request_header(req, "Accept"), format)) {
        return eg_err_set(&req->err, EG_E_NOT_ACCEPTABLE, NULL,
                          "an answer is application/json, application/x-ndjson or text/csv; Accept takes none of them");
    }
    return EG_OK;
}
