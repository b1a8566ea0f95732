/* PNG: a signature, and chunks of a length, a name, bytes and their CRC. The rows stand in one zlib stream, each behind the number of its
 * filter (0: none). */
#include "indexer/png.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put32(uint8_t *out, uint32_t n) {
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(n >> (24 - 8 * i));
    }
}

static void chunk(struct eg_buf *out, const char *name, const uint8_t *bytes, size_t n) {
    uint8_t number[4];
    uLong crc = crc32(crc32(0, NULL, 0), (const Bytef *)name, 4);
    put32(number, (uint32_t)n);
    eg_buf_add(out, number, 4);
    eg_buf_add(out, name, 4);
    if (n > 0) {
        eg_buf_add(out, bytes, n);
        crc = crc32(crc, bytes, (uInt)n);
    }
    put32(number, (uint32_t)crc);
    eg_buf_add(out, number, 4);
}

bool eg_png_write(struct eg_buf *out, const uint8_t *pixels, uint32_t width, uint32_t height) {
    size_t row = (size_t)width * 3, n = (row + 1) * height;
    uLongf packed_n = compressBound((uLong)n);
    uint8_t *rows = malloc(n), *packed = malloc(packed_n), head[13] = {[8] = 8, [9] = 2}; /* 8 bits, colours */
    bool good = rows && packed;
    for (uint32_t y = 0; good && y < height; y++) {
        rows[y * (row + 1)] = 0;
        memcpy(rows + y * (row + 1) + 1, pixels + y * row, row);
    }
    good = good && compress2(packed, &packed_n, rows, (uLong)n, Z_BEST_COMPRESSION) == Z_OK;
    if (good) {
        put32(head, width);
        put32(head + 4, height);
        eg_buf_add(out, "\x89PNG\r\n\x1a\n", 8);
        chunk(out, "IHDR", head, sizeof(head));
        chunk(out, "IDAT", packed, packed_n);
        chunk(out, "IEND", NULL, 0);
    }
    free(rows);
    free(packed);
    return good && !out->failed;
}
