#include "syntax/lines.h"

void lines_init(struct lines *out, struct arena *mem, struct str text)
{
	uint32_t n = 1;

	for (const char *p = text.p, *end = text.p + text.len;
	     p && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	*out = (struct lines){ text, ARENA_ARRAY(mem, n, uint32_t), n };
	n = 1;
	for (const char *p = text.p, *end = text.p + text.len;
	     p && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		out->starts[n++] = (uint32_t)(p + 1 - text.p);
}

uint32_t lines_at(const struct lines *lines, uint32_t offset)
{
	uint32_t low = 0, high = lines->n;

	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (lines->starts[mid] <= offset)
			low = mid;
		else
			high = mid;
	}
	return low + 1;
}

uint32_t lines_column(const struct lines *lines, uint32_t offset)
{
	uint32_t start = lines->starts[lines_at(lines, offset) - 1];

	return (uint32_t)str_utf8_count(str_sub(lines->text, start, offset)) + 1;
}

struct str lines_text(const struct lines *lines, uint32_t line)
{
	struct str rest, text;

	if (line == 0 || line > lines->n)
		return (struct str){ 0 };
	rest = str_from(lines->text, lines->starts[line - 1]);
	return str_cut_line(&rest, &text) ? text : (struct str){ 0 };
}

struct span lines_span(const struct lines *lines, uint32_t start, uint32_t end)
{
	return (struct span){ start,
			      end,
			      lines_at(lines, start),
			      lines_column(lines, start),
			      lines_at(lines, end),
			      lines_column(lines, end) };
}
