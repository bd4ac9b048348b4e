#include "excerpt.h"

#include "review/redact.h"

enum { ABOVE = 6, BELOW = 3 }; /* lines around: as much as explains it */

void masked_init(struct masked *masked, struct arena *mem, const struct changeset *changes)
{
	*masked = (struct masked){ mem, changes, ARENA_ARRAY(mem, changes->n + 1, struct str),
				   ARENA_ARRAY(mem, changes->n + 1, struct str) };
}

/* The whole text, since a key of many lines is known by its first one. Lengths do not change. */
static struct str text_of(struct masked *masked, size_t file, bool old)
{
	struct str *text = old ? &masked->old_text[file] : &masked->new_text[file];
	const struct change *change = &masked->changes->items[file];

	if (!text->p)
		*text = redact_text(masked->mem, old ? change->old_text : change->new_text);
	return *text;
}

static struct str line_at(struct str text, uint32_t number)
{
	struct str line = { 0 };

	while (number-- && str_cut_line(&text, &line))
		;
	if (line.len > EXCERPT_MAX_LINE) {
		line.len = EXCERPT_MAX_LINE;
		while (line.len && ((unsigned char)line.p[line.len] & 0xc0) == 0x80)
			line.len--;
	}
	return line;
}

/* The lines first..last of the hunk that are the finding's; false when it has none of them. */
static bool find_lines(size_t *first, size_t *last, const struct hunk *hunk, uint32_t from, uint32_t to)
{
	bool found = false;

	for (size_t i = 0; i < hunk->n; i++) {
		uint32_t number = hunk->lines[i].new_line;

		if (number == 0 || number < from || number > to)
			continue;
		if (!found)
			*first = i;
		*last = i;
		found = true;
	}
	return found;
}

static void take_lines(struct excerpt *out, struct arena *mem, struct masked *masked, size_t file,
		       const struct hunk *hunk, size_t first, size_t last)
{
	size_t begin = first > ABOVE ? first - ABOVE : 0, end = last + BELOW + 1;

	if (end > hunk->n)
		end = hunk->n;
	/* the end is where the comment stands */
	if (end - begin > EXCERPT_LINES)
		begin = end - EXCERPT_LINES;
	for (size_t i = begin; i < end; i++) {
		bool old = hunk->lines[i].kind == '-';
		struct excerpt_line line = { hunk->lines[i],
					     line_at(text_of(masked, file, old),
						     old ? hunk->lines[i].old_line : hunk->lines[i].new_line) };

		ARENA_PUSH(mem, out, line);
	}
}

void excerpt_make(struct excerpt *out, struct arena *mem, struct masked *masked, const struct finding *f)
{
	const struct changeset *changes = masked->changes;
	uint32_t from = f->in_diff ? f->anchor_start_line : f->span.start_line;
	uint32_t to = f->in_diff ? f->anchor_line : f->span.end_line;
	size_t file = 0, first = 0, last = 0;

	*out = (struct excerpt){ 0 };
	while (file < changes->n && (changes->items[file].skip != SKIP_NONE ||
				     !str_eq(changes->items[file].new_path, f->path)))
		file++;
	for (size_t i = 0; file < changes->n && i < changes->items[file].n_hunks; i++)
		if (find_lines(&first, &last, &changes->items[file].hunks[i], from, to)) {
			take_lines(out, mem, masked, file, &changes->items[file].hunks[i], first, last);
			return;
		}
}
