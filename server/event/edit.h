/* Edits of a JSON document: JSON Patch (RFC 6902), JSON Merge Patch (RFC 7396), or a whole new document. */
#ifndef EG_EVENT_EDIT_H
#define EG_EVENT_EDIT_H

#include <jansson.h>

#include "base/err.h"

/* {"patch": […]}, {"merge": {…}} or {"replace": {…}}: exactly one. err: usage. */
EG_MUST_CHECK eg_status eg_edit_check(const json_t *edit, struct eg_err *err);
/* *doc (owned) becomes the edited document; on failure it may be half-way and is still owned. edit has passed eg_edit_check. doc may point
 * to NULL for a `replace`. err: edit_failed, its place a pointer into the document. */
EG_MUST_CHECK eg_status eg_edit_apply(json_t **doc, const json_t *edit, struct eg_err *err);

#endif
