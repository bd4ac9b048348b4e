/* regex_strings.c - the strings that a node matches, or that must occur in what it matches. */
#include "regex_tree.h"

enum {
	LIST_MAX_BYTES = 8192, /* of all strings of one set */
	LIST_MAX_STEPS = 4000, /* sets made: bounds the memory to 32 MB; a usual pattern makes 20 */
	LIST_MAX_CLASS = 16,   /* characters of a class that are worth listing */
	LIST_MAX_TIMES = 16,
	SCORE_LENGTH = 12,     /* longer literals select no better */
};

size_t regex_strings_score(const struct regex_strings *set)
{
	size_t shortest = SCORE_LENGTH;

	for (size_t i = 0; i < set->n; i++)
		if (set->items[i].len < shortest)
			shortest = set->items[i].len;
	/* Each byte more weighs as much as a set of 1000 strings less. */
	return set->n == 0 || shortest < 2 ? 0 : shortest * 1000 + 999 - set->n;
}

static struct regex_strings one(struct regex_listing *how, struct str s)
{
	struct regex_strings set = { 0 };

	ARENA_PUSH(how->mem, &set, s);
	return set;
}

static struct regex_listed exactly(struct regex_strings set)
{
	return (struct regex_listed){ .exact = true, .all = set };
}

static size_t total(const struct regex_strings *set)
{
	size_t bytes = 0;

	for (size_t i = 0; i < set->n; i++)
		bytes += set->items[i].len;
	return bytes;
}

/* Every string of a followed by every string of b; false when that is too much. */
static bool cross(struct regex_listing *how, const struct regex_strings *a,
		  const struct regex_strings *b, struct regex_strings *out)
{
	struct regex_strings set = { 0 };

	if (a->n * b->n > how->most || total(a) * b->n + total(b) * a->n > LIST_MAX_BYTES ||
	    ++how->steps > LIST_MAX_STEPS)
		return false;
	for (size_t i = 0; i < a->n; i++)
		for (size_t j = 0; j < b->n; j++) {
			struct str x = a->items[i], y = b->items[j];
			char *p = arena_alloc(how->mem, x.len + y.len + 1);

			if (x.len)
				memcpy(p, x.p, x.len);
			if (y.len)
				memcpy(p + x.len, y.p, y.len);
			struct str s = { p, x.len + y.len };
			ARENA_PUSH(how->mem, &set, s);
		}
	*out = set;
	return true;
}

static bool contains(const struct regex_strings *set, struct str s)
{
	char last = s.len ? s.p[s.len - 1] : 0;

	/* most differ in length or in their last byte, which costs no call */
	for (size_t i = 0; i < set->n; i++) {
		struct str item = set->items[i];

		if (item.len == s.len && (!s.len || (item.p[s.len - 1] == last && str_eq(item, s))))
			return true;
	}
	return false;
}

static bool add_all(struct regex_listing *how, struct regex_strings *to,
		    const struct regex_strings *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (contains(to, from->items[i]))
			continue;
		if (to->n >= how->most || ++how->steps > LIST_MAX_STEPS)
			return false;
		ARENA_PUSH(how->mem, to, from->items[i]);
	}
	return true;
}

static void prefer(struct regex_strings *best, const struct regex_strings *other)
{
	if (regex_strings_score(other) > regex_strings_score(best))
		*best = *other;
}

/* What must occur, whether or not the list is exact. */
static struct regex_strings needed(const struct regex_listed *listed)
{
	struct regex_strings best = listed->best;

	if (listed->exact)
		prefer(&best, &listed->all);
	return best;
}

static void add_cp(struct regex_listing *how, struct regex_strings *set, uint32_t cp)
{
	char bytes[4];
	struct str s = { bytes, regex_encode(cp, bytes) };

	s = arena_str(how->mem, s);
	ARENA_PUSH(how->mem, set, s);
}

static struct regex_listed list_char(struct regex_listing *how, const struct regex_node *node)
{
	struct regex_strings set = { 0 };
	uint32_t cp = node->cp;
	uint32_t lower = cp | 0x20;
	bool letter = cp < 0x80 && lower >= 'a' && lower <= 'z';
	bool caseless = node->flags & REGEX_CASELESS;

	if (how->fold && (cp >= 0x80 || (letter && !caseless)))
		return (struct regex_listed){ 0 };
	if (!caseless || (cp < 0x80 && !letter) || how->fold) {
		add_cp(how, &set, letter && caseless ? lower : cp);
		return exactly(set);
	}
	if (!letter)
		return (struct regex_listed){ 0 };
	add_cp(how, &set, lower);
	add_cp(how, &set, lower ^ 0x20);
	/* The two letters beyond ASCII that fold into it: the Kelvin sign and the long s. */
	if ((lower == 'k' || lower == 's') && (node->flags & REGEX_UNICODE))
		add_cp(how, &set, lower == 'k' ? 0x212a : 0x17f);
	return exactly(set);
}

static struct regex_listed list_class(struct regex_listing *how, const struct regex_node *node)
{
	struct regex_strings set = { 0 };
	struct regex_ranges ranges;

	if (how->fold || (node->flags & REGEX_CASELESS) ||
	    ++how->steps > LIST_MAX_STEPS / LIST_MAX_CLASS ||
	    !regex_class_ranges(node->class, how->mem, &ranges))
		return (struct regex_listed){ 0 };
	for (size_t i = 0; i < ranges.n; i++)
		for (uint32_t cp = ranges.items[i].first; cp <= ranges.items[i].last; cp++) {
			if (set.n == LIST_MAX_CLASS)
				return (struct regex_listed){ 0 };
			add_cp(how, &set, cp);
		}
	return set.n ? exactly(set) : (struct regex_listed){ 0 };
}

static struct regex_listed list_repeat(struct regex_listing *how, const struct regex_node *node)
{
	struct regex_listed child = regex_list(how, node->items[0]);
	struct regex_listed out = { .all = one(how, STR("")), .exact = child.exact };

	if (node->min == 0 && node->max == 1 && child.exact) {
		out.exact = add_all(how, &out.all, &child.all);
		return out;
	}
	if (node->min == 0)
		return (struct regex_listed){ 0 };
	for (uint32_t i = 0; i < node->min && out.exact; i++)
		out.exact = i < LIST_MAX_TIMES && cross(how, &out.all, &child.all, &out.all);
	out.exact = out.exact && node->min == node->max;
	if (!out.exact)
		out.best = needed(&child);
	return out;
}

static struct regex_listed list_concat(struct regex_listing *how, const struct regex_node *node)
{
	struct regex_listed out = { .exact = true };
	struct regex_strings run = one(how, STR(""));

	for (size_t i = 0; i < node->n; i++) {
		struct regex_listed child = regex_list(how, node->items[i]);

		if (child.exact && cross(how, &run, &child.all, &run))
			continue;
		out.exact = false;
		prefer(&out.best, &run);
		prefer(&out.best, &child.best);
		run = child.exact ? child.all : one(how, STR(""));
	}
	if (out.exact)
		out.all = run;
	else
		prefer(&out.best, &run);
	return out;
}

static struct regex_listed list_alternatives(struct regex_listing *how,
					     const struct regex_node *node)
{
	struct regex_listed out = { .exact = true };
	bool known = true;

	for (size_t i = 0; i < node->n; i++) {
		struct regex_listed child = regex_list(how, node->items[i]);
		struct regex_strings need = needed(&child);

		out.exact = out.exact && child.exact && add_all(how, &out.all, &child.all);
		known = known && need.n > 0 && add_all(how, &out.best, &need);
	}
	if (!known)
		out.best = (struct regex_strings){ 0 };
	return out;
}

struct regex_listed regex_list(struct regex_listing *how, const struct regex_node *node)
{
	switch (node->kind) {
	case NODE_CHAR:
		return list_char(how, node);
	case NODE_CLASS:
		return list_class(how, node);
	case NODE_REPEAT:
		return list_repeat(how, node);
	case NODE_GROUP:
		return regex_list(how, node->items[0]);
	case NODE_CONCAT:
		return list_concat(how, node);
	case NODE_ALT:
		return list_alternatives(how, node);
	case NODE_EMPTY:
		return exactly(one(how, STR("")));
	case NODE_ASSERT:
		if (how->loose)
			return exactly(one(how, STR("")));
		break;
	case NODE_DOT:
		break;
	}
	return (struct regex_listed){ 0 };
}
