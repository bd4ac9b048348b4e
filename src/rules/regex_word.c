/* regex_word.c - what a node begins and ends with: makes \b cheap beside a known character. */
#include "regex_tree.h"

static bool is_word(uint32_t cp)
{
	return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || cp == '_' ||
	       (cp >= 'a' && cp <= 'z');
}

static enum regex_edge edge_of(uint32_t cp)
{
	if (cp >= 0x80)
		return EDGE_UNKNOWN;
	return is_word(cp) ? EDGE_WORD : EDGE_OTHER;
}

/* Ranges and \w alone; anything else is left to the general form. */
static enum regex_edge edge_of_class(const struct regex_class *class)
{
	if (class->perl == 'w')
		return class->negated ? EDGE_OTHER : EDGE_WORD;
	if (class->kind == CLASS_RANGE && !class->negated) {
		uint32_t first = class->range.first, last = class->range.last;
		bool digits = first >= '0' && last <= '9';
		bool upper = first >= 'A' && last <= 'Z', lower = first >= 'a' && last <= 'z';

		return digits || upper || lower || (first == last && is_word(first)) ? EDGE_WORD :
		       first == last ? edge_of(first) : EDGE_UNKNOWN;
	}
	if (class->kind != CLASS_UNION || class->negated || class->n == 0)
		return EDGE_UNKNOWN;
	enum regex_edge edge = edge_of_class(class->items[0]);
	for (size_t i = 1; i < class->n; i++)
		if (edge_of_class(class->items[i]) != edge)
			return EDGE_UNKNOWN;
	return edge;
}

enum regex_edge regex_edge(const struct regex_node *node, bool at_end)
{
	switch (node->kind) {
	case NODE_CHAR:
		return edge_of(node->cp);
	case NODE_CLASS:
		return edge_of_class(node->class);
	case NODE_REPEAT:
		return node->min > 0 ? regex_edge(node->items[0], at_end) : EDGE_UNKNOWN;
	case NODE_GROUP:
		return regex_edge(node->items[0], at_end);
	case NODE_CONCAT:
		return node->n ? regex_edge(node->items[at_end ? node->n - 1 : 0], at_end) :
				 EDGE_UNKNOWN;
	case NODE_ALT: {
		enum regex_edge edge = regex_edge(node->items[0], at_end);
		for (size_t i = 1; i < node->n; i++)
			if (regex_edge(node->items[i], at_end) != edge)
				return EDGE_UNKNOWN;
		return edge;
	}
	case NODE_EMPTY:
	case NODE_DOT:
	case NODE_ASSERT:
		break;
	}
	return EDGE_UNKNOWN;
}
