#include "snippet.h"

#include <stdlib.h>

#include "glyph.h"
#include "source.h"

enum {
	TAB = 4,
	GUTTER = 9,    /* "  12345 | " without the first blank */
	MAX_LINES = 4, /* of a span of many lines: enough to recognise it */
	MIN_ROOM = 24,
	MAX_LINE = 4096, /* bytes around the column; minified files have lines of megabytes */
};

static const char DOTS[] = "...";

/* One glyph of a line and the columns it takes on the screen. */
struct cell {
	struct glyph glyph;
	unsigned at; /* column, 0-based */
	unsigned columns;
	size_t byte; /* in the text */
};

struct cells {
	struct cell *items; /* owned */
	size_t n;
	unsigned columns;
};

static struct cells cells_of(struct str text, struct line line)
{
	struct cells cells = { .items = calloc(line.end - line.start + 1, sizeof *cells.items) };

	for (size_t i = line.start; cells.items && i < line.end;) {
		struct cell *cell = &cells.items[cells.n++];

		cell->glyph = glyph_at(str_sub(text, 0, line.end), i);
		cell->byte = i;
		cell->at = cells.columns;
		cell->columns = text.p[i] == '\t' ? TAB - cells.columns % TAB : cell->glyph.columns;
		cells.columns += cell->columns;
		i += cell->glyph.bytes;
	}
	return cells;
}

/* The part of a line that is shown, in columns. */
struct window {
	unsigned from, to;
	bool cut_left, cut_right;
};

/* `mark` is the column to keep in sight: a third of the room stands in front of it. */
static struct window window_of(const struct cells *cells, struct line all, struct line seen,
			       unsigned mark, unsigned room)
{
	struct window window = { 0, cells->columns, seen.start > all.start, seen.end < all.end };
	unsigned dots = (unsigned)strlen(DOTS);

	if (cells->columns <= room && !window.cut_left && !window.cut_right)
		return window;
	room -= 2 * dots;
	if (mark > room * 2 / 3) {
		window.from = mark - room / 3;
		window.cut_left = true;
	}
	if (window.to - window.from > room) {
		window.to = window.from + room;
		window.cut_right = true;
	}
	return window;
}

static bool in_window(const struct cell *cell, const struct window *window)
{
	return cell->at >= window->from && cell->at + cell->columns <= window->to;
}

static void add_blanks(struct buf *out, unsigned n)
{
	buf_printf(out, "%*s", (int)n, "");
}

static void add_code(struct buf *out, const struct cells *cells, const struct window *window,
		     struct str text)
{
	buf_add(out, window->cut_left ? str_of(DOTS) : STR(""));
	for (size_t i = 0; i < cells->n; i++) {
		const struct cell *cell = &cells->items[i];

		if (!in_window(cell, window))
			continue;
		if (text.p[cell->byte] == '\t')
			add_blanks(out, cell->columns);
		else
			buf_add(out, str_of(cell->glyph.shown));
	}
	buf_add(out, window->cut_right ? str_of(DOTS) : STR(""));
	buf_add_byte(out, '\n');
}

/* The line of marks: '^' under the first character of [from, to), '~' under the others. */
static void add_marks(struct buf *out, const struct cells *cells, const struct window *window,
		      size_t from, size_t to, const struct palette *palette)
{
	unsigned pad = window->cut_left ? (unsigned)strlen(DOTS) : 0, n = 0;

	for (size_t i = 0; i < cells->n; i++) {
		const struct cell *cell = &cells->items[i];

		if (!in_window(cell, window))
			continue;
		if (cell->byte < from)
			pad += cell->columns;
		else if (cell->byte < to)
			n += cell->columns;
	}
	buf_printf(out, "%*s | %s", GUTTER - 3, "", palette->mark);
	add_blanks(out, pad);
	buf_add_byte(out, '^');
	for (; n > 1; n--)
		buf_add_byte(out, '~');
	buf_printf(out, "%s\n", palette->off);
}

static void add_line(struct buf *out, struct str text, struct line all, size_t from, size_t to,
		     uint32_t number, bool marks, unsigned room, const struct palette *palette)
{
	struct line seen = all;
	unsigned mark = 0;

	if (seen.end - seen.start > MAX_LINE) {
		size_t near = from > all.start ? from : all.start;

		seen.start = near - all.start > MAX_LINE / 2 ? near - MAX_LINE / 2 : all.start;
		seen.end = all.end - seen.start > MAX_LINE ? seen.start + MAX_LINE : all.end;
		/* not into the middle of a character */
		for (int i = 0;
		     i < 3 && seen.start > all.start && (text.p[seen.start] & 0xc0) == 0x80; i++)
			seen.start--;
	}
	struct cells cells = cells_of(text, seen);

	for (size_t i = 0; i < cells.n && cells.items[i].byte < from; i++)
		mark = cells.items[i].at + cells.items[i].columns;
	struct window window = window_of(&cells, all, seen, mark, room);

	buf_printf(out, "%s%*u |%s ", palette->number, GUTTER - 3, number, palette->off);
	add_code(out, &cells, &window, text);
	if (marks)
		add_marks(out, &cells, &window, from, to, palette);
	free(cells.items);
}

void snippet_add(struct buf *out, struct str text, size_t from, size_t to, uint32_t line,
		 unsigned width, const struct palette *palette)
{
	unsigned room = width > GUTTER + MIN_ROOM ? width - GUTTER : MIN_ROOM;

	if (to > text.len)
		to = text.len;
	for (unsigned shown = 0; from <= text.len; shown++, line++) {
		struct line here = source_line(text, from);
		size_t next = str_find_byte(str_from(text, here.end), '\n');

		if (shown == MAX_LINES) {
			buf_printf(out, "%*s | %s\n", GUTTER - 3, DOTS, DOTS);
			return;
		}
		add_line(out, text, here, shown ? here.start : from, to, line, shown == 0, room,
			 palette);
		if (next == SIZE_MAX || here.end + next + 1 >= to)
			return;
		from = here.end + next + 1;
	}
}
