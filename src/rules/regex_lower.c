/*
 * regex_lower.c - a parsed pattern in PCRE2's syntax. Every construct is written with its meaning
 * spelled out, so that no option of PCRE2 but UTF and ALT_CIRCUMFLEX matters; set
 * operations on properties become look-aheads of one character.
 */
#include "base/buf.h"
#include "regex_tree.h"


/* Rust's Unicode word character; ASCII first, PCRE2 keeps a bit map of it. */
#define WORD_UNICODE "0-9A-Z_a-z\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\x{200c}\\x{200d}"
#define WORD_ASCII "0-9A-Z_a-z"

struct lowering {
	struct arena *mem;
	struct buf   *out;
	bool          all_caseless; /* written once, in front */
	bool          linear;       /* for pcre2_dfa_match() */
};

static void put(struct lowering *l, const char *text)
{
	buf_add(l->out, str_of(text));
}

static void put_cp(struct lowering *l, uint32_t cp)
{
	bool letter = ((cp | 0x20) >= 'a' && (cp | 0x20) <= 'z') || cp == '_';

	if (cp < 0x80 && (letter || (cp >= '0' && cp <= '9')))
		buf_add_byte(l->out, (char)cp);
	else
		buf_printf(l->out, "\\x{%x}", cp);
}

/* ---- characters and classes ---- */

static bool is_caseless(const struct regex_node *node)
{
	return (node->flags & REGEX_CASELESS) && (node->flags & REGEX_UNICODE);
}

static bool is_cased(uint32_t cp)
{
	return (cp | 0x20) >= 'a' && (cp | 0x20) <= 'z' && cp < 0x80;
}

static void lower_char(struct lowering *l, const struct regex_node *node)
{
	if (is_caseless(node) && !l->all_caseless && (is_cased(node->cp) || node->cp >= 0x80)) {
		put(l, "(?i:");
		put_cp(l, node->cp);
		put(l, ")");
	} else if ((node->flags & REGEX_CASELESS) && !is_caseless(node) && is_cased(node->cp)) {
		buf_printf(l->out, "[%c%c]", (char)(node->cp | 0x20), (char)(node->cp & 0x5f));
	} else {
		put_cp(l, node->cp);
	}
}

static void put_range(struct lowering *l, uint32_t first, uint32_t last)
{
	put_cp(l, first);
	if (first == last)
		return;
	put(l, "-");
	put_cp(l, last);
}

/* ASCII letters of the other case, for (?i-u). */
static void put_folded(struct lowering *l, uint32_t first, uint32_t last)
{
	static const char starts[] = { 'a', 'A' };

	for (size_t i = 0; i < COUNT(starts); i++) {
		uint32_t low = (uint32_t)starts[i], high = low + 25;
		uint32_t from = first > low ? first : low, to = last < high ? last : high;

		if (from <= to)
			put_range(l, from ^ 0x20, to ^ 0x20);
	}
}

static void put_property(struct lowering *l, const struct regex_class *class, bool caseless)
{
	static const char *const cased[] = { "Lu", "Ll", "Lt" };
	struct str name = class->property;

	for (size_t i = 0; caseless && i < COUNT(cased); i++)
		if (str_eq(name, str_of(cased[i])))
			name = STR("L&");
	buf_printf(l->out, "\\%c{%.*s}", class->negated ? 'P' : 'p', STR_ARG(name));
}

/* Whether the class is a list of items inside one pair of brackets of PCRE2's. */
static bool is_list(const struct regex_class *class)
{
	if (class->kind == CLASS_PROPERTY)
		return true;
	if (class->negated || (class->kind != CLASS_UNION && class->kind != CLASS_RANGE))
		return false;
	for (size_t i = 0; i < class->n; i++)
		if (!is_list(class->items[i]))
			return false;
	return true;
}

static bool is_empty(const struct regex_class *class)
{
	for (size_t i = 0; i < class->n; i++)
		if (!is_empty(class->items[i]))
			return false;
	return class->kind == CLASS_UNION;
}

static void put_items(struct lowering *l, const struct regex_class *class, unsigned flags)
{
	if (class->kind == CLASS_PROPERTY) {
		put_property(l, class, flags & REGEX_CASELESS);
	} else if (class->kind == CLASS_RANGE) {
		put_range(l, class->range.first, class->range.last);
		if ((flags & REGEX_CASELESS) && !(flags & REGEX_UNICODE))
			put_folded(l, class->range.first, class->range.last);
	}
	if (class->perl == 'w' && (flags & REGEX_UNICODE)) {
		put(l, WORD_UNICODE);
		return;
	}
	for (size_t i = 0; i < class->n; i++)
		put_items(l, class->items[i], flags);
}

static void lower_set(struct lowering *l, const struct regex_class *class, unsigned flags);

/* The class without its negation. */
static void lower_positive(struct lowering *l, const struct regex_class *class, unsigned flags)
{
	static const char *const heads[] = { [CLASS_AND] = "(?:(?=", [CLASS_MINUS] = "(?:(?!",
					     [CLASS_XOR] = "(?:(?!" };
	const struct regex_class *left, *right;

	if (class->kind == CLASS_UNION) {
		put(l, "(?:");
		for (size_t i = 0; i < class->n; i++) {
			put(l, i ? "|" : "");
			lower_set(l, class->items[i], flags);
		}
		put(l, ")");
		return;
	}
	left = class->items[0];
	right = class->items[1];
	put(l, heads[class->kind]);
	lower_set(l, right, flags);
	put(l, ")");
	lower_set(l, left, flags);
	if (class->kind == CLASS_XOR) {
		put(l, "|(?!");
		lower_set(l, left, flags);
		put(l, ")");
		lower_set(l, right, flags);
	}
	put(l, ")");
}

/* Any set as an expression that takes one character and needs no group around it. */
static void lower_set(struct lowering *l, const struct regex_class *class, unsigned flags)
{
	struct regex_class positive = *class;

	if (l->out->len > REGEX_MAX_LOWERED) /* ~~ writes both sides twice */
		return;
	if (class->kind != CLASS_PROPERTY)
		positive.negated = false;
	if (is_empty(&positive)) {
		put(l, class->negated ? "(?s:.)" : "(?!)");
	} else if (is_list(&positive)) {
		put(l, class->negated && class->kind != CLASS_PROPERTY ? "[^" : "[");
		put_items(l, &positive, flags);
		put(l, "]");
	} else if (class->negated) {
		put(l, "(?:(?!");
		lower_positive(l, &positive, flags);
		put(l, ")(?s:.))");
	} else {
		lower_positive(l, class, flags);
	}
}

static bool is_all(const struct regex_ranges *set)
{
	return set->n == 1 && set->items[0].first == 0 && set->items[0].last == REGEX_LAST;
}

static void lower_ranges(struct lowering *l, const struct regex_ranges *set)
{
	if (set->n == 0 || is_all(set)) {
		put(l, set->n ? "(?s:.)" : "(?!)");
		return;
	}
	put(l, "[");
	for (size_t i = 0; i < set->n; i++)
		put_range(l, set->items[i].first, set->items[i].last);
	put(l, "]");
}

/* [\w\W] and the like, which people write for "anything". */
static bool is_any_pair(const struct regex_class *class)
{
	return class->kind == CLASS_UNION && class->n == 2 && !class->negated &&
	       class->items[0]->perl && class->items[0]->perl == class->items[1]->perl &&
	       class->items[0]->negated != class->items[1]->negated;
}

static void lower_class(struct lowering *l, const struct regex_node *node)
{
	struct regex_ranges ranges;
	bool wrap = is_caseless(node) && !l->all_caseless;

	if (is_any_pair(node->class)) {
		put(l, "(?s:.)");
	} else if (!(node->flags & REGEX_CASELESS) &&
		   regex_class_ranges(node->class, l->mem, &ranges)) {
		lower_ranges(l, &ranges);
	} else {
		put(l, wrap ? "(?i:" : "");
		lower_set(l, node->class, node->flags);
		put(l, wrap ? ")" : "");
	}
}

/* ---- assertions ---- */

static const char *line_edge(enum regex_assertion which, unsigned flags)
{
	bool start = which == ASSERT_LINE_START;

	if (!(flags & REGEX_MULTILINE))
		return start ? "\\A" : "\\z";
	if (flags & REGEX_CRLF)
		return start ? "(?:\\A|(?<=\\n)|(?<=\\r)(?!\\n))" :
			       "(?:\\z|(?=\\r)|(?<!\\r)(?=\\n))";
	return start ? "(?m:^)" : "(?m:$)";
}

/* Before and behind the place: is a word character asked for ('+'), refused ('-'), or neither? */
static void word_sides(struct lowering *l, char before, char after, unsigned flags)
{
	const char *set = flags & REGEX_UNICODE ? WORD_UNICODE : WORD_ASCII;

	if (before)
		buf_printf(l->out, "(?%s[%s])", before == '+' ? "<=" : "<!", set);
	if (after)
		buf_printf(l->out, "(?%c[%s])", after == '+' ? '=' : '!', set);
}

/* \b and \B, given what is known of both sides. */
static void lower_boundary(struct lowering *l, bool negated, enum regex_edge before,
			   enum regex_edge after, unsigned flags)
{
	char same = negated ? '+' : '-', other = negated ? '-' : '+';

	if (after != EDGE_UNKNOWN) {
		word_sides(l, after == EDGE_WORD ? same : other, 0, flags);
	} else if (before != EDGE_UNKNOWN) {
		word_sides(l, 0, before == EDGE_WORD ? same : other, flags);
	} else {
		put(l, "(?:");
		word_sides(l, '+', same, flags);
		put(l, "|");
		word_sides(l, '-', other, flags);
		put(l, ")");
	}
}

static void lower_assertion(struct lowering *l, const struct regex_node *node,
			    enum regex_edge before, enum regex_edge after)
{
	static const struct {
		char before, after;
	} halves[] = {
		[ASSERT_WORD_START] = { '-', '+' },
		[ASSERT_WORD_END] = { '+', '-' },
		[ASSERT_WORD_START_HALF] = { '-', 0 },
		[ASSERT_WORD_END_HALF] = { 0, '-' },
	};
	enum regex_assertion which = node->assertion;

	if (which == ASSERT_LINE_START || which == ASSERT_LINE_END)
		put(l, line_edge(which, node->flags));
	else if (which == ASSERT_TEXT_START || which == ASSERT_TEXT_END)
		put(l, which == ASSERT_TEXT_START ? "\\A" : "\\z");
	else if (which == ASSERT_WORD || which == ASSERT_NOT_WORD)
		lower_boundary(l, which == ASSERT_NOT_WORD, before, after, node->flags);
	else
		word_sides(l, halves[which].before, halves[which].after, node->flags);
}

/* ---- structure ---- */

static void lower_node(struct lowering *l, const struct regex_node *node, enum regex_edge before,
		       enum regex_edge after);

static void put_counts(struct lowering *l, uint32_t min, uint32_t max)
{
	if (max == REGEX_INFINITE && min < 2)
		put(l, min ? "+" : "*");
	else if (max == REGEX_INFINITE)
		buf_printf(l->out, "{%u,}", min);
	else if (min == max)
		buf_printf(l->out, "{%u}", min);
	else
		buf_printf(l->out, "{%u,%u}", min, max);
}

/* One quantifier; the numbers fit PCRE2. */
static void lower_counted(struct lowering *l, const struct regex_node *node, uint32_t min,
			  uint32_t max)
{
	const struct regex_node *child = node->items[0];
	bool atom = child->kind == NODE_CHAR || child->kind == NODE_DOT ||
		    child->kind == NODE_CLASS || child->kind == NODE_GROUP;

	put(l, atom ? "" : "(?:");
	lower_node(l, child, EDGE_UNKNOWN, EDGE_UNKNOWN);
	put(l, atom ? "" : ")");
	put_counts(l, min, max);
	put(l, node->greedy ? "" : "?");
}

/* a{99999} is a{65535}a{34464}; the parser saw to it that only single characters need this. */
static void lower_repeat(struct lowering *l, const struct regex_node *node)
{
	uint32_t min = node->min, max = node->max;

	for (; min > PCRE2_MAX_REPEAT; min -= PCRE2_MAX_REPEAT) {
		lower_counted(l, node, PCRE2_MAX_REPEAT, PCRE2_MAX_REPEAT);
		max -= max == REGEX_INFINITE ? 0 : PCRE2_MAX_REPEAT;
	}
	while (max != REGEX_INFINITE && max > PCRE2_MAX_REPEAT) {
		uint32_t part = max - PCRE2_MAX_REPEAT;

		if (part > PCRE2_MAX_REPEAT)
			part = PCRE2_MAX_REPEAT;
		lower_counted(l, node, 0, part);
		max -= part;
	}
	enum regex_kind kind = node->items[0]->kind;
	bool single = kind == NODE_CHAR || kind == NODE_CLASS || kind == NODE_DOT;
	if (l->linear && single && min > 0 && max == REGEX_INFINITE) {
		/* x+ counts, and each count is a state; xx* does not. */
		lower_counted(l, node, min, min);
		min = 0;
	}
	lower_counted(l, node, min, max);
}

static void lower_concat(struct lowering *l, const struct regex_node *node, enum regex_edge before,
			 enum regex_edge after)
{
	for (size_t i = 0; i < node->n; i++) {
		enum regex_edge left = i ? regex_edge(node->items[i - 1], true) : before;
		enum regex_edge right = i + 1 < node->n ? regex_edge(node->items[i + 1], false) :
							  after;
		lower_node(l, node->items[i], left, right);
	}
}

static void lower_alternatives(struct lowering *l, const struct regex_node *node,
			       enum regex_edge before, enum regex_edge after)
{
	put(l, "(?:");
	for (size_t i = 0; i < node->n; i++) {
		put(l, i ? "|" : "");
		lower_node(l, node->items[i], before, after);
	}
	put(l, ")");
}

static void lower_dot(struct lowering *l, unsigned flags)
{
	if (flags & REGEX_DOTALL)
		put(l, "(?s:.)");
	else
		put(l, flags & REGEX_CRLF ? "[^\\n\\r]" : ".");
}

static void lower_node(struct lowering *l, const struct regex_node *node, enum regex_edge before,
		       enum regex_edge after)
{
	switch (node->kind) {
	case NODE_EMPTY:
		break;
	case NODE_CHAR:
		lower_char(l, node);
		break;
	case NODE_DOT:
		lower_dot(l, node->flags);
		break;
	case NODE_CLASS:
		lower_class(l, node);
		break;
	case NODE_ASSERT:
		lower_assertion(l, node, before, after);
		break;
	case NODE_REPEAT:
		lower_repeat(l, node);
		break;
	case NODE_GROUP:
		put(l, "(");
		lower_node(l, node->items[0], before, after);
		put(l, ")");
		break;
	case NODE_CONCAT:
		lower_concat(l, node, before, after);
		break;
	case NODE_ALT:
		lower_alternatives(l, node, before, after);
		break;
	}
}

/*
 * Whether (?i) may stand in front: all that it touches is written under it. Not so for the ASCII \b,
 * whose class would take in the other characters that fold to k and s.
 */
static bool all_caseless(const struct regex_node *node)
{
	if (node->kind == NODE_CHAR)
		return is_caseless(node) || (!is_cased(node->cp) && node->cp < 0x80);
	if (node->kind == NODE_CLASS)
		return is_caseless(node);
	if (node->kind == NODE_ASSERT)
		return node->flags & REGEX_UNICODE;
	for (size_t i = 0; i < node->n; i++)
		if (!all_caseless(node->items[i]))
			return false;
	return true;
}

void regex_lower(const struct regex_node *node, struct arena *mem, bool linear, struct buf *out)
{
	struct lowering l = { mem, out, all_caseless(node), linear };

	put(&l, l.all_caseless ? "(?i)" : "");
	lower_node(&l, node, EDGE_UNKNOWN, EDGE_UNKNOWN);
}
