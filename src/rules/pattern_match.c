/*
 * Aligns a pattern's children with a node's children, in one pass without going back, as ast-grep does
 * (crates/core/src/match_tree): the results must be the same, so the order of the tests is kept.
 */
#include "matcher.h"

enum outcome { MATCHED, SKIP_BOTH, SKIP_GOAL, SKIP_CANDIDATE, NO_MATCH };

/* Positions in the children of the pattern node and of the code node. */
struct cursor {
	uint32_t goal, goal_end; /* indices in pattern.nodes */
	uint32_t cand, cand_end; /* indices in tree.nodes */
};

static bool skips_extras(enum strictness s)
{
	return s != CST && s != AST;
}

static bool same_code(const struct tree *tree, uint32_t a, uint32_t b)
{
	uint32_t a_end = tree->nodes[a].next;

	if (a == b)
		return true;
	/* both subtrees in step; where one is a leaf, its text decides and both are skipped */
	while (a < a_end) {
		if (node_is(tree, a, NODE_NAMED_LEAF) || node_is(tree, b, NODE_NAMED_LEAF)) {
			if (!str_eq(node_text(tree, a), node_text(tree, b)))
				return false;
			a = tree->nodes[a].next;
			b = tree->nodes[b].next;
			continue;
		}
		if (tree->nodes[a].kind != tree->nodes[b].kind ||
		    node_child_count(tree, a) != node_child_count(tree, b))
			return false;
		a++;
		b++;
	}
	return true;
}

bool env_bind(struct matcher *m, int32_t var, uint32_t node)
{
	struct env *env = m->env;

	if (env->single[var] != NODE_NONE && !same_code(m->tree, env->single[var], node))
		return false;
	/* the trail keeps the old value: the latest equal node is the one that counts */
	ARENA_PUSH(m->mem, &env->trail, var);
	ARENA_PUSH(m->mem, &env->list, env->single[var]);
	env->single[var] = node;
	return true;
}

static uint32_t next_named(const struct matcher *m, struct node_run run, uint32_t *i)
{
	while (*i < run.n) {
		uint32_t node = m->env->list.items[run.at + (*i)++];

		if (node_is(m->tree, node, NODE_NAMED))
			return node;
	}
	return NODE_NONE;
}

static bool same_runs(const struct matcher *m, struct node_run x, struct node_run y)
{
	uint32_t i = 0, j = 0;

	for (;;) {
		uint32_t a = next_named(m, x, &i), b = next_named(m, y, &j);

		if (a == NODE_NONE || b == NODE_NONE)
			return a == b;
		if (!same_code(m->tree, a, b))
			return false;
	}
}

/* Binds `n` siblings from `first` on. */
bool env_bind_run(struct matcher *m, int32_t var, uint32_t first, uint32_t n)
{
	struct env *env = m->env;
	struct node_run run = { (uint32_t)env->list.n, n };
	struct node_run old = env->multi[var];

	for (uint32_t i = 0; i < n; i++, first = m->tree->nodes[first].next)
		ARENA_PUSH(m->mem, &env->list, first);
	if (old.n != NODE_NONE && !same_runs(m, old, run)) {
		env->list.n = run.at;
		return false;
	}
	ARENA_PUSH(m->mem, &env->trail, -1 - var);
	ARENA_PUSH(m->mem, &env->list, old.at);
	ARENA_PUSH(m->mem, &env->list, old.n);
	env->multi[var] = run;
	return true;
}

static enum outcome match_leaf(const struct matcher *m, enum strictness s,
			       const struct pattern_node *goal, uint32_t cand)
{
	const struct node *node = &m->tree->nodes[cand];
	bool same_kind = goal->kind == node->kind || goal->kind == KIND_ERROR;
	bool cand_named = node->flags & NODE_NAMED;

	/* unnamed nodes by kind only: some grammars give them wrong spans */
	if (same_kind && (!goal->named || str_eq(goal->text, node_text(m->tree, cand))))
		return MATCHED;
	if (skips_extras(s) && (node->flags & NODE_EXTRA))
		return SKIP_CANDIDATE;
	if (s == CST)
		return NO_MATCH;
	if (s == SIGNATURE && same_kind)
		return MATCHED;
	if (s == TEMPLATE && str_eq(goal->text, node_text(m->tree, cand)))
		return MATCHED;
	if (s == SMART || s == TEMPLATE)
		return cand_named ? NO_MATCH : SKIP_CANDIDATE;
	if (!goal->named)
		return cand_named ? SKIP_GOAL : SKIP_BOTH;
	return cand_named ? NO_MATCH : SKIP_CANDIDATE;
}

static bool match_var(struct matcher *m, const struct pattern_node *goal, uint32_t cand)
{
	if (goal->type == PATTERN_MULTI)
		return goal->var < 0 || env_bind_run(m, goal->var, cand, 1);
	if (goal->named && !node_is(m->tree, cand, NODE_NAMED))
		return false;
	return goal->type == PATTERN_DROPPED || env_bind(m, goal->var, cand);
}

static bool match_children(struct matcher *m, const struct pattern *p, uint32_t goal,
			   uint32_t cand);

static enum outcome match_one(struct matcher *m, const struct pattern *p, uint32_t goal,
			      uint32_t cand)
{
	const struct pattern_node *node = &p->nodes[goal];

	m->steps++;
	if (node->type == PATTERN_LEAF)
		return match_leaf(m, p->strictness, node, cand);
	if (node->type != PATTERN_INNER) {
		if (skips_extras(p->strictness) && node_is(m->tree, cand, NODE_EXTRA))
			return SKIP_CANDIDATE;
		return match_var(m, node, cand) ? MATCHED : NO_MATCH;
	}
	if (p->strictness != TEMPLATE && node->kind != KIND_ERROR &&
	    node->kind != m->tree->nodes[cand].kind)
		return NO_MATCH;
	return match_children(m, p, goal, cand) ? MATCHED : NO_MATCH;
}

static bool at_multi(const struct pattern *p, const struct cursor *c)
{
	return p->nodes[c->goal].type == PATTERN_MULTI;
}

static void next_goal(const struct pattern *p, struct cursor *c)
{
	c->goal = p->nodes[c->goal].next;
}

static void next_cand(const struct matcher *m, struct cursor *c)
{
	c->cand = m->tree->nodes[c->cand].next;
}

/* Binds the run [first, c->cand) less what a separator before the end took. */
static bool end_multi(struct matcher *m, int32_t var, uint32_t first, uint32_t n, uint32_t skipped)
{
	return var < 0 || env_bind_run(m, var, first, n > skipped ? n - skipped : 0);
}

enum flow { FLOW_FAIL, FLOW_DONE, FLOW_AGAIN, FLOW_ON };

static enum flow match_multi(struct matcher *m, const struct pattern *p, struct cursor *c)
{
	int32_t var = p->nodes[c->goal].var;
	uint32_t first = c->cand, n = 0, skipped = 0;

	next_goal(p, c);
	/* separators behind $$$ belong to it: the code may end before them */
	while (c->goal < c->goal_end && p->nodes[c->goal].type == PATTERN_LEAF &&
	       !p->nodes[c->goal].named) {
		next_goal(p, c);
		skipped++;
	}
	if (c->goal == c->goal_end) {
		for (; c->cand < c->cand_end; n++)
			next_cand(m, c);
		return end_multi(m, var, first, n, skipped) ? FLOW_DONE : FLOW_FAIL;
	}
	if (at_multi(p, c)) {
		next_cand(m, c);
		if (c->cand >= c->cand_end)
			return FLOW_FAIL;
		return end_multi(m, var, first, 1, skipped) ? FLOW_AGAIN : FLOW_FAIL;
	}
	for (;; n++) {
		size_t mark = env_mark(m->env);
		enum outcome outcome = match_one(m, p, c->goal, c->cand);

		env_undo(m->env, mark);
		if (outcome == MATCHED)
			return end_multi(m, var, first, n, skipped) ? FLOW_ON : FLOW_FAIL;
		next_cand(m, c);
		if (c->cand >= c->cand_end)
			return FLOW_FAIL;
	}
}

static bool may_end(const struct pattern *p, struct cursor *c)
{
	for (; c->goal < c->goal_end; next_goal(p, c)) {
		const struct pattern_node *node = &p->nodes[c->goal];
		bool loose = p->strictness == AST || p->strictness == RELAXED ||
			     p->strictness == SIGNATURE;

		if (p->strictness == CST || node->type == PATTERN_INNER)
			return false;
		if (node->type == PATTERN_MULTI || (loose && !node->named))
			continue;
		return false;
	}
	return true;
}

/* FLOW_ON: goal and candidate matched (or the goals ended); FLOW_FAIL. */
static enum flow match_next(struct matcher *m, const struct pattern *p, struct cursor *c)
{
	for (;;) {
		enum outcome outcome;

		if (c->cand >= c->cand_end)
			return may_end(p, c) ? FLOW_ON : FLOW_FAIL;
		outcome = match_one(m, p, c->goal, c->cand);
		if (outcome == MATCHED)
			return FLOW_ON;
		if (outcome == NO_MATCH)
			return FLOW_FAIL;
		if (outcome == SKIP_BOTH || outcome == SKIP_CANDIDATE)
			next_cand(m, c);
		if (outcome == SKIP_BOTH || outcome == SKIP_GOAL) {
			next_goal(p, c);
			if (c->goal == c->goal_end)
				return FLOW_ON;
		}
	}
}

static bool may_trail(const struct matcher *m, enum strictness s, uint32_t cand)
{
	bool named = node_is(m->tree, cand, NODE_NAMED);
	bool extra = node_is(m->tree, cand, NODE_EXTRA);

	if (s == CST)
		return false;
	if (s == SMART)
		return true;
	if (s == AST)
		return !named;
	return s == TEMPLATE ? extra : extra || !named;
}

static bool match_list(struct matcher *m, const struct pattern *p, struct cursor *c)
{
	if (c->cand >= c->cand_end)
		return false;
	for (;;) {
		enum flow flow = FLOW_ON;

		if (c->goal == c->goal_end)
			return true;
		if (at_multi(p, c))
			flow = match_multi(m, p, c);
		if (flow == FLOW_AGAIN)
			continue;
		if (flow != FLOW_ON)
			return flow == FLOW_DONE;
		if (match_next(m, p, c) == FLOW_FAIL)
			return false;
		if (c->goal < c->goal_end) {
			next_goal(p, c);
			if (c->cand < c->cand_end)
				next_cand(m, c);
		}
		if (c->goal == c->goal_end)
			break;
		if (c->cand >= c->cand_end)
			return false;
	}
	for (; c->cand < c->cand_end; next_cand(m, c))
		if (!may_trail(m, p->strictness, c->cand))
			return false;
	return true;
}

static bool match_children(struct matcher *m, const struct pattern *p, uint32_t goal,
			   uint32_t cand)
{
	struct cursor c = { goal + 1, p->nodes[goal].next, cand + 1, m->tree->nodes[cand].next };

	return match_list(m, p, &c);
}

bool pattern_match(struct matcher *m, const struct pattern *pattern, uint32_t node)
{
	size_t mark = env_mark(m->env);
	const struct pattern_node *root = &pattern->nodes[0];
	bool matched;

	if (pattern->root_kind && pattern->root_kind != m->tree->nodes[node].kind)
		return false;
	/* a lone variable stands for the candidate itself, comments too */
	if (pattern->strictness == SMART && root->type != PATTERN_LEAF &&
	    root->type != PATTERN_INNER)
		matched = match_var(m, root, node);
	else
		matched = match_one(m, pattern, 0, node) == MATCHED;
	if (!matched)
		env_undo(m->env, mark);
	return matched;
}
