/* Pictures as PNG: 8 bits for each of red, green and blue. */
#ifndef EG_INDEXER_PNG_H
#define EG_INDEXER_PNG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* pixels: width · height · 3 bytes, row by row. Adds the file to out; false when memory is out. */
bool eg_png_write(struct eg_buf *out, const uint8_t *pixels, uint32_t width, uint32_t height);

#endif
