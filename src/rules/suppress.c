#include "suppress.h"

static const struct str words[] = { { "ast-grep-ignore", 15 }, { "outrider-ignore", 15 } };

static bool has_word(struct str text, size_t *behind)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		size_t at = str_find(text, words[i]);

		if (at != SIZE_MAX) {
			*behind = at + words[i].len;
			return true;
		}
	}
	return false;
}

static bool is_comment(const struct matcher *m, uint32_t i)
{
	const struct language *language = m->tree->language;

	/* a language without grammar has no comments: any line may say it */
	return !language->grammar ||
	       strstr(language_kind_name(language, m->tree->nodes[i].kind), "comment");
}

static uint32_t start_line(struct matcher *m, uint32_t node)
{
	return lines_at(matcher_lines(m), m->tree->nodes[node].start);
}

/* Behind code on its line it speaks of that code; else of the next line; on line 1 with an empty line below, of the file. */
static struct suppression_comment read_comment(struct matcher *m, uint32_t i, size_t behind)
{
	struct suppression_comment c = { .node = i };
	struct str rest = str_trim(str_from(node_text(m->tree, i), behind));
	uint32_t line = start_line(m, i), prev = m->tree->nodes[i].prev;
	uint32_t next = node_next_sibling(m->tree, i);
	bool trailing = prev != NODE_NONE &&
			lines_at(matcher_lines(m), m->tree->nodes[prev].end) == line;
	size_t colon = str_find_byte(rest, ':');

	c.line = trailing ? start_line(m, prev) : line + 1;
	c.whole_file = line == 1 && !trailing &&
		       (next == NODE_NONE || start_line(m, next) >= 3);
	c.all = colon == SIZE_MAX;
	if (!c.all)
		c.ids = str_from(rest, colon + 1);
	return c;
}

void suppressions_collect(struct suppressions *out, struct matcher *m)
{
	size_t behind;

	if (!has_word(m->tree->text, &behind))
		return;
	for (uint32_t i = m->tree->language->grammar ? 0 : 1; i < m->tree->n; i++) {
		if (!is_comment(m, i) || !has_word(node_text(m->tree, i), &behind))
			continue;
		struct suppression_comment comment = read_comment(m, i, behind);
		ARENA_PUSH(m->mem, out, comment);
		if (comment.whole_file && comment.all)
			return;
	}
}

static bool names(const struct suppression_comment *comment, struct str id)
{
	struct str rest = comment->ids, part, word;

	if (comment->all)
		return true;
	while (str_cut(&rest, ',', &part)) {
		part = str_trim(part);
		if (str_cut(&part, ' ', &word) && str_eq(word, id))
			return true;
	}
	return false;
}

bool suppressions_hold(const struct suppressions *list, struct matcher *m, struct str id,
		       uint32_t node)
{
	bool line_seen = false;
	uint32_t line;

	if (list->n == 0)
		return false;
	line = start_line(m, node);
	/* one line keeps the last comment that speaks of it, the file likewise */
	for (size_t i = list->n; i-- > 0;) {
		const struct suppression_comment *c = &list->items[i];

		if (c->whole_file) {
			if (names(c, id))
				return true;
		} else if (c->line == line && !line_seen) {
			line_seen = true;
			if (names(c, id))
				return true;
		}
	}
	return false;
}
