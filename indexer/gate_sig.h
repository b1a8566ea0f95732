/* Whether callers of one signature can go on with another. Signatures are as `egdb-index symbols` shows them: "(a, b=1) -> int". */
#ifndef EG_INDEXER_GATE_SIG_H
#define EG_INDEXER_GATE_SIG_H

#include <stddef.h>

enum eg_compat { EG_COMPAT_SAME, EG_COMPAT_REVIEW, EG_COMPAT_BROKEN };

/* path: of the file; its ending tells how parameters are written. why: the worst difference, in a few words; "" when there is none. */
enum eg_compat eg_signature_compare(const char *before, const char *after, const char *path, char *why, size_t size_b);

#endif
