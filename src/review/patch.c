#include "patch.h"

#include "source.h"

static size_t count_lines(struct str s)
{
	size_t n = 0;
	struct str line;

	while (str_cut(&s, '\n', &line))
		n++;
	return n;
}

static struct str join(struct arena *mem, struct str a, struct str b, struct str c)
{
	char *text = arena_alloc(mem, a.len + b.len + c.len + 1);
	const struct str parts[] = { a, b, c };
	size_t len = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		if (parts[i].len)
			memcpy(text + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	return (struct str){ text, len };
}

static void count(struct patch *patch)
{
	patch->n_before = count_lines(patch->before);
	patch->n_after = count_lines(patch->after);
}

/* Byte behind the last line that a fix touches; `start` is where its first line begins. */
static size_t last_line_end(struct str text, const struct fix *fix, size_t start)
{
	size_t end = fix->end;
	bool ends_line =
		fix->text.len ? fix->text.p[fix->text.len - 1] == '\n' : fix->start == start;

	/* a fix that takes whole lines and gives whole lines leaves the next one alone */
	if (ends_line && end > fix->start && text.p[end - 1] == '\n')
		return end;
	while (end < text.len && text.p[end] != '\n')
		end++;
	return end < text.len ? end + 1 : end;
}

bool patch_make(struct patch *out, struct arena *mem, struct str text, const struct fix *fix)
{
	struct patch patch = { 0 };
	uint32_t column;
	size_t start, end;

	if (fix->start > fix->end || fix->end > text.len ||
	    str_eq(str_sub(text, fix->start, fix->end), fix->text))
		return false;
	source_position(text, fix->start, &patch.line, &column);
	start = source_line(text, fix->start).start;
	end = last_line_end(text, fix, start);
	patch.before = str_sub(text, start, end);
	patch.after = join(mem, str_sub(text, start, fix->start), fix->text,
			   str_sub(text, fix->end, end));
	count(&patch);
	*out = patch;
	return true;
}

void patch_widen(struct patch *patch, struct arena *mem, struct str text, uint32_t first,
		 uint32_t last)
{
	size_t start = patch->before.len ? (size_t)(patch->before.p - text.p) : text.len;
	size_t end = start + patch->before.len, from = start, to = end;
	uint32_t next = patch->line + (uint32_t)patch->n_before;

	while (patch->line > first && from > 0) {
		from = source_line(text, from - 1).start;
		patch->line--;
	}
	for (; next <= last && to < text.len; next++) {
		size_t at = str_find_byte(str_from(text, to), '\n');

		to = at == SIZE_MAX ? text.len : to + at + 1;
	}
	patch->after = join(mem, str_sub(text, from, start), patch->after, str_sub(text, end, to));
	patch->before = str_sub(text, from, to);
	count(patch);
}

/* Bytes of equal whole lines at the end of both. */
static size_t common_tail(struct str a, struct str b)
{
	size_t tail = 0;

	for (size_t i = 1; i <= a.len && i <= b.len; i++) {
		if (a.p[a.len - i] != b.p[b.len - i])
			break;
		if ((i == a.len || a.p[a.len - i - 1] == '\n') &&
		    (i == b.len || b.p[b.len - i - 1] == '\n'))
			tail = i;
	}
	return tail;
}

/* Bytes of the first line of both, with its line end, when it is the same; else 0. */
static size_t common_line(struct str a, struct str b)
{
	size_t end = str_find_byte(a, '\n');

	if (end == SIZE_MAX || !str_starts(b, str_sub(a, 0, end + 1)))
		return 0;
	return end + 1;
}

void patch_trim(struct patch *patch)
{
	size_t head, tail;

	while ((head = common_line(patch->before, patch->after)) > 0) {
		patch->before = str_from(patch->before, head);
		patch->after = str_from(patch->after, head);
		patch->line++;
	}
	tail = common_tail(patch->before, patch->after);
	patch->before.len -= tail;
	patch->after.len -= tail;
	count(patch);
}

/* A side without lines is named by the line in front of it. */
static uint32_t side_line(const struct patch *patch, size_t n)
{
	return patch->line - (n == 0);
}

void patch_add_header(struct buf *out, const struct patch *patch)
{
	buf_printf(out, "@@ -%u,%zu +%u,%zu @@\n", side_line(patch, patch->n_before),
		   patch->n_before, side_line(patch, patch->n_after), patch->n_after);
}
