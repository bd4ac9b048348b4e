/* regex_cost.c - how the time of a backtracking search grows with its subject. */
#include "regex_tree.h"

enum {
	DEGREE_MOST = 8, /* as good as exponential */
	FEW_TIMES = 8,   /* so many ways of one repetition are a constant */
};

static unsigned capped(unsigned degree)
{
	return degree < DEGREE_MOST ? degree : DEGREE_MOST;
}

static unsigned degree_of_repeat(const struct regex_node *node, unsigned child)
{
	enum regex_kind kind = node->items[0]->kind;
	bool single = kind == NODE_CHAR || kind == NODE_CLASS || kind == NODE_DOT;

	if (node->max - node->min > FEW_TIMES) {
		if (single)
			return 1;
		return child ? DEGREE_MOST : 2; /* (a+)+ ends by PCRE2's match limit */
	}
	return capped(child * (node->max < FEW_TIMES ? node->max : FEW_TIMES));
}

static unsigned degree(const struct regex_node *node)
{
	unsigned sum = 0, most = 0;

	for (size_t i = 0; i < node->n; i++) {
		unsigned child = degree(node->items[i]);

		sum = capped(sum + child);
		most = child > most ? child : most;
	}
	if (node->kind == NODE_REPEAT)
		return degree_of_repeat(node, most);
	return node->kind == NODE_ALT ? most : sum;
}

static bool starts_at_zero(const struct regex_node *node)
{
	while (node->kind == NODE_GROUP || (node->kind == NODE_CONCAT && node->n))
		node = node->items[0];
	return node->kind == NODE_ASSERT &&
	       (node->assertion == ASSERT_TEXT_START ||
		(node->assertion == ASSERT_LINE_START && !(node->flags & REGEX_MULTILINE)));
}

unsigned regex_degree(const struct regex_node *node)
{
	return capped(degree(node) + (starts_at_zero(node) ? 0 : 1));
}
