/* Bytes of git as text of events. */
#ifndef EG_GIT_TEXT_H
#define EG_GIT_TEXT_H

#include "base/buf.h"
#include "base/value.h"

/* Adds text as UTF-8, at most most_b bytes of it, cut between characters; U+FFFD for each byte that is none, and for NUL,
 * which no store keeps. Returns the characters. */
size_t eg_git_clean(struct eg_buf *out, struct eg_str text, size_t most_b);

#endif
