#include "key.h"

#include "sandbox/digest.h"

int key_begin(struct key_hash *out, const char *what, uint64_t format, struct err *err)
{
	(void)err;
	sha256_begin(&out->hash);
	key_text(out, str_of(what));
	key_number(out, format);
	return 0;
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

int key_end(struct key_hash *hash, char out[65], struct err *err)
{
	struct digest digest;

	(void)err;
	sha256_end(&hash->hash, digest.bytes);
	digest_hex(out, &digest);
	return 0;
}

void key_abandon(struct key_hash *hash)
{
	sha256_begin(&hash->hash);
}
