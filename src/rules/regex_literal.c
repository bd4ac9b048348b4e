/* regex_literal.c - patterns that are plain strings; most of those in rule files are. */
#include <stdlib.h>

#include "base/scope.h"
#include "regex_tree.h"

enum {
	LITERAL_MAX_STRINGS = 256,
	LITERAL_MAX_BYTES = 256,    /* of one string when nocase: the subject is copied to the stack */
	SCRATCH_MAX = 256 << 20,    /* never reached: see LIST_MAX_STEPS */
};

/* A node without the anchors at its ends. */
struct bare {
	bool              start, end;
	struct regex_node node;
};

static bool is_anchor(const struct regex_node *node, enum regex_assertion line,
		      enum regex_assertion text)
{
	return node->kind == NODE_ASSERT &&
	       (node->assertion == text ||
		(node->assertion == line && !(node->flags & REGEX_MULTILINE)));
}

static struct bare strip(const struct regex_node *node)
{
	while (node->kind == NODE_GROUP)
		node = node->items[0];
	struct bare bare = { .node = *node };
	struct regex_node *n = &bare.node;
	if (n->kind != NODE_CONCAT)
		return bare;
	for (; n->n && is_anchor(n->items[0], ASSERT_LINE_START, ASSERT_TEXT_START); n->n--) {
		bare.start = true;
		n->items++;
	}
	for (; n->n && is_anchor(n->items[n->n - 1], ASSERT_LINE_END, ASSERT_TEXT_END); n->n--)
		bare.end = true;
	return bare;
}

static int by_bytes(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* What can be a list of strings at all: most patterns are not, and to find out by listing costs more than the rest. */
static bool is_listable(const struct regex_node *node)
{
	if (node->kind == NODE_DOT || node->kind == NODE_ASSERT)
		return false;
	if (node->kind == NODE_REPEAT && node->min != node->max && (node->min || node->max != 1))
		return false;
	for (size_t i = 0; i < node->n; i++)
		if (!is_listable(node->items[i]))
			return false;
	return true;
}

static bool is_caseless(const struct regex_node *node)
{
	uint32_t lower = node->cp | 0x20;
	bool letter = node->cp >= 0x80 || (lower >= 'a' && lower <= 'z');

	if ((node->flags & REGEX_CASELESS) &&
	    (node->kind == NODE_CLASS || (node->kind == NODE_CHAR && letter)))
		return true;
	for (size_t i = 0; i < node->n; i++)
		if (is_caseless(node->items[i]))
			return true;
	return false;
}

/* ^a$|^b$: each alternative is compared with the whole. */
static enum regex_form list_whole(struct regex_listing *how, const struct regex_node *node,
				  struct regex_strings *set)
{
	for (size_t i = 0; i < node->n; i++) {
		struct bare part = strip(node->items[i]);
		struct regex_listed listed;

		if (!part.start || !part.end || !is_listable(&part.node))
			return FORM_ENGINE;
		listed = regex_list(how, &part.node);
		if (!listed.exact || set->n + listed.all.n > how->most)
			return FORM_ENGINE;
		for (size_t j = 0; j < listed.all.n; j++)
			ARENA_PUSH(how->mem, set, listed.all.items[j]);
	}
	return FORM_EQUALS;
}

/* The strings of the pattern in *set; FORM_ENGINE when it is not just strings. */
static enum regex_form list_form(struct regex_listing *how, const struct regex_node *node,
				 struct regex_strings *set)
{
	static const enum regex_form forms[2][2] = { { FORM_CONTAINS, FORM_SUFFIX },
						     { FORM_PREFIX, FORM_EQUALS } };
	struct bare bare = strip(node);
	enum regex_form form = forms[bare.start][bare.end];
	struct regex_listed listed;

	if (bare.node.kind == NODE_ALT && !bare.start)
		return list_whole(how, &bare.node, set);
	/* both cases of each letter are several strings, which only a comparison of the whole takes */
	if (!is_listable(&bare.node) ||
	    (!how->fold && form != FORM_EQUALS && is_caseless(&bare.node)))
		return FORM_ENGINE;
	listed = regex_list(how, &bare.node);
	*set = listed.all;
	return listed.exact && (set->n == 1 || form == FORM_EQUALS) ? form : FORM_ENGINE;
}

static bool usable(enum regex_form form, const struct regex_strings *set, bool fold)
{
	if (form == FORM_ENGINE || set->n == 0)
		return false;
	if (!fold)
		return true;
	for (size_t i = 0; i < set->n; i++)
		if (set->items[i].len > LITERAL_MAX_BYTES)
			return false;
	return form != FORM_CONTAINS; /* PCRE2 finds these faster */
}

void regex_literal_find(const struct regex_node *node, struct arena *mem,
			struct regex_literal *out)
{
	AUTO_ARENA struct arena scratch;
	bool caseless = is_caseless(node);

	*out = (struct regex_literal){ .form = FORM_ENGINE };
	arena_init(&scratch, SCRATCH_MAX);
	/* where case does not count, first one string for all its forms */
	for (int fold = caseless; fold >= 0; fold--) {
		struct regex_listing how = { .mem = &scratch, .fold = fold,
					     .most = LITERAL_MAX_STRINGS };
		struct regex_strings set = { 0 };
		enum regex_form form = list_form(&how, node, &set);

		if (!usable(form, &set, fold))
			continue;
		*out = (struct regex_literal){ .form = form, .nocase = fold, .n = set.n,
					       .shortest = SIZE_MAX };
		out->items = ARENA_ARRAY(mem, set.n, struct str);
		for (size_t i = 0; i < set.n; i++) {
			struct str s = out->items[i] = arena_str(mem, set.items[i]);
			out->shortest = s.len < out->shortest ? s.len : out->shortest;
			out->longest = s.len > out->longest ? s.len : out->longest;
		}
		qsort(out->items, set.n, sizeof(struct str), by_bytes);
		return;
	}
}

static bool equals_one(const struct regex_literal *literal, struct str subject)
{
	if (subject.len < literal->shortest || subject.len > literal->longest)
		return false;
	if (literal->n == 1)
		return str_eq(literal->items[0], subject);
	return bsearch(&subject, literal->items, literal->n, sizeof(struct str), by_bytes) != NULL;
}

static bool equals_nocase(const struct regex_literal *literal, struct str subject)
{
	char lower[LITERAL_MAX_BYTES];

	if (subject.len < literal->shortest || subject.len > literal->longest)
		return false;
	for (size_t i = 0; i < subject.len; i++) {
		char c = subject.p[i];
		lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	return equals_one(literal, (struct str){ lower, subject.len });
}

bool regex_literal_match(const struct regex_literal *literal, struct str subject)
{
	struct str s = literal->items[0];
	bool room = subject.len >= s.len;

	if (literal->form == FORM_EQUALS)
		return literal->nocase ? equals_nocase(literal, subject) :
					 equals_one(literal, subject);
	if (literal->form == FORM_CONTAINS)
		return str_has(subject, s);
	if (!room)
		return false;
	struct str part = literal->form == FORM_PREFIX ?
				  str_sub(subject, 0, s.len) :
				  str_from(subject, subject.len - s.len);
	return literal->nocase ? str_eq_nocase(part, s) : str_eq(part, s);
}
