/* Small questions about texts: patterns with *, the nearest known word to a mistyped one, hexadecimal digits. */
#ifndef EG_BASE_TEXT_H
#define EG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all of text fits the pattern, in which * stands for any run of bytes. At most len times the pattern's length of comparisons. */
bool eg_text_matches(const char *pattern, const char *text, size_t len);

/* The nearest of n words by edit distance, NULL when none is near. */
const char *eg_text_nearest(const char *word, const char *const *words, size_t n);

int eg_text_hex(char c); /* the digit's value; −1 when it is none */

#endif
