/* punycode.h - checks what stands behind "xn--" (RFC 3492). Private to this folder. */
#pragma once
#include "base/str.h"

/*
 * Lower-case bytes that decode to a text with a character outside ASCII, and nothing a name may
 * not have: control characters,
 * surrogates, white space, full-width and other forms that IDNA maps away to ASCII letters, digits
 * or dots.
 */
bool punycode_valid(struct str text);
