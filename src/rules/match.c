/*
 * Evaluates a rule on a node.
 *
 * Two ways lead to an answer. `rule_match`, here, is exact: it binds variables and undoes what a failed branch
 * bound. `maybe`, in maybe.c, is fast.
 */
#include "evaluate.h"

void matcher_init(struct matcher *m, struct arena *mem, const struct tree *tree, size_t n_slots)
{
	*m = (struct matcher){ .mem = mem, .tree = tree };
	m->scratch = env_new(mem, RULE_MAX_VARS);
	m->memo = ARENA_ARRAY(mem, n_slots ? n_slots : 1, uint8_t **);
	m->nth_memo = ARENA_ARRAY(mem, n_slots ? n_slots : 1, uint32_t *);
}

struct lines *matcher_lines(struct matcher *m)
{
	if (!m->has_lines) {
		lines_init(&m->lines, m->mem, m->tree->text);
		m->has_lines = true;
	}
	return &m->lines;
}

/* `ofRule` with variables: each sibling with its own bindings, then the node's are kept. */
static bool match_nth(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t parent = parent_of(m, node), n = 0, at = 0;

	if (!rule->inner || !rule->inner->binds)
		return nth_matches(&rule->nth, position_of(m, rule, node));
	if (parent == NODE_NONE)
		return false;
	for (uint32_t c = node_first_child(m->tree, parent); c != NODE_NONE && !tick(m);
	     c = node_next_sibling(m->tree, c)) {
		size_t mark = env_mark(m->env);

		if (!node_is(m->tree, c, NODE_NAMED) ||
		    rule_match(m, rule->inner, c) == NODE_NONE)
			continue;
		env_undo(m->env, mark);
		n++;
		if (c == node)
			at = n;
	}
	if (at && rule->nth.reverse)
		at = n + 1 - at;
	return nth_matches(&rule->nth, at) && rule_match(m, rule->inner, node) != NODE_NONE;
}

/* The relations, exactly: the first node that matches with what is bound so far. */
static uint32_t try_inner(struct matcher *m, const struct rule *rule, uint32_t node)
{
	if (!m->want_labels && rule->inner->inner_memo >= 0 && !maybe(m, rule->inner, node))
		return NODE_NONE;
	return rule_match(m, rule->inner, node);
}

static bool stops(struct matcher *m, const struct rule *rule, uint32_t node)
{
	size_t mark = env_mark(m->env);
	bool stop;

	if (rule->stop_by != STOP_RULE)
		return rule->stop_by == STOP_NEIGHBOR;
	/* the stop rule is asked on its own: it sees no variables and binds none */
	if (!rule->stop->binds)
		return maybe(m, rule->stop, node);
	struct env *outer = m->env;
	m->env = env_new(m->mem, outer->n_vars);
	stop = rule_match(m, rule->stop, node) != NODE_NONE;
	m->env = outer;
	env_undo(m->env, mark);
	return stop;
}

static uint32_t match_chain(struct matcher *m, const struct rule *rule, uint32_t node)
{
	step_fn *step = step_of(rule->op);
	uint32_t at = node;

	while (!tick(m)) {
		uint32_t to = step(m, at), found = NODE_NONE;

		if (to == NODE_NONE)
			return NODE_NONE;
		if (through_field(m, rule, at, to))
			found = try_inner(m, rule, to);
		if (found != NODE_NONE)
			return found;
		if (stops(m, rule, to))
			return NODE_NONE;
		at = to;
	}
	return NODE_NONE;
}

uint32_t rule_reach(struct matcher *m, const struct rule *relation, uint32_t node)
{
	return match_chain(m, relation, node);
}

static uint32_t match_children_of(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (uint32_t c = node_first_child(m->tree, node); c != NODE_NONE && !tick(m);
	     c = node_next_sibling(m->tree, c)) {
		uint32_t found = try_inner(m, rule, c);

		if (found != NODE_NONE)
			return found;
	}
	return NODE_NONE;
}

static uint32_t match_below(struct matcher *m, const struct rule *rule, uint32_t first,
			    uint32_t end)
{
	for (uint32_t i = first; i < end && !tick(m);) {
		uint32_t found = try_inner(m, rule, i);

		if (found != NODE_NONE)
			return found;
		i = rule->stop_by == STOP_RULE && stops(m, rule, i) ? m->tree->nodes[i].next : i + 1;
	}
	return NODE_NONE;
}

static uint32_t match_has(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t child, found;

	if (!rule->field)
		return rule->stop_by == STOP_NEIGHBOR
			       ? match_children_of(m, rule, node)
			       : match_below(m, rule, node + 1, m->tree->nodes[node].next);
	child = node_child_by_field(m->tree, node, rule->field);
	if (child == NODE_NONE)
		return NODE_NONE;
	if (rule->stop_by == STOP_END)
		return match_below(m, rule, child, m->tree->nodes[child].next);
	found = try_inner(m, rule, child);
	if (found != NODE_NONE || rule->stop_by == STOP_NEIGHBOR || stops(m, rule, child))
		return found;
	return match_children_of(m, rule, child);
}

static uint32_t match_relation(struct matcher *m, const struct rule *rule, uint32_t node)
{
	uint32_t found = rule->op == RULE_HAS ? match_has(m, rule, node)
					      : match_chain(m, rule, node);

	if (found != NODE_NONE && m->want_labels)
		ARENA_PUSH(m->mem, &m->labels, found);
	return found;
}

static bool match_all(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (size_t i = 0; i < rule->n_items; i++)
		if (rule_match(m, rule->items[i], node) == NODE_NONE)
			return false;
	return true;
}

static bool match_any(struct matcher *m, const struct rule *rule, uint32_t node)
{
	for (size_t i = 0; i < rule->n_items; i++)
		if (rule_match(m, rule->items[i], node) != NODE_NONE)
			return true;
	return false;
}

static bool match_not(struct matcher *m, const struct rule *rule, uint32_t node)
{
	size_t mark = env_mark(m->env), labels = m->labels.n;
	bool matched = rule_match(m, rule->inner, node) != NODE_NONE;

	env_undo(m->env, mark);
	m->labels.n = labels;
	return !matched;
}

struct exported {
	uint32_t single;   /* node, or NODE_NONE */
	uint32_t first, n; /* siblings; n NODE_NONE: not bound */
};

static struct exported export_var(const struct matcher *m, int32_t var)
{
	struct node_run run = m->env->multi[var];
	uint32_t first = run.n != NODE_NONE && run.n ? m->env->list.items[run.at] : 0;

	return (struct exported){ m->env->single[var], first, run.n };
}

/* A call's variables are its own; when it matched, those of its arguments go to the caller. */
static bool match_call(struct matcher *m, const struct rule *rule, uint32_t node)
{
	size_t mark = env_mark(m->env), labels = m->labels.n;
	struct exported *values = ARENA_ARRAY(m->mem, rule->n_exports + 1, struct exported);
	bool ok = rule_match(m, rule->inner, node) != NODE_NONE &&
		  constraints_match(m, &rule->constraints);

	for (size_t i = 0; ok && i < rule->n_exports; i++)
		values[i] = export_var(m, rule->exports[i].from);
	env_undo(m->env, mark);
	m->labels.n = labels; /* what a utility of the project looked at is its own affair */
	for (size_t i = 0; ok && i < rule->n_exports; i++) {
		int32_t to = rule->exports[i].to;

		if (values[i].single != NODE_NONE)
			ok = env_bind(m, to, values[i].single);
		if (ok && values[i].n != NODE_NONE)
			ok = env_bind_run(m, to, values[i].first, values[i].n);
	}
	if (!ok)
		env_undo(m->env, mark);
	return ok;
}

static uint32_t match_op(struct matcher *m, const struct rule *rule, uint32_t node)
{
	bool yes = false;

	switch (rule->op) {
	case RULE_PATTERN:
		yes = pattern_match(m, &rule->pattern, node);
		break;
	case RULE_KIND:
		yes = m->tree->nodes[node].kind == rule->kind;
		break;
	case RULE_REGEX:
		yes = search_regex(m, rule, node);
		break;
	case RULE_NTH:
		yes = match_nth(m, rule, node);
		break;
	case RULE_RANGE:
		yes = in_range(m, rule, node);
		break;
	case RULE_ALL:
		yes = match_all(m, rule, node);
		break;
	case RULE_ANY:
		yes = match_any(m, rule, node);
		break;
	case RULE_NOT:
		yes = match_not(m, rule, node);
		break;
	case RULE_CALL:
		yes = match_call(m, rule, node);
		break;
	case RULE_MATCHES:
		return rule_match(m, rule->inner, node);
	case RULE_INSIDE:
	case RULE_HAS:
	case RULE_PRECEDES:
	case RULE_FOLLOWS:
		return match_relation(m, rule, node);
	}
	return yes ? node : NODE_NONE;
}

uint32_t rule_match(struct matcher *m, const struct rule *rule, uint32_t node)
{
	size_t mark, labels = m->labels.n;
	uint32_t found;

	if (rule->kinds.words && !kind_set_has(&rule->kinds, m->tree->nodes[node].kind))
		return NODE_NONE;
	if (!m->want_labels && !rule->binds)
		return maybe(m, rule, node) ? node : NODE_NONE;
	/* a far search pays for the question whether it can succeed at all */
	if (!m->want_labels && rule->op >= RULE_INSIDE && rule->stop_by != STOP_NEIGHBOR &&
	    !maybe(m, rule, node))
		return NODE_NONE;
	if (m->depth >= MATCH_MAX_DEPTH) {
		m->too_deep = true;
		return NODE_NONE;
	}
	mark = env_mark(m->env);
	m->depth++;
	found = match_op(m, rule, node);
	m->depth--;
	if (found == NODE_NONE) {
		env_undo(m->env, mark);
		m->labels.n = labels;
	}
	return found;
}

bool constraints_match(struct matcher *m, const struct constraint_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		uint32_t node = m->env->single[list->items[i].var];

		if (node != NODE_NONE && rule_match(m, list->items[i].rule, node) == NODE_NONE)
			return false;
	}
	return true;
}
