#include "key.h"

#include "sandbox/digest.h"

void key_begin(struct key_hash *out, const char *what, uint64_t format)
{
	sha256_begin(&out->hash);
	key_text(out, str_of(what));
	key_number(out, format);
}

void key_number(struct key_hash *hash, uint64_t n)
{
	sha256_add(&hash->hash, &n, sizeof n);
}

void key_text(struct key_hash *hash, struct str text)
{
	key_number(hash, text.len);
	sha256_add_str(&hash->hash, text);
}

void key_end(struct key_hash *hash, char out[65])
{
	struct digest digest;

	sha256_end(&hash->hash, digest.bytes);
	digest_hex(out, &digest);
}
