/* Bytes that should be UTF-8. */
#ifndef EG_INDEXER_TEXT_H
#define EG_INDEXER_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Adds text, with U+FFFD for each byte that is no UTF-8, at most most_b bytes of it, cut between characters. */
void eg_text_add_clean(struct eg_buf *out, const char *text, size_t len, size_t most_b);

#endif
