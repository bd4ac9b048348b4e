#include "delta.h"

#include <stdlib.h>

enum {
	MAX_TRIES = 100, /* findings of one rule in one hunk and definition that an edited one is compared with */
};

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

/* Findings of the base by a key, in their order: looking through all of them for each finding is minutes for minified files. */
struct index {
	struct spot {
		uint64_t key;
		size_t   at;
	}      *spots;
	size_t *free; /* at the first spot of a key: the spot from which on some may be free */
	size_t  n;
};

struct delta {
	const struct change       *change;
	const struct finding_list *head, *base;
	bool                      *old, *used;
	struct arena              *mem;
};

static int by_key(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	return (a ^ b) * 0x9e3779b97f4a7c15u;
}

typedef uint64_t key_fn(const struct delta *d, const struct finding *f);

static struct index index_base(const struct delta *d, key_fn *key)
{
	struct index index = { ARENA_ARRAY(d->mem, d->base->n + 1, struct spot),
			       ARENA_ARRAY(d->mem, d->base->n + 1, size_t), d->base->n };

	for (size_t k = 0; k < index.n; k++) {
		index.spots[k] = (struct spot){ key(d, &d->base->items[k]), k };
		index.free[k] = k;
	}
	qsort(index.spots, index.n, sizeof *index.spots, by_key);
	return index;
}

/* The first spot of a key; n when there is none. */
static size_t index_find(const struct index *index, uint64_t key)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (index->spots[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	return low < index->n && index->spots[low].key == key ? low : index->n;
}

typedef bool match_fn(const struct finding *head, const struct finding *base);

/* Pairs a finding with the first free one of its key that matches. */
static void pair(struct delta *d, size_t i, struct index *index, uint64_t key, match_fn *matches)
{
	size_t first = index_find(index, key), tries = 0;

	if (first == index->n)
		return;
	while (index->free[first] < index->n && d->used[index->spots[index->free[first]].at])
		index->free[first]++;
	for (size_t s = index->free[first]; s < index->n && index->spots[s].key == key; s++) {
		size_t k = index->spots[s].at;

		if (d->used[k])
			continue;
		if (matches(&d->head->items[i], &d->base->items[k])) {
			d->old[i] = d->used[k] = true;
			return;
		}
		if (++tries == MAX_TRIES)
			return;
	}
}

static uint64_t text_key(const struct delta *d, const struct finding *f)
{
	(void)d;
	return delta_key(f);
}

static bool any(const struct finding *head, const struct finding *base)
{
	(void)head;
	(void)base;
	return true; /* equal keys are equal code */
}

/* Those on untouched lines take the base's findings first: what is left over is then on lines of the change. */
static void pair_equal(struct delta *d, struct index *index, bool touched)
{
	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];

		if (!d->old[i] &&
		    change_touches(d->change, f->span.start_line, f->span.end_line) == touched)
			pair(d, i, index, delta_key(f), any);
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

static uint64_t line_key(const struct delta *d, const struct finding *f)
{
	(void)d;
	return mix(str_hash(f->rule_id), f->span.start_line);
}

static bool same_rule(const struct finding *head, const struct finding *base)
{
	return str_eq(head->rule_id, base->rule_id);
}

static void pair_lines(struct delta *d)
{
	struct index index = index_base(d, line_key);

	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];
		uint32_t line = d->old[i] ? 0 : old_line_of(d->change, f->span.start_line);

		if (line)
			pair(d, i, &index, mix(str_hash(f->rule_id), line), same_rule);
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

static uint64_t place_key(const struct finding *f, size_t hunk)
{
	return mix(mix(str_hash(f->rule_id), str_hash(f->symbol)), hunk);
}

static uint64_t base_place_key(const struct delta *d, const struct finding *f)
{
	return place_key(f, hunk_of(d->change, f->span.start_line, false));
}

static bool is_edited(const struct finding *head, const struct finding *base)
{
	return str_eq(base->rule_id, head->rule_id) && str_eq(base->symbol, head->symbol) &&
	       alike(head->text, base->text);
}

static void pair_edited(struct delta *d)
{
	struct index index = index_base(d, base_place_key);

	for (size_t i = 0; i < d->head->n; i++) {
		const struct finding *f = &d->head->items[i];
		size_t hunk = d->old[i] || str_eq(f->category, STR("secret"))
				      ? SIZE_MAX
				      : hunk_of(d->change, f->span.start_line, true);

		if (hunk != SIZE_MAX)
			pair(d, i, &index, place_key(f, hunk), is_edited);
	}
}

void delta_mark(const struct change *change, const struct finding_list *head,
		const struct finding_list *base, bool *old, bool *used, struct arena *mem)
{
	struct delta d = { change, head, base, old, used, mem };
	struct index index = index_base(&d, text_key);

	pair_equal(&d, &index, false);
	pair_equal(&d, &index, true);
	pair_lines(&d);
	pair_edited(&d);
}
