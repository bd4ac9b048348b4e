/* hex.h - SHA-256 and bytes as hex digits. Private to this folder. */
#pragma once
#include <stddef.h>

/* 2n lower-case digits and a NUL. */
void hex_write(char *out, const unsigned char *bytes, size_t n);
void hex_sha256(char out[65], const void *bytes, size_t n);
