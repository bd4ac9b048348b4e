/*
 * Walks the parser's subtrees directly. The public cursor does the same at three times the cost, 15 % of a whole
 * parse; the runtime is pinned by its hash, and a unit test compares both on every language.
 *
 * A hidden subtree has no node: its children belong to the nearest visible one above. An alias, given by the
 * production of the parent, renames a child or makes it visible. A field is looked up at the level of the
 * child, then at each hidden level above it.
 */
#include "flatten.h"

#include "language.h"
#include "subtree.h"
#include "tree.h"

/* One level of the walk: a subtree whose children are being visited. */
struct level {
	const Subtree  *children;
	uint32_t        n, i;      /* children, next one */
	uint32_t        structural; /* children that are no extras, so far */
	uint32_t        at;        /* byte where the next child's padding begins */
	uint32_t        node;      /* of the nearest visible subtree */
	uint16_t        field;     /* that a hidden level hands down */
	uint16_t        production;
	const TSSymbol *aliases;   /* by structural index, or NULL */
};

struct walk {
	const TSLanguage *language;
	struct arena     *mem;
	struct node      *nodes;
	uint32_t          n;
	uint32_t         *last;    /* by node: its last child so far */
	struct {
		struct level *items;
		size_t        n, cap;
	} levels;
};

static uint16_t field_at(const struct walk *w, const struct level *level)
{
	const TSFieldMapEntry *map, *end;

	ts_language_field_map(w->language, level->production, &map, &end);
	for (; map < end; map++)
		if (!map->inherited && map->child_index == level->structural)
			return map->field_id;
	return level->field;
}

static uint16_t flags_of(const struct walk *w, Subtree subtree, TSSymbol alias)
{
	bool named = alias ? ts_language_symbol_metadata(w->language, alias).named
			   : ts_subtree_named(subtree);

	return (uint16_t)(NODE_LEAF | NODE_NAMED_LEAF | (named ? NODE_NAMED : 0) |
			  (ts_subtree_extra(subtree) ? NODE_EXTRA : 0) |
			  (ts_subtree_missing(subtree) ? NODE_MISSING : 0));
}

static uint32_t add_node(struct walk *w, Subtree subtree, TSSymbol alias, uint32_t start,
			 uint32_t parent, uint16_t field)
{
	TSSymbol symbol = alias ? alias : ts_subtree_symbol(subtree);
	uint32_t i = w->n++;
	struct node *node = &w->nodes[i];

	node->start = start;
	node->end = start + ts_subtree_size(subtree).bytes;
	node->parent = parent;
	node->next = i + 1;
	node->prev = NODE_NONE;
	node->kind = symbol == ts_builtin_sym_error ? KIND_ERROR
						    : w->language->public_symbol_map[symbol];
	node->field = field;
	node->flags = flags_of(w, subtree, alias);
	w->last[i] = NODE_NONE;
	if (parent != NODE_NONE) {
		struct node *up = &w->nodes[parent];

		node->prev = w->last[parent];
		w->last[parent] = i;
		up->flags &= (uint16_t)~(NODE_LEAF | (node->flags & NODE_NAMED ? NODE_NAMED_LEAF : 0));
	}
	return i;
}

static void enter(struct walk *w, const Subtree *subtree, uint32_t at, uint32_t node,
		  uint16_t field)
{
	struct level level = { .n = ts_subtree_child_count(*subtree), .at = at, .node = node,
			       .field = field };

	/* they stand in front of their parent; the runtime's macro drops the const */
	level.children = (const Subtree *)(const void *)subtree->ptr - level.n;
	level.production = subtree->ptr->production_id;
	level.aliases = ts_language_alias_sequence(w->language, level.production);
	ARENA_PUSH(w->mem, &w->levels, level);
}

static void visit(struct walk *w, struct level *level)
{
	const Subtree *child = &level->children[level->i++];
	bool extra = ts_subtree_extra(*child);
	TSSymbol alias = !extra && level->aliases ? level->aliases[level->structural] : 0;
	uint16_t field = extra ? 0 : field_at(w, level);
	uint32_t start = level->at + ts_subtree_padding(*child).bytes;
	uint32_t node = level->node;
	bool visible = alias || ts_subtree_visible(*child);

	/* where a subtree begins, the padding of its first child is counted again */
	uint32_t inner = level->at;

	level->at = start + ts_subtree_size(*child).bytes;
	if (!extra)
		level->structural++;
	if (visible)
		node = add_node(w, *child, alias, start, level->node, field);
	if (ts_subtree_child_count(*child))
		enter(w, child, inner, node, visible ? 0 : field);
}

void flatten(struct tree *out, struct arena *mem, const struct TSTree *ts)
{
	const Subtree *root = &ts->root;
	uint32_t total = ts_subtree_visible_descendant_count(*root) + 1;
	struct walk w = { .language = ts->language, .mem = mem };

	w.nodes = arena_alloc(mem, (size_t)total * sizeof *w.nodes);
	w.last = arena_alloc(mem, (size_t)total * sizeof *w.last);
	add_node(&w, *root, 0, ts_subtree_padding(*root).bytes, NODE_NONE, 0);
	if (ts_subtree_child_count(*root))
		enter(&w, root, 0, 0, 0);
	while (w.levels.n) {
		struct level *level = &w.levels.items[w.levels.n - 1];

		if (level->i < level->n) {
			visit(&w, level);
			continue;
		}
		/* all below is done: whoever is visible here ends with the newest node */
		w.nodes[level->node].next = w.n;
		w.levels.n--;
	}
	w.nodes[0].next = w.n;
	out->nodes = w.nodes;
	out->n = w.n;
	out->has_error = ts_subtree_error_cost(*root) > 0;
}
