#include "glyph.h"

#include <stdio.h>

struct range {
	uint32_t first, last;
};

/*
 * Characters that a terminal acts on or hides. U+200C and U+200D stay: scripts and emoji need
 * them.
 */
static const struct range unseen[] = {
	{ 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x61c, 0x61c },     { 0x180e, 0x180e },
	{ 0x200b, 0x200b }, { 0x200e, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f },
};

/* No column of their own: the common combining blocks, joiners and variation selectors. */
static const struct range combining[] = {
	{ 0x300, 0x36f },     { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },
	{ 0x64b, 0x65f },     { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x200c, 0x200d },
	{ 0x20d0, 0x20ff },   { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0x1f3fb, 0x1f3ff },
	{ 0xe0100, 0xe01ef },
};

/* Two columns: East Asian wide and emoji, by block. */
static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0xa4cf },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x1fa70, 0x1faff },
	{ 0x20000, 0x3fffd },
};

static bool within(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* The code point of a well-formed character of n bytes. */
static uint32_t decode(const unsigned char *p, size_t n)
{
	static const unsigned char head[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = p[0] & head[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

struct glyph glyph_at(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.p + at;
	struct glyph glyph = { .bytes = str_utf8_len(s.p + at, s.len - at) };
	uint32_t c;

	if (glyph.bytes == 1 && p[0] >= 0x80) {
		snprintf(glyph.shown, sizeof glyph.shown, "<%02x>", p[0]);
		glyph.columns = 4;
		glyph.escaped = true;
		return glyph;
	}
	c = decode(p, glyph.bytes);
	if (within(unseen, COUNT(unseen), c)) {
		snprintf(glyph.shown, sizeof glyph.shown, "<U+%04X>", c);
		glyph.columns = (unsigned)strlen(glyph.shown);
		glyph.escaped = true;
		return glyph;
	}
	memcpy(glyph.shown, p, glyph.bytes);
	glyph.columns = 1;
	if (c >= 0x300 && within(combining, COUNT(combining), c))
		glyph.columns = 0;
	else if (c >= 0x1100 && within(wide, COUNT(wide), c))
		glyph.columns = 2;
	return glyph;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void glyph_add_line(struct buf *out, struct str s)
{
	s = str_trim(s);
	for (size_t i = 0; i < s.len;) {
		struct glyph glyph;

		if (is_blank(s.p[i])) {
			while (i < s.len && is_blank(s.p[i]))
				i++;
			buf_add_byte(out, ' ');
			continue;
		}
		glyph = glyph_at(s, i);
		buf_add(out, str_of(glyph.shown));
		i += glyph.bytes;
	}
}

void glyph_add_name(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		struct glyph glyph = glyph_at(s, i);

		buf_add(out, str_of(glyph.shown));
		i += glyph.bytes;
	}
}

void glyph_add_text(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		struct glyph glyph = glyph_at(s, i);

		if (s.p[i] == '\n' || s.p[i] == '\t')
			buf_add_byte(out, s.p[i]);
		else if (s.p[i] != '\r' || i + 1 == s.len || s.p[i + 1] != '\n')
			buf_add(out, str_of(glyph.shown));
		i += glyph.bytes;
	}
}

struct str glyph_utf8(struct arena *mem, struct str s)
{
	size_t len = 0;
	char *copy;

	if (str_is_utf8(s))
		return s;
	copy = arena_alloc(mem, s.len * 3);
	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(s.p + i, s.len - i);
		bool bad = n == 1 && (unsigned char)s.p[i] >= 0x80;
		struct str part = bad ? STR("\xef\xbf\xbd") : str_sub(s, i, i + n);

		memcpy(copy + len, part.p, part.len);
		len += part.len;
		i += n;
	}
	return (struct str){ copy, len };
}
