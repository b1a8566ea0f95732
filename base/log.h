/* Lines to stderr, `key=value` (logfmt) or JSON: time, level, object, message. Every line carries its object (request, batch,
 * connection), which the caller keeps in a struct eg_log. Control bytes in values are escaped, so a client cannot forge lines. */
#ifndef EG_BASE_LOG_H
#define EG_BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

enum eg_log_level { EG_LOG_DEBUG, EG_LOG_INFO, EG_LOG_WARN, EG_LOG_ERROR };

struct eg_log {
    const char *object; /* "request", "batch", "store", … a literal */
    char id[40];        /* the object's id; may be empty */
};

void eg_log_setup(enum eg_log_level least, bool json); /* once, before threads start */
bool eg_log_level_parse(const char *name, enum eg_log_level *level);
void eg_log_write(const struct eg_log *log, enum eg_log_level level, const char *format, ...) EG_PRINTF(3, 4); /* log may be NULL */

#define eg_debug(log, ...) eg_log_write((log), EG_LOG_DEBUG, __VA_ARGS__)
#define eg_info(log, ...) eg_log_write((log), EG_LOG_INFO, __VA_ARGS__)
#define eg_warn(log, ...) eg_log_write((log), EG_LOG_WARN, __VA_ARGS__)
#define eg_error(log, ...) eg_log_write((log), EG_LOG_ERROR, __VA_ARGS__)

#endif
