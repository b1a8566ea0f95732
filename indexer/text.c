/* What is not UTF-8 is told as U+FFFD. */
#include "indexer/text.h"

#include "base/utf8.h"

void eg_text_add_clean(struct eg_buf *out, const char *text, size_t len, size_t most_b) {
    size_t start = out->len;
    for (size_t i = 0; i < len;) {
        size_t n = eg_utf8_char(text + i, len - i, NULL);
        size_t wanted = n ? n : 3;
        if (out->len - start + wanted > most_b) {
            return;
        }
        eg_buf_add(out, n ? text + i : "\xef\xbf\xbd", wanted);
        i += n ? n : 1;
    }
}
