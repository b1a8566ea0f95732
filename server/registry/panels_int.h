/* What the files that load panels share. */
#ifndef EG_REGISTRY_PANELS_INT_H
#define EG_REGISTRY_PANELS_INT_H

#include "server/registry/panels.h"

struct eg_panel_load { /* one file at work */
    struct eg_arena *arena;
    const char *file;
    struct eg_err *err;
};

eg_status eg_panel_wrong(const struct eg_panel_load *load, const char *format, ...) EG_PRINTF(2, 3);
/* A string member of at most most_b bytes, in the arena. NULL with the error set when it is required and not there. */
const char *eg_panel_string(const struct eg_panel_load *load, const json_t *object, const char *where, const char *name,
                            bool required, size_t most_b);
/* The members must be among these words. */
EG_MUST_CHECK eg_status eg_panel_members(const struct eg_panel_load *load, const json_t *object, const char *where,
                                         const char *const *known);
EG_MUST_CHECK eg_status eg_panel_read_params(const struct eg_panel_load *load, const json_t *list, struct eg_panel *panel);
/* A text as a string or as an array of lines. */
EG_MUST_CHECK eg_status eg_panel_read_text(const struct eg_panel_load *load, const json_t *value, const char *where,
                                           const struct eg_panel *panel, const struct eg_panel_text **text);

#endif
