#include "base/str.h"

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return a.len < b.len ? -1 : a.len > b.len;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

size_t str_find(struct str s, struct str needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (s.len < needle.len)
		return SIZE_MAX;
	at = memmem(s.p, s.len, needle.p, needle.len);
	return at ? (size_t)(at - s.p) : SIZE_MAX;
}

bool str_has(struct str s, struct str needle)
{
	return str_find(s, needle) != SIZE_MAX;
}

size_t str_find_byte(struct str s, char byte)
{
	const char *at = s.len ? memchr(s.p, byte, s.len) : NULL;

	return at ? (size_t)(at - s.p) : SIZE_MAX;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len && is_space(s.p[0]))
		s.p++, s.len--;
	while (s.len && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

bool str_cut(struct str *rest, char byte, struct str *part)
{
	size_t at;

	if (rest->len == 0)
		return false;
	at = str_find_byte(*rest, byte);
	*part = str_sub(*rest, 0, at);
	*rest = at == SIZE_MAX ? str_from(*rest, rest->len) : str_from(*rest, at + 1);
	return true;
}

bool str_cut_line(struct str *rest, struct str *line)
{
	if (!str_cut(rest, '\n', line))
		return false;
	if (line->len && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

bool str_to_u64(struct str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || __builtin_mul_overflow(n, 10u, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(s.p[i] - '0'), &n))
			return false;
	}
	*out = n;
	return true;
}

uint64_t str_hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
	return h;
}

/* Length of the well-formed character at p, or 0. Ranges: Unicode 15, table 3-7. */
static size_t utf8_valid_len(const unsigned char *p, size_t left)
{
	size_t n;
	unsigned char low = 0x80, high = 0xbf;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	for (size_t i = 0; i < s.len;) {
		uint64_t word;

		/* eight ASCII bytes at a time: source code is nearly all of that */
		while (s.len - i >= 8 && (memcpy(&word, p + i, 8), !(word & 0x8080808080808080u)))
			i += 8;
		if (i == s.len)
			break;
		size_t n = utf8_valid_len(p + i, s.len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t str_utf8_len(const char *p, size_t left)
{
	size_t n = left ? utf8_valid_len((const unsigned char *)p, left) : 0;

	return n ? n : 1;
}

size_t str_utf8_count(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; n++)
		i += str_utf8_len(s.p + i, s.len - i);
	return n;
}
