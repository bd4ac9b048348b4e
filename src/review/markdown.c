#include "markdown.h"

#include "glyph.h"

#define ZERO_WIDTH_SPACE STR("\xe2\x80\x8b")

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char byte_at(struct str s, size_t at)
{
	return at < s.len ? s.p[at] : '\0';
}

/* True when a forge would act on the byte at `at` together with the next one. */
static bool is_live(struct str s, size_t at)
{
	char c = s.p[at], next = byte_at(s, at + 1);

	if (c == '@')
		return is_alpha(next) || is_digit(next);
	if (c == '#')
		return is_digit(next);
	if (c == '-')
		return is_digit(next) && at >= 2 && (s.p[at - 1] | 32) == 'h' &&
		       (s.p[at - 2] | 32) == 'g';
	if (c == '<')
		return is_alpha(next) || next == '!' || next == '/' || next == '?';
	return c == '!' && next == '[';
}

static size_t run_of(struct str s, size_t at, char c)
{
	size_t n = 0;

	while (byte_at(s, at + n) == c && at + n < s.len)
		n++;
	return n;
}

static size_t longest_run(struct str s, char c)
{
	size_t longest = 0;

	for (size_t i = 0; i < s.len; i++) {
		size_t n = run_of(s, i, c);

		if (n > longest)
			longest = n;
		if (n)
			i += n;
	}
	return longest;
}

static void add_times(struct buf *out, char c, size_t n)
{
	while (n--)
		buf_add_byte(out, c);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void markdown_add_code(struct buf *out, struct str s)
{
	size_t ticks = longest_run(s, '`') + 1;
	bool pad = ticks > 1;

	s = str_trim(s);
	if (s.len == 0)
		return;
	add_times(out, '`', ticks);
	if (pad)
		buf_add_byte(out, ' ');
	glyph_add_line(out, s);
	if (pad)
		buf_add_byte(out, ' ');
	add_times(out, '`', ticks);
}

/*
 * The end of the code span whose opening run of n backticks ends at `at`: where its closing run
 * begins, or SIZE_MAX.
 */
static size_t code_end(struct str s, size_t at, size_t n)
{
	while (at < s.len) {
		size_t run = run_of(s, at, '`');

		if (run == n)
			return at;
		at += run ? run : 1;
	}
	return SIZE_MAX;
}

/*
 * One character outside code; the escaped ones are those that CommonMark or a forge give a
 * meaning.
 */
static size_t add_plain(struct buf *out, struct str s, size_t at)
{
	struct glyph glyph = glyph_at(s, at);
	bool first = at == 0, list = false;

	if (glyph.escaped) {
		buf_add_byte(out, '\\');
		buf_add(out, str_of(glyph.shown));
		return glyph.bytes;
	}
	if (s.p[at] == '.' || s.p[at] == ')') {
		size_t digits = 0;

		while (digits < at && is_digit(s.p[digits]))
			digits++;
		list = at && digits == at;
	}
	if (strchr("\\`*_[]<>!|~$&#", s.p[at]) || list || (first && strchr("+-=:", s.p[at])))
		buf_add_byte(out, '\\');
	buf_add(out, str_sub(s, at, at + glyph.bytes));
	if (is_live(s, at))
		buf_add(out, ZERO_WIDTH_SPACE);
	return glyph.bytes;
}

void markdown_add_text(struct buf *out, struct str s)
{
	bool hopeless = false; /* no closing run for some opening one: keeps the scan linear */

	s = str_trim(s);
	for (size_t i = 0; i < s.len;) {
		size_t ticks = run_of(s, i, '`');
		size_t end = ticks && !hopeless ? code_end(s, i + ticks, ticks) : SIZE_MAX;

		if (end != SIZE_MAX && str_trim(str_sub(s, i + ticks, end)).len) {
			markdown_add_code(out, str_sub(s, i + ticks, end));
			i = end + ticks;
		} else if (ticks) {
			hopeless |= end == SIZE_MAX;
			for (size_t n = 0; n < ticks; n++)
				buf_add(out, STR("\\`"));
			i += ticks;
		} else if (is_blank(s.p[i])) {
			while (i < s.len && is_blank(s.p[i]))
				i++;
			buf_add_byte(out, ' ');
		} else {
			i += add_plain(out, s, i);
		}
	}
}

/* Follows fences of a document: which one is open behind this line (0 for none). */
struct fence {
	char mark;
	size_t len;
};

static void follow_fence(struct fence *fence, struct str line)
{
	struct str text = str_trim(line);
	char mark = byte_at(text, 0);
	size_t n = mark == '`' || mark == '~' ? run_of(text, 0, mark) : 0;

	if (n < 3)
		return;
	if (!fence->len) {
		if (mark == '~' || str_find_byte(str_from(text, n), '`') == SIZE_MAX)
			*fence = (struct fence){ mark, n };
	} else if (mark == fence->mark && n >= fence->len && n == text.len) {
		*fence = (struct fence){ 0 };
	}
}

static void add_note_line(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.len;) {
		struct glyph glyph = glyph_at(line, i);

		if (line.p[i] == '\t') {
			buf_add_byte(out, '\t');
		} else if (glyph.escaped) {
			buf_add_byte(out, '<');
			buf_add(out, ZERO_WIDTH_SPACE);
			buf_add(out, str_of(glyph.shown + 1));
		} else {
			buf_add(out, str_of(glyph.shown));
			if (is_live(line, i))
				buf_add(out, ZERO_WIDTH_SPACE);
		}
		i += glyph.bytes;
	}
}

void markdown_add_note(struct buf *out, struct str s)
{
	struct fence fence = { 0 };
	struct str line;

	while (s.len && (s.p[s.len - 1] == '\n' || s.p[s.len - 1] == ' '))
		s.len--;
	while (str_cut_line(&s, &line)) {
		follow_fence(&fence, line);
		add_note_line(out, line);
		buf_add_byte(out, '\n');
	}
	if (!fence.len)
		return;
	add_times(out, fence.mark, fence.len);
	buf_add_byte(out, '\n');
}

void markdown_add_fence(struct buf *out, const char *info, struct str text)
{
	size_t ticks = longest_run(text, '`') + 1;
	struct str line;

	if (ticks < 3)
		ticks = 3;
	add_times(out, '`', ticks);
	buf_printf(out, "%s\n", info);
	while (str_cut_line(&text, &line)) {
		buf_add(out, line);
		buf_add_byte(out, '\n');
	}
	add_times(out, '`', ticks);
	buf_add_byte(out, '\n');
}

static bool is_plain_url(struct str url)
{
	enum { LONGEST = 2000 };

	if (url.len > LONGEST ||
	    (!str_starts(url, STR("https://")) && !str_starts(url, STR("http://"))))
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (!is_alpha(url.p[i]) && !is_digit(url.p[i]) &&
		    (!url.p[i] || !strchr("-._~:/?#@!$&'*+,;=%", url.p[i])))
			return false;
	return true;
}

void markdown_add_link(struct buf *out, struct str text, struct str url)
{
	if (!is_plain_url(url)) {
		markdown_add_code(out, text);
		return;
	}
	buf_add_byte(out, '[');
	markdown_add_code(out, text);
	buf_add(out, STR("]("));
	buf_add(out, url);
	buf_add_byte(out, ')');
}
