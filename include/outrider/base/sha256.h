/*
 * sha256.h - SHA-256 (FIPS 180-4) by nettle, with the processor's instructions where it has them. It cannot fail, and costs a program's start
 * nothing: OpenSSL looks for its providers and its configuration before the first digest, which takes a millisecond.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { SHA256_BYTES = 32 };

/* By value; holds nothing. What it is made of is nettle's affair. */
struct sha256 {
	uint64_t state[16];
};

void sha256_begin(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *bytes, size_t n);
void sha256_add_str(struct sha256 *hash, struct str text);
/* Then it has to begin again. */
void sha256_end(struct sha256 *hash, unsigned char out[SHA256_BYTES]);
void sha256_of(unsigned char out[SHA256_BYTES], struct str text);
/* HMAC (RFC 2104) of the pieces, one after the other. */
void sha256_mac(unsigned char out[SHA256_BYTES], struct str key, const struct str *pieces, size_t n);

/* Compares secrets: how long it takes tells only the length. */
bool secret_eq(const void *a, const void *b, size_t n);
