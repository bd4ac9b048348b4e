#include "rewrite.h"

#include <stdlib.h>

enum { CONTEXT = 3 }; /* as diff -u and every tool that reads it */

void rewrite_init(struct rewrite *r, struct arena *mem, struct str text)
{
	*r = (struct rewrite){ .mem = mem };
	while (text.len) {
		size_t end = str_find_byte(text, '\n');
		struct str line = str_sub(text, 0, end == SIZE_MAX ? end : end + 1);

		ARENA_PUSH(mem, r, line);
		text = str_from(text, line.len);
	}
}

/* What is removed and put there again stays. */
static void trim(const struct rewrite *r, struct rewrite_edit *edit)
{
	while (edit->removed && str_starts(edit->insert, r->items[edit->at])) {
		edit->insert = str_from(edit->insert, r->items[edit->at].len);
		edit->at++;
		edit->removed--;
	}
	while (edit->removed) {
		const struct str last = r->items[edit->at + edit->removed - 1], *insert = &edit->insert;
		const bool whole = insert->len == last.len ||
				   (insert->len > last.len && insert->p[insert->len - last.len - 1] == '\n');

		if (!whole || !str_ends(*insert, last))
			return;
		edit->insert.len -= last.len;
		edit->removed--;
	}
}

void rewrite_edit(struct rewrite *r, size_t at, size_t removed, struct str insert)
{
	struct rewrite_edit edit = { at < r->n ? at : r->n, removed, arena_str(r->mem, insert) };

	if (edit.removed > r->n - edit.at)
		edit.removed = r->n - edit.at;
	trim(r, &edit);
	if (edit.removed || edit.insert.len)
		ARENA_PUSH(r->mem, &r->edits, edit);
}

/* By place; a merge in order, since qsort() may swap equals. */
static void sort_edits(struct rewrite *r)
{
	struct rewrite_edit *e = r->edits.items;

	for (size_t i = 1; i < r->edits.n; i++)
		for (size_t j = i; j > 0 && e[j - 1].at > e[j].at; j--) {
			struct rewrite_edit swap = e[j];

			e[j] = e[j - 1];
			e[j - 1] = swap;
		}
}

/* What is put behind a last line without a line end would run into it: that line gets one. */
static void end_last(struct rewrite *r)
{
	bool at_end = false, taken = false;
	struct str last;

	if (!r->n || str_ends(r->items[r->n - 1], STR("\n")))
		return;
	for (size_t i = 0; i < r->edits.n; i++) {
		const struct rewrite_edit *e = &r->edits.items[i];

		at_end |= e->at == r->n;
		taken |= e->at + e->removed == r->n && e->removed;
	}
	last = r->items[r->n - 1];
	if (at_end && !taken) {
		const struct rewrite_edit edit = { r->n - 1, 1, arena_printf(r->mem, "%.*s\n", STR_ARG(last)) };

		ARENA_PUSH(r->mem, &r->edits, edit);
	}
}

void rewrite_apply(struct buf *out, struct rewrite *r)
{
	size_t line = 0;

	end_last(r);
	sort_edits(r);
	for (size_t i = 0; i < r->edits.n; i++) {
		const struct rewrite_edit *e = &r->edits.items[i];

		while (line < e->at)
			buf_add(out, r->items[line++]);
		buf_add(out, e->insert);
		line = e->at + e->removed;
	}
	while (line < r->n)
		buf_add(out, r->items[line++]);
}

static void add_line(struct buf *out, char sign, struct str line)
{
	buf_add_byte(out, sign);
	buf_add(out, line);
	if (!str_ends(line, STR("\n")))
		buf_add(out, STR("\n\\ No newline at end of file\n"));
}

static size_t count_lines(struct str text)
{
	size_t n = 0;
	struct str line;

	while (str_cut_line(&text, &line))
		n++;
	return n;
}

/* Edits [from, to) are near each other. `shift`: new lines before them, less old ones. Gives the shift behind them. */
static size_t add_hunk(struct buf *out, const struct rewrite *r, size_t from, size_t to, size_t shift)
{
	const struct rewrite_edit *e = r->edits.items;
	const size_t end = e[to - 1].at + e[to - 1].removed;
	const size_t first = e[from].at > CONTEXT ? e[from].at - CONTEXT : 0;
	const size_t last = end + CONTEXT < r->n ? end + CONTEXT : r->n;
	size_t added = 0, removed = 0, line = first, olds;

	for (size_t i = from; i < to; i++) {
		added += count_lines(e[i].insert);
		removed += e[i].removed;
	}
	olds = last - first;
	/* of nothing, the number is the line before */
	buf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", first + (olds > 0), olds, first + shift + (olds + added > removed),
		   olds + added - removed);
	for (size_t i = from; i < to; i++) {
		struct str rest = e[i].insert, insert;

		while (line < e[i].at)
			add_line(out, ' ', r->items[line++]);
		while (line < e[i].at + e[i].removed)
			add_line(out, '-', r->items[line++]);
		while (str_cut_line(&rest, &insert))
			buf_printf(out, "+%.*s\n", STR_ARG(insert));
	}
	while (line < last)
		add_line(out, ' ', r->items[line++]);
	return shift + added - removed;
}

void rewrite_diff(struct buf *out, struct rewrite *r, const char *name)
{
	size_t shift = 0;

	end_last(r);
	sort_edits(r);
	if (r->edits.n)
		buf_printf(out, "--- %s\n+++ %s\n", name, name);
	for (size_t i = 0, next; i < r->edits.n; i = next) {
		const struct rewrite_edit *e = r->edits.items;

		next = i + 1;
		while (next < r->edits.n && e[next].at - (e[next - 1].at + e[next - 1].removed) <= 2 * CONTEXT)
			next++;
		shift = add_hunk(out, r, i, next, shift);
	}
}
