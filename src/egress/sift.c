#include "sift.h"

#include "base/scope.h"

static void add(struct sift *sift, struct str needle)
{
	for (size_t i = 0; i < sift->n; i++)
		if (str_eq(sift->needles[i], needle))
			return;
	if (needle.len && sift->n < SIFT_NEEDLES)
		sift->needles[sift->n++] = needle;
}

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

static void as_hex(struct buf *out, unsigned char c)
{
	buf_printf(out, "%02x", (unsigned)c);
}

static void as_hex_upper(struct buf *out, unsigned char c)
{
	buf_printf(out, "%02X", (unsigned)c);
}

static void as_percent(struct buf *out, unsigned char c)
{
	buf_printf(out, is_plain(c) ? "%c" : "%%%02X", c);
}

static void as_percent_lower(struct buf *out, unsigned char c)
{
	buf_printf(out, is_plain(c) ? "%c" : "%%%02x", c);
}

static void as_json(struct buf *out, unsigned char c)
{
	if (c == '"' || c == '\\' || c == '/')
		buf_add_byte(out, '\\');
	buf_add_byte(out, (char)c);
}

static void (*const spellings[])(struct buf *, unsigned char) = {
	as_hex, as_hex_upper, as_percent, as_percent_lower, as_json,
};

static const char *const alphabets[] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

/*
 * What of the base64 text is the same whatever stands around: from the first whole group behind
 * `skip` bytes.
 */
static struct str base64(struct arena *mem, struct str s, size_t skip, const char *alphabet)
{
	size_t groups = (s.len - skip) / 3;
	char *text = arena_alloc(mem, groups * 4 + 1);

	for (size_t i = 0; i < groups; i++) {
		const unsigned char *p = (const unsigned char *)s.p + skip + 3 * i;
		uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		for (unsigned j = 0; j < 4; j++)
			text[4 * i + j] = alphabet[bits >> (18 - 6 * j) & 63];
	}
	return (struct str){ text, groups * 4 };
}

void sift_init(struct sift *sift, struct arena *mem, struct str secret)
{
	*sift = (struct sift){ 0 };
	add(sift, arena_str(mem, secret));
	for (size_t i = 0; i < COUNT(spellings); i++) {
		AUTO(buf_release) struct buf text = { 0 };

		for (size_t j = 0; j < secret.len; j++)
			spellings[i](&text, (unsigned char)secret.p[j]);
		add(sift, arena_str(mem, buf_str(&text)));
	}
	for (size_t i = 0; i < COUNT(alphabets); i++)
		for (size_t skip = 0; skip < 3 && skip < secret.len; skip++)
			add(sift, base64(mem, secret, skip, alphabets[i]));
}

void sift_release(struct sift *sift)
{
	buf_release(&sift->text);
	sift->n = 0;
}

bool sift_has(const struct sift *sift, struct str text)
{
	for (size_t i = 0; i < sift->n; i++)
		if (text.len >= sift->needles[i].len &&
		    memmem(text.p, text.len, sift->needles[i].p, sift->needles[i].len))
			return true;
	return false;
}

/* Bytes at the end of text that begin a needle. */
static size_t open_end(const struct sift *sift, struct str text)
{
	size_t most = 0;

	for (size_t i = 0; i < sift->n; i++) {
		struct str needle = sift->needles[i];
		size_t n = needle.len - 1 < text.len ? needle.len - 1 : text.len;

		for (; n > most; n--)
			if (text.p[text.len - n] == needle.p[0] &&
			    memcmp(text.p + text.len - n, needle.p, n) == 0)
				most = n;
	}
	return most;
}

bool sift_part(struct sift *sift, struct str part, struct str *out)
{
	struct buf *text = &sift->text;

	/* what was held moves to the front */
	if (sift->gone) {
		memmove(text->bytes, text->bytes + sift->gone, text->len - sift->gone);
		text->len -= sift->gone;
		sift->gone = 0;
	}
	buf_add(text, part);
	if (text->full || sift_has(sift, buf_str(text)))
		return false;
	sift->gone = text->len - open_end(sift, buf_str(text));
	*out = str_sub(buf_str(text), 0, sift->gone);
	return true;
}

struct str sift_rest(const struct sift *sift)
{
	return str_from(buf_str(&sift->text), sift->gone);
}
