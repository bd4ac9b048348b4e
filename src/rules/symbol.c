#include "base/scope.h"
#include "rules/ruleset.h"

static const struct definition_kind *definition_of(const struct tree *tree, uint32_t node)
{
	const char *kind = language_kind_name(tree->language, tree->nodes[node].kind);
	const struct definition_kind *d = tree->language->definitions;

	for (; d->kind; d++)
		if (strcmp(d->kind, kind) == 0)
			return d;
	return NULL;
}

/* A C declarator wraps the name in pointers and parameters: the first identifier is it. */
static struct str name_in(const struct tree *tree, uint32_t node)
{
	for (uint32_t i = node; i < tree->nodes[node].next; i++) {
		const char *kind = language_kind_name(tree->language, tree->nodes[i].kind);

		if (node_is(tree, i, NODE_NAMED_LEAF) && strstr(kind, "identifier"))
			return node_text(tree, i);
	}
	return str_sub(node_text(tree, node), 0, 60);
}

static struct str definition_name(const struct tree *tree, uint32_t node,
				  const struct definition_kind *d)
{
	uint16_t field = d->name_field[0] ? language_field(tree->language, str_of(d->name_field))
					  : 0;
	uint32_t child = field ? node_child_by_field(tree, node, field) : NODE_NONE;
	struct str line = node_text(tree, node);

	if (child != NODE_NONE)
		return name_in(tree, child);
	if (!field)
		return name_in(tree, node);
	return str_trim(str_sub(line, 0, str_find_byte(line, '\n')));
}

static uint32_t innermost(const struct tree *tree, uint32_t offset)
{
	uint32_t low = 0, high = tree->n;

	/* starts never go down in the order of the array: the last one at or before the byte, then up */
	while (high - low > 1) {
		uint32_t mid = low + (high - low) / 2;

		if (tree->nodes[mid].start <= offset)
			low = mid;
		else
			high = mid;
	}
	while (low && tree->nodes[low].end <= offset)
		low = tree->nodes[low].parent;
	return low;
}

struct str tree_symbol(const struct tree *tree, struct arena *mem, uint32_t offset)
{
	enum { DEEPEST = 32 };
	struct str names[DEEPEST];
	AUTO_BUF struct buf path = { 0 };
	size_t n = 0;

	if (tree->n == 0)
		return (struct str){ 0 };
	for (uint32_t i = innermost(tree, offset); i != NODE_NONE && n < DEEPEST;
	     i = tree->nodes[i].parent) {
		const struct definition_kind *d = definition_of(tree, i);

		if (d)
			names[n++] = definition_name(tree, i, d);
	}
	while (n--) {
		buf_add(&path, names[n]);
		if (n)
			buf_add_byte(&path, '.');
	}
	return arena_str(mem, buf_str(&path));
}

struct str fixes_apply(struct arena *mem, struct str text, const struct finding *const *findings,
		       size_t n)
{
	AUTO_BUF struct buf out = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		buf_add(&out, str_sub(text, at, findings[i]->fix.start));
		buf_add(&out, findings[i]->fix.text);
		at = findings[i]->fix.end;
	}
	buf_add(&out, str_from(text, at));
	return arena_str(mem, buf_str(&out));
}
