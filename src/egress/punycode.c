/* punycode.c - the decoder of RFC 3492, section 6.2, without its output: only what occurs matters. */
#include "punycode.h"

enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, BIAS = 72, FIRST = 128 };

static bool digit_of(char c, uint32_t *out)
{
	if (c >= 'a' && c <= 'z')
		*out = (uint32_t)(c - 'a');
	else if (c >= '0' && c <= '9')
		*out = (uint32_t)(c - '0') + 26;
	else
		return false;
	return true;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / points;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* Takes one number of variable length off *text; false when it is cut short or too large. */
static bool take_number(struct str *text, uint32_t bias, uint32_t *i)
{
	uint64_t weight = 1, sum = *i;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t digit, t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;

		if (!text->len || !digit_of(text->p[0], &digit))
			return false;
		*text = str_from(*text, 1);
		sum += digit * weight;
		if (sum > UINT32_MAX)
			return false;
		if (digit < t)
			break;
		weight *= BASE - t;
		if (weight > UINT32_MAX)
			return false;
	}
	*i = (uint32_t)sum;
	return true;
}

struct span {
	uint32_t first, last;
};

/* What no name has, or what other programs fold into ASCII, sorted. */
static const struct span forbidden[] = {
	{ 0x0000, 0x00a0 },      /* ASCII and C1 */
	{ 0x00ad, 0x00ad },      /* soft hyphen */
	{ 0x2000, 0x206f },      /* spaces, marks of direction, joiners */
	{ 0x2100, 0x214f },      /* letter-like symbols, fold into letters */
	{ 0x2460, 0x24ff },      /* letters and digits in circles */
	{ 0x3000, 0x3002 },      /* wide space and full stop */
	{ 0xd800, 0xdfff },      /* surrogates */
	{ 0xe000, 0xf8ff },      /* private use */
	{ 0xfe00, 0xfe0f },      /* variation selectors */
	{ 0xfeff, 0xffff },      /* byte order mark, full-width forms, specials */
	{ 0x1d400, 0x1d7ff },    /* mathematical letters */
	{ 0xe0000, UINT32_MAX }, /* tags, private planes, beyond Unicode */
};

static bool is_forbidden(uint32_t point)
{
	for (size_t i = 0; i < COUNT(forbidden); i++)
		if (point >= forbidden[i].first && point <= forbidden[i].last)
			return true;
	return false;
}

static size_t last_hyphen(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.p[at - 1] != '-')
		at--;
	return at;
}

bool punycode_valid(struct str text)
{
	size_t basic = last_hyphen(text);
	uint32_t points = basic ? (uint32_t)basic - 1 : 0, n = FIRST, i = 0, bias = BIAS;

	text = str_from(text, basic);
	if (!text.len)
		return false;
	for (bool first = true; text.len; first = false) {
		uint32_t old = i;

		if (!take_number(&text, bias, &i))
			return false;
		points++;
		bias = adapt(i - old, points, first);
		if (i / points > UINT32_MAX - n)
			return false;
		n += i / points;
		i %= points;
		if (is_forbidden(n))
			return false;
		i++;
	}
	return true;
}
