#include "base/sha256.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sha256), "nettle's state has its place");

static struct sha256_ctx *context(struct sha256 *hash)
{
	return (struct sha256_ctx *)(void *)hash->state;
}

void sha256_begin(struct sha256 *hash)
{
	sha256_init(context(hash));
}

void sha256_add(struct sha256 *hash, const void *bytes, size_t n)
{
	if (n)
		sha256_update(context(hash), n, bytes);
}

void sha256_add_str(struct sha256 *hash, struct str text)
{
	sha256_add(hash, text.p, text.len);
}

void sha256_end(struct sha256 *hash, unsigned char out[SHA256_BYTES])
{
	sha256_digest(context(hash), SHA256_BYTES, out);
}

void sha256_of(unsigned char out[SHA256_BYTES], struct str text)
{
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add_str(&hash, text);
	sha256_end(&hash, out);
}

void sha256_mac(unsigned char out[SHA256_BYTES], struct str key, const struct str *pieces, size_t n)
{
	struct hmac_sha256_ctx mac;

	hmac_sha256_set_key(&mac, key.len, (const uint8_t *)key.p);
	for (size_t i = 0; i < n; i++)
		if (pieces[i].len)
			hmac_sha256_update(&mac, pieces[i].len, (const uint8_t *)pieces[i].p);
	hmac_sha256_digest(&mac, SHA256_BYTES, out);
	explicit_bzero(&mac, sizeof mac);
}

bool secret_eq(const void *a, const void *b, size_t n)
{
	return memeql_sec(a, b, n);
}
