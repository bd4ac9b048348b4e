#include "hex.h"

#include "base/sha256.h"

void hex_write(char *out, const unsigned char *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

void hex_sha256(char out[65], const void *bytes, size_t n)
{
	unsigned char digest[SHA256_BYTES];

	sha256_of(digest, (struct str){ bytes, n });
	hex_write(out, digest, sizeof digest);
}
