#include "pattern.h"

static bool is_name_start(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a str with bytes has a pointer */
		if (!is_name_start(s.p[i]) && (s.p[i] < '0' || s.p[i] > '9'))
			return false;
	return true;
}

struct meta_var meta_var_of(struct str text, struct str sigil)
{
	const struct meta_var none = { .type = PATTERN_LEAF };
	struct str rest = text;
	unsigned sigils = 0;

	while (sigils < 3 && str_starts(rest, sigil)) {
		rest = str_from(rest, sigil.len);
		sigils++;
	}
	if (sigils == 0 || !is_name(rest))
		return none;
	if (sigils == 3) {
		/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a str with bytes has a pointer */
		bool anonymous = rest.len == 0 || rest.p[0] == '_';

		return (struct meta_var){ PATTERN_MULTI, true,
					  anonymous ? (struct str){ 0 } : rest };
	}
	if (rest.len == 0 || !is_name_start(rest.p[0]))
		return none;
	if (rest.p[0] == '_')
		return (struct meta_var){ PATTERN_DROPPED, sigils == 1, { 0 } };
	return (struct meta_var){ PATTERN_VAR, sigils == 1, rest };
}

/* '$' is no letter in most languages: runs of it in front of a variable become the expando. */
static struct str with_expando(struct arena *mem, struct str code, struct str expando)
{
	char *out = arena_alloc(mem, code.len * (expando.len ? expando.len : 1) + 1);
	size_t n = 0;

	for (size_t i = 0; i < code.len;) {
		size_t run = 0;
		bool var;

		while (i + run < code.len && code.p[i + run] == '$')
			run++;
		if (run == 0) {
			out[n++] = code.p[i++];
			continue;
		}
		i += run;
		var = run == 3 || (i < code.len && is_name_start(code.p[i]));
		for (; run; run--) {
			struct str sigil = var ? expando : STR("$");

			memcpy(out + n, sigil.p, sigil.len);
			n += sigil.len;
		}
	}
	out[n] = '\0';
	return (struct str){ out, n };
}

struct compiler {
	const struct tree *tree;
	struct str         sigil;
	struct arena      *mem;
	var_index         *index;
	void              *payload;
	struct err        *err;
	struct {
		struct pattern_node *items;
		size_t               n, cap;
	} nodes;
};

static int add_var(struct compiler *c, struct meta_var var)
{
	struct pattern_node node = { .type = var.type, .named = var.named, .var = -1 };

	if (var.name.len) {
		node.var = c->index(c->payload, var.name);
		if (node.var < 0)
			return err_input(c->err, "more than %d metavariables", RULE_MAX_VARS);
	}
	node.next = (uint32_t)c->nodes.n + 1;
	ARENA_PUSH(c->mem, &c->nodes, node);
	return 0;
}

static int add_node(struct compiler *c, uint32_t i, unsigned depth)
{
	struct meta_var var = meta_var_of(node_text(c->tree, i), c->sigil);
	struct pattern_node node = { .type = PATTERN_LEAF, .kind = c->tree->nodes[i].kind,
				     .named = node_is(c->tree, i, NODE_NAMED), .var = -1 };
	size_t at = c->nodes.n;

	if (c->nodes.n >= PATTERN_MAX_NODES || depth > 500)
		return err_input(c->err, "the pattern is too large");
	if (var.type != PATTERN_LEAF)
		return add_var(c, var);
	if (node_is(c->tree, i, NODE_LEAF))
		node.text = arena_str(c->mem, node_text(c->tree, i));
	else
		node.type = PATTERN_INNER;
	ARENA_PUSH(c->mem, &c->nodes, node);
	for (uint32_t k = node_first_child(c->tree, i); k != NODE_NONE;
	     k = node_next_sibling(c->tree, k))
		if (!node_is(c->tree, k, NODE_MISSING) && add_node(c, k, depth + 1) < 0)
			return -1;
	c->nodes.items[at].next = (uint32_t)c->nodes.n;
	return 0;
}

/* One child; or two, of which the second is an empty thing that some grammars put at the end. */
static bool is_single(const struct tree *tree, uint32_t i)
{
	uint32_t n = node_child_count(tree, i);
	uint32_t second;

	if (n != 2)
		return n == 1;
	second = tree->nodes[i + 1].next;
	return node_is(tree, second, NODE_MISSING) ||
	       language_kind_name(tree->language, tree->nodes[second].kind)[0] == '\0';
}

static int find_root(uint32_t *out, const struct tree *tree, const struct pattern_source *source,
		     struct err *err)
{
	uint32_t i = 0;
	uint16_t kind;

	if (source->selector.len) {
		kind = language_kind(source->language, source->selector);
		if (!kind)
			return err_input(err, "the selector '%.*s' is no node kind of %s",
					 STR_ARG(source->selector), source->language->name);
		while (i < tree->n && tree->nodes[i].kind != kind)
			i++;
		if (i == tree->n)
			return err_input(err, "the selector '%.*s' matches no node of the context",
					 STR_ARG(source->selector));
		*out = i;
		return 0;
	}
	if (node_is(tree, 0, NODE_LEAF))
		return err_input(err, "the pattern holds no code");
	if (!is_single(tree, 0))
		return err_input(err, "the pattern has several root nodes; use an object with "
				      "`context` and `selector`");
	while (is_single(tree, i))
		i++;
	*out = i;
	return 0;
}

int pattern_compile(struct pattern *out, struct arena *mem, struct parser *parser,
		    const struct pattern_source *source, var_index *index, void *payload,
		    struct err *err)
{
	struct str expando = str_of(source->language->expando);
	struct str code = with_expando(mem, source->code, expando);
	struct compiler c = { .sigil = expando, .mem = mem, .index = index, .payload = payload,
			      .err = err };
	struct tree tree;
	uint32_t root = 0;

	if (!source->language->grammar)
		return err_input(err, "%s has no grammar, so no patterns: use `kind: line` and `regex`",
				 source->language->name);
	if (parser_tree(&tree, parser, mem, source->language, code, NULL, NULL, 0) != PARSE_OK)
		return err_input(err, "the pattern takes too long to parse");
	parser_reset(parser);
	c.tree = &tree;
	if (find_root(&root, &tree, source, err) < 0 || add_node(&c, root, 0) < 0)
		return -1;
	if (c.nodes.items[0].type == PATTERN_MULTI)
		return err_input(err, "a pattern cannot be a lone $$$: it stands for one node");
	*out = (struct pattern){ c.nodes.items, (uint32_t)c.nodes.n,
				 source->selector.len ? tree.nodes[root].kind : 0,
				 source->strictness };
	return 0;
}
