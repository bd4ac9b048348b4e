#include "delta.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

uint64_t delta_key(const struct finding *finding)
{
	uint64_t h = str_hash(finding->rule_id);

	for (size_t i = 0; i < finding->text.len; i++)
		if (!is_space(finding->text.p[i]))
			h = (h ^ (unsigned char)finding->text.p[i]) * 0x100000001b3u;
	return h;
}

struct delta {
	const struct change       *change;
	const struct finding_list *head, *base;
	bool                      *old, *used;
	uint64_t                  *head_keys, *base_keys;
};

static void pair(struct delta *d, size_t i, size_t k)
{
	d->old[i] = d->used[k] = true;
}

/* Those on untouched lines take the base's findings first: what is left over is then on lines of the change. */
static void pair_equal(struct delta *d, bool touched)
{
	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];

		if (d->old[i] ||
		    change_touches(d->change, f->span.start_line, f->span.end_line) != touched)
			continue;
		for (size_t k = 0; k < d->base->n && !d->old[i]; k++)
			if (!d->used[k] && d->head_keys[i] == d->base_keys[k])
				pair(d, i, k);
	}
}

/* The old line of a new line that did not change; 0 for an added one. */
static uint32_t old_line_of(const struct change *change, uint32_t line)
{
	int64_t shift = 0;

	for (size_t h = 0; h < change->n_hunks; h++) {
		const struct hunk *hunk = &change->hunks[h];

		if (line < hunk->new_start)
			break;
		for (size_t j = 0; j < hunk->n && line < hunk->new_start + hunk->new_lines; j++)
			if (hunk->lines[j].new_line == line)
				return hunk->lines[j].old_line;
		shift = ((int64_t)hunk->old_start + hunk->old_lines) -
			((int64_t)hunk->new_start + hunk->new_lines);
	}
	return (uint32_t)((int64_t)line + shift);
}

static void pair_lines(struct delta *d)
{
	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];
		uint32_t line = d->old[i] ? 0 : old_line_of(d->change, f->span.start_line);

		for (size_t k = 0; line && k < d->base->n && !d->old[i]; k++)
			if (!d->used[k] && d->base->items[k].span.start_line == line &&
			    str_eq(d->base->items[k].rule_id, f->rule_id))
				pair(d, i, k);
	}
}

static size_t hunk_of(const struct change *change, uint32_t line, bool new_side)
{
	for (size_t h = 0; h < change->n_hunks; h++) {
		const struct hunk *hunk = &change->hunks[h];
		uint32_t start = new_side ? hunk->new_start : hunk->old_start;
		uint32_t n = new_side ? hunk->new_lines : hunk->old_lines;

		if (line >= start && line < start + n)
			return h;
	}
	return SIZE_MAX;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool next_word(struct str *rest, struct str *word)
{
	size_t n = 0;

	while (rest->len && !is_word(rest->p[0]))
		*rest = str_from(*rest, 1);
	while (n < rest->len && is_word(rest->p[n]))
		n++;
	*word = str_sub(*rest, 0, n);
	*rest = str_from(*rest, n);
	return n > 0;
}

/* At least two thirds of the longer one's words stand in the other. */
static bool alike(struct str a, struct str b)
{
	enum { MAX_WORDS = 200 };
	size_t all = 0, common = 0, others = 0;
	struct str word, rest = b;

	while (next_word(&rest, &word) && others < MAX_WORDS)
		others++;
	while (next_word(&a, &word) && all < MAX_WORDS) {
		all++;
		common += str_has(b, word);
	}
	if (others > all)
		all = others;
	return common * 3 >= all * 2;
}

static void pair_edited(struct delta *d)
{
	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];
		size_t hunk = d->old[i] || str_eq(f->category, STR("secret"))
				      ? SIZE_MAX
				      : hunk_of(d->change, f->span.start_line, true);

		for (size_t k = 0; hunk != SIZE_MAX && k < d->base->n && !d->old[i]; k++) {
			const struct finding *b = &d->base->items[k];

			if (!d->used[k] && str_eq(b->rule_id, f->rule_id) &&
			    hunk_of(d->change, b->span.start_line, false) == hunk &&
			    str_eq(b->symbol, f->symbol) && alike(f->text, b->text))
				pair(d, i, k);
		}
	}
}

void delta_mark(const struct change *change, const struct finding_list *head,
		const struct finding_list *base, bool *old, bool *used, struct arena *mem)
{
	struct delta d = { change, head, base, old, used,
			   ARENA_ARRAY(mem, head->n + 1, uint64_t),
			   ARENA_ARRAY(mem, base->n + 1, uint64_t) };

	for (size_t i = 0; i < head->n; i++)
		d.head_keys[i] = delta_key(&head->items[i]);
	for (size_t k = 0; k < base->n; k++)
		d.base_keys[k] = delta_key(&base->items[k]);
	pair_equal(&d, false);
	pair_equal(&d, true);
	pair_lines(&d);
	pair_edited(&d);
}
