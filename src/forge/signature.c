#include "signature.h"


#include "base/scope.h"
#include "base/sha256.h"
#include "late_crypto.h"

enum { MAC = SHA256_BYTES, MAX_PIECES = 8 };

static bool from_hex(unsigned char out[MAC], struct str hex)
{
	if (hex.len != 2 * MAC)
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		char c = hex.p[i];
		int value = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (value < 0)
			return false;
		out[i / 2] = (unsigned char)(i % 2 ? (out[i / 2] | value) : value << 4);
	}
	return true;
}

/* All secrets are tried, whichever fits. */
static bool any_signs(const struct secrets *secrets, const unsigned char given[MAC],
		      const struct str *pieces, size_t n)
{
	unsigned char made[MAC];
	bool found = false;

	for (size_t i = 0; i < secrets->n; i++)
		if (secrets->items[i].len >= SIGNATURE_MIN_SECRET) {
			sha256_mac(made, secrets->items[i], pieces, n);
			found |= secret_eq(made, given, MAC);
		}
	explicit_bzero(made, sizeof made);
	return found;
}

bool signature_hex(const struct secrets *secrets, struct str hex, struct str body)
{
	unsigned char given[MAC];

	return from_hex(given, hex) && any_signs(secrets, given, &body, 1);
}

bool signature_sha256(const struct secrets *secrets, struct str header, struct str body)
{
	return str_starts(header, STR("sha256=")) &&
	       signature_hex(secrets, str_from(header, 7), body);
}

/* Both are hashed first, so that neither length nor content shows in the time. */
static bool same(struct str a, struct str b)
{
	unsigned char hash_a[SHA256_BYTES], hash_b[SHA256_BYTES];

	sha256_of(hash_a, a);
	sha256_of(hash_b, b);
	return secret_eq(hash_a, hash_b, sizeof hash_a);
}

bool signature_token(const struct secrets *secrets, struct str token)
{
	bool found = false;

	for (size_t i = 0; token.len && i < secrets->n; i++)
		if (secrets->items[i].len >= SIGNATURE_MIN_SECRET)
			found |= same(secrets->items[i], token);
	return found;
}

bool signature_basic(const struct secrets *secrets, struct str header)
{
	unsigned char text[1024];
	size_t n, colon;
	struct str pair;

	if (!str_eq_nocase(str_sub(header, 0, 6), STR("Basic ")) ||
	    !base64_decode(text, sizeof text, &n, str_trim(str_from(header, 6))))
		return false;
	pair = (struct str){ (const char *)text, n };
	colon = str_find_byte(pair, ':');
	return colon != SIZE_MAX && signature_token(secrets, str_from(pair, colon + 1));
}

bool base64_decode(unsigned char *out, size_t room, size_t *n, struct str text)
{
	size_t padding = 0;
	int len;

	if (text.len == 0 || text.len % 4 || text.len / 4 * 3 > room)
		return false;
	while (padding < 2 && text.p[text.len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < text.len - padding; i++)
		if (text.p[i] <= ' ' || text.p[i] == '=' || text.p[i] == '-' || text.p[i] == '_')
			return false;
	if (late_crypto(NULL))
		return false;
	len = EVP_DecodeBlock(out, (const unsigned char *)text.p, (int)text.len);
	if (len < 0)
		return false;
	*n = (size_t)len - padding;
	return true;
}

struct str base64_text(struct arena *mem, struct str bytes)
{
	AUTO_BUF struct buf text = { 0 };

	buf_add_base64(&text, bytes);
	return arena_str(mem, buf_str(&text));
}

struct str base64_url(struct arena *mem, struct str bytes)
{
	struct str text = base64_text(mem, bytes);
	char *out = arena_alloc(mem, text.len + 1);
	size_t n = 0;

	for (; n < text.len && text.p[n] != '='; n++)
		out[n] = text.p[n] == '+' ? '-' : text.p[n] == '/' ? '_' : text.p[n];
	out[n] = '\0';
	return (struct str){ out, n };
}

/* The bytes that a configured secret stands for. */
static struct str key_of(struct str secret, unsigned char *room, size_t size)
{
	size_t n;

	if (str_starts(secret, STR("whsec_")) && base64_decode(room, size, &n, str_from(secret, 6)))
		return (struct str){ (const char *)room, n };
	return secret;
}

static bool one_signs(const struct secrets *secrets, struct str signature, const struct str *pieces,
		      size_t n)
{
	unsigned char given[MAC + 3], room[256];
	bool found = false;
	size_t len;

	if (!str_starts(signature, STR("v1,")) ||
	    !base64_decode(given, sizeof given, &len, str_from(signature, 3)) || len != MAC)
		return false;
	for (size_t i = 0; i < secrets->n; i++) {
		struct str key = key_of(secrets->items[i], room, sizeof room);
		struct secrets one = { &key, 1 };

		found |= any_signs(&one, given, pieces, n);
	}
	return found;
}

bool signature_standard(const struct secrets *secrets, struct str header, struct str id,
			struct str timestamp, struct str body, int64_t now)
{
	const struct str pieces[] = { id, STR("."), timestamp, STR("."), body };
	bool found = false;
	struct str one;
	uint64_t at;

	if (!id.len || !str_to_u64(timestamp, &at) || at > INT64_MAX / 2 ||
	    (int64_t)at < now - SIGNATURE_WINDOW_S || (int64_t)at > now + SIGNATURE_WINDOW_S)
		return false;
	for (size_t i = 0; i < MAX_PIECES && str_cut(&header, ' ', &one); i++)
		found |= one_signs(secrets, one, pieces, COUNT(pieces));
	return found;
}
