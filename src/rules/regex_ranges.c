/* regex_ranges.c - classes without properties, computed. */
#include <stdlib.h>

#include "regex_tree.h"

static int by_first(const void *a, const void *b)
{
	const struct regex_range *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

static void push(struct arena *mem, struct regex_ranges *set, uint32_t first, uint32_t last)
{
	struct regex_range range = { first, last };

	ARENA_PUSH(mem, set, range);
}

/* Sorts and joins what overlaps or touches. */
static void normalise(struct regex_ranges *set)
{
	size_t n = 0;

	if (set->n > 1)
		qsort(set->items, set->n, sizeof(*set->items), by_first);
	for (size_t i = 0; i < set->n; i++) {
		struct regex_range r = set->items[i];

		if (n == 0 || r.first > set->items[n - 1].last + 1)
			set->items[n++] = r;
		else if (r.last > set->items[n - 1].last)
			set->items[n - 1].last = r.last;
	}
	set->n = n;
}

static struct regex_ranges complement(const struct regex_ranges *set, struct arena *mem)
{
	struct regex_ranges out = { 0 };
	uint32_t next = 0;

	for (size_t i = 0; i < set->n; i++) {
		if (set->items[i].first > next)
			push(mem, &out, next, set->items[i].first - 1);
		next = set->items[i].last + 1;
	}
	if (next <= REGEX_LAST)
		push(mem, &out, next, REGEX_LAST);
	return out;
}

static struct regex_ranges both(const struct regex_ranges *a, const struct regex_ranges *b,
				struct arena *mem)
{
	struct regex_ranges out = { 0 };

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		struct regex_range x = a->items[i], y = b->items[j];
		uint32_t first = x.first > y.first ? x.first : y.first;
		uint32_t last = x.last < y.last ? x.last : y.last;

		if (first <= last)
			push(mem, &out, first, last);
		if (x.last < y.last)
			i++;
		else
			j++;
	}
	return out;
}

static void add(struct arena *mem, struct regex_ranges *to, const struct regex_ranges *from)
{
	for (size_t i = 0; i < from->n; i++)
		push(mem, to, from->items[i].first, from->items[i].last);
}

static struct regex_ranges combine(enum regex_class_kind op, const struct regex_ranges *a,
				   const struct regex_ranges *b, struct arena *mem)
{
	struct regex_ranges not_a = complement(a, mem), not_b = complement(b, mem);

	if (op == CLASS_AND)
		return both(a, b, mem);
	struct regex_ranges out = both(a, &not_b, mem);
	if (op == CLASS_XOR) {
		struct regex_ranges other = both(b, &not_a, mem);
		add(mem, &out, &other);
		normalise(&out);
	}
	return out;
}

bool regex_class_ranges(const struct regex_class *class, struct arena *mem,
			struct regex_ranges *out)
{
	struct regex_ranges set = { 0 }, part[2] = { { 0 }, { 0 } };

	if (class->kind == CLASS_PROPERTY)
		return false;
	if (class->kind == CLASS_RANGE)
		push(mem, &set, class->range.first, class->range.last);
	for (size_t i = 0; i < class->n; i++) {
		struct regex_ranges *to = &part[class->kind == CLASS_UNION ? 0 : i & 1];

		if (!regex_class_ranges(class->items[i], mem, to))
			return false;
		if (class->kind == CLASS_UNION)
			add(mem, &set, to);
	}
	if (class->kind == CLASS_UNION)
		normalise(&set);
	else if (class->kind != CLASS_RANGE)
		set = combine(class->kind, &part[0], &part[1], mem);
	*out = class->negated ? complement(&set, mem) : set;
	return true;
}
