/* route_path.c - paths in one spelling, and patterns for them. */
#include "egress/route.h"

static const char hex_digits[] = "0123456789ABCDEF";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XX at the start of text stands for, or -1. */
static int decode(struct str text)
{
	if (text.len < 3 || text.p[0] != '%' || hex_value(text.p[1]) < 0 ||
	    hex_value(text.p[2]) < 0)
		return -1;
	return hex_value(text.p[1]) << 4 | hex_value(text.p[2]);
}

static bool is_unreserved(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static bool is_separator(int c)
{
	return c == '/' || c == '\\';
}

/* Appends one byte in its one spelling; says what is wrong with it, or NULL. */
static const char *add_byte(struct buf *out, struct buf *plain, struct str *rest)
{
	int c = (unsigned char)rest->p[0];
	bool encoded = c == '%';

	if (encoded && (c = decode(*rest)) < 0)
		return "a '%' is not followed by two hex digits";
	*rest = str_from(*rest, encoded ? 3 : 1);
	if (c < 0x20 || c == 0x7f || (!encoded && (c == ' ' || c >= 0x80)))
		return "it has a byte that is no visible ASCII";
	if (!encoded && (c == '\\' || c == '?' || c == '#'))
		return "it has '\\', '?' or '#'";
	buf_add_byte(plain, (char)c);
	if (!encoded || is_unreserved(c)) {
		buf_add_byte(out, (char)c);
		return NULL;
	}
	buf_add_byte(out, '%');
	buf_add_byte(out, hex_digits[c >> 4]);
	buf_add_byte(out, hex_digits[c & 15]);
	return NULL;
}

/* A segment as a server may see it that decodes first: "..;x" is ".." to some. */
static const char *wrong_segment(struct str segment, bool last)
{
	struct str name = str_sub(segment, 0, str_find_byte(segment, ';'));

	if (!segment.len && !last)
		return "it has an empty segment";
	if (str_eq(name, STR(".")) || str_eq(name, STR("..")))
		return "it has a '.' or '..' segment";
	return NULL;
}

static const char *wrong_segments(struct str plain)
{
	size_t start = 1;

	for (size_t i = 1; i <= plain.len; i++) {
		const char *wrong;

		if (decode(str_from(plain, i)) >= 0)
			return "it is %-encoded twice";
		if (i < plain.len && !is_separator(plain.p[i]))
			continue;
		wrong = wrong_segment(str_sub(plain, start, i), i == plain.len);
		if (wrong)
			return wrong;
		start = i + 1;
	}
	return NULL;
}

static const char *canon(struct buf *out, struct buf *plain, struct str path)
{
	if (!path.len || path.p[0] != '/')
		return "it does not begin with '/'";
	if (path.len > ROUTE_TARGET_BYTES)
		return "it has more than 4096 bytes";
	while (path.len) {
		const char *wrong = add_byte(out, plain, &path);

		if (wrong)
			return wrong;
	}
	/* overlong forms of '/' and '.' end here */
	if (!str_is_utf8(buf_str(plain)))
		return "it is not UTF-8 when decoded";
	return wrong_segments(buf_str(plain));
}

int route_path_canon(struct str *out, struct arena *mem, struct str path, struct err *err)
{
	struct buf text = { 0 }, plain = { 0 };
	const char *wrong = canon(&text, &plain, path);

	if (!wrong)
		*out = arena_str(mem, buf_str(&text));
	buf_release(&text);
	buf_release(&plain);
	if (wrong)
		return err_input(err, "path '%.*s': %s", STR_ARG(str_sub(path, 0, 200)), wrong);
	return 0;
}

static bool is_hidden_separator(struct str text)
{
	return str_starts(text, STR("%2F")) || str_starts(text, STR("%5C"));
}

static bool has_hidden_separator(struct str text)
{
	return str_has(text, STR("%2F")) || str_has(text, STR("%5C"));
}

/*
 * One segment; only the last `*` need be tried again: what stood before it fitted as early as it
 * could.
 */
static bool segment_fits(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, mark = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			mark = t;
		} else if (p < pattern.len && pattern.p[p] == text.p[t]) {
			p++;
			t++;
		} else {
			if (star == SIZE_MAX || is_hidden_separator(str_from(text, mark)))
				return false;
			p = star + 1;
			t = ++mark;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* Segments of a path, from the one after its first '/'. The last may be empty. */
struct cursor {
	struct str rest;
	bool done;
};

static bool take(struct cursor *cursor, struct str *segment)
{
	size_t slash = str_find_byte(cursor->rest, '/');

	if (cursor->done)
		return false;
	*segment = str_sub(cursor->rest, 0, slash);
	cursor->done = slash == SIZE_MAX;
	cursor->rest = str_from(cursor->rest, slash == SIZE_MAX ? slash : slash + 1);
	return true;
}

bool route_path_match(struct str pattern, struct str path)
{
	struct cursor p = { str_from(pattern, 1), false }, s = { str_from(path, 1), false };
	struct cursor after_star = p, swallowed = s;
	bool star = false;

	for (;;) {
		struct cursor next = p;
		struct str want = { 0 }, segment;
		bool more = take(&next, &want);

		if (more && str_eq(want, STR("**"))) {
			star = true;
			after_star = p = next;
			swallowed = s;
			continue;
		}
		if (!take(&s, &segment))
			return !more;
		if (more && segment_fits(want, segment)) {
			p = next;
			continue;
		}
		/* the last `**` takes one segment more */
		if (!star || !take(&swallowed, &segment) || has_hidden_separator(segment))
			return false;
		s = swallowed;
		p = after_star;
	}
}
