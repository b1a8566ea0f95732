/* UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. NUL is a character like others. */
#ifndef EG_BASE_UTF8_H
#define EG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at the beginning of `left` ≥ 1 bytes, and which it is (c may be NULL); 0: there is none. */
size_t eg_utf8_char(const char *at, size_t left, uint32_t *c);
bool eg_utf8_valid(const char *text, size_t len);

#endif
