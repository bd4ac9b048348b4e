#include "key.h"

#include "sandbox/digest.h"

static int cannot(struct err *err)
{
	return err_set(err, ERR_TEMP, "SHA-256 cannot be had");
}

int key_begin(struct key_hash *out, const char *what, uint64_t format, struct err *err)
{
	struct key_hash hash = { EVP_MD_CTX_new(), false };

	if (!hash.hash || EVP_DigestInit_ex(hash.hash, EVP_sha256(), NULL) != 1) {
		key_abandon(&hash);
		return cannot(err);
	}
	key_text(&hash, str_of(what));
	key_number(&hash, format);
	*out = hash;
	return 0;
}

void key_number(struct key_hash *hash, uint64_t n)
{
	hash->failed |= EVP_DigestUpdate(hash->hash, &n, sizeof n) != 1;
}

void key_text(struct key_hash *hash, struct str text)
{
	key_number(hash, text.len);
	hash->failed |= text.len && EVP_DigestUpdate(hash->hash, text.p, text.len) != 1;
}

int key_end(struct key_hash *hash, char out[65], struct err *err)
{
	struct digest digest;
	const bool ok = !hash->failed && EVP_DigestFinal_ex(hash->hash, digest.bytes, NULL) == 1;

	key_abandon(hash);
	if (!ok)
		return cannot(err);
	digest_hex(out, &digest);
	return 0;
}

void key_abandon(struct key_hash *hash)
{
	EVP_MD_CTX_free(hash->hash);
	hash->hash = NULL;
}
