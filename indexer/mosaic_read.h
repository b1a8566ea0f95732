/* The mosaic of a commit. */
#ifndef EG_INDEXER_MOSAIC_READ_H
#define EG_INDEXER_MOSAIC_READ_H

#include "indexer/mosaic.h"
#include "indexer/repo.h"

#define EG_MOSAIC_FILE_MOST_B ((size_t)2 << 20) /* a larger file counts as one line, as one that is binary does */

struct eg_mosaic_reader; /* remembers the lines of what it read */

EG_MUST_CHECK eg_status eg_mosaic_reader_new(git_repository *repo, struct eg_mosaic_reader **reader, struct eg_err *err);
void eg_mosaic_reader_free(struct eg_mosaic_reader *reader); /* NULL is fine; the paths of what it laid go with it */
/* Lays the commit's files. *left_out: paths that the index leaves out. */
EG_MUST_CHECK eg_status eg_mosaic_read(struct eg_mosaic_reader *reader, const git_oid *commit, struct eg_mosaic *mosaic,
                                       size_t *left_out, struct eg_err *err);
/* The text of a blob that has lines. *blob: NULL when it is binary or too large; the caller frees it. */
EG_MUST_CHECK eg_status eg_mosaic_text(git_repository *repo, const git_oid *oid, git_blob **blob, struct eg_err *err);
int eg_mosaic_lines(git_blob *blob); /* of a text; NULL: 1 */
int eg_mosaic_lines_laid(git_blob *blob); /* the same of any blob: 1 when it is binary or too large */
/* Tells the reader how many lines a blob is laid with, when it was read anyway. */
EG_MUST_CHECK eg_status eg_mosaic_reader_tell(struct eg_mosaic_reader *reader, const git_oid *oid, int lines, struct eg_err *err);

#endif
